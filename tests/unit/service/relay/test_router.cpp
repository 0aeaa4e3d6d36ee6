#include "service/relay/router.h"

#include <QMap>
#include <QRandomGenerator>
#include <QTest>

using namespace posthorn;
using namespace posthorn::relay;
using Status = net::DnsAnswer::Status;

namespace {

MxHost host(int preference, const char *name, const QList<QByteArray> &addresses, Status status = Status::Found)
{
    return {preference, name, {.status = status, .addresses = addresses}};
}

QByteArray text(const Route &route)
{
    if (route.hops.isEmpty())
        return QByteArray::number(route.problem.code) + ' ' + route.problem.enhanced;
    QByteArrayList hops;
    for (const Hop &hop : route.hops)
        hops += hop.name + '/' + hop.address;
    return hops.join(' ');
}

} // namespace

class TestRouter : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void ordersHosts_data()
    {
        QTest::addColumn<QList<MxHost>>("hosts");
        QTest::addColumn<QByteArray>("route");
        const auto row = [](const char *name, const QList<MxHost> &hosts, const char *route) {
            QTest::newRow(name) << hosts << QByteArray(route);
        };
        row("by preference", {host(20, "b", {"2"}), host(10, "a", {"1::", "1"})}, "a/1:: a/1 b/2");
        row("one without address", {host(10, "a", {}, Status::NoName), host(20, "b", {"2"})}, "b/2");
        row("one not answered, another there", {host(10, "a", {}, Status::Failed), host(20, "b", {"2"})}, "b/2");
        row("none answered", {host(10, "a", {}, Status::Failed), host(20, "b", {}, Status::NoData)}, "451 4.4.3");
        row("none there", {host(10, "a", {}, Status::NoData)}, "550 5.4.4");
        row("behind ourselves", {host(10, "a", {"1"}), host(20, "us", {"9"}), host(30, "c", {"3"})}, "a/1");
        row("as good as ourselves", {host(10, "a", {"1"}), host(10, "us", {"9"})}, "554 5.4.6");
        row("ourselves by address", {host(10, "other", {"9"})}, "554 5.4.6");
        row("ourselves, the better one not answered", {host(10, "a", {}, Status::Failed), host(20, "us", {"9"})}, "554 5.4.6");
    }
    void ordersHosts()
    {
        QFETCH(QList<MxHost>, hosts);
        QFETCH(QByteArray, route);
        const auto isSelf = [](const QByteArray &name, const QByteArray &address, quint16) {
            return name == "us" || address == "9";
        };
        QCOMPARE(text(routeFrom(hosts, 25, isSelf)), route);
    }
    // Each order comes about as often as any other, and no worse server before a better one.
    void equalServersShareTheLoad()
    {
        QRandomGenerator dice(4711);
        QMap<QByteArray, int> seen;
        constexpr int rounds = 1'200;
        for (int i = 0; i < rounds; ++i) {
            const auto isSelf = [](const QByteArray &, const QByteArray &, quint16) { return false; };
            const QList<MxHost> hosts{host(20, "c", {"3"}), host(10, "a", {"1"}), host(20, "d", {"4"}), host(30, "e", {"5"}), host(10, "b", {"2"})};
            ++seen[text(routeFrom(shareLoad(hosts, dice), 25, isSelf))];
        }
        QCOMPARE(seen.keys(), (QByteArrayList{"a/1 b/2 c/3 d/4 e/5", "a/1 b/2 d/4 c/3 e/5", "b/2 a/1 c/3 d/4 e/5", "b/2 a/1 d/4 c/3 e/5"}));
        for (const int count : std::as_const(seen))
            QVERIFY2(count > rounds / 4 / 2 && count < rounds / 4 * 2, QByteArray::number(count).constData());
    }
    void takesAddressLiterals()
    {
        net::Resolver resolver;
        Router router(resolver, [](const QByteArray &, const QByteArray &, quint16) { return false; });
        QByteArray found;
        const auto take = [&](const Route &route) { found = text(route); };
        router.routeDomain("[192.0.2.1]", 25, take);
        QCOMPARE(found, "[192.0.2.1]/192.0.2.1");
        router.routeDomain("[ipv6:2001:db8::1]", 25, take);
        QCOMPARE(found, "[ipv6:2001:db8::1]/2001:db8::1");
        router.routeDomain("[nonsense]", 25, take);
        QCOMPARE(found, "550 5.1.2");
        router.routeHost("localhost", 2525, take);
        QCOMPARE(found, "localhost/127.0.0.1 localhost/::1");
    }
};

QTEST_GUILESS_MAIN(TestRouter)
#include "test_router.moc"
