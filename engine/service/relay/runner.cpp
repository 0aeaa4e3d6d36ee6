#include "service/relay/runner.h"

#include <QDateTime>

#include <algorithm>
#include <vector>

namespace posthorn::relay {

namespace {

constexpr int pageSize = 5'000;
constexpr qint64 troublePause = 5'000;  // ms, when the store could not be read
constexpr qint64 settlePause = 1'000;   // or written
constexpr std::chrono::milliseconds settleTick{20};
constexpr qsizetype mostWhenIdle = 1'000, mostWhenBusy = 20; // entries that were not sent, in a tick

qint64 wallNow()
{
    return QDateTime::currentMSecsSinceEpoch();
}

} // namespace

Runner::Runner(RunnerWorld world)
    : m_world(std::move(world)), m_options(m_world.options()), m_trust(m_options->authorities),
      m_resolver(this), m_router(m_resolver, m_world.isSelf),
      m_guide(m_world.store, m_resolver, this),
      m_reports({m_world.store, m_world.delivery, m_world.directory, m_world.hostName}, m_resolver, this), m_tokens(this),
      m_timer(this), m_tidying(this), m_pacing(this), m_ageing(this), m_settling(this)
{
    m_guide.setOptions(m_options);
    m_reports.setOptions(m_options);
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, [this] { dueNow(); });
    connect(&m_tidying, &QTimer::timeout, this, [this] { tidy(); });
    m_tidying.start(std::chrono::minutes(1));
    m_pacing.setSingleShot(true);
    m_pacing.setTimerType(Qt::PreciseTimer);
    connect(&m_pacing, &QTimer::timeout, this, [this] { wake(); });
    connect(&m_ageing, &QTimer::timeout, this, [this] { age(); });
    connect(&m_settling, &QTimer::timeout, this, [this] { settleSome(); });
    const Endpoint &server = m_options->nameServer;
    if (server.port)
        m_resolver.setServer(QHostAddress(QString::fromLatin1(server.address)), server.port);
}

// --- what is in the queue --------------------------------------------------------------------------------------

void Runner::reload()
{
    readRoutes([this] { page({}); });
}

void Runner::routesChanged()
{
    readRoutes([this] { lineUpAnew(); });
}

// Nothing is sent before they are known: it might go the wrong way.
void Runner::readRoutes(std::function<void()> then)
{
    if (m_stopping)
        return; // the store may be gone
    m_world.store->read<QList<store::Route>>(store::Routes::list, [this, then](const Result<QList<store::Route>> &routes) {
        QMetaObject::invokeMethod(this, [this, then, routes] {
            if (!routes) {
                QTimer::singleShot(troublePause, this, [this, then] { readRoutes(then); });
                return;
            }
            m_routes = RouteTable(*routes);
            m_tokens.forget();
            then();
        }, Qt::QueuedConnection);
    });
}

void Runner::page(EntryId after)
{
    if (m_stopping)
        return;
    m_world.store->read<QList<store::EntryNote>>(
        [after](store::Connection &connection) { return store::Queue::notes(connection, after, pageSize); },
        [this, after](const Result<QList<store::EntryNote>> &notes) {
            QMetaObject::invokeMethod(this, [this, after, notes] {
                if (!notes) {
                    QTimer::singleShot(troublePause, this, [this, after] { page(after); });
                    return;
                }
                noted(*notes);
                if (notes->size() == pageSize)
                    page(notes->back().id);
            }, Qt::QueuedConnection);
        });
}

void Runner::noted(const QList<store::EntryNote> &notes)
{
    for (const store::EntryNote &one : notes)
        note(one);
    setTimer();
    pumpTouched();
}

void Runner::note(const store::EntryNote &note)
{
    if (note.gone) {
        m_items.erase(note.id.value);
        return;
    }
    const auto [it, isNew] = m_items.try_emplace(note.id.value);
    Item &item = it->second;
    item.message = note.message;
    item.domain = interned(note.domain);
    item.sender = interned(note.senderDomain);
    item.due = note.nextAttempt;
    item.transport = note.transport;
    if (std::exchange(item.route, note.route) != note.route)
        item.line.clear(); // the old line finds out
    item.held = note.state == store::EntryState::Held;
    item.fresh = note.fresh;
    const bool wasLate = std::exchange(item.late, false);
    if (note.attempted || wasLate)
        item.active = false;
    if (!note.attempted && !isNew && item.due <= wallNow())
        lift(destinationOf(item)); // somebody wants it tried now
    schedule(note.id, item);
}

QByteArray Runner::interned(const QByteArray &domain)
{
    return *m_domains.insert(domain);
}

void Runner::gone(const QList<EntryId> &entries)
{
    for (const EntryId id : entries)
        m_items.erase(id.value);
}

// --- when ------------------------------------------------------------------------------------------------------

void Runner::schedule(EntryId id, Item &item)
{
    if (item.held || item.active || !item.line.isEmpty())
        return;
    if (item.due <= wallNow())
        line(id, item);
    else
        m_due.emplace(item.due, id.value);
}

void Runner::line(EntryId id, Item &item)
{
    Destination &to = destinationOf(item);
    item.line = to.key;
    if (to.line.empty() || to.line.back().message != item.message)
        to.line.push_back({item.message, {}});
    to.line.back().entries.append(id);
    m_touched.insert(to.key);
}

void Runner::dueNow()
{
    const qint64 now = wallNow();
    while (!m_due.empty() && m_due.top().first <= now) {
        const auto [due, id] = m_due.top();
        m_due.pop();
        const auto it = m_items.find(id);
        if (it != m_items.end() && it->second.due == due)
            schedule({id}, it->second);
    }
    setTimer();
    pumpTouched();
}

void Runner::setTimer()
{
    if (m_due.empty() || m_stopping)
        return;
    const qint64 wait = std::clamp<qint64>(m_due.top().first - wallNow(), 0, 3'600'000);
    if (!m_timer.isActive() || m_timer.remainingTime() > wait)
        m_timer.start(std::chrono::milliseconds(wait));
}

// They are not on their way any more, and nothing was decided about them.
void Runner::release(const QList<EntryId> &ids, qint64 pause)
{
    for (const EntryId id : ids) {
        const auto it = m_items.find(id.value);
        if (it == m_items.end())
            continue;
        it->second.active = false;
        if (pause > 0)
            it->second.due = wallNow() + pause;
        schedule(id, it->second);
    }
    setTimer();
}

void Runner::pumpTouched()
{
    for (const QByteArray &key : std::exchange(m_touched, {})) {
        if (const auto it = m_destinations.find(key); it != m_destinations.end())
            pump(it->second);
    }
}

// --- what was written ------------------------------------------------------------------------------------------

// Durable: the commit has told what is to be known. Else it is kept in mind and written later: what another server has
// taken must not be sent again.
void Runner::settled(const std::shared_ptr<const Settlement> &settlement, bool durable)
{
    if (durable || m_stopping)
        return;
    QTimer::singleShot(settlePause, this, [this, settlement] { settle(settlement); });
}

void Runner::settle(const std::shared_ptr<const Settlement> &settlement)
{
    m_world.settler->settle(settlement, [board = m_world.board, settlement](bool durable) {
        board->settled(settlement, durable);
    });
}

// What was not sent is no hurry: mail that goes out is written down first. Until this is, the entries lie in the queue as
// they did before.
void Runner::settleLater(std::shared_ptr<Settlement> settlement)
{
    m_later.push_back(std::move(settlement));
    if (!m_settling.isActive())
        m_settling.start(settleTick);
    if (m_world.settler->isIdle())
        settleSome();
}

void Runner::settleSome()
{
    const qsizetype most = m_world.settler->isIdle() ? mostWhenIdle : mostWhenBusy;
    for (qsizetype entries = 0; entries < most && !m_later.empty(); m_later.pop_front()) {
        const std::shared_ptr<Settlement> settlement = m_later.front();
        settlement->items.removeIf([this](const Settlement::Item &one) {
            const auto it = m_items.find(one.id.value);
            return it == m_items.end() || !std::exchange(it->second.late, false);
        });
        entries += settlement->items.size();
        if (!settlement->items.isEmpty())
            settle(settlement);
    }
    if (m_later.empty())
        m_settling.stop();
}

void Runner::stop()
{
    m_stopping = true;
    m_timer.stop();
    m_pacing.stop();
    m_ageing.stop();
    m_settling.stop();
    for (const auto &settlement : std::exchange(m_later, {}))
        settle(settlement);
    m_reports.flush();
}

void Runner::sendTlsReports()
{
    m_reports.sendAll();
}

void Runner::optionsChanged()
{
    m_options = m_world.options();
    m_guide.setOptions(m_options);
    m_reports.setOptions(m_options);
    m_trust = net::TlsTrust(m_options->authorities);
    const Endpoint &server = m_options->nameServer;
    m_resolver.setServer(server.port ? QHostAddress(QString::fromLatin1(server.address)) : QHostAddress(),
                         server.port ? server.port : 53);
    lineUpAnew();
}

// Links end when their mail is done.
void Runner::lineUpAnew()
{
    for (const auto &[key, to] : m_destinations) {
        for (const quint64 link : to.idle)
            sendAway(link);
    }
    m_idle.clear();
    m_destinations.clear();
    m_starved.clear();
    m_provenStarved.clear();
    m_wakes = {};
    m_deadHosts.clear();
    m_asking = 0;
    ++m_generation;
    for (auto &[number, link] : m_links)
        link.destination.clear();
    std::vector<qint64> ids;
    ids.reserve(m_items.size());
    for (const auto &[id, item] : m_items)
        ids.push_back(id);
    std::ranges::sort(ids); // the recipients of one message are side by side again, and go together
    for (const qint64 id : ids) {
        Item &item = m_items.at(id);
        item.line.clear();
        schedule({id}, item);
    }
    setTimer();
    pumpTouched();
}

} // namespace posthorn::relay
