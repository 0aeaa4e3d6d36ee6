// The runner's connections: how they are opened, and what becomes of them.
#include "platform/system/clock.h"
#include "service/relay/runner.h"
#include "service/relay/secrets.h"

#include <QDateTime>

#include <algorithm>

namespace posthorn::relay {

using namespace Qt::StringLiterals;
using smtp::Fate;

namespace {

constexpr std::chrono::seconds idleTime{5}; // a connection without mail
constexpr int fairShare = 50;  // messages over one connection while others wait for one
constexpr int wellUsed = 50;   // messages; a server that hangs up after that does not complain
constexpr std::chrono::seconds probeTime{8};
constexpr std::chrono::seconds haste{30}; // for a first word, while very many servers say none
constexpr qint64 suspectMemory = 7'200'000; // ms

qint64 now()
{
    return system::realClock().steadyMs();
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

// It does not answer, whatever domain we come for.
bool isSilence(const LinkFailure &failure)
{
    return !failure.fromServer && !failure.tls && (failure.reply.enhanced == "4.4.1" || failure.reply.enhanced == "4.4.2");
}

void signIn(smtp::ClientConfig &config, const Carrier &carrier)
{
    config.user = carrier.user;
    config.password = carrier.password;
    config.mechanism = carrier.mechanism;
    config.asksToken = !carrier.tokenCommand.isEmpty();
    config.nonce = makeNonce();
}

bool isLoopback(const QByteArray &address)
{
    return QHostAddress(QString::fromLatin1(address)).isLoopback();
}

} // namespace

QByteArray Runner::hostKey(const Hop &hop)
{
    return hop.address + ' ' + QByteArray::number(hop.port);
}

qsizetype Runner::bestHop(Destination &to)
{
    for (qsizetype i = 0; i < to.bad.size(); ++i) {
        if (!to.bad[i] && !to.passed[i])
            return i;
    }
    to.passed.fill(false);
    return to.bad.indexOf(false);
}

// -1: there is none left. Those that did not answer others a moment ago are not asked again.
qsizetype Runner::nextHop(Destination &to)
{
    for (qsizetype index = bestHop(to); index >= 0; index = bestHop(to)) {
        const auto dead = m_deadHosts.constFind(hostKey(to.route.hops[index]));
        if (dead == m_deadHosts.cend() || !dead->pause.isOn(now()))
            return index;
        to.bad[index] = true;
        if (!to.bad.contains(false) && to.links == 0)
            allFailed(to, dead->failure);
    }
    return -1;
}

// False: there is nothing to be opened now.
bool Runner::openLink(Destination &to)
{
    const qsizetype index = nextHop(to);
    if (index < 0 && to.links > 0)
        return false;
    if (index < 0) {
        to.routeUntil = 0; // nobody is left to tell what becomes of the mail: its servers are looked for anew, the dead as well
        return true;
    }
    const Hop &hop = to.route.hops[index];
    TlsPolicy policy = hop.tls.policy;
    if (policy == TlsPolicy::May && to.noTls.contains(hop.address))
        policy = TlsPolicy::None;
    const quint64 number = ++m_lastLink;
    m_links[number] = {to.key, {}, hostKey(hop), index, Stage::Young, policy, 0, 0, {}};
    ++m_stages[size_t(Stage::Young)];
    m_young.emplace_back(now(), number);
    ++to.links;
    ++to.opening;
    m_world.network->depart(departureTo(to, hop, policy, number));
    return true;
}

net::Departure Runner::departureTo(const Destination &to, const Hop &hop, TlsPolicy policy, quint64 number) const
{
    const bool smart = to.carrier->host.port != 0;
    smtp::ClientConfig config;
    config.heloName = m_options->heloName;
    config.tls = machineTls(policy);
    config.requireTls = to.transport == store::Transport::RequireTls;
    config.deadlines = m_options->deadlines;
    config.deadlines.idle = idleTime;
    if (manyLinger())
        config.deadlines.greeting = std::min(config.deadlines.greeting, haste);
    config.distrust = m_suspects.value(hostKey(hop)).distrust;
    config.secretsInClear = isLoopback(hop.address);
    if (smart)
        signIn(config, *to.carrier);
    net::Departure departure;
    departure.address = hop.address;
    departure.port = hop.port;
    departure.implicitTls = smart && to.carrier->implicitTls;
    const auto fault = std::make_shared<QString>();
    departure.tls = goalFor(to.domain, hop, fault);
    departure.connectTime = manyLinger() ? std::min(m_options->connectTime, haste) : m_options->connectTime;
    departure.session = std::make_unique<Session>(
        std::move(config),
        std::make_unique<Service>(Link{number, hop, to.domain, to.carrier->tokenCommand, fault, m_world.store,
                                       m_world.settler, m_world.board, m_world.signer}),
        "relay"_L1);
    return departure;
}

// The server is the one that its certificate authority says it is, or its TLSA records. `fault` takes note of a
// certificate that won't do once a policy is in force.
net::TlsGoal Runner::goalFor(const QByteArray &domain, const Hop &hop, const std::shared_ptr<QString> &fault) const
{
    const QByteArray name = hop.tls.base.isEmpty() ? hop.name : hop.tls.base;
    net::TlsGoal goal{m_trust.context(), name, hop.tls.policy == TlsPolicy::Verify && hop.tls.tlsa.isEmpty(), {}};
    if (hop.tls.trial) {
        goal.judge = [fault](const QList<QByteArray> &, const QString &why) {
            *fault = why;
            return QString();
        };
    } else if (!hop.tls.tlsa.isEmpty()) {
        const QList<QByteArray> names{name, hop.name, domain};
        goal.judge = [records = hop.tls.tlsa, names](const QList<QByteArray> &chain, const QString &) {
            const auto good = trust::judgeByDane(records, chain, names, QDateTime::currentSecsSinceEpoch());
            return good ? QString() : good.error().text;
        };
    }
    return goal;
}

void Runner::sendAway(quint64 number)
{
    const LinkState &link = m_links.at(number);
    Session::answerLater(link.address, link.need, smtp::Leave{});
}

void Runner::makeIdle(Destination &to, quint64 number)
{
    to.idle.append(number);
    m_idle.insert(number);
}

void Runner::notIdle(Destination &to, quint64 number)
{
    to.idle.removeOne(number);
    m_idle.erase(number);
}

// One that waits for mail makes room for somebody who has some.
void Runner::sendIdleAway()
{
    if (m_idle.empty())
        return;
    const quint64 number = *m_idle.begin();
    m_idle.erase(m_idle.begin());
    if (const auto it = m_destinations.find(m_links.at(number).destination); it != m_destinations.end())
        it->second.idle.removeOne(number);
    sendAway(number);
}

void Runner::linkReady(quint64 number, const net::Address &address, NeedId need)
{
    const auto found = m_links.find(number);
    if (found == m_links.end())
        return;
    LinkState &link = found->second;
    link.address = address;
    link.need = need;
    const bool isNew = link.stage != Stage::Ready;
    if (isNew)
        setStage(link, Stage::Ready);
    const auto it = m_destinations.find(link.destination);
    if (it == m_destinations.end() || m_stopping) {
        sendAway(number);
        return;
    }
    Destination &to = it->second;
    if (isNew) {
        --to.opening;
        to.proven = true;
        to.pace.reached();
        if (link.hop < to.route.hops.size())
            m_deadHosts.remove(hostKey(to.route.hops[link.hop]));
    }
    // Others wait for a connection: whoever has several, or had one for long, makes room.
    const bool makesRoom = othersWait() && !isNew && (to.links > 1 || link.mails >= fairShare);
    const qsizetype hop = hopOf(to, link);
    if (makesRoom || (!isNew && hop >= 0 && to.passed[hop])) {
        sendAway(number);
        return;
    }
    makeIdle(to, number);
    pump(to);
    if (to.idle.contains(number) && othersWait()) {
        notIdle(to, number);
        sendAway(number);
    }
}

void Runner::mailDone(quint64 number, const QList<EntryId> &notTried, const Course &course)
{
    constexpr qint64 pause = 5'000; // ms
    if (const auto link = m_links.find(number); link != m_links.end()) {
        link->second.task.clear();
        const auto to = m_destinations.find(link->second.destination);
        if (course.accepted && to != m_destinations.end())
            to->second.pace.accepted(now());
        else if (course.turnedDown && to != m_destinations.end())
            passOver(to->second, link->second);
    }
    release(notTried, course.trouble ? pause : 0);
    pumpTouched();
}

void Runner::linkClosed(quint64 number, const LinkFailure &failure)
{
    const auto found = m_links.find(number);
    if (found == m_links.end())
        return;
    const LinkState link = std::move(found->second);
    --m_stages[size_t(link.stage)];
    m_links.erase(found);
    release(link.task, 0);
    const bool wasReady = link.stage == Stage::Ready;
    if (const auto it = m_destinations.find(link.destination); it != m_destinations.end()) {
        Destination &to = it->second;
        notIdle(to, number);
        --to.links;
        if (!wasReady)
            --to.opening;
        const bool failed = !failure.reply.text.isEmpty() && !failure.idle && !m_stopping;
        const bool isSuspect = failure.distrust.flow || failure.distrust.parameters;
        if (isSuspect)
            suspect(link, failure.distrust);
        if (failed && !wasReady)
            hopFailed(to, link, failure);
        else if (failed && link.mails < wellUsed && !isSuspect)
            to.pace.complained(now());
        m_touched.insert(to.key);
    }
    feedStarved();
    pumpTouched();
}

// Where its server is in the destination's route; -1: it is of an earlier one.
qsizetype Runner::hopOf(const Destination &to, const LinkState &link) const
{
    const qsizetype hop = link.hop;
    return hop < to.route.hops.size() && hostKey(to.route.hops[hop]) == link.host ? hop : -1;
}

// It answers and takes nothing: another one of the domain's servers has its turn for what is next (RFC 5321 §5.1). When
// all had theirs, it begins anew.
void Runner::passOver(Destination &to, const LinkState &link)
{
    const qsizetype hop = hopOf(to, link);
    if (hop < 0)
        return;
    to.passed[hop] = true;
    for (qsizetype i = 0; i < to.bad.size(); ++i) {
        if (!to.bad[i] && !to.passed[i])
            return;
    }
    to.passed.fill(false);
}

// From now on it is spoken to more simply.
void Runner::suspect(const LinkState &link, const smtp::Distrust &distrust)
{
    Suspect &one = m_suspects[link.host];
    one.distrust.flow |= distrust.flow;
    one.distrust.parameters |= distrust.parameters;
    one.until = now() + suspectMemory;
}

// A connection that never got as far as taking mail.
void Runner::hopFailed(Destination &to, const LinkState &link, const LinkFailure &failure)
{
    if (link.hop >= to.bad.size())
        return; // of an earlier route
    const Hop &hop = to.route.hops[link.hop];
    if (failure.tls && link.policy == TlsPolicy::May) {
        to.noTls.insert(hop.address); // any transport is better than none (RFC 7435)
        return;
    }
    if (to.links > to.opening) {
        to.pace.refusedMore(to.links, now()); // others get through
        return;
    }
    if (isSilence(failure)) {
        DeadHost &dead = m_deadHosts[hostKey(hop)];
        if (!dead.pause.isOn(now()))
            dead.pause.begin(now(), m_options->pace);
        dead.failure = failure;
    }
    if (to.bad[link.hop])
        return; // known by another connection
    to.bad[link.hop] = true;
    if (!to.bad.contains(false))
        allFailed(to, failure);
}

void Runner::allFailed(Destination &to, const LinkFailure &failure)
{
    to.routeUntil = 0;
    to.proven = false;
    if (failure.fromServer && failure.reply.code == 521 && to.carrier->host.port == 0)
        giveUp(to, Fate::Refused, failure); // a host that takes no mail, ever (RFC 7504 §4)
    else if (to.transport == store::Transport::RequireTls && isForTls(failure))
        giveUp(to, Fate::Refused, {{550, "5.7.30", failure.reply.text}});
    else
        giveUp(to, Fate::Deferred, failure);
}

// --- trials ----------------------------------------------------------------------------------------------------

void Runner::probe(const CarrierPointer &carrier, Probe::Done done)
{
    const quint64 number = ++m_lastLink;
    const auto open = [this, number, carrier](const Hop &hop) { openProbe(number, carrier, hop); };
    m_probes.try_emplace(number, carrier, open, std::move(done));
    m_router.routeHost(carrier->host.address, carrier->host.port, [this, number](const Route &route) {
        const auto it = m_probes.find(number);
        if (it == m_probes.end())
            return;
        it->second.found(route);
        if (it->second.isOver())
            m_probes.erase(it);
    });
}

void Runner::openProbe(quint64 number, const CarrierPointer &carrier, const Hop &found)
{
    Hop hop = found;
    hop.tls.policy = carrier->tls;
    smtp::ClientConfig config;
    config.heloName = m_options->heloName;
    config.tls = machineTls(carrier->tls);
    config.deadlines.greeting = config.deadlines.command = probeTime;
    config.secretsInClear = isLoopback(hop.address);
    signIn(config, *carrier);
    net::Departure departure;
    departure.address = hop.address;
    departure.port = hop.port;
    departure.implicitTls = carrier->implicitTls;
    departure.tls = goalFor({}, hop, nullptr);
    departure.connectTime = probeTime;
    departure.session = std::make_unique<ProbeService::Session>(
        std::move(config), std::make_unique<ProbeService>(number, hop, carrier->tokenCommand, m_world.board), "relay"_L1);
    m_world.network->depart(std::move(departure));
}

void Runner::probed(quint64 number, const ProbeOutcome &outcome)
{
    const auto it = m_probes.find(number);
    if (it == m_probes.end())
        return;
    it->second.ended(outcome);
    if (it->second.isOver())
        m_probes.erase(it);
}

} // namespace posthorn::relay
