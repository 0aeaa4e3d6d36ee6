#include "service/delivery/reports.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::delivery;
using namespace Qt::StringLiterals;

namespace {

constexpr int S = smtp::NotifySuccess, F = smtp::NotifyFailure, D = smtp::NotifyDelay, N = smtp::NotifyNever;

// Every value that NOTIFY can have (RFC 3461 §4.1), and what it asks for: f(ailed), d(elayed), r(elayed), (de)l(ivered),
// e(xpanded); then what is passed on where an address leads to one other (which is all of it), and to several (§5.2.7).
struct NotifyRow
{
    const char *name;
    int notify;
    const char *wanted;
    int toSeveral;
};
constexpr NotifyRow notifyTable[] = {
    {"not given", 0, "fd", 0},
    {"NEVER", N, "", N},
    {"SUCCESS", S, "rle", N},
    {"FAILURE", F, "f", F},
    {"DELAY", D, "d", D},
    {"SUCCESS,FAILURE", S | F, "frle", F},
    {"SUCCESS,DELAY", S | D, "drle", D},
    {"FAILURE,DELAY", F | D, "fd", F | D},
    {"SUCCESS,FAILURE,DELAY", S | F | D, "fdrle", F | D},
};

QByteArray wantedOf(const store::Entry &entry)
{
    QByteArray wanted;
    for (const auto &[action, letter] : {std::pair(Action::Failed, 'f'), {Action::Delayed, 'd'}, {Action::Relayed, 'r'},
                                         {Action::Delivered, 'l'}, {Action::Expanded, 'e'}}) {
        if (wantsReport(entry, action))
            wanted += letter;
    }
    return wanted;
}

ReportFacts factsOf(Action action, const smtp::Reply &reply = {0, {}, {}})
{
    store::Entry entry;
    entry.reversePath = "anna@example.test";
    entry.recipient = "ben@elsewhere.example";
    entry.envid = "QQ314";
    entry.originalRecipient = "rfc822;old@elsewhere.example";
    entry.createdAt = 1'700'000'000'000;
    ReportFacts facts;
    facts.action = action;
    facts.to = {"anna", "example.test"};
    facts.lines = {{entry, reply, reply.code != 0, reply.code ? "mx.elsewhere.example (192.0.2.1)"_ba : QByteArray()}};
    facts.hostName = "mail.example.test";
    facts.at = 1'700'000'060'000;
    facts.expireAfter = 5ll * 86'400'000;
    facts.original = "Subject: lost\r\n\r\n";
    return facts;
}

} // namespace

class TestReports : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void reportsWhatIsWanted_data()
    {
        QTest::addColumn<int>("notify");
        QTest::addColumn<QByteArray>("wanted");
        QTest::addColumn<int>("toSeveral");
        for (const NotifyRow &row : notifyTable)
            QTest::newRow(row.name) << row.notify << QByteArray(row.wanted) << row.toSeveral;
    }
    void reportsWhatIsWanted()
    {
        QFETCH(int, notify);
        QFETCH(int, toSeveral);
        store::Entry entry;
        entry.notify = quint8(notify);
        QCOMPARE(wantedOf(entry), ""); // no bounce of a bounce
        entry.reversePath = "a@b.example";
        QTEST(wantedOf(entry), "wanted");
        entry.notify |= store::delayTold;
        QVERIFY(!wantsReport(entry, Action::Delayed)); // once
        QCOMPARE(wantsReport(entry, Action::Failed), notify == 0 || (notify & F));
        QCOMPARE(int(notifyPassedOn(quint8(notify), 1)), notify);
        QCOMPARE(int(notifyPassedOn(quint8(notify), 2)), toSeveral);
        QCOMPARE(int(notifyPassedOn(quint8(notify), 100)), toSeveral);
    }

    void saysInPlainWordsWhatHappened_data()
    {
        QTest::addColumn<int>("action");
        QTest::addColumn<int>("code");
        QTest::addColumn<QByteArray>("enhanced");
        QTest::addColumn<QByteArray>("words");
        QTest::addColumn<QByteArray>("fields");
        const auto row = [](const char *name, Action action, int code, const char *enhanced, const char *words, const char *fields) {
            QTest::newRow(name) << int(action) << code << QByteArray(enhanced) << QByteArray(words) << QByteArray(fields);
        };
        row("no address", Action::Failed, 550, "5.1.1", "no such address", "Action: failed|Status: 5.1.1");
        row("full", Action::Failed, 552, "5.2.2", "mailbox is full", "Action: failed|Status: 5.2.2");
        row("no enhanced code", Action::Failed, 550, "", "refuses the message", "Action: failed|Status: 5.0.0");
        row("delayed", Action::Delayed, 451, "4.4.1", "need not send it again", "Action: delayed|Status: 4.4.1|Will-Retry-Until: ");
        row("relayed", Action::Relayed, 250, "2.0.0", "handed on", "Action: relayed|Status: 2.0.0");
        row("delivered", Action::Delivered, 0, "", "is in the mailbox", "Action: delivered|Status: 2.0.0");
        row("expanded", Action::Expanded, 0, "", "stands for several others", "Action: expanded|Status: 2.0.0");
    }
    void saysInPlainWordsWhatHappened()
    {
        QFETCH(int, action);
        QFETCH(int, code);
        QFETCH(QByteArray, enhanced);
        QFETCH(QByteArray, words);
        QFETCH(QByteArray, fields);
        const Arrival arrival = makeReport(factsOf(Action(action), code ? smtp::Reply{code, enhanced, "so I say"} : smtp::Reply{0, {}, {}}));
        QVERIFY(arrival.mail.reversePath.isNull());
        QVERIFY(arrival.recipients.isEmpty());
        QVERIFY(arrival.digest.header.startsWith("Return-Path: <>\r\n"));
        QVERIFY(arrival.digest.header.contains("multipart/report"));
        const QByteArray body = QByteArray(arrival.body).replace("=\r\n", "");
        QByteArrayList parts = fields.split('|') + QByteArrayList{words, "To: ben@elsewhere.example", "Original-Envelope-Id: QQ314",
                                                                  "Original-Recipient: rfc822;old@elsewhere.example",
                                                                  "Final-Recipient: rfc822; ben@elsewhere.example", "Subject: lost"};
        if (code)
            parts += "Remote-MTA: dns; mx.elsewhere.example";
        for (const QByteArray &part : std::as_const(parts))
            QVERIFY2(body.contains(part), QByteArray(part + " is not in\n" + body).constData());
        QCOMPARE(arrival.digest.size, arrival.digest.header.size() + arrival.body.size());
    }

    void writesAddressesAsTheSenderCanReadThem_data()
    {
        QTest::addColumn<bool>("utf8");
        QTest::addColumn<QByteArray>("type");
        QTest::addColumn<QByteArray>("field");
        QTest::newRow("SMTPUTF8") << true << "message/global-delivery-status"_ba << "Final-Recipient: utf-8; jürgen@elsewhere.example"_ba;
        QTest::newRow("ASCII") << false << "message/delivery-status"_ba << "Final-Recipient: utf-8; j\\x{FC}rgen@elsewhere.example"_ba;
    }
    void writesAddressesAsTheSenderCanReadThem()
    {
        QFETCH(bool, utf8);
        QFETCH(QByteArray, type);
        QFETCH(QByteArray, field);
        ReportFacts facts = factsOf(Action::Failed, {550, "5.1.1", "kein Jürgen hier"});
        facts.lines.front().entry.recipient = "jürgen@elsewhere.example";
        facts.lines.front().entry.smtpUtf8 = utf8;
        const QByteArray body = makeReport(facts).body;
        QVERIFY2(body.contains("Content-Type: " + type + "\r\n"), body.constData());
        QVERIFY2(body.contains(field), body.constData());
    }

    void returnsAllOrTheHeader_data()
    {
        QTest::addColumn<bool>("whole");
        QTest::addColumn<QByteArray>("original");
        QTest::addColumn<QByteArray>("type");
        QTest::newRow("header") << false << "Subject: x\r\n\r\n"_ba << "message/rfc822-headers"_ba;
        QTest::newRow("all") << true << "Subject: x\r\n\r\nbody\r\n"_ba << "message/rfc822"_ba;
        QTest::newRow("all, 8-bit body") << true << "Subject: x\r\n\r\nGrüße\r\n"_ba << "message/rfc822"_ba;
        QTest::newRow("UTF-8 header") << false << "Subject: Grüße\r\n\r\n"_ba << "message/global-headers"_ba;
        QTest::newRow("all, UTF-8 header") << true << "Subject: Grüße\r\n\r\nbody\r\n"_ba << "message/global"_ba;
        QTest::newRow("header in an old charset") << false << "Subject: Gr\xfc\xdf" "e\r\n\r\n"_ba << "message/rfc822-headers"_ba;
    }
    void returnsAllOrTheHeader()
    {
        QFETCH(bool, whole);
        QFETCH(QByteArray, original);
        QFETCH(QByteArray, type);
        ReportFacts facts = factsOf(Action::Failed, {550, "5.1.1", "no"});
        facts.original = original;
        facts.wholeOriginal = whole;
        const QByteArray body = makeReport(facts).body;
        QVERIFY2(body.contains("Content-Type: " + type + "\r\n"), body.constData());
        QVERIFY(body.contains(original));
    }
};

QTEST_GUILESS_MAIN(TestReports)
#include "test_reports.moc"
