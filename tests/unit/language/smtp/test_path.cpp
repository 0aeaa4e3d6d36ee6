// Paths and addresses of the envelope.
#include "language/smtp/path.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::smtp;
using namespace Qt::StringLiterals;

class TestPath : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void readsPaths_data();
    void readsPaths();
    void refusesWhatIsNoPath_data();
    void refusesWhatIsNoPath();
    void refusesWhatIsTooLong();
    void givesTheRest();
    void writesWhatItCanRead_data();
    void writesWhatItCanRead();
    void needsUtf8OnlyForTheLocalPart();
};

void TestPath::readsPaths_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("localPart");
    QTest::addColumn<QByteArray>("domain");
    QTest::newRow("plain") << "<joe@example.org>"_ba << "joe"_ba << "example.org"_ba;
    QTest::newRow("null") << "<>"_ba << ""_ba << ""_ba;
    QTest::newRow("the case of the local part is kept") << "<JoE@EXAMPLE.Org>"_ba << "JoE"_ba << "example.org"_ba;
    QTest::newRow("postmaster alone") << "<Postmaster>"_ba << "Postmaster"_ba << ""_ba;
    QTest::newRow("postmaster in capitals") << "<POSTMASTER>"_ba << "POSTMASTER"_ba << ""_ba;
    QTest::newRow("quoted") << "<\"joe smith\"@example.org>"_ba << "joe smith"_ba << "example.org"_ba;
    QTest::newRow("quoted without need") << "<\"joe\"@example.org>"_ba << "joe"_ba << "example.org"_ba;
    QTest::newRow("quoted pairs") << "<\"a\\\"b\\\\c\\d\"@example.org>"_ba << "a\"b\\cd"_ba << "example.org"_ba;
    QTest::newRow("brackets and at in quotes") << "<\"a>b@c<d\"@example.org>"_ba << "a>b@c<d"_ba << "example.org"_ba;
    QTest::newRow("empty quotes") << "<\"\"@example.org>"_ba << ""_ba << "example.org"_ba;
    QTest::newRow("dots anywhere") << "<.a..b.@example.org>"_ba << ".a..b."_ba << "example.org"_ba;
    QTest::newRow("all of atext") << "<!#$%&'*+-/=?^_`{|}~@example.org>"_ba << "!#$%&'*+-/=?^_`{|}~"_ba << "example.org"_ba;
    QTest::newRow("percent hack") << "<joe%example.com@example.org>"_ba << "joe%example.com"_ba << "example.org"_ba;
    QTest::newRow("bang path") << "<a!b!joe@example.org>"_ba << "a!b!joe"_ba << "example.org"_ba;
    QTest::newRow("source route") << "<@a.example,@b.example:joe@example.org>"_ba << "joe"_ba << "example.org"_ba;
    QTest::newRow("source route with a literal") << "<@[IPv6:::1]:joe@example.org>"_ba << "joe"_ba << "example.org"_ba;
    QTest::newRow("IPv4 literal") << "<joe@[192.0.2.1]>"_ba << "joe"_ba << "[192.0.2.1]"_ba;
    QTest::newRow("IPv6 literal") << "<joe@[ipv6:2001:DB8::1]>"_ba << "joe"_ba << "[IPv6:2001:db8::1]"_ba;
    QTest::newRow("IPv6 in full") << "<j@[IPv6:1:2:3:4:5:6:7:8]>"_ba << "j"_ba << "[IPv6:1:2:3:4:5:6:7:8]"_ba;
    QTest::newRow("IPv6 with IPv4") << "<j@[IPv6:::ffff:192.0.2.1]>"_ba << "j"_ba << "[IPv6:::ffff:192.0.2.1]"_ba;
    QTest::newRow("general literal") << "<joe@[x25:12345]>"_ba << "joe"_ba << "[x25:12345]"_ba;
    QTest::newRow("one label") << "<joe@localhost>"_ba << "joe"_ba << "localhost"_ba;
    QTest::newRow("A-label") << "<joe@XN--BCHER-KVA.example>"_ba << "joe"_ba << "xn--bcher-kva.example"_ba;
    QTest::newRow("U-label") << "<joe@B\u00dcCHER.example>"_ba << "joe"_ba << "xn--bcher-kva.example"_ba;
    QTest::newRow("UTF-8 local part") << "<j\u00f8e@example.org>"_ba << "j\u00f8e"_ba << "example.org"_ba;
    QTest::newRow("UTF-8 quoted") << "<\"j \u00f8e\"@example.org>"_ba << "j \u00f8e"_ba << "example.org"_ba;
}

void TestPath::readsPaths()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, localPart);
    QFETCH(QByteArray, domain);
    QByteArrayView rest;
    const auto address = parsePath(path, true, &rest);
    QVERIFY2(address, address ? "" : qPrintable(address.error().text));
    QCOMPARE(address->localPart, localPart);
    QCOMPARE(address->domain, domain);
    QVERIFY(rest.isEmpty());
}

void TestPath::refusesWhatIsNoPath_data()
{
    QTest::addColumn<QByteArray>("path");
    for (const char *path : {
             "", "joe@example.org", "<joe@example.org", "<joe>", "<joe@>", "<@example.org>", "<joe@@example.org>",
             "<joe example@example.org>", "<joe@exam ple.org>", "<joe@example..org>", "<joe@.example.org>",
             "<joe@example.org.>", "<joe@-example.org>", "<joe@example-.org>", "<joe@exa_mple.org>", "<\"joe@example.org>",
             "<\"joe\"x@example.org>", "<jo\"e\"@example.org>", "<\"a\tb\"@example.org>", "<\"a\\\x01\"@example.org>",
             "<joe@[192.0.2]>", "<joe@[192.0.2.256]>", "<joe@[192.0.2.1>", "<joe@192.0.2.1]>", "<joe@[]>", "<joe@[IPv6:]>",
             "<joe@[IPv6:1:2:3:4:5:6:7]>", "<joe@[IPv6:1:2:3:4:5:6:7:8:9]>", "<joe@[IPv6:1::2::3]>", "<joe@[IPv6:12345::]>",
             "<joe@[IPv6:1:2:3:4:5:6:7:1.2.3.4]>", "<joe@[tag:]>", "<joe@[:x]>", "<joe@[a b]>", "<a,b@example.org>",
             "<@a.example joe@example.org>", "<j\xf8" "e@example.org>", "<(comment)joe@example.org>", "<joe@example.org,>",
             "<@a.example:>", "<joe@ex\xff" "ample.org>", "< joe@example.org>", "<joe@example.org >", "<\"postmaster>"}) {
        QTest::newRow(path) << QByteArray(path);
    }
    QTest::newRow("NUL") << "<j\0e@example.org>"_ba;
    QTest::newRow("NUL in the domain") << "<joe@exam\0ple.org>"_ba;
}

void TestPath::refusesWhatIsNoPath()
{
    QFETCH(QByteArray, path);
    const auto address = parsePath(path, true, nullptr);
    QVERIFY(!address);
    QCOMPARE(address.error().kind, ErrorKind::Invalid);
    QVERIFY(address.error().offset >= 0 && address.error().offset <= path.size());
}

void TestPath::refusesWhatIsTooLong()
{
    const auto kindOf = [](const QByteArray &path) {
        const auto address = parsePath(path, true, nullptr);
        return address ? QByteArray("good") : QByteArray(nameOf(address.error().kind).data());
    };
    QCOMPARE(kindOf('<' + QByteArray(64, 'a') + "@example.org>"), "good");
    QCOMPARE(kindOf('<' + QByteArray(65, 'a') + "@example.org>"), "too-large");
    QCOMPARE(kindOf("<\"" + QByteArray("\\a").repeated(64) + "\"@example.org>"), "good");
    const QByteArray domain = (QByteArray(60, 'a') + '.').repeated(4) + "org";
    QCOMPARE(domain.size(), 247);
    QCOMPARE(kindOf("<123456@" + domain + '>'), "good"); // 256 with the brackets
    QCOMPARE(kindOf("<1234567@" + domain + '>'), "too-large");
    QCOMPARE(kindOf("<a@" + QByteArray(64, 'a') + ".org>"), "invalid");
}

void TestPath::givesTheRest()
{
    QByteArrayView rest;
    QVERIFY(parsePath("<a@b> SIZE=1", false, &rest));
    QCOMPARE(rest, " SIZE=1");
    QVERIFY(parsePath("<\"a> \"@b>X", false, &rest));
    QCOMPARE(rest, "X");
    QVERIFY(parsePath("<>", false, &rest));
    QVERIFY(rest.isEmpty());
    QVERIFY(!parsePath("<j\u00f8e@example.org>", false, &rest));
}

void TestPath::writesWhatItCanRead_data()
{
    QTest::addColumn<QByteArray>("text");
    for (const char *text : {"joe@example.org", "\"joe smith\"@example.org", "\"a\\\"b\\\\c\"@example.org", "\"\"@example.org",
                             "\"a..b\"@example.org", "\".a\"@example.org", "joe@[192.0.2.1]", "joe@[IPv6:2001:db8::1]", "Postmaster",
                             "j\u00f8e@example.org", "\"a>b@c\"@example.org"}) {
        QTest::newRow(text) << QByteArray(text);
    }
}

void TestPath::writesWhatItCanRead()
{
    QFETCH(QByteArray, text);
    const auto address = parseAddress(text);
    QVERIFY(address);
    QCOMPARE(address->toString(), text);
    const auto again = parsePath('<' + text + '>', true, nullptr);
    QVERIFY(again && *again == *address);
}

void TestPath::needsUtf8OnlyForTheLocalPart()
{
    QVERIFY(parseAddress("j\u00f8e@example.org")->needsUtf8());
    QVERIFY(!parseAddress("joe@b\u00fccher.example")->needsUtf8());
    QVERIFY(!parseAddress("joe@[192.0.2.1]")->needsUtf8());
    QVERIFY(parseAddress("joe@[192.0.2.1]")->isLiteral());
    QVERIFY(Address().isNull() && Address().toString().isEmpty());
}

QTEST_GUILESS_MAIN(TestPath)
#include "test_path.moc"
