#include "language/message/address.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::message;
using namespace Qt::StringLiterals;

namespace {

// "name|route|local|domain", "group:name" and "end" of a group.
QByteArrayList shown(const QList<Address> &addresses)
{
    QByteArrayList out;
    for (const Address &a : addresses) {
        if (a.groupStart)
            out.append("group:" + a.localPart);
        else if (a.groupEnd)
            out.append("end");
        else
            out.append(a.displayName + '|' + a.route + '|' + a.localPart + '|' + a.domain);
    }
    return out;
}

} // namespace

class TestAddress : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void readsLists_data();
    void readsLists();
    void keepsToTheLimitWithGroupsClosed();
    void neverGivesLineEnds();
    void acceptsOneAddress_data();
    void acceptsOneAddress();
    void refusesWhatIsNoAddress_data();
    void refusesWhatIsNoAddress();
    void writesWhatItReads_data();
    void writesWhatItReads();
    void foldsLongLists();
    void domainsForTheDns_data();
    void domainsForTheDns();
    void domainsForPeople();
};

void TestAddress::readsLists_data()
{
    QTest::addColumn<QByteArray>("field");
    QTest::addColumn<QByteArrayList>("expected");
    const auto row = [](const char *field, const QByteArrayList &expected) {
        QTest::newRow(field) << QByteArray(field) << expected;
    };
    row("", {});
    row(" , ,;, ", {});
    row("ann@example.org", {"||ann|example.org"});
    row("<ann@example.org>", {"||ann|example.org"});
    row("Ann Lee <ann@example.org>", {"Ann Lee||ann|example.org"});
    row("\"Joe Q. Public\" <john.q.public@example.com>", {"Joe Q. Public||john.q.public|example.com"});
    row("John Q. Public <j@x>", {"John Q. Public||j|x"});
    row("Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
        {"Mary Smith||mary|x.test", "||jdoe|example.org", "Who?||one|y.test"});
    row("<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
        {"||boss|nil.test", "Giant; \"Big\" Box||sysservices|example.net"});
    row("A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>;",
        {"group:A Group", "Ed Jones||joe|where.test", "||joe|where.test", "John||jdoe|one.test", "end"});
    row("Undisclosed recipients:;", {"group:Undisclosed recipients", "end"});
    row("a:b@c;, d@e", {"group:a", "||b|c", "end", "||d|e"});
    row("a: b@c", {"group:a", "||b|c", "end"});
    row("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", {"Pete||pete|silly.test"});
    row("A Group(Some people):Chris Jones <c@(Chris's host.)public.example>,joe@example.org,"
        "John <jdoe@one.test> (my dear friend); (the end of the group)",
        {"group:A Group", "Chris Jones||c|public.example", "||joe|example.org", "John||jdoe|one.test", "end"});
    row("pete@silly.test (Pete (really) Smith)", {"Pete (really) Smith||pete|silly.test"});
    row("<@node.test,@b.test:joe@x>", {"|@node.test,@b.test|joe|x"});
    row("Joe <@a : joe@x>", {"Joe|@a|joe|x"});
    row("Mary Smith\r\n <mary@x.test>,\r\n\tjdoe@test  . example", {"Mary Smith||mary|x.test", "||jdoe|test.example"});
    row("joe . q . public @ example . com", {"||joe.q.public|example.com"});
    row("\"joe smith\"@x.test", {"||joe smith|x.test"});
    row("joe@[192.0.2.1]", {"||joe|[192.0.2.1]"});
    row("joe@[IPv6:2001:db8::1]", {"||joe|[IPv6:2001:db8::1]"});
    row("J\xc3\xb6rg <j\xc3\xb6rg@b\xc3\xbc"
        "cher.example>",
        {"J\xc3\xb6rg||j\xc3\xb6rg|b\xc3\xbc"
         "cher.example"});
    row("=?utf-8?q?J=C3=B6rg?= =?utf-8?q?_M?= <j@x>", {"=?utf-8?q?J=C3=B6rg?= =?utf-8?q?_M?=||j|x"});
    // Not allowed, but seen.
    row("=?utf-8?Q?Lee,_Ann?= <ann@x>", {"=?utf-8?Q?Lee,_Ann?=||ann|x"});
    row("root", {"||root|"});
    row("Joe Smith", {"||Joe Smith|"});
    row("ann@example.org <ann@example.org>", {"ann@example.org||ann|example.org"});
    row("Joe joe@x.test", {"Joe||joe|x.test"});
    row("joe@x.test Joe", {"||joe|x.test"});
    row("a@b; c@d", {"||a|b", "||c|d"});
    row("<a@b> <c@d>", {"||a|b", "||c|d"});
    row("<<a@b>>", {"||a|b"});
    row("Joe <joe@x", {"Joe||joe|x"});
    row("Joe <joe@x, Ann <ann@y>", {"Joe||joe|x", "Ann||ann|y"});
    row("Joe <>", {"Joe|||"});
    row("<>", {});
    row("\"Joe <joe@x>", {"Joe||joe|x"});
    row("Joe (unclosed <joe@x>", {"Joe unclosed||joe|x"});
    row("@x.test", {"|||x.test"});
    row("joe@", {"||joe|"});
    row("a@b@c", {"||a|b"});
    row("<joe>", {"||joe|"});
    row("(only a comment)", {});
}

void TestAddress::readsLists()
{
    QFETCH(QByteArray, field);
    QFETCH(QByteArrayList, expected);
    QCOMPARE(shown(parseAddressList(field)), expected);
}

void TestAddress::keepsToTheLimitWithGroupsClosed()
{
    QCOMPARE(parseAddressList("a@b, c@d, e@f", 2).size(), 2);
    QCOMPARE(shown(parseAddressList("g: a@b, c@d, e@f;", 3)), (QByteArrayList{"group:g", "||a|b", "end"}));
    QCOMPARE(parseAddressList("g: a@b;", 1).size(), 1);
    QCOMPARE(parseAddressList(QByteArray("a@b,").repeated(20'000)).size(), 10'000);
}

void TestAddress::neverGivesLineEnds()
{
    const char raw[] = "\"a\r\n b\0c\" <\"x\r\n y\"@[1\r\n 2]>, (n\r\n ame) d\0e@f, \"q\\\r\"@x, g\r\nh:;";
    const QByteArray field(raw, sizeof raw - 1);
    for (const Address &address : parseAddressList(field)) {
        for (const QByteArray &each : {address.displayName, address.localPart, address.domain, address.route})
            QVERIFY(!each.contains('\r') && !each.contains('\n') && !each.contains('\0'));
    }
}

void TestAddress::acceptsOneAddress_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("local");
    QTest::addColumn<QByteArray>("domain");
    QTest::newRow("plain") << "ann.lee+tag@Example.org"_ba << "ann.lee+tag"_ba << "Example.org"_ba;
    QTest::newRow("quoted") << "\"ann \\\"lee@x\"@example.org"_ba << "ann \"lee@x"_ba << "example.org"_ba;
    QTest::newRow("literal") << "ann@[192.0.2.1]"_ba << "ann"_ba << "[192.0.2.1]"_ba;
    QTest::newRow("UTF-8") << "j\xc3\xb6rg@b\xc3\xbc"
                              "cher.example"_ba
                           << "j\xc3\xb6rg"_ba
                           << "b\xc3\xbc"
                              "cher.example"_ba;
    QTest::newRow("digits") << "1@1x.2"_ba << "1"_ba << "1x.2"_ba;
}

void TestAddress::acceptsOneAddress()
{
    QFETCH(QByteArray, text);
    const Result<Address> address = parseAddrSpec(text);
    QVERIFY(address.has_value());
    QTEST(address->localPart, "local");
    QTEST(address->domain, "domain");
    QCOMPARE(formatAddrSpec(*address), text);
}

void TestAddress::refusesWhatIsNoAddress_data()
{
    QTest::addColumn<QByteArray>("text");
    for (const QByteArray &text : {""_ba,
                                   "ann"_ba,
                                   "@x"_ba,
                                   "ann@"_ba,
                                   "a b@x"_ba,
                                   "ann@x y"_ba,
                                   ".a@x"_ba,
                                   "a.@x"_ba,
                                   "a..b@x"_ba,
                                   "a@.x"_ba,
                                   "a@x."_ba,
                                   "a@x..y"_ba,
                                   "a@-x"_ba,
                                   "a@x-.y"_ba,
                                   "<a@x>"_ba,
                                   "a@b@c"_ba,
                                   "a@x_y"_ba,
                                   "a(c)@x"_ba,
                                   "\"a@x"_ba,
                                   "\"a\nb\"@x"_ba,
                                   "a@[x"_ba,
                                   "a@[]"_ba,
                                   "a@[a b]"_ba,
                                   "a@x\r\n"_ba,
                                   "\xff@x"_ba,
                                   "a@\xff"_ba,
                                   "a,b@x"_ba,
                                   QByteArray(65, 'a') + "@x",
                                   "a@" + QByteArray(64, 'x'),
                                   "a@" + QByteArray("x.").repeated(130) + 'x'}) {
        QTest::newRow(text.left(30).replace('\n', ' ').constData()) << text;
    }
    QTest::newRow("nul") << QByteArray("a\0@x", 4);
}

void TestAddress::refusesWhatIsNoAddress()
{
    QFETCH(QByteArray, text);
    const Result<Address> address = parseAddrSpec(text);
    QVERIFY(!address.has_value());
    QCOMPARE(address.error().kind, ErrorKind::Invalid);
    QVERIFY(address.error().offset >= 0 && address.error().offset <= text.size());
}

void TestAddress::writesWhatItReads_data()
{
    QTest::addColumn<QByteArray>("field");
    for (const char *field : {"ann@example.org", "Ann Lee <ann@example.org>", "\"Lee, Ann\" <ann@example.org>",
                              "<@a,@b:c@d>", "Group: a@b, Ann <c@d>;, e@f", "Nobody:;", "\"a b\"@c", "\"a\\\\b\\\"\"@c",
                              "\" spaces \" <a@b>", "=?utf-8?q?J=C3=B6rg?= <j@x>", "\"Q. P.\" <q@p>"}) {
        QTest::newRow(field) << QByteArray(field);
    }
}

void TestAddress::writesWhatItReads()
{
    QFETCH(QByteArray, field);
    const QList<Address> addresses = parseAddressList(field);
    QCOMPARE(parseAddressList(formatAddressList(addresses)), addresses);
}

void TestAddress::foldsLongLists()
{
    QList<Address> addresses;
    for (int i = 0; i < 50; ++i)
        addresses.append({"Number " + QByteArray::number(i), {}, "number" + QByteArray::number(i), "example.org"});
    const QByteArray folded = formatAddressList(addresses, 40);
    const QByteArrayList lines = folded.split('\n');
    QVERIFY(lines.size() > 20);
    QVERIFY(lines.first().size() <= 41);
    for (const QByteArray &line : lines)
        QVERIFY2(line.size() <= 78, line.constData());
    QCOMPARE(parseAddressList(folded), addresses);

    const QByteArray encoded = formatAddress({"J\xc3\xb6rg M.", {}, "j", "x"});
    QCOMPARE(encoded, "=?utf-8?q?J=C3=B6rg_M=2E?= <j@x>");
    const QByteArray tricky = formatAddress({"J\xc3\xb6rg, <eve@y>", {}, "j", "x"});
    QCOMPARE(shown(parseAddressList(tricky)), (QByteArrayList{"=?utf-8?q?J=C3=B6rg=2C_=3Ceve=40y=3E?=||j|x"}));
}

void TestAddress::domainsForTheDns_data()
{
    QTest::addColumn<QByteArray>("domain");
    QTest::addColumn<QByteArray>("ascii");
    QTest::newRow("lowered") << "Example.ORG"_ba << "example.org"_ba;
    QTest::newRow("IDN") << "B\xc3\xbc"
                            "cher.example"_ba
                         << "xn--bcher-kva.example"_ba;
    QTest::newRow("decomposed IDN") << "bu\xcc\x88"
                                       "cher.example"_ba
                                    << "xn--bcher-kva.example"_ba;
    QTest::newRow("literal") << "[IPv6:2001:DB8::1]"_ba << "[ipv6:2001:db8::1]"_ba;
    QTest::newRow("empty") << ""_ba << QByteArray();
    QTest::newRow("space") << "a b"_ba << QByteArray();
    QTest::newRow("not UTF-8") << "\xfc"_ba << QByteArray();
    QTest::newRow("huge") << QByteArray("\xc3\xbc").repeated(100'000) << QByteArray();
}

void TestAddress::domainsForTheDns()
{
    QFETCH(QByteArray, domain);
    QTEST(domainToAscii(domain), "ascii");
    QFETCH(QByteArray, ascii);
    QCOMPARE(domainToAscii(domain).isNull(), ascii.isNull());
}

void TestAddress::domainsForPeople()
{
    QCOMPARE(domainToUnicode("XN--bcher-kva.de"), "b\xc3\xbc"
                                                  "cher.de");
    QCOMPARE(domainToUnicode("Example.org"), "example.org");
    QCOMPARE(domainToUnicode("xn--\xff"), "xn--\xff");
}

QTEST_GUILESS_MAIN(TestAddress)
#include "test_address.moc"
