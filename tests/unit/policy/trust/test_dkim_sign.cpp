#include "policy/trust/dkim_canonical.h"
#include "policy/trust/dkim_sign.h"

#include "platform/crypto/hash.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::trust;
using namespace Qt::StringLiterals;

namespace {

// RFC 8463 appendix A
const QByteArray footballHeader = "From: Joe SixPack <joe@football.example.com>\r\n"
                                  "To: Suzie Q <suzie@shopping.example.net>\r\n"
                                  "Subject: Is dinner ready?\r\n"
                                  "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
                                  "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
                                  "\r\n";
const QByteArray footballBody = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
const QList<QByteArray> footballNames = {"from", "to", "subject", "date", "message-id", "from", "subject", "date"};
const QByteArray footballField = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
                                 " d=football.example.com; i=@football.example.com;\r\n"
                                 " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
                                 " subject : date : message-id : from : subject : date;\r\n"
                                 " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                                 " b=";
const QByteArray footballSignature = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq"
                                     "+eXdp1Q1Dw==";

QByteArray tagOf(const QByteArray &field, const QByteArray &tag)
{
    QByteArray flat = field.mid(field.indexOf(':') + 1);
    flat.replace("\r\n", "").replace(' ', "");
    for (const QByteArray &item : flat.split(';')) {
        if (item.startsWith(tag + '='))
            return item.mid(tag.size() + 1);
    }
    return {};
}

} // namespace

class TestDkimSign : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void signsAsRfc8463Says();
    void choosesFields_data();
    void choosesFields();
    void signsTheLastOneFirst();
    void foldsItsFields_data();
    void foldsItsFields();
    void verifiesWithItsRecord_data();
    void verifiesWithItsRecord();
    void noticesAnyAlteration();
    void namesOnceMoreThanThereAre_data();
    void namesOnceMoreThanThereAre();
    void findsTheAuthorsDomain_data();
    void findsTheAuthorsDomain();
    void cutsRecordsIntoStrings();
    void knowsSelectors_data();
    void knowsSelectors();
    void keysComeBackFromPem();

private:
    const DkimKey m_rsa = DkimKey::generate(DkimAlgorithm::Rsa).value();
    const DkimKey m_ed25519 = DkimKey::generate(DkimAlgorithm::Ed25519).value();
    const DkimKey &keyNamed(const QByteArray &name) const { return name == "rsa" ? m_rsa : m_ed25519; }
    static bool verifies(const DkimKey &key, const QByteArray &header, const QByteArray &field)
    {
        const QByteArray signature = QByteArray::fromBase64(tagOf(field, "b"));
        const QByteArray bare = field.first(field.lastIndexOf(" b=") + 3);
        const QByteArray octets = signedOctets(header, tagOf(field, "h").split(':'), bare);
        return key.algorithm() == DkimAlgorithm::Rsa
                   ? crypto::RsaKey::verify(key.publicKey(), octets, signature)
                   : crypto::Ed25519Key::verify(key.publicKey(), crypto::sha256(octets), signature);
    }
};

void TestDkimSign::signsAsRfc8463Says()
{
    MessageHash hash(Canonicalization::Relaxed);
    hash.add(footballHeader + footballBody);
    QCOMPARE(hash.finish().toBase64(), "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
    const auto seed = QByteArray::fromBase64("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
    const auto key = crypto::Ed25519Key::fromSeed(seed);
    QVERIFY(key);
    QCOMPARE(key->publicKey().toBase64(), "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    const QByteArray octets = signedOctets(hash.header(), footballNames, footballField);
    const auto dkim = DkimKey::fromPem(DkimAlgorithm::Ed25519, key->toPem());
    QVERIFY(dkim);
    QCOMPARE(dkim->sign(octets).toBase64(), footballSignature);
    QCOMPARE(dkim->record(), "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
}

void TestDkimSign::choosesFields_data()
{
    QTest::addColumn<QByteArray>("header");
    QTest::addColumn<QByteArray>("names");
    QTest::newRow("none") << QByteArray() << QByteArray("from:to:cc:subject:date");
    QTest::newRow("usual") << QByteArray("Received: x\r\nDATE: d\r\nfrom: f\r\nTo : t\r\nMIME-Version: 1.0\r\n\r\n")
                           << QByteArray("from:from:to:to:cc:subject:date:date:mime-version");
    QTest::newRow("twice") << QByteArray("Cc: a\r\nFrom: f\r\nCc: b\r\nReply-To: r\r\n")
                           << QByteArray("from:from:to:cc:cc:cc:subject:date:reply-to:reply-to");
    QTest::newRow("list") << QByteArray("List-Id: <l>\r\nList-Unsubscribe: <u>\r\nX-List: x\r\nnonsense\r\nBcc: b\r\n")
                          << QByteArray("from:to:cc:subject:date:reply-to:list-id:list-unsubscribe");
}

void TestDkimSign::choosesFields()
{
    QFETCH(QByteArray, header);
    QFETCH(QByteArray, names);
    QByteArrayList got = signedNames(header), wanted = names.split(':');
    if (!wanted.contains("reply-to"))
        wanted += "reply-to"; // always guarded
    std::ranges::sort(got);
    std::ranges::sort(wanted);
    QCOMPARE(got, wanted);
}

void TestDkimSign::signsTheLastOneFirst()
{
    const QByteArray header = "Cc: a\r\nFrom: f\r\nCc: b\r\n\r\n";
    QCOMPARE(signedOctets(header, {"cc", "from", "CC", "cc"}, "DKIM-Signature: v=1; b="),
             "cc:b\r\nfrom:f\r\ncc:a\r\ndkim-signature:v=1; b=");
}

void TestDkimSign::foldsItsFields_data()
{
    QTest::addColumn<QByteArray>("algorithm");
    QTest::addColumn<QByteArray>("domain");
    QTest::newRow("rsa") << QByteArray("rsa") << QByteArray("example.org");
    QTest::newRow("ed25519") << QByteArray("ed25519") << QByteArray("example.org");
    QTest::newRow("middling") << QByteArray("rsa") << QByteArray("mail.of-a-department.in-some-house.example.org");
}

void TestDkimSign::foldsItsFields()
{
    QFETCH(QByteArray, algorithm);
    QFETCH(QByteArray, domain);
    const QByteArray field = dkimSignature({"20260101-rsa", keyNamed(algorithm)}, domain, footballHeader, QByteArray(32, 'x'), 1);
    QVERIFY(field.startsWith("DKIM-Signature: v=1; a=" + algorithm + "-sha256; c=relaxed/relaxed;"));
    QVERIFY(field.endsWith("\r\n"));
    const QList<QByteArray> lines = field.chopped(2).split('\n');
    for (qsizetype i = 0; i < lines.size(); ++i) {
        QVERIFY2(lines[i].size() <= 78, lines[i].constData()); // with the CR
        QCOMPARE(lines[i].endsWith('\r'), i + 1 < lines.size());
        QVERIFY(i == 0 || (lines[i].startsWith(' ') && lines[i].trimmed().size() > 1));
    }
    QCOMPARE(tagOf(field, "d"), domain);
    QCOMPARE(tagOf(field, "t"), "1");
    QCOMPARE(tagOf(field, "bh"), QByteArray(32, 'x').toBase64());
}

void TestDkimSign::verifiesWithItsRecord_data()
{
    QTest::addColumn<QByteArray>("algorithm");
    QTest::newRow("rsa") << QByteArray("rsa");
    QTest::newRow("ed25519") << QByteArray("ed25519");
}

void TestDkimSign::verifiesWithItsRecord()
{
    QFETCH(QByteArray, algorithm);
    const DkimKey &key = keyNamed(algorithm);
    const QByteArray field = dkimSignature({"s", key}, "football.example.com", footballHeader, QByteArray(32, 'x'), 1);
    QVERIFY(verifies(key, footballHeader, field));
    QVERIFY(key.record().startsWith("v=DKIM1; k=" + algorithm + "; p="));
    QVERIFY(key.record().endsWith(key.publicKey().toBase64()));
}

void TestDkimSign::noticesAnyAlteration()
{
    const QByteArray field = dkimSignature({"s", m_ed25519}, "football.example.com", footballHeader, QByteArray(32, 'x'), 1);
    QByteArray other = footballHeader;
    QVERIFY(verifies(m_ed25519, "Received: by somebody\r\n" + footballHeader, field)); // on its way
    QVERIFY(!verifies(m_ed25519, other.replace("dinner", "supper"), field));
    for (const char *added : {"From: eve@example.com\r\n", "Subject: no\r\n", "To: x@example.com\r\n", "Date: now\r\n",
                              "Cc: all@example.com\r\n", "Reply-To: eve@example.com\r\n"})
        QVERIFY2(!verifies(m_ed25519, added + footballHeader, field), added);
    QByteArray tags = field;
    QVERIFY(!verifies(m_ed25519, footballHeader, tags.replace("s=s;", "s=x;")));
}

void TestDkimSign::namesOnceMoreThanThereAre_data()
{
    QTest::addColumn<QByteArray>("name");
    for (const char *name : {"From", "Subject", "To", "Date"})
        QTest::newRow(name) << QByteArray(name);
}

// With the field there once, and not at all: another one breaks the signature, wherever it is put and with both algorithms.
void TestDkimSign::namesOnceMoreThanThereAre()
{
    QFETCH(QByteArray, name);
    const QByteArray added = name + ": somebody@else.example\r\n";
    const qsizetype at = footballHeader.indexOf(name + ':');
    const QByteArray without = QByteArray(footballHeader).remove(at, footballHeader.indexOf("\r\n", at) + 2 - at);
    for (const DkimKey *key : {&m_rsa, &m_ed25519}) {
        for (const QByteArray &header : {footballHeader, without}) {
            const QByteArray field = dkimSignature({"s", *key}, "football.example.com", header, QByteArray(32, 'x'), 1);
            QCOMPARE(tagOf(field, "h").split(':').count(name.toLower()), header == without ? 1 : 2);
            QVERIFY(verifies(*key, header, field));
            QVERIFY(!verifies(*key, added + header, field));
            QVERIFY(!verifies(*key, header.chopped(2) + added + "\r\n", field));
        }
    }
}

void TestDkimSign::findsTheAuthorsDomain_data()
{
    QTest::addColumn<QByteArray>("header");
    QTest::addColumn<QByteArray>("domain");
    QTest::newRow("plain") << QByteArray("From: a@example.org\r\n") << QByteArray("example.org");
    QTest::newRow("name") << QByteArray("from : \"x@y.example\" <a@Example.ORG>\r\n") << QByteArray("example.org");
    QTest::newRow("folded") << QByteArray("From: Anna\r\n <a@example.org>\r\n") << QByteArray("example.org");
    QTest::newRow("two authors") << QByteArray("From: a@one.example, b@two.example\r\n") << QByteArray("one.example");
    QTest::newRow("group") << QByteArray("From: us: a@one.example;\r\n") << QByteArray("one.example");
    QTest::newRow("U-label") << QByteArray("From: a@b\xc3\xbc\x63her.example\r\n") << QByteArray("xn--bcher-kva.example");
    QTest::newRow("two fields") << QByteArray("From: a@one.example\r\nFrom: a@one.example\r\n") << QByteArray();
    QTest::newRow("none") << QByteArray("To: a@one.example\r\n\r\n") << QByteArray();
    QTest::newRow("no domain") << QByteArray("From: anna\r\n") << QByteArray();
}

void TestDkimSign::findsTheAuthorsDomain()
{
    QFETCH(QByteArray, header);
    QTEST(authorDomain(header), "domain");
}

void TestDkimSign::cutsRecordsIntoStrings()
{
    const QByteArray record = m_rsa.record();
    const QList<QByteArray> strings = recordStrings(record);
    QCOMPARE(strings.size(), 2);
    QCOMPARE(strings.join(), record);
    QCOMPARE(strings[0].size(), 255);
    QCOMPARE(recordStrings(m_ed25519.record()).size(), 1);
    QCOMPARE(recordName(u"s"_s, u"example.org"_s), u"s._domainkey.example.org"_s);
}

void TestDkimSign::knowsSelectors_data()
{
    QTest::addColumn<QString>("selector");
    QTest::addColumn<bool>("good");
    QTest::newRow("date") << u"20260101-rsa"_s << true;
    QTest::newRow("two labels") << u"a.b"_s << true;
    QTest::newRow("longest label") << QString(63, u'a') << true;
    QTest::newRow("empty") << QString() << false;
    QTest::newRow("empty label") << u"a..b"_s << false;
    QTest::newRow("capitals") << u"Mail"_s << false;
    QTest::newRow("underscore") << u"a_b"_s << false;
    QTest::newRow("hyphen first") << u"-a"_s << false;
    QTest::newRow("semicolon") << u"a;b"_s << false;
    QTest::newRow("long label") << QString(64, u'a') << false;
    QTest::newRow("long name") << (QString(60, u'a') + u'.').repeated(4) + u'a' << false;
}

void TestDkimSign::knowsSelectors()
{
    QFETCH(QString, selector);
    QTEST(isSelector(selector, u"example.org"_s), "good");
}

void TestDkimSign::keysComeBackFromPem()
{
    for (const DkimKey *key : {&m_rsa, &m_ed25519}) {
        const auto again = DkimKey::fromPem(key->algorithm(), key->toPem());
        QVERIFY(again);
        QCOMPARE(again->record(), key->record());
        QCOMPARE(dkimAlgorithmNamed(QString(nameOf(key->algorithm()))), key->algorithm());
    }
    QVERIFY(!DkimKey::fromPem(DkimAlgorithm::Rsa, m_ed25519.toPem()));
    QVERIFY(!dkimAlgorithmNamed(u"dsa"));
}

QTEST_GUILESS_MAIN(TestDkimSign)
#include "test_dkim_sign.moc"
