// MTA-STS (RFC 8461): records, policy files, names of servers.
#include "policy/trust/mta_sts.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::trust;

namespace {

QByteArray text(const Result<StsPolicy> &policy)
{
    if (!policy)
        return "refused";
    return QByteArray(nameOf(policy->mode).data()) + ' ' + QByteArray::number(policy->maxAge) + ' ' + policy->mx.join(',');
}

} // namespace

class TestMtaSts : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void readsPolicies_data()
    {
        QTest::addColumn<QByteArray>("file");
        QTest::addColumn<QByteArray>("policy");
        const auto row = [](const char *name, const QByteArray &file, const char *policy) {
            QTest::newRow(name) << file << QByteArray(policy);
        };
        row("as in the RFC", "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmx: backupmx.example.com\n"
            "max_age: 604800\n", "enforce 604800 mail.example.com,*.example.net,backupmx.example.com");
        row("CRLF", "version: STSv1\r\nmode: testing\r\nmx: a.example\r\nmax_age: 86400\r\n", "testing 86400 a.example");
        row("no last line end", "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1", "enforce 1 a.example");
        row("no space, much space", "version:STSv1\nmode:   enforce  \nmx:\ta.example\nmax_age:0", "enforce 0 a.example");
        row("another order", "max_age: 5\nmx: a.example\nmode: enforce\nversion: STSv1\n", "enforce 5 a.example");
        row("unknown fields", "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 5\nwhat: ever\nmoon_phase: full\n", "enforce 5 a.example");
        row("the first one counts", "version: STSv1\nmode: enforce\nmode: none\nmx: a.example\nmax_age: 5\nmax_age: 6\n", "enforce 5 a.example");
        row("upper case name", "version: STSv1\nmode: enforce\nmx: MX.Example\nmax_age: 5\n", "enforce 5 mx.example");
        row("none needs no server", "version: STSv1\nmode: none\nmax_age: 5\n", "none 5 ");
        row("longer than a year", "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 9999999999\n", "enforce 31557600 a.example");
        row("empty", "", "refused");
        row("another version", "version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 5\n", "refused");
        row("no version", "mode: enforce\nmx: a.example\nmax_age: 5\n", "refused");
        row("unknown mode", "version: STSv1\nmode: Enforce!\nmx: a.example\nmax_age: 5\n", "refused");
        row("no mode", "version: STSv1\nmx: a.example\nmax_age: 5\n", "refused");
        row("no server", "version: STSv1\nmode: enforce\nmax_age: 5\n", "refused");
        row("no age", "version: STSv1\nmode: enforce\nmx: a.example\n", "refused");
        row("negative age", "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1\n", "refused");
        row("age of eleven digits", "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 10000000000\n", "refused");
        row("star within", "version: STSv1\nmode: enforce\nmx: mx.*.example\nmax_age: 5\n", "refused");
        row("star alone", "version: STSv1\nmode: enforce\nmx: *\nmax_age: 5\n", "refused");
        row("star before a label", "version: STSv1\nmode: enforce\nmx: *mx.example\nmax_age: 5\n", "refused");
        row("empty name", "version: STSv1\nmode: enforce\nmx: \nmax_age: 5\n", "refused");
        row("no field", "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 5\n<html>\n", "refused");
        row("too many servers", "version: STSv1\nmode: enforce\nmax_age: 5\n" + QByteArray("mx: a.example\n").repeated(101), "refused");
    }
    void readsPolicies()
    {
        QFETCH(QByteArray, file);
        QFETCH(QByteArray, policy);
        QCOMPARE(text(parseStsPolicy(file)), policy);
    }
    void readsRecords_data()
    {
        QTest::addColumn<QList<QByteArray>>("texts");
        QTest::addColumn<QByteArray>("id");
        const auto row = [](const char *name, const QList<QByteArray> &texts, const char *id) {
            QTest::newRow(name) << texts << QByteArray(id);
        };
        row("as in the RFC", {"v=STSv1; id=20160831085700Z;"}, "20160831085700Z");
        row("no last semicolon", {"v=STSv1;id=1"}, "1");
        row("extensions", {"v=STSv1; x=y; id=1; z=7"}, "1");
        row("among others", {"v=spf1 -all", "v=STSv1; id=1"}, "1");
        row("none", {}, "-");
        row("two of them", {"v=STSv1; id=1", "v=STSv1; id=2"}, "-");
        row("no id", {"v=STSv1;"}, "-");
        row("empty id", {"v=STSv1; id=;"}, "-");
        row("id too long", {"v=STSv1; id=" + QByteArray(33, '1')}, "-");
        row("id with a dash", {"v=STSv1; id=2016-08"}, "-");
        row("version last", {"id=1; v=STSv1"}, "-");
        row("another version", {"v=STSv10; id=1"}, "-");
    }
    void readsRecords()
    {
        QFETCH(QList<QByteArray>, texts);
        QFETCH(QByteArray, id);
        QCOMPARE(stsRecordId(texts).value_or("-"), id);
    }
    void comparesNames_data()
    {
        QTest::addColumn<QByteArray>("pattern");
        QTest::addColumn<QByteArray>("host");
        QTest::addColumn<bool>("allowed");
        const auto row = [](const char *pattern, const char *host, bool allowed) {
            QTest::addRow("%s %s", pattern, host) << QByteArray(pattern) << QByteArray(host) << allowed;
        };
        row("mail.example.com", "mail.example.com", true);
        row("mail.example.com", "MAIL.example.com", true);
        row("mail.example.com", "x.mail.example.com", false);
        row("mail.example.com", "example.com", false);
        row("*.example.com", "mail.example.com", true);
        row("*.example.com", "example.com", false);
        row("*.example.com", ".example.com", false);
        row("*.example.com", "a.mail.example.com", false);
        row("*.example.com", "mail.example.com.evil.example", false);
        row("*.example.com", "mailexample.com", false);
    }
    void comparesNames()
    {
        QFETCH(QByteArray, pattern);
        QFETCH(QByteArray, host);
        QTEST(StsPolicy({StsPolicy::Mode::Enforce, {pattern}, 1}).allows(host), "allowed");
    }
    void isRenewedInTime_data()
    {
        QTest::addColumn<qint64>("maxAge"); // s
        QTest::addColumn<qint64>("askedAt");
        QTest::addColumn<qint64>("renewalAt"); // ms, fetched at 1,000,000
        const auto row = [](const char *name, qint64 maxAge, qint64 askedAt, qint64 renewalAt) {
            QTest::newRow(name) << maxAge << askedAt << renewalAt;
        };
        row("at half its time", 86'400, 0, 1'000'000 + 43'200'000);
        row("it was asked for before it was fetched", 86'400, 999'000, 1'000'000 + 43'200'000);
        row("asked for early", 86'400, 1'500'000, 1'000'000 + 43'200'000);
        row("asked for in vain", 86'400, 50'000'000, 50'300'000);
        row("lives for a moment", 1, 0, 1'300'000);
        row("does not live at all", 0, 0, 1'300'000);
    }
    void isRenewedInTime()
    {
        QFETCH(qint64, maxAge);
        QFETCH(qint64, askedAt);
        QTEST(stsRenewalAt({StsPolicy::Mode::Enforce, {"mx.example.com"}, maxAge}, 1'000'000, askedAt), "renewalAt");
    }
};

QTEST_GUILESS_MAIN(TestMtaSts)
#include "test_mta_sts.moc"
