#include "service/relay/options.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::relay;
using namespace Qt::StringLiterals;

class TestOptions : public QObject
{
    Q_OBJECT
private Q_SLOTS:
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
        QVERIFY(options.smartHost->host.port > 0);
        QTEST(options.smartHost->implicitTls, "implicit");
        QTEST(int(options.smartHost->tls), "policy");
    }
};

QTEST_GUILESS_MAIN(TestOptions)
#include "test_options.moc"
