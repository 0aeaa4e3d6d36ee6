#include "language/message/builder.h"
#include "language/message/header.h"
#include "language/message/mime_field.h"
#include "language/message/structure.h"
#include "language/message/transfer_encoding.h"

#include <QTest>

using namespace posthorn::message;
using namespace Qt::StringLiterals;

namespace {

DeliveryReport sample()
{
    DeliveryReport report;
    report.from = {"Mail Delivery", {}, "mailer-daemon", "mx.example.com"};
    report.to = {{}, {}, "ann", "example.org"};
    report.subject = u"Your message could not be delivered: Grüße"_s;
    report.messageId = "<1@mx.example.com>";
    report.date = 1'057'049'557;
    report.dateOffsetMinutes = 120;
    report.text = u"Leider unzustellbar: bob@example.net gibt es nicht.\n"_s;
    report.reportingMta = "mx.example.com";
    report.envelopeId = "E1";
    report.arrival = 1'057'049'000;
    report.recipients = {{"rfc822;bob@example.net", "bob@example.net", "failed", "5.1.1", "mx.example.net",
                          "550 5.1.1 no such user\r\nhere", 1'057'049'500, 0},
                         {{}, "eve@example.net", "delayed", "4.4.1", {}, {}, 0, 1'057'149'500}};
    report.original = "From: ann@example.org\nSubject: x\n\n";
    return report;
}

QByteArray body(const QByteArray &message, const Part &part)
{
    return decodeTransfer(message.mid(part.bodyOffset, part.bodySize), part.encoding);
}

} // namespace

class TestBuilder : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void buildsHeaders();
    void reportsFailure();
    void reportsInternationalAddresses();
    void returnsWholeMessages();
    void boundaryIsNotInTheParts();
};

void TestBuilder::buildsHeaders()
{
    HeaderBuilder header;
    header.date("Date", 1'057'049'557, 120)
        .text("Subject", u"a\r\nBcc: eve@x"_s)
        .addresses("To", {{"A, B", {}, "a", "b"}, {{}, {}, "c", "d"}})
        .value("X-Long", QByteArray("word ").repeated(40));
    QVERIFY(header.bytes().startsWith("Date: Tue, 01 Jul 2003 10:52:37 +0200\r\n"
                                      "Subject: a  Bcc: eve@x\r\n"
                                      "To: \"A, B\" <a@b>, c@d\r\n"));
    for (const QByteArray &line : header.bytes().split('\n'))
        QVERIFY(line.size() <= 78);
    QCOMPARE(unfold(findField(header.bytes(), "X-Long")->value), QByteArray("word ").repeated(40).trimmed());
}

void TestBuilder::reportsFailure()
{
    const QByteArray message = compose(sample());
    const Structure structure = parseStructure(message);
    QVERIFY(!structure.has8BitHeader && !structure.has8BitBody);
    QVERIFY(!QByteArray(message).replace("\r\n", "").contains('\n'));
    QCOMPARE(structure.root.subtype, "report");
    QCOMPARE(parameterValue(structure.root.parameters, "report-type"), "delivery-status");
    QCOMPARE(structure.dateSeconds, 1'057'049'557);
    QCOMPARE(fieldValue(structure.header, "Auto-Submitted"), "auto-replied");
    QCOMPARE(structure.root.children.size(), 3);
    QVERIFY(body(message, structure.root.children[0]).contains("Leider unzustellbar"));
    const Part &status = structure.root.children[1];
    QCOMPARE(status.subtype, "delivery-status");
    QCOMPARE(body(message, status), "Reporting-MTA: dns; mx.example.com\r\n"
                                    "Original-Envelope-Id: E1\r\n"
                                    "Arrival-Date: Tue, 01 Jul 2003 10:43:20 +0200\r\n"
                                    "\r\n"
                                    "Original-Recipient: rfc822;bob@example.net\r\n"
                                    "Final-Recipient: rfc822; bob@example.net\r\n"
                                    "Action: failed\r\n"
                                    "Status: 5.1.1\r\n"
                                    "Remote-MTA: dns; mx.example.net\r\n"
                                    "Diagnostic-Code: smtp; 550 5.1.1 no such user  here\r\n"
                                    "Last-Attempt-Date: Tue, 01 Jul 2003 10:51:40 +0200\r\n"
                                    "\r\n"
                                    "Final-Recipient: rfc822; eve@example.net\r\n"
                                    "Action: delayed\r\n"
                                    "Status: 4.4.1\r\n"
                                    "Will-Retry-Until: Wed, 02 Jul 2003 14:38:20 +0200\r\n");
    QCOMPARE(structure.root.children[2].subtype, "rfc822-headers");
    QCOMPARE(body(message, structure.root.children[2]), "From: ann@example.org\r\nSubject: x\r\n\r\n");
}

void TestBuilder::reportsInternationalAddresses()
{
    DeliveryReport report = sample();
    report.recipients[0].finalRecipient = "b\xc3\xb6"
                                          "b@example.net";
    const QByteArray message = compose(report);
    const Structure structure = parseStructure(message);
    QCOMPARE(structure.root.children[1].subtype, "global-delivery-status");
    QCOMPARE(structure.root.children[1].encoding, "8bit");
    QVERIFY(body(message, structure.root.children[1])
                .contains("Final-Recipient: utf-8; b\xc3\xb6"
                          "b@example.net\r\n"));
    QCOMPARE(structure.root.children[2].subtype, "global-headers");
}

void TestBuilder::returnsWholeMessages()
{
    DeliveryReport report = sample();
    report.wholeOriginal = true;
    report.original = "Subject: inner\r\n\r\nbody without line end";
    const QByteArray message = compose(report);
    const Part original = parseStructure(message).root.children.at(2);
    QVERIFY(original.isMessage());
    QCOMPARE(original.envelope->subject, "inner");
    QCOMPARE(body(message, original), report.original);
}

void TestBuilder::boundaryIsNotInTheParts()
{
    DeliveryReport report = sample();
    const QByteArray first = parameterValue(parseStructure(compose(report)).root.parameters, "boundary");
    report.original = "Subject: x\r\n\r\n--" + first + "\r\n\r\n--" + first + "--\r\n";
    report.wholeOriginal = true;
    const QByteArray message = compose(report);
    const Structure structure = parseStructure(message);
    QVERIFY(parameterValue(structure.root.parameters, "boundary") != first);
    QCOMPARE(structure.root.children.size(), 3);
}

QTEST_GUILESS_MAIN(TestBuilder)
#include "test_builder.moc"
