#include "service/relay/options.h"
#include "service/relay/reports.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::relay;
using namespace Qt::StringLiterals;

class TestReports : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void reportsWhatIsWanted_data()
    {
        QTest::addColumn<QByteArray>("sender");
        QTest::addColumn<int>("notify");
        QTest::addColumn<QByteArray>("wanted"); // f(ailed), d(elayed), r(elayed)
        const auto row = [](const char *name, const char *sender, int notify, const char *wanted) {
            QTest::newRow(name) << QByteArray(sender) << notify << QByteArray(wanted);
        };
        row("nothing said", "a@b.example", 0, "fd");
        row("a report itself", "", 0, "");
        row("a report that asks", "", smtp::NotifySuccess | smtp::NotifyFailure, "");
        row("never", "a@b.example", smtp::NotifyNever, "");
        row("success only", "a@b.example", smtp::NotifySuccess, "r");
        row("failure only", "a@b.example", smtp::NotifyFailure, "f");
        row("all", "a@b.example", smtp::NotifySuccess | smtp::NotifyFailure | smtp::NotifyDelay, "fdr");
        row("told already", "a@b.example", store::delayTold, "f");
    }
    void reportsWhatIsWanted()
    {
        QFETCH(QByteArray, sender);
        QFETCH(int, notify);
        store::Entry entry;
        entry.reversePath = sender;
        entry.notify = quint8(notify);
        QByteArray wanted;
        for (const auto &[action, letter] : {std::pair(Action::Failed, 'f'), {Action::Delayed, 'd'}, {Action::Relayed, 'r'}}) {
            if (wantsReport(entry, action))
                wanted += letter;
        }
        QTEST(wanted, "wanted");
    }

    void saysInPlainWordsWhatHappened()
    {
        store::Entry entry;
        entry.reversePath = "anna@example.test";
        entry.recipient = "ben@elsewhere.example";
        entry.envid = "QQ314";
        entry.originalRecipient = "rfc822;old@elsewhere.example";
        entry.createdAt = 1'700'000'000'000;
        ReportFacts facts;
        facts.lines = {{entry, {552, "5.2.2", "over quota"}, true, "mx.elsewhere.example (192.0.2.1)"}};
        facts.hostName = "mail.example.test";
        facts.at = 1'700'000'060'000;
        facts.original = "Subject: lost\r\n\r\n";
        const delivery::Arrival arrival = makeReport(facts);
        QVERIFY(arrival.mail.reversePath.isNull());
        QVERIFY(arrival.recipients.isEmpty());
        QVERIFY(arrival.digest.header.startsWith("Return-Path: <>\r\n"));
        QVERIFY(arrival.digest.header.contains("multipart/report"));
        for (const char *part : {"To: ben@elsewhere.example", "mailbox is full", "mx.elsewhere.example (192.0.2.1) said: 552 5.2.2",
                                 "Action: failed", "Status: 5.2.2", "Original-Envelope-Id: QQ314", "Remote-MTA: dns; mx.elsewhere.example",
                                 "Original-Recipient: rfc822;old@elsewhere.example", "Subject: lost"})
            QVERIFY2(arrival.body.contains(part), arrival.body.constData());
        QCOMPARE(arrival.digest.size, arrival.digest.header.size() + arrival.body.size());
    }

    void waitsLongerAfterEachAttempt()
    {
        const Options options = optionsFrom(SettingsSnapshot(), "mail.example.test");
        const qint64 minute = 60'000;
        const QList<qint64> expected{minute, 5 * minute, 15 * minute, 30 * minute, 60 * minute, 60 * minute};
        for (int i = 0; i < expected.size(); ++i) {
            QCOMPARE(waitAfter(options, i + 1, 0.5), expected[i]);
            QCOMPARE(waitAfter(options, i + 1, 0), expected[i] * 9 / 10);
            QCOMPARE(waitAfter(options, i + 1, 1), expected[i] * 11 / 10);
        }
        QCOMPARE(options.expireAfter, 5 * 24 * 60 * minute);
        QCOMPARE(options.delayNoticeAfter, 4 * 60 * minute);
    }

    void readsHowTheSmartHostIsReached_data()
    {
        QTest::addColumn<QString>("host");
        QTest::addColumn<QString>("user");
        QTest::addColumn<QString>("tls");
        QTest::addColumn<bool>("implicit");
        QTest::addColumn<int>("policy");
        const auto row = [](const char *name, const char *host, const char *user, const char *tls, bool implicit, TlsPolicy policy) {
            QTest::newRow(name) << QString::fromLatin1(host) << QString::fromLatin1(user) << QString::fromLatin1(tls) << implicit
                                << int(policy);
        };
        row("465", "smtp.example.org:465", "joe", "auto", true, TlsPolicy::Verify);
        row("587, signed in", "smtp.example.org:587", "joe", "auto", false, TlsPolicy::Verify);
        row("in the house", "[::1]:25", "", "auto", false, TlsPolicy::May);
        row("as told", "smtp.example.org:2525", "", "tls", true, TlsPolicy::Verify);
        row("none", "smtp.example.org:2525", "joe", "none", false, TlsPolicy::None);
    }
    void readsHowTheSmartHostIsReached()
    {
        QFETCH(QString, host);
        QFETCH(QString, user);
        QFETCH(QString, tls);
        QStringList faults;
        const SettingsSnapshot settings({{u"relay.smart_host"_s, host}, {u"relay.smart_host_user"_s, user},
                                         {u"relay.smart_host_tls"_s, tls}}, &faults);
        QCOMPARE(faults, QStringList());
        const Options options = optionsFrom(settings, "mail.example.test");
        QVERIFY(options.smartHost.port > 0);
        QTEST(options.implicitTls, "implicit");
        QTEST(int(options.smartHostTls), "policy");
    }
};

QTEST_GUILESS_MAIN(TestReports)
#include "test_reports.moc"
