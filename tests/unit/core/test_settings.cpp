#include "core/settings.h"

#include <QSet>
#include <QTest>

using namespace posthorn;
using namespace Qt::StringLiterals;

class TestSettings : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void describesEachKeyOnceWithAValidInitialValue()
    {
        QSet<QString> seen;
        for (const SettingDescription &setting : settingDescriptions()) {
            const QString key(setting.key);
            QVERIFY2(!seen.contains(key), qPrintable(key));
            seen.insert(key);
            const auto checked = checkSetting(key, QString(setting.initial));
            QVERIFY2(checked && *checked == setting.initial, qPrintable(key));
            QVERIFY2(!setting.label.isEmpty() && !setting.room.isEmpty(), qPrintable(key));
        }
    }
    void checksValues_data()
    {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("value");
        QTest::addColumn<QString>("canonical"); // empty and not valid: refused
        QTest::addColumn<bool>("valid");
        QTest::newRow("number") << u"smtp.max_recipients"_s << u" 250 "_s << u"250"_s << true;
        QTest::newRow("number too small") << u"smtp.max_recipients"_s << u"1"_s << QString() << false;
        QTest::newRow("not a number") << u"smtp.max_recipients"_s << u"many"_s << QString() << false;
        QTest::newRow("flag") << u"log.file"_s << u"Off"_s << u"false"_s << true;
        QTest::newRow("not a flag") << u"log.file"_s << u"maybe"_s << QString() << false;
        QTest::newRow("choice") << u"quota.reply"_s << u"temporary"_s << u"temporary"_s << true;
        QTest::newRow("not a choice") << u"quota.reply"_s << u"never"_s << QString() << false;
        QTest::newRow("endpoints") << u"smtp.listen"_s << u"127.0.0.1:2525,[::1]:2525"_s
                                   << u"127.0.0.1:2525, [::1]:2525"_s << true;
        QTest::newRow("no endpoint") << u"smtp.listen"_s << u""_s << u""_s << true;
        QTest::newRow("any free port") << u"smtp.listen"_s << u"127.0.0.1:0"_s << u"127.0.0.1:0"_s << true;
        QTest::newRow("port too high") << u"smtp.listen"_s << u"127.0.0.1:70000"_s << QString() << false;
        QTest::newRow("no port") << u"smtp.listen"_s << u"127.0.0.1"_s << QString() << false;
        QTest::newRow("IPv6 without brackets") << u"smtp.listen"_s << u"::1:25"_s << QString() << false;
        QTest::newRow("name") << u"smtp.listen"_s << u"mail.example.org:25"_s << QString() << false;
        QTest::newRow("networks") << u"smtp.trusted_networks"_s << u"192.168.1.0/24 10.0.0.1"_s
                                  << u"192.168.1.0/24, 10.0.0.1"_s << true;
        QTest::newRow("bad network") << u"smtp.trusted_networks"_s << u"192.168.1.0/99"_s << QString() << false;
        QTest::newRow("host") << u"relay.smart_host"_s << u" smtp.example.org:465 "_s << u"smtp.example.org:465"_s << true;
        QTest::newRow("host, IPv6") << u"relay.smart_host"_s << u"[::1]:25"_s << u"[::1]:25"_s << true;
        QTest::newRow("no host") << u"relay.smart_host"_s << u""_s << u""_s << true;
        QTest::newRow("host without port") << u"relay.smart_host"_s << u"smtp.example.org"_s << QString() << false;
        QTest::newRow("port alone") << u"relay.smart_host"_s << u":25"_s << QString() << false;
        QTest::newRow("durations") << u"relay.retry_schedule"_s << u" 30s  5m 1h 2d"_s << u"30s 5m 1h 2d"_s << true;
        QTest::newRow("no durations") << u"relay.delay_notice_after"_s << u""_s << u""_s << true;
        QTest::newRow("duration without unit") << u"relay.retry_schedule"_s << u"30"_s << QString() << false;
        QTest::newRow("no time at all") << u"relay.retry_schedule"_s << u"0s"_s << QString() << false;
        QTest::newRow("policies") << u"relay.tls_policy"_s << u" a.example=verify, b.example=none "_s
                                  << u"a.example=verify b.example=none"_s << true;
        QTest::newRow("no policies") << u"relay.tls_policy"_s << u""_s << u""_s << true;
        QTest::newRow("policy mistyped") << u"relay.tls_policy"_s << u"a.example=verfy"_s << QString() << false;
        QTest::newRow("policy for nobody") << u"relay.tls_policy"_s << u"=verify"_s << QString() << false;
        QTest::newRow("unknown key") << u"no.such"_s << u"1"_s << QString() << false;
        QTest::newRow("line end") << u"server.name"_s << u"a\nb"_s << QString() << false;
    }
    void checksValues()
    {
        QFETCH(QString, key);
        QFETCH(QString, value);
        QFETCH(QString, canonical);
        QFETCH(bool, valid);
        const auto checked = checkSetting(key, value);
        QCOMPARE(checked.has_value(), valid);
        if (valid)
            QCOMPARE(*checked, canonical);
        else
            QVERIFY(!checked.error().text.isEmpty());
    }
    void snapshotLeavesOutWhatIsInvalid()
    {
        QStringList faults;
        const SettingsSnapshot snapshot({{u"smtp.max_recipients"_s, u"200"_s}, {u"log.file"_s, u"perhaps"_s}}, &faults);
        QCOMPARE(snapshot.number("smtp.max_recipients"_L1), 200);
        QCOMPARE(snapshot.flag("log.file"_L1), true);
        QCOMPARE(faults.size(), 1);
        QVERIFY(snapshot.isSet("smtp.max_recipients"_L1));
        QVERIFY(!snapshot.isSet("log.file"_L1));
    }
    void findsAddressesInNetworks()
    {
        QVERIFY(inNetworks(u"192.168.1.0/24, fd00::/8", "192.168.1.77"));
        QVERIFY(inNetworks(u"192.168.1.0/24, fd00::/8", "fd00::1"));
        QVERIFY(!inNetworks(u"192.168.1.0/24, fd00::/8", "192.168.2.1"));
        QVERIFY(!inNetworks(u"", "127.0.0.1"));
        QVERIFY(inNetworks(u"10.0.0.1", "10.0.0.1"));
        QVERIFY(!inNetworks(u"10.0.0.1", "10.0.0.2"));
    }
};

QTEST_APPLESS_MAIN(TestSettings)
#include "test_settings.moc"
