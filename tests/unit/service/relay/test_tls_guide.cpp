// What TLS has to be at each server of a route.
#include "service/relay/tls_guide.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::relay;
using Status = net::DnsAnswer::Status;
using Mode = trust::StsPolicy::Mode;

namespace {

FoundSts sts(Mode mode, const QList<QByteArray> &mx)
{
    FoundSts found;
    found.found = true;
    found.policy = {mode, mx, 86'400};
    return found;
}

net::DnsAnswer tlsa(quint8 usage, bool authentic = true)
{
    net::DnsAnswer answer{.status = Status::Found, .authentic = authentic};
    answer.tlsa.append({usage, 1, 1, QByteArray(32, 'x')});
    return answer;
}

net::DnsAnswer failed()
{
    return {.status = Status::Failed, .error = QStringLiteral("bogus")};
}

QByteArray text(const Route &route)
{
    static const QByteArrayList policies{"none", "may", "encrypt", "verify"};
    if (route.hops.isEmpty())
        return QByteArray::number(route.problem.code) + ' ' + route.problem.enhanced;
    QByteArrayList hops;
    for (const Hop &hop : route.hops)
        hops += hop.name + ' ' + policies[int(hop.tls.policy)] + (hop.tls.source.isEmpty() ? "" : " by " + hop.tls.source)
                + (hop.tls.tlsa.isEmpty() ? "" : " records");
    return hops.join(", ");
}

} // namespace

class TestTlsGuide : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void decides_data()
    {
        QTest::addColumn<TlsPolicy>("base");
        QTest::addColumn<FoundSts>("found");
        QTest::addColumn<TlsaAnswers>("answers");
        QTest::addColumn<QByteArray>("route");
        const auto row = [](const char *name, TlsPolicy base, const FoundSts &found, const TlsaAnswers &answers, const char *route) {
            QTest::newRow(name) << base << found << answers << QByteArray(route);
        };
        using enum TlsPolicy;
        row("nothing", May, {}, {}, "a.x may, b.x may");
        row("the settings", Verify, {}, {}, "a.x verify by policy, b.x verify by policy");
        row("MTA-STS", May, sts(Mode::Enforce, {"*.x"}), {}, "a.x verify by MTA-STS, b.x verify by MTA-STS");
        row("MTA-STS names one", May, sts(Mode::Enforce, {"b.x"}), {}, "b.x verify by MTA-STS");
        row("MTA-STS names others", May, sts(Mode::Enforce, {"c.x"}), {}, "451 4.7.5");
        row("MTA-STS is being tried", May, sts(Mode::Testing, {"c.x"}), {}, "a.x may, b.x may");
        row("DANE", May, {}, {{"a.x", tlsa(3)}}, "a.x verify by DANE records, b.x may");
        row("DANE, no usable record", May, {}, {{"a.x", tlsa(1)}}, "a.x encrypt by DANE, b.x may");
        row("DANE, no usable record, strict settings", Verify, {}, {{"a.x", tlsa(1)}}, "a.x verify by policy, b.x verify by policy");
        row("records without signatures", May, {}, {{"a.x", tlsa(3, false)}}, "a.x may, b.x may");
        row("no records", May, {}, {{"a.x", {.status = Status::NoData}}, {"b.x", {.status = Status::NoName}}}, "a.x may, b.x may");
        row("records can't be had", May, {}, {{"a.x", failed()}}, "b.x may");
        row("can't be had anywhere", May, {}, {{"a.x", failed()}, {"b.x", failed()}}, "451 4.7.5");
        row("can't be had, and MTA-STS is content", May, sts(Mode::Enforce, {"a.x"}), {{"a.x", failed()}}, "451 4.7.5");
        row("DANE beats MTA-STS", May, sts(Mode::Enforce, {"b.x"}), {{"a.x", tlsa(3)}}, "a.x verify by DANE records, b.x verify by MTA-STS");
        row("unusable ones don't", May, sts(Mode::Enforce, {"b.x"}), {{"b.x", tlsa(0)}}, "b.x verify by MTA-STS");
    }
    void decides()
    {
        QFETCH(TlsPolicy, base);
        QFETCH(FoundSts, found);
        QFETCH(TlsaAnswers, answers);
        Route given;
        given.hops = {{.name = "a.x", .address = "192.0.2.1", .port = 25}, {.name = "b.x", .address = "192.0.2.2", .port = 25}};
        QTEST(text(decideTls(given, base, found, answers)), "route");
    }
    // RFC 8689 §4.2.1
    void demandsProofsForRequireTls_data()
    {
        QTest::addColumn<FoundSts>("found");
        QTest::addColumn<bool>("authentic");
        QTest::addColumn<QByteArray>("route");
        const auto row = [](const char *name, const FoundSts &found, bool authentic, const char *route) {
            QTest::newRow(name) << found << authentic << QByteArray(route);
        };
        row("names are signed", {}, true, "a.x verify by REQUIRETLS, b.x verify by REQUIRETLS");
        row("named by MTA-STS", sts(Mode::Testing, {"b.x"}), false, "b.x verify by REQUIRETLS");
        row("named by MTA-STS, enforced", sts(Mode::Enforce, {"b.x"}), false, "b.x verify by MTA-STS");
        row("not proven", {}, false, "550 5.7.30");
    }
    void demandsProofsForRequireTls()
    {
        QFETCH(FoundSts, found);
        QFETCH(bool, authentic);
        Route given;
        given.authentic = authentic;
        given.domain = "x";
        given.hops = {{.name = "a.x", .address = "192.0.2.1", .port = 25}, {.name = "b.x", .address = "192.0.2.2", .port = 25}};
        QTEST(text(decideTls(given, TlsPolicy::May, found, {}, true)), "route");
        given.hops = {{.name = "x", .address = "192.0.2.1", .port = 25}};
        if (!found.found)
            QCOMPARE(text(decideTls(given, TlsPolicy::May, found, {}, true)), "x verify by REQUIRETLS");
    }
};

QTEST_GUILESS_MAIN(TestTlsGuide)
#include "test_tls_guide.moc"
