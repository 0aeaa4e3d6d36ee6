#include "service/relay/router.h"

#include <QRandomGenerator>

#include <algorithm>

namespace posthorn::relay {

using Status = net::DnsAnswer::Status;

namespace {

constexpr qsizetype mostHosts = 10, mostHops = 20; // more are not tried

Route problem(int code, const char *enhanced, const QByteArray &text)
{
    return {{}, {code, enhanced, text}, false, {}, {}};
}

// "[192.0.2.1]", "[IPv6:2001:db8::1]": the address, or nothing when it is none.
QByteArray literalAddress(const QByteArray &domain)
{
    QByteArray inside = domain.sliced(1).chopped(1);
    if (inside.toLower().startsWith("ipv6:"))
        inside = inside.sliced(5);
    return QHostAddress(QString::fromLatin1(inside)).isNull() ? QByteArray() : inside;
}

} // namespace

QList<MxHost> shareLoad(QList<MxHost> hosts, QRandomGenerator &dice)
{
    std::shuffle(hosts.begin(), hosts.end(), dice);
    std::ranges::stable_sort(hosts, {}, &MxHost::preference);
    return hosts;
}

Route routeFrom(QList<MxHost> hosts, quint16 port, const IsSelf &isSelf)
{
    std::ranges::stable_sort(hosts, {}, &MxHost::preference);
    bool failed = false;
    int worst = std::numeric_limits<int>::max(); // preference of ourselves
    for (const MxHost &host : std::as_const(hosts)) {
        failed |= host.answer.status == Status::Failed;
        const auto self = [&](const QByteArray &address) { return isSelf(host.name, address, port); };
        if (isSelf(host.name, {}, port) || std::ranges::any_of(host.answer.addresses, self))
            worst = std::min(worst, host.preference);
    }
    Route route;
    for (const MxHost &host : std::as_const(hosts)) {
        for (const QByteArray &address : host.answer.addresses) {
            if (host.preference < worst && route.hops.size() < mostHops)
                route.hops.append({host.name, address, port, host.answer.authentic, {}, host.answer.canonical});
        }
    }
    if (!route.hops.isEmpty())
        return route;
    if (worst != std::numeric_limits<int>::max())
        return problem(554, "5.4.6", "Mail for this domain would come back to this very server");
    if (failed)
        return problem(451, "4.4.3", "The name servers don't tell the address of the mail server");
    return problem(550, "5.4.4", "The domain's mail server has no address");
}

void Router::routeDomain(const QByteArray &domain, quint16 port, Done done)
{
    if (domain.startsWith('[') && domain.endsWith(']')) {
        const QByteArray address = literalAddress(domain);
        if (address.isEmpty())
            done(problem(550, "5.1.2", "The address literal " + domain + " is no address"));
        else
            findAddresses({{0, domain, {.status = Status::Found, .addresses = {address}}}}, port, done);
        return;
    }
    m_resolver.mx(domain, [this, domain, port, done = std::move(done)](const net::DnsAnswer &answer) {
        mxKnown(domain, port, answer, done);
    });
}

void Router::mxKnown(const QByteArray &domain, quint16 port, const net::DnsAnswer &answer, const Done &done)
{
    QList<MxHost> hosts;
    for (const auto &mx : answer.mx) {
        if (!mx.name.isEmpty())
            hosts.append({mx.preference, mx.name, {}});
    }
    if (answer.status == Status::Failed) {
        done(problem(451, "4.4.3", "The name servers don't tell where mail for " + domain + " goes: " + answer.error.toUtf8()));
    } else if (answer.status == Status::NoName) {
        done(problem(550, "5.1.2", "There is no domain " + domain));
    } else if (answer.status == Status::Found && hosts.isEmpty()) {
        done(problem(556, "5.1.10", "The domain " + domain + " takes no mail (null MX)"));
    } else {
        if (hosts.isEmpty())
            hosts.append({0, domain, {}}); // the implicit MX
        hosts = shareLoad(std::move(hosts), *QRandomGenerator::global());
        const auto found = [domain, signedNames = answer.authentic, done](Route route) {
            route.authentic = signedNames;
            route.domain = domain;
            done(route);
        };
        findAddresses(hosts.first(std::min(mostHosts, hosts.size())), port, found);
    }
}

void Router::routeHost(const QByteArray &name, quint16 port, Done done)
{
    m_resolver.addresses(name, [name, port, done = std::move(done)](const net::DnsAnswer &answer) {
        // Whatever is wrong here can be mended in the settings: nothing is for good.
        Route route;
        for (const QByteArray &address : answer.addresses)
            route.hops.append({name, address, port, false, {}, {}});
        if (route.hops.isEmpty())
            route.problem = {451, "4.4.3", "The address of the smart host " + name + " can't be found: " + answer.error.toUtf8()};
        done(route);
    });
}

// All at once; goes on when the last one is known.
void Router::findAddresses(QList<MxHost> hosts, quint16 port, const Done &done)
{
    struct Gathering
    {
        QList<MxHost> hosts;
        qsizetype missing = 0;
    };
    auto gathering = std::make_shared<Gathering>(Gathering{hosts, hosts.size()});
    const auto known = [this, gathering, port, done](qsizetype host, const net::DnsAnswer &answer) {
        gathering->hosts[host].answer = answer;
        if (--gathering->missing == 0)
            done(routeFrom(gathering->hosts, port, m_isSelf));
    };
    for (qsizetype i = 0; i < hosts.size(); ++i) {
        if (hosts[i].answer.status == Status::Found)
            known(i, hosts[i].answer);
        else
            m_resolver.addresses(hosts[i].name, [known, i](const net::DnsAnswer &answer) { known(i, answer); });
    }
}

} // namespace posthorn::relay
