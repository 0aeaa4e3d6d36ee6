// The runner's destinations and the connections to them.
#include "platform/system/clock.h"
#include "service/relay/runner.h"

#include <QDateTime>
#include <QRandomGenerator>

#include <algorithm>

namespace posthorn::relay {

using namespace Qt::StringLiterals;
using smtp::Fate;

namespace {

constexpr qsizetype mostRecipients = 100;  // of one transaction (RFC 5321 §4.5.3.1.8)
constexpr qsizetype mostSettled = 200;     // entries in one write
constexpr qint64 routeTime = 300'000;      // ms; the resolver knows better what is still true
constexpr qint64 longestDead = 300'000;    // ms
constexpr std::chrono::seconds idleTime{5}; // a connection without mail

qint64 now()
{
    return system::realClock().steadyMs();
}

constexpr char separator = ' '; // none in a domain
const QByteArray smartKey = "(smart-host)"_ba; // no domain

QByteArray makeNonce()
{
    QByteArray octets(24, Qt::Uninitialized);
    QRandomGenerator::system()->fillRange(reinterpret_cast<quint32 *>(octets.data()), octets.size() / 4);
    return octets.toBase64();
}

smtp::ClientTls machineTls(TlsPolicy policy)
{
    return policy == TlsPolicy::None ? smtp::ClientTls::Never
           : policy == TlsPolicy::May ? smtp::ClientTls::May
                                      : smtp::ClientTls::Must;
}

// The server is there, and TLS is not as it has to be.
bool isForTls(const LinkFailure &failure)
{
    return failure.tls || failure.reply.enhanced == "4.7.4" || failure.reply.enhanced == "4.7.30";
}

} // namespace

// Mail whose sender has a word about TLS goes over connections of its own: "example.org", "example.org 1".
QByteArray Runner::destinationOf(const Item &item) const
{
    const QByteArray &domain = m_options->smartHost.port ? smartKey : item.domain;
    return item.transport == store::Transport::Usual ? domain : domain + separator + QByteArray::number(int(item.transport));
}

bool Runner::isSmart(const Destination &to) const
{
    return to.domain == smartKey;
}

Runner::Destination &Runner::destination(const QByteArray &key)
{
    Destination &to = m_destinations[key];
    if (to.key.isEmpty()) {
        const qsizetype end = key.indexOf(separator);
        to.key = key;
        to.domain = end < 0 ? key : key.first(end);
        to.transport = store::Transport(end < 0 ? 0 : key.sliced(end + 1).toInt());
        to.limit = std::min(to.limit, m_options->connectionsPerDestination);
    }
    return to;
}

// Hands out mail as long as there is some and somebody to take it.
void Runner::pump(Destination &to)
{
    while (!m_stopping && m_options->enabled) {
        dropStale(to);
        if (to.line.empty())
            return;
        if (now() < to.deadUntil) {
            giveUp(to, Fate::Deferred, to.failure);
        } else if (!to.idle.isEmpty()) {
            assign(to, to.idle.takeLast());
        } else if (to.links >= to.limit || to.opening >= std::ssize(to.line) || to.asking) {
            return;
        } else if (std::ssize(m_links) >= m_options->connections) {
            m_starved.insert(to.key);
            return;
        } else if (now() >= to.routeUntil) {
            findRoute(to);
        } else if (!openLink(to)) {
            return;
        }
    }
}

// The first group in line, without those that were held or removed while they waited.
void Runner::dropStale(Destination &to)
{
    while (!to.line.empty()) {
        Group &group = to.line.front();
        group.entries.removeIf([this](EntryId id) {
            const auto it = m_items.find(id.value);
            if (it == m_items.end())
                return true;
            if (it->second.held)
                it->second.ready = false;
            return it->second.held;
        });
        if (!group.entries.isEmpty())
            return;
        to.line.pop_front();
    }
}

void Runner::assign(Destination &to, quint64 number)
{
    LinkState &link = m_links.at(number);
    Group &group = to.line.front();
    link.task = group.entries.first(std::min(mostRecipients, group.entries.size()));
    group.entries.remove(0, link.task.size());
    if (group.entries.isEmpty())
        to.line.pop_front();
    for (const EntryId id : std::as_const(link.task)) {
        Item &item = m_items.at(id.value);
        item.ready = false;
        item.active = true;
    }
    net::post(link.address, [need = link.need, task = link.task](net::Session &session) {
        static_cast<Session &>(session).service().take(need, task);
    });
}

void Runner::sendAway(quint64 number)
{
    const LinkState &link = m_links.at(number);
    Session::answerLater(link.address, link.need, smtp::Leave{});
}

// --- where -----------------------------------------------------------------------------------------------------

void Runner::findRoute(Destination &to)
{
    to.asking = true;
    const QByteArray key = to.key;
    if (isSmart(to)) {
        m_router.routeHost(m_options->smartHost.address, m_options->smartHost.port,
                           [this, key, transport = to.transport](const Route &route) {
                               routeFound(key, smartTls(route, transport));
                           });
        return;
    }
    m_router.routeDomain(to.domain, m_options->port, [this, key, domain = to.domain, transport = to.transport](const Route &route) {
        m_guide.guide(domain, route, transport, [this, key](const Route &guided) { routeFound(key, guided); });
    });
}

Route Runner::smartTls(Route route, store::Transport transport) const
{
    const TlsPolicy policy = m_options->smartHostTls;
    for (Hop &hop : route.hops)
        hop.tls = {.policy = policy, .source = policy >= TlsPolicy::Encrypt ? "policy"_ba : QByteArray()};
    for (Hop &hop : route.hops) {
        if (transport == store::Transport::RequireTls)
            hop.tls = {.policy = TlsPolicy::Verify, .source = "REQUIRETLS"};
    }
    return route;
}

void Runner::routeFound(const QByteArray &key, const Route &route)
{
    const auto it = m_destinations.find(key);
    if (it == m_destinations.end())
        return;
    Destination &to = it->second;
    to.asking = false;
    to.route = route;
    for (const store::TlsResult &trouble : route.troubles)
        m_reports.count(trouble);
    to.bad.fill(false, route.hops.size());
    if (!route.hops.isEmpty())
        to.routeUntil = now() + routeTime;
    else
        giveUp(to, route.problem.code >= 500 ? Fate::Refused : Fate::Deferred, {route.problem});
    m_touched.insert(key);
    QMetaObject::invokeMethod(this, [this] { pumpTouched(); }, Qt::QueuedConnection); // we may be in pump()
}

// All that wait for it are answered for. Those that come until it may be tried again as well.
void Runner::giveUp(Destination &to, Fate fate, const LinkFailure &failure)
{
    if (fate == Fate::Deferred && now() >= to.deadUntil) {
        to.deadUntil = now() + std::min(longestDead, m_options->schedule.front() * 4 / 5);
        to.failure = failure;
    }
    QList<EntryId> ids;
    for (const Group &group : std::exchange(to.line, {})) {
        for (const EntryId id : group.entries) {
            const auto it = m_items.find(id.value);
            if (it == m_items.end())
                continue;
            it->second.ready = false;
            it->second.active = !it->second.held;
            if (it->second.active)
                ids.append(id);
        }
    }
    for (qsizetype from = 0; from < ids.size(); from += mostSettled) {
        auto settlement = std::make_shared<Settlement>();
        for (const EntryId id : ids.sliced(from, std::min(mostSettled, ids.size() - from)))
            settlement->items.append({id, {}, {fate, failure.reply, failure.fromServer, {}}});
        settlement->dialogue = "-- " + failure.reply.text + '\n';
        m_world.settler->settle(settlement, [board = m_world.board, settlement](bool durable) {
            board->settled(settlement, durable);
        });
    }
}

// --- connections -----------------------------------------------------------------------------------------------

bool Runner::openLink(Destination &to)
{
    const qsizetype index = to.bad.indexOf(false);
    if (index < 0)
        return false;
    const Hop &hop = to.route.hops[index];
    TlsPolicy policy = hop.tls.policy;
    if (policy == TlsPolicy::May && to.noTls.contains(hop.address))
        policy = TlsPolicy::None;
    const quint64 number = ++m_lastLink;
    m_links[number] = {to.key, {}, index, false, policy, 0, {}};
    ++to.links;
    ++to.opening;
    m_world.network->depart(departureTo(to, hop, policy, number));
    return true;
}

net::Departure Runner::departureTo(const Destination &to, const Hop &hop, TlsPolicy policy, quint64 number) const
{
    const bool smart = isSmart(to);
    smtp::ClientConfig config;
    config.heloName = m_options->heloName;
    config.tls = machineTls(policy);
    config.requireTls = to.transport == store::Transport::RequireTls;
    config.deadlines = m_options->deadlines;
    config.deadlines.idle = idleTime;
    config.secretsInClear = QHostAddress(QString::fromLatin1(hop.address)).isLoopback();
    if (smart) {
        config.user = m_options->user;
        config.password = m_options->password;
        config.nonce = makeNonce();
    }
    net::Departure departure;
    departure.address = hop.address;
    departure.port = hop.port;
    departure.implicitTls = smart && m_options->implicitTls;
    const auto fault = std::make_shared<QString>();
    departure.tls = goalFor(to, hop, fault);
    departure.connectTime = m_options->connectTime;
    departure.session = std::make_unique<Session>(
        std::move(config),
        std::make_unique<Service>(
            Link{number, hop, to.domain, fault, m_world.store, m_world.settler, m_world.board, m_world.signer}),
        "relay"_L1);
    return departure;
}

// The server is the one that its certificate authority says it is, or its TLSA records. `fault` takes note of a
// certificate that won't do once a policy is in force.
net::TlsGoal Runner::goalFor(const Destination &to, const Hop &hop, const std::shared_ptr<QString> &fault) const
{
    net::TlsGoal goal{m_trust.context(), hop.name, hop.tls.policy == TlsPolicy::Verify && hop.tls.tlsa.isEmpty(), {}};
    if (hop.tls.trial) {
        goal.judge = [fault](const QList<QByteArray> &, const QString &why) {
            *fault = why;
            return QString();
        };
    } else if (!hop.tls.tlsa.isEmpty()) {
        const QList<QByteArray> names{hop.name, to.domain};
        goal.judge = [records = hop.tls.tlsa, names](const QList<QByteArray> &chain, const QString &) {
            const auto good = trust::judgeByDane(records, chain, names, QDateTime::currentSecsSinceEpoch());
            return good ? QString() : good.error().text;
        };
    }
    return goal;
}

void Runner::linkReady(quint64 number, const net::Address &address, NeedId need)
{
    const auto link = m_links.find(number);
    if (link == m_links.end())
        return;
    link->second.address = address;
    link->second.need = need;
    const auto it = m_destinations.find(link->second.destination);
    if (it == m_destinations.end() || m_stopping) {
        sendAway(number);
        return;
    }
    Destination &to = it->second;
    if (!std::exchange(link->second.wasReady, true)) {
        --to.opening;
        to.deadUntil = 0;
    }
    to.idle.append(number);
    pump(to);
    if (to.idle.contains(number) && !m_starved.isEmpty()) { // somebody else has use for the place
        to.idle.removeOne(number);
        sendAway(number);
    }
}

void Runner::mailDone(quint64 number, const QList<EntryId> &notTried, bool accepted, bool trouble)
{
    constexpr qint64 pause = 5'000; // ms
    if (const auto link = m_links.find(number); link != m_links.end()) {
        link->second.task.clear();
        const auto to = m_destinations.find(link->second.destination);
        if (accepted && to != m_destinations.end())
            to->second.limit = std::min(to->second.limit + 1, m_options->connectionsPerDestination);
    }
    release(notTried, trouble ? pause : 0);
    pumpTouched();
}

void Runner::linkClosed(quint64 number, const LinkFailure &failure)
{
    const auto found = m_links.find(number);
    if (found == m_links.end())
        return;
    const LinkState link = std::move(found->second);
    m_links.erase(found);
    release(link.task, 0);
    if (const auto it = m_destinations.find(link.destination); it != m_destinations.end()) {
        Destination &to = it->second;
        to.idle.removeOne(number);
        --to.links;
        if (!link.wasReady)
            --to.opening;
        const bool failed = !failure.reply.text.isEmpty() && !failure.idle && !m_stopping;
        if (failed && link.wasReady)
            to.limit = std::max(1, to.limit / 2);
        else if (failed)
            hopFailed(to, link, failure);
        m_touched.insert(to.key);
    }
    m_touched.unite(std::exchange(m_starved, {}));
    pumpTouched();
}

// A connection that never got as far as taking mail.
void Runner::hopFailed(Destination &to, const LinkState &link, const LinkFailure &failure)
{
    if (link.hop >= to.bad.size())
        return; // of an earlier route
    const QByteArray address = to.route.hops[link.hop].address;
    if (failure.tls && link.policy == TlsPolicy::May) {
        to.noTls.insert(address); // any transport is better than none (RFC 7435)
        return;
    }
    if (to.links > to.opening) {
        to.limit = to.links; // others get through: it wants no more of us
        return;
    }
    to.bad[link.hop] = true;
    if (to.bad.contains(false))
        return;
    to.routeUntil = 0;
    to.limit = std::min(2, m_options->connectionsPerDestination);
    if (to.transport == store::Transport::RequireTls && isForTls(failure))
        giveUp(to, Fate::Refused, {{550, "5.7.30", failure.reply.text}});
    else
        giveUp(to, Fate::Deferred, failure);
}

// Destinations nobody has business with are forgotten.
void Runner::tidy()
{
    const qint64 at = now();
    std::erase_if(m_destinations, [at](const auto &pair) {
        const Destination &to = pair.second;
        return to.line.empty() && to.links == 0 && !to.asking && to.deadUntil <= at;
    });
}

} // namespace posthorn::relay
