// IMAP URLs (RFC 5092, 4467): which name a message, and what they say of it; and the structure of the part they name.
#include "language/imap/bodystructure_text.h"
#include "language/imap/imap_url.h"
#include "language/message/structure.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::imap;
using namespace Qt::StringLiterals;

class TestUrls : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nameAMessage_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QString>("meaning"); // user@host mailbox validity uid section from.length access
        QTest::newRow("of another server") << "imap://fred@Example.com/INBOX/;uid=20"_ba << u"fred@example.com INBOX 0 20 - - -"_s;
        QTest::newRow("port, mechanism") << "IMAP://a%40b;AUTH=*@[::1]:143/x;UIDVALIDITY=3/;UID=4/;SECTION=1.2"_ba << u"a@b@[::1] x 3 4 2/0 - -"_s;
        QTest::newRow("nobody's") << "imap://h/a/b/;UID=1"_ba << u"@h a/b 0 1 - - -"_s;
        QTest::newRow("absolute path") << "/Entw%C3%BCrfe/;UID=1/;SECTION=HEADER.FIELDS%20(To)"_ba << u"Entwürfe 0 1 0/2 - -"_s;
        QTest::newRow("beside") << "b/;UID=1/;PARTIAL=0.10"_ba << u"+b 0 1 - 0.10 -"_s;
        QTest::newRow("the same mailbox") << ";UID=1/;SECTION=TEXT/;PARTIAL=7"_ba << u"+ 0 1 0/5 7.9223372036854775807 -"_s;
        QTest::newRow("rump") << "imap://u@h/m/;UID=1;URLAUTH=submit+a%40b"_ba << u"u@h m 0 1 - - submit+a@b"_s;
        QTest::newRow("full") << "imap://u@h/m/;UID=1/;PARTIAL=1.2;EXPIRE=1970-01-01T00:00:01-00:30;URLAUTH=anonymous:INTERNAL:00112233445566778899AABBCCDDEEFF"_ba
                              << u"u@h m 0 1 - 1.2 anonymous until 1801000 INTERNAL 00112233445566778899aabbccddeeff"_s;
    }
    void nameAMessage()
    {
        QFETCH(QByteArray, text);
        QFETCH(QString, meaning);
        const auto url = parseUrl(text);
        QVERIFY(url);
        QString told = url->hasServer ? url->user + u'@' + QString::fromLatin1(url->host) + u' ' : url->isRelative ? u"+"_s : QString();
        told += u"%1 %2 %3"_s.arg(url->mailbox).arg(url->uidValidity).arg(url->uid);
        const Section &section = url->section;
        told += section.path.isEmpty() && section.kind == Section::Kind::Whole ? u" -"_s
                                                                               : u" %1/%2"_s.arg(section.path.size()).arg(int(section.kind));
        told += section.isPartial ? u" %1.%2"_s.arg(section.from).arg(section.length) : u" -"_s;
        told += u' ' + (url->access.isEmpty() ? u"-"_s : QString::fromLatin1(url->access));
        if (url->expires)
            told += u" until %1"_s.arg(*url->expires);
        if (url->isAuthorized())
            told += u' ' + QString::fromLatin1(url->mechanism + ' ' + url->token);
        QCOMPARE(told, meaning);
    }

    void areRefused_data()
    {
        QTest::addColumn<QByteArray>("text");
        for (const char *text : {"", "/", "imap://", "imap://h", "imap://h/", "imap://h/m", "imap://h/m/", "imap://h/;UID=1", "//h/m/;UID=1",
                                 "http://h/m/;UID=1", "/m/;UID=0", "/m/;UID=x", "/m/;UID=4294967296", "/m/;UID=", "/m;UID=1", "/m/;UID=1x",
                                 "/m;UIDVALIDITY=0/;UID=1", "/m;UIDVALIDITY=1", "/m/;UID=1/;SECTION=", "/m/;UID=1/;SECTION=0", "/m/;UID=1/;SECTION=1]",
                                 "/m/;UID=1/;SECTION=MIME", "/m/;UID=1/;PARTIAL=", "/m/;UID=1/;PARTIAL=1.0", "/m/;UID=1/;PARTIAL=-1", "/m/;UID=1/;PARTIAL=1/;SECTION=1",
                                 "/%zz/;UID=1", "/%C3/;UID=1", "/a%00b/;UID=1", "/a%0D/;UID=1", "/a b/;UID=1", "/\xc3\xbc/;UID=1",
                                 "/m/;UID=1;URLAUTH=anonymous", "imap://h/m/;UID=1;URLAUTH=anonymous", "imap://u@h/m/;UID=1;URLAUTH=",
                                 "imap://u@h/m/;UID=1;EXPIRE=1970-01-01T00:00:01Z", "imap://u@h/m/;UID=1;EXPIRE=1970-01-01;URLAUTH=anonymous",
                                 "imap://u@h/m/;UID=1;EXPIRE=1970-13-01T00:00:01Z;URLAUTH=anonymous", "imap://u@h/m/;UID=1;EXPIRE=1970-01-01T00:00:01;URLAUTH=anonymous",
                                 "imap://u@h/m/;UID=1;URLAUTH=anonymous:INTERNAL", "imap://u@h/m/;UID=1;URLAUTH=anonymous:INTERNAL:0011",
                                 "imap://u@h/m/;UID=1;URLAUTH=anonymous:INTERNAL:00112233445566778899AABBCCDDEEFG"})
            QTest::newRow(*text ? text : "nothing") << QByteArray(text);
        QTest::newRow("too long") << "/" + QByteArray(Url::maxSize, 'm') + "/;UID=1";
    }
    void areRefused()
    {
        QFETCH(QByteArray, text);
        QVERIFY(!parseUrl(text));
    }

    void areForWhomTheySay()
    {
        const auto allows = [](const char *access, const QString &user, UrlUse use) {
            return isFor(*parseUrl("imap://anna%40a.example@h/m/;UID=1;URLAUTH="_ba + access), user, use);
        };
        QVERIFY(allows("anonymous", u"x@y"_s, UrlUse::Reading) && allows("AUTHUSER", u"x@y"_s, UrlUse::Reading));
        QVERIFY(allows("user+ben", u"Ben@a.example"_s, UrlUse::Reading) && !allows("user+ben", u"ben@b.example"_s, UrlUse::Reading));
        QVERIFY(allows("user+ben%40b.example", u"ben@b.example"_s, UrlUse::Reading));
        QVERIFY(!allows("user+ben", u"anna@a.example"_s, UrlUse::Reading));
        QVERIFY(!allows("submit+anna", u"anna@a.example"_s, UrlUse::Reading) && allows("submit+anna", u"anna@a.example"_s, UrlUse::Submitting));
        QVERIFY(!allows("submit+anna", u"ben@a.example"_s, UrlUse::Submitting) && !allows("other+ben", u"ben@a.example"_s, UrlUse::Submitting));
    }

    void haveTheStructureOfTheirPart()
    {
        const QByteArray text = "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\none\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n"
                                "Subject: (in)\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\n\r\n--i\r\nContent-Type: image/gif\r\n\r\nx\r\n--i--\r\n"
                                "--o\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nbody\r\n--o--\r\n";
        const message::Part root = message::parseStructure(text).root;
        const QByteArray whole = bodyStructureText(root);
        const auto structure = [&](const QList<quint32> &path) { return partStructure(whole, path); };
        const QList<message::Part> &parts = root.children;
        QCOMPARE(structure({}), whole);
        QCOMPARE(structure({1}), bodyStructureText(parts[0]));
        QCOMPARE(structure({2}), bodyStructureText(parts[1]));
        QCOMPARE(structure({2, 1}), bodyStructureText(parts[1].children[0].children[0]));
        QCOMPARE(structure({2, 2}), bodyStructureText(parts[1].children[0].children[1]));
        QCOMPARE(structure({3, 1}), bodyStructureText(parts[2].children[0]));
        for (const QList<quint32> &path : {QList<quint32>{4}, {1, 1}, {2, 3}, {3, 2}, {2, 1, 1}})
            QVERIFY(structure(path).isEmpty());
        QCOMPARE(partStructure(bodyStructureText(parts[0]), {1}), bodyStructureText(parts[0]));
        QVERIFY(partStructure("", {1}).isEmpty() && partStructure("((((", {1, 2}).isEmpty() && partStructure("(\"a", {2}).isEmpty());
    }
};

QTEST_GUILESS_MAIN(TestUrls)
#include "test_urls.moc"
