// The runner's destinations: what waits for them, and who of them may have a connection.
#include "platform/system/clock.h"
#include "platform/system/process.h"
#include "service/relay/runner.h"

#include <QDateTime>

#include <algorithm>

namespace posthorn::relay {

using smtp::Fate;

namespace {

constexpr qsizetype mostRecipients = 100;  // of one transaction (RFC 5321 §4.5.3.1.8)
constexpr qsizetype mostSettled = 200;     // entries in one write
constexpr qint64 routeTime = 300'000;      // ms; the resolver knows better what is still true
constexpr qint64 youngFor = 250;           // ms; whoever answers at all answers within, as a rule
constexpr std::chrono::milliseconds ageTick{50};
constexpr int mostLingering = 5'000;
constexpr qint64 deadMemory = 3'600'000;   // ms, after its pause

qint64 now()
{
    return system::realClock().steadyMs();
}

constexpr char separator = ' '; // none in a domain

bool isSmart(const Carrier &carrier)
{
    return carrier.host.port != 0;
}

// A descriptor each; the rest of the house needs some too.
int lingeringLimit()
{
    static const int limit = std::clamp(system::descriptorLimit() / 4, 16, mostLingering);
    return limit;
}

Route smartTls(Route route, TlsPolicy policy, store::Transport transport)
{
    for (Hop &hop : route.hops) {
        hop.tls = {.policy = policy, .source = policy >= TlsPolicy::Encrypt ? "policy" : QByteArray()};
        if (transport == store::Transport::RequireTls)
            hop.tls = {.policy = TlsPolicy::Verify, .source = "REQUIRETLS"};
    }
    return route;
}

} // namespace

// Whoever chose a way for the entry is heard first, then the routes' domains, then the settings. Mail whose sender has a
// word about TLS goes over connections of its own: "example.org", "example.org 1".
Runner::Destination &Runner::destinationOf(const Item &item)
{
    CarrierPointer carrier = m_routes.choose(item.route, item.domain, item.sender);
    if (!carrier)
        carrier = m_options->smartHost;
    QByteArray key = isSmart(*carrier) ? carrier->key : item.domain;
    if (item.transport != store::Transport::Usual)
        key += separator + QByteArray::number(int(item.transport));
    Destination &to = m_destinations[key];
    if (to.key.isEmpty()) {
        to.key = key;
        to.domain = isSmart(*carrier) ? QByteArray() : item.domain;
        to.carrier = carrier;
        to.transport = item.transport;
        to.pace = Pace(m_options->pace);
    }
    return to;
}

// Somebody wants it tried now, however often it failed.
void Runner::lift(Destination &to)
{
    to.pace.pause().lift();
    for (const Hop &hop : std::as_const(to.route.hops))
        m_deadHosts.remove(hostKey(hop));
}

// Hands out mail as long as there is some and somebody to take it.
void Runner::pump(Destination &to)
{
    while (!m_stopping && m_options->enabled) {
        dropStale(to);
        if (to.line.empty())
            return;
        if (to.pace.pause().isOn(now())) {
            giveUp(to, Fate::Deferred, to.failure);
        } else if (to.pace.nextMessageAt() > now()) {
            wakeAt(to, to.pace.nextMessageAt());
            return;
        } else if (!to.idle.isEmpty()) {
            const quint64 link = to.idle.last();
            notIdle(to, link);
            assign(to, link);
        } else if (to.links >= to.pace.connections() || to.opening >= std::ssize(to.line) || to.asking) {
            return;
        } else if ((somebodyStarves(to.proven && to.links == 0) && !m_feeding) || !mayOpen(to)) {
            starve(to);
            return;
        } else if (now() >= to.routeUntil) {
            findRoute(to);
        } else if (!openLink(to)) {
            return;
        }
    }
}

// The first group in line, without those that were held or removed while they waited, or go another way now.
void Runner::dropStale(Destination &to)
{
    while (!to.line.empty()) {
        Group &group = to.line.front();
        group.entries.removeIf([&](EntryId id) {
            const auto it = m_items.find(id.value);
            if (it == m_items.end() || it->second.line != to.key)
                return true;
            if (it->second.held)
                it->second.line.clear();
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
    FreshEntries fresh;
    for (const EntryId id : std::as_const(link.task)) {
        Item &item = m_items.at(id.value);
        item.line.clear();
        item.active = true;
        if (auto one = std::exchange(item.fresh, {}))
            fresh.append(std::move(one));
    }
    ++link.mails;
    to.pace.handedOut(now());
    net::post(link.address, [need = link.need, task = link.task, fresh](net::Session &session) {
        static_cast<Session &>(session).service().take(need, task, fresh);
    });
}

// --- a message's distance from the one before -----------------------------------------------------------------

void Runner::wakeAt(Destination &to, qint64 at)
{
    if (std::exchange(to.waking, true))
        return;
    m_wakes.emplace(at, to.key);
    const auto wait = std::chrono::milliseconds(std::max<qint64>(1, m_wakes.top().first - now()));
    if (!m_pacing.isActive() || m_pacing.remainingTimeAsDuration() > wait)
        m_pacing.start(wait);
}

void Runner::wake()
{
    while (!m_wakes.empty() && m_wakes.top().first <= now()) {
        const QByteArray key = m_wakes.top().second;
        m_wakes.pop();
        if (const auto it = m_destinations.find(key); it != m_destinations.end()) {
            it->second.waking = false;
            pump(it->second);
        }
    }
    if (!m_wakes.empty() && !m_stopping)
        m_pacing.start(std::chrono::milliseconds(std::max<qint64>(1, m_wakes.top().first - now())));
}

// --- who may have a connection ---------------------------------------------------------------------------------

// Those that never answer must not keep the others from being reached: these have the rest of the connections.
bool Runner::tooManyLinger() const
{
    return m_stages[size_t(Stage::Lingering)] >= lingeringLimit();
}

bool Runner::manyLinger() const
{
    return m_stages[size_t(Stage::Lingering)] >= lingeringLimit() / 2;
}

int Runner::vacant() const
{
    // Names that nobody answers for must not keep others from being opened either.
    const int asking = std::min(m_asking, m_options->connections / 2);
    return m_options->connections - m_stages[size_t(Stage::Young)] - m_stages[size_t(Stage::Ready)] - asking;
}

// One that has many leaves as many again to others: so there is always one for a newcomer, unless as many destinations as
// there may be connections are at work.
bool Runner::mayOpen(const Destination &to) const
{
    const int free = vacant();
    return free > 0 && (to.links == 0 || to.links <= free) && (to.proven || !tooManyLinger());
}

// Before one that is proven, or may be opened at all.
bool Runner::somebodyStarves(bool proven) const
{
    return !m_provenStarved.empty() || (!proven && !m_starved.empty());
}

bool Runner::othersWait() const
{
    return !m_provenStarved.empty() || (!m_starved.empty() && !tooManyLinger());
}

void Runner::starve(Destination &to)
{
    const bool first = to.proven && to.links == 0; // who has one and wants more waits among all
    const auto kind = first ? Destination::Starved::Proven : Destination::Starved::Unproven;
    if (std::exchange(to.starved, kind) == kind)
        return;
    (first ? m_provenStarved : m_starved).push_back(to.key);
    if (vacant() <= 0)
        sendIdleAway();
    if (!m_ageing.isActive())
        m_ageing.start(ageTick);
}

// Those first that are known to take mail.
void Runner::feedStarved()
{
    if (m_feeding)
        return;
    m_feeding = true;
    feed(m_provenStarved, true);
    feed(m_starved, false);
    m_feeding = false;
}

// Those who wait longest first; each once.
void Runner::feed(std::deque<QByteArray> &starved, bool proven)
{
    for (size_t left = starved.size(); left > 0 && vacant() > 0 && (proven || !tooManyLinger()); --left) {
        const auto it = m_destinations.find(starved.front());
        starved.pop_front();
        const auto kind = proven ? Destination::Starved::Proven : Destination::Starved::Unproven;
        if (it == m_destinations.end() || it->second.starved != kind)
            continue; // it waits in the other line by now
        it->second.starved = Destination::Starved::No;
        pump(it->second);
    }
}

// Runs while somebody waits for a connection.
void Runner::age()
{
    while (!m_young.empty() && m_young.front().first + youngFor <= now()) {
        const auto it = m_links.find(m_young.front().second);
        if (it != m_links.end() && it->second.stage == Stage::Young)
            setStage(it->second, Stage::Lingering);
        m_young.pop_front();
    }
    feedStarved();
    if (!somebodyStarves(false))
        m_ageing.stop();
}

void Runner::setStage(LinkState &link, Stage stage)
{
    --m_stages[size_t(link.stage)];
    link.stage = stage;
    ++m_stages[size_t(stage)];
}

// --- where -----------------------------------------------------------------------------------------------------

void Runner::findRoute(Destination &to)
{
    to.asking = true;
    ++m_asking;
    const auto found = [this, generation = m_generation, key = to.key](const Route &route) { routeFound(generation, key, route); };
    if (isSmart(*to.carrier)) {
        m_router.routeHost(to.carrier->host.address, to.carrier->host.port,
                           [found, tls = to.carrier->tls, transport = to.transport](const Route &route) {
                               found(smartTls(route, tls, transport));
                           });
        return;
    }
    m_router.routeDomain(to.domain, m_options->port,
                         [this, found, domain = to.domain, transport = to.transport](const Route &route) {
                             m_guide.guide(domain, route, transport, found);
                         });
}

void Runner::routeFound(int generation, const QByteArray &key, const Route &route)
{
    if (generation != m_generation)
        return;
    --m_asking;
    const auto it = m_destinations.find(key);
    if (it == m_destinations.end())
        return;
    Destination &to = it->second;
    to.asking = false;
    to.route = route;
    for (const store::TlsResult &trouble : route.troubles)
        m_reports.count(trouble);
    to.bad.fill(false, route.hops.size());
    to.passed = to.bad;
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
    if (fate == Fate::Deferred && !to.pace.pause().isOn(now())) {
        to.pace.unreachable(now());
        to.failure = failure;
    }
    QList<EntryId> ids;
    for (const Group &group : std::exchange(to.line, {})) {
        for (const EntryId id : group.entries) {
            const auto it = m_items.find(id.value);
            if (it == m_items.end() || it->second.line != to.key)
                continue;
            it->second.line.clear();
            it->second.fresh.reset();
            it->second.active = !it->second.held;
            it->second.late = it->second.active && fate == Fate::Deferred;
            if (it->second.active)
                ids.append(id);
        }
    }
    for (qsizetype from = 0; from < ids.size(); from += mostSettled) {
        auto settlement = std::make_shared<Settlement>();
        for (const EntryId id : ids.sliced(from, std::min(mostSettled, ids.size() - from)))
            settlement->items.append({id, {}, {fate, failure.reply, failure.fromServer, {}}});
        settlement->dialogue = failure.dialogue + "-- " + failure.reply.text + '\n';
        if (fate == Fate::Deferred)
            settleLater(settlement);
        else
            settle(settlement);
    }
}

// Destinations nobody has business with are forgotten, and how they fared a while later.
void Runner::tidy()
{
    const qint64 at = now();
    std::erase_if(m_destinations, [at](const auto &pair) {
        const Destination &to = pair.second;
        const qint64 keep = to.pace.pause().wasOn() ? to.pace.pause().until() + deadMemory : 0;
        return to.line.empty() && to.links == 0 && !to.asking && to.starved == Destination::Starved::No && !to.waking && keep <= at;
    });
    m_deadHosts.removeIf([at](const auto &pair) { return pair.value().pause.until() + deadMemory <= at; });
    m_suspects.removeIf([at](const auto &pair) { return pair.value().until <= at; });
}

} // namespace posthorn::relay
