// TLS reports (RFC 8460).
#include "policy/trust/tls_report.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

using namespace posthorn::trust;
using namespace Qt::StringLiterals;

class TestTlsReport : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void findsAddresses_data()
    {
        QTest::addColumn<QList<QByteArray>>("texts");
        QTest::addColumn<QByteArray>("addresses");
        const auto row = [](const char *name, const QList<QByteArray> &texts, const char *addresses) {
            QTest::newRow(name) << texts << QByteArray(addresses);
        };
        row("as in the RFC", {"v=TLSRPTv1;rua=mailto:reports@example.com"}, "reports@example.com");
        row("spaces and extensions", {"v=TLSRPTv1; x=y; rua=mailto:a@x.example ; z=1"}, "a@x.example");
        row("several", {"v=TLSRPTv1; rua=mailto:a@x.example, https://x.example/, MAILTO:b@x.example"}, "a@x.example b@x.example https://x.example/");
        row("escaped", {"v=TLSRPTv1; rua=mailto:a%21b%2Cc@x.example?subject=x"}, "a!b,c@x.example");
        row("only by the web", {"v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt"}, "https://reporting.example.com/v1/tlsrpt");
        row("unknown ways", {"v=TLSRPTv1; rua=ftp://x.example/, http://x.example/"}, "");
        row("none", {"v=spf1 -all"}, "");
        row("two records", {"v=TLSRPTv1; rua=mailto:a@x.example", "v=TLSRPTv1; rua=mailto:b@x.example"}, "");
        row("another version", {"v=TLSRPTv2; rua=mailto:a@x.example"}, "");
    }
    void findsAddresses()
    {
        QFETCH(QList<QByteArray>, texts);
        const TlsReportTargets targets = tlsReportTargets(texts);
        QTEST((targets.addresses + targets.urls).join(' '), "addresses");
    }
    void writesJson()
    {
        const QByteArrayList policy{"version: STSv1", "mode: enforce", "mx: *.mail.example", "max_age: 86400"};
        const TlsReport report{u"mx.here.example"_s, u"postmaster@here.example"_s, u"7@here"_s, u"example"_s, 86'400, 172'799,
                               {{u"sts"_s, policy, {}, u"mx1.mail.example"_s, u"192.0.2.1"_s, 5},
                                {u"sts"_s, policy, {}, u"mx2.mail.example"_s, u"192.0.2.2"_s, 2},
                                {u"sts"_s, policy, u"certificate-expired"_s, u"mx1.mail.example"_s, u"192.0.2.1"_s, 3},
                                {u"tlsa"_s, {"3 1 1 00"}, {}, u"mx3.mail.example"_s, u"192.0.2.3"_s, 1}}};
        const QJsonObject json = QJsonDocument::fromJson(toJson(report)).object();
        QCOMPARE(json["date-range"_L1]["start-datetime"_L1].toString(), u"1970-01-02T00:00:00Z"_s);
        QCOMPARE(json["date-range"_L1]["end-datetime"_L1].toString(), u"1970-01-02T23:59:59Z"_s);
        QCOMPARE(json["report-id"_L1].toString(), u"7@here"_s);
        const QJsonArray policies = json["policies"_L1].toArray();
        QCOMPARE(policies.size(), 2);
        const QJsonObject sts = policies[0].toObject();
        QCOMPARE(sts["policy"_L1]["policy-type"_L1].toString(), u"sts"_s);
        QCOMPARE(sts["policy"_L1]["policy-domain"_L1].toString(), u"example"_s);
        QCOMPARE(sts["policy"_L1]["mx-host"_L1].toArray(), QJsonArray{u"*.mail.example"_s});
        QCOMPARE(sts["policy"_L1]["policy-string"_L1].toArray().size(), 4);
        QCOMPARE(sts["summary"_L1]["total-successful-session-count"_L1].toInt(), 7);
        QCOMPARE(sts["summary"_L1]["total-failure-session-count"_L1].toInt(), 3);
        QCOMPARE(sts["failure-details"_L1][0]["result-type"_L1].toString(), u"certificate-expired"_s);
        QCOMPARE(sts["failure-details"_L1][0]["receiving-mx-hostname"_L1].toString(), u"mx1.mail.example"_s);
        QVERIFY(!policies[1].toObject().contains("failure-details"_L1));
    }
    void compresses()
    {
        const QByteArray text = QByteArray("{}").repeated(1000), packed = gzip(text);
        QCOMPARE(packed.first(3).toHex(), "1f8b08");
        QVERIFY(packed.size() < 100);
        QCOMPARE(packed.last(4).toHex(), "d0070000"); // 2,000
        QCOMPARE(gzip("123456789").last(8).toHex(), "2639f4cb09000000"); // the check value of CRC-32
    }
};

QTEST_GUILESS_MAIN(TestTlsReport)
#include "test_tls_report.moc"
