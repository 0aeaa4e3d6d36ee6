#include "service/intake/stamp.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::intake;

class TestStamp : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void tellsHowItCame_data()
    {
        QTest::addColumn<bool>("extended");
        QTest::addColumn<bool>("utf8");
        QTest::addColumn<bool>("tls");
        QTest::addColumn<bool>("authenticated");
        QTest::addColumn<QByteArray>("keyword");
        QTest::newRow("HELO") << false << false << false << false << QByteArray("SMTP");
        QTest::newRow("EHLO") << true << false << false << false << QByteArray("ESMTP");
        QTest::newRow("TLS") << true << false << true << false << QByteArray("ESMTPS");
        QTest::newRow("signed in") << true << false << false << true << QByteArray("ESMTPA");
        QTest::newRow("both") << true << false << true << true << QByteArray("ESMTPSA");
        QTest::newRow("UTF-8") << true << true << true << true << QByteArray("UTF8SMTPSA");
    }
    void tellsHowItCame()
    {
        QFETCH(bool, extended);
        QFETCH(bool, utf8);
        QFETCH(bool, tls);
        QFETCH(bool, authenticated);
        QTEST(withKeyword(extended, utf8, tls, authenticated), "keyword");
    }

    void writesReceived()
    {
        StampFacts facts{.helo = "mail.far.test", .client = "192.0.2.1", .hostName = "mx.a.test", .journey = "J1",
                         .with = "ESMTP", .tls = {}, .recipient = {}, .at = 1'000'000'000'000, .offsetMinutes = 120};
        QCOMPARE(receivedField(facts), "Received: from mail.far.test ([192.0.2.1])\r\n\tby mx.a.test (Posthorn) with ESMTP id J1;\r\n"
                                       "\tSun, 09 Sep 2001 03:46:40 +0200\r\n");
        facts.client = "2001:db8::1";
        facts.tls.protocol = "TLSv1.3";
        facts.tls.cipher = "C";
        facts.recipient = "ann@a.test";
        const QByteArray field = receivedField(facts);
        QVERIFY(field.contains("([IPv6:2001:db8::1])"));
        QVERIFY(field.contains("\r\n\t(TLSv1.3 C)\r\n\tfor <ann@a.test>;"));
    }

    // A HELO is the peer's word, and must not write header lines of its own or close a comment.
    void takesNoHarmFromHelo()
    {
        const StampFacts facts{.helo = "x) by evil\r\nBcc: y@z;\"\\\xff", .client = "192.0.2.1", .hostName = "mx", .journey = "J",
                               .with = "SMTP", .tls = {}, .recipient = {}};
        const QByteArray field = receivedField(facts);
        QVERIFY2(field.startsWith("Received: from x__by_evil__Bcc:_y@z___\xff ([192.0.2.1])\r\n\tby mx"), field);
        QVERIFY(receivedField({.helo = QByteArray(5000, 'x'), .client = {}, .hostName = {}, .journey = {}, .with = {}, .tls = {}, .recipient = {}}).size() < 600);
        QVERIFY(receivedField({}).startsWith("Received: from unknown ("));
    }

    void addsWhatAClientLeftOut_data()
    {
        QTest::addColumn<QByteArray>("header");
        QTest::addColumn<bool>("date");
        QTest::addColumn<bool>("id");
        QTest::newRow("nothing") << QByteArray() << true << true;
        QTest::newRow("both there") << QByteArray("DATE: x\r\nmessage-id:y\r\n") << false << false;
        QTest::newRow("alike names") << QByteArray("Dates: x\r\nX-Message-ID: y\r\n") << true << true;
        QTest::newRow("in a folded line") << QByteArray("A: b\r\n Date: x\r\nMessage-ID: y\r\n") << true << false;
    }
    void addsWhatAClientLeftOut()
    {
        QFETCH(QByteArray, header);
        QFETCH(bool, date);
        QFETCH(bool, id);
        const QByteArray fields = submissionFields(header, {.helo = {}, .client = {}, .hostName = "mx.a.test", .journey = "J1", .with = {}, .tls = {}, .recipient = {}});
        QCOMPARE(fields.contains("Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"), date);
        QCOMPARE(fields.contains("Message-ID: <J1@mx.a.test>\r\n"), id);
    }

    void quotesTheReturnPath()
    {
        QCOMPARE(returnPathField({}), "Return-Path: <>\r\n");
        QCOMPARE(returnPathField({"a b", "x.test"}), "Return-Path: <\"a b\"@x.test>\r\n");
    }
};

QTEST_GUILESS_MAIN(TestStamp)
#include "test_stamp.moc"
