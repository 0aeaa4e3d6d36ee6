// queue.*
#include "control/server/desk.h"
#include "control/server/route_rules.h"
#include "control/server/rows.h"
#include "platform/store/store.h"

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

constexpr int sliceSize = 500; // entries in one write job: others get their turn in between

// What a method does to one entry, in a write job. Denied: not to this one.
using Change = std::function<Result<void>(store::Transaction &, const store::Entry &)>;

struct Work
{
    Change change;
    std::function<Result<void>(store::Transaction &, const QList<store::Entry> &)> before; // all of a slice; may be empty
    bool leavesNothing = false; // the entry is gone then
};

Result<store::Entry> findEntry(store::Connection &connection, EntryId id)
{
    const auto entry = store::Queue::get(connection, id);
    if (!entry && entry.error().kind == ErrorKind::NotFound)
        return fail(ErrorKind::NotFound, u"The queue has no entry %1"_s.arg(id.value));
    return entry;
}

Result<void> trace(store::Transaction &transaction, const store::Entry &entry, store::Step step, const QString &by,
                   const QString &text)
{
    store::TraceRow row;
    row.at = QDateTime::currentMSecsSinceEpoch();
    row.journey = entry.journey;
    row.step = step;
    row.user = by;
    row.sender = entry.reversePath;
    row.recipient = entry.recipient;
    row.size = entry.size;
    row.message = entry.message.value;
    row.text = text;
    return store::Trace::add(transaction, row);
}

Result<store::QueueFilter> filterOf(const Call &call)
{
    store::QueueFilter filter;
    filter.text = call.text("text"_L1);
    filter.domain = call.text("domain"_L1).toLower();
    filter.sender = call.text("sender"_L1);
    filter.recipient = call.text("recipient"_L1);
    filter.error = call.text("error"_L1);
    filter.state = entryStateNamed(call.text("state"_L1));
    filter.createdBefore = call.number("createdBefore"_L1, 0, 0, std::numeric_limits<qint64>::max());
    if (!filter.state && !call.text("state"_L1).isEmpty())
        return fail(ErrorKind::Invalid, u"A state is waiting, held or active"_s);
    return filter;
}

bool namesNothing(const Call &call)
{
    for (const QLatin1StringView criterion : {"text"_L1, "domain"_L1, "sender"_L1, "recipient"_L1, "error"_L1, "state"_L1}) {
        if (!call.text(criterion).isEmpty())
            return false;
    }
    return !call.has("createdBefore"_L1) && !call.has("ids"_L1) && !call.flag("all"_L1);
}

// One entry; answers it as it is then.
void changeOne(Desk &desk, const Call &call, const Work &work)
{
    const auto job = [id = EntryId{call.id("id"_L1)}, work](store::Transaction &transaction) -> Result<QJsonValue> {
        const auto entry = findEntry(transaction, id);
        if (!entry)
            return std::unexpected(entry.error());
        if (work.before) {
            if (const auto done = work.before(transaction, {*entry}); !done)
                return std::unexpected(done.error());
        }
        if (const auto changed = work.change(transaction, *entry); !changed)
            return std::unexpected(changed.error());
        if (work.leavesNothing)
            return QJsonObject{};
        const auto names = RouteNames::read(transaction);
        const auto after = store::Queue::get(transaction, id);
        if (!after || !names)
            return std::unexpected(after ? names.error() : after.error());
        return toJson(*after, *names);
    };
    answerByWriting(desk, call, job, EventKind::QueueChanged, call.text("id"_L1));
}

// Many entries, a slice at a time, each slice in a transaction of its own. Those it can't be done to are left out.
class Sweep : public std::enable_shared_from_this<Sweep>
{
public:
    Sweep(Desk &desk, const Call &call, store::QueueFilter filter, Work work)
        : m_store(desk.context.store), m_log(desk.context.events), m_call(call), m_filter(std::move(filter)), m_work(std::move(work))
    {
        m_filter.limit = sliceSize;
        for (const QString &id : call.list("ids"_L1))
            m_ids.append(EntryId{id.toLongLong()});
    }
    void next()
    {
        m_store->write<Slice>([self = shared_from_this()](store::Transaction &transaction) { return self->slice(transaction); },
                              [self = shared_from_this()](const Result<Slice> &done) { self->done(done); });
    }

private:
    struct Slice
    {
        int changed = 0;
        EntryId last;
        bool full = false;
    };
    Result<QList<EntryId>> ids(store::Connection &connection) const
    {
        if (m_call.has("ids"_L1))
            return m_ids.mid(m_at, sliceSize);
        return store::Queue::ids(connection, m_filter);
    }
    Result<Slice> slice(store::Transaction &transaction) const
    {
        const auto found = ids(transaction);
        if (!found)
            return std::unexpected(found.error());
        QList<store::Entry> entries;
        for (const EntryId id : *found) {
            if (const auto entry = store::Queue::get(transaction, id))
                entries.append(*entry);
        }
        Slice slice{0, found->isEmpty() ? EntryId{} : found->last(), found->size() == sliceSize};
        if (m_work.before) {
            if (const auto done = m_work.before(transaction, entries); !done)
                return std::unexpected(done.error());
        }
        for (const store::Entry &entry : std::as_const(entries)) {
            const auto changed = m_work.change(transaction, entry);
            if (!changed && changed.error().kind != ErrorKind::Denied)
                return std::unexpected(changed.error());
            slice.changed += changed ? 1 : 0;
        }
        return slice;
    }
    void done(const Result<Slice> &slice)
    {
        if (!slice)
            return m_call.refuse(slice.error());
        m_changed += slice->changed;
        m_at += sliceSize;
        m_filter.afterId = slice->last.value;
        if (slice->full)
            return next();
        if (m_log)
            m_log->emitEvent(deedEvent(m_call, EventKind::QueueChanged, u"%1 entries"_s.arg(m_changed)));
        m_call.answer(QJsonObject{{u"count"_s, m_changed}});
    }

    store::Store *const m_store;
    EventLog *const m_log;
    const Call m_call;
    store::QueueFilter m_filter;
    const Work m_work;
    QList<EntryId> m_ids;
    qsizetype m_at = 0;
    int m_changed = 0;
};

void change(Desk &desk, const Call &call, const Work &work)
{
    if (call.has("id"_L1))
        return changeOne(desk, call, work);
    const auto filter = filterOf(call);
    if (!filter)
        return call.refuse(filter.error());
    if (namesNothing(call))
        return call.refuse({ErrorKind::Invalid, u"Name an entry, say which ones, or “all”"_s, {}});
    std::make_shared<Sweep>(desk, call, *filter, work)->next();
}

} // namespace

void deed::queueList(Desk &desk, const Call &call)
{
    auto given = filterOf(call);
    if (!given)
        return call.refuse(given.error());
    store::QueueFilter filter = *given;
    filter.afterId = call.id("after"_L1);
    filter.offset = int(call.number("offset"_L1, 0, 0, std::numeric_limits<int>::max()));
    filter.limit = int(call.number("limit"_L1, 1'000, 1, 10'000));
    answerByReading(desk, call, [filter](store::Connection &connection) -> Result<QJsonValue> {
        const auto names = RouteNames::read(connection);
        const auto entries = store::Queue::list(connection, filter);
        const auto total = store::Queue::count(connection), matching = store::Queue::matching(connection, filter);
        if (!entries || !total || !matching || !names)
            return std::unexpected(!entries ? entries.error() : !total ? total.error() : !names ? names.error() : matching.error());
        QJsonArray list;
        for (const store::Entry &entry : *entries)
            list += toJson(entry, *names);
        return QJsonObject{{u"entries"_s, list}, {u"total"_s, *total}, {u"matching"_s, *matching}};
    });
}

void deed::queueShow(Desk &desk, const Call &call)
{
    answerByReading(desk, call, [id = EntryId{call.id("id"_L1)}](store::Connection &connection) -> Result<QJsonValue> {
        const auto entry = findEntry(connection, id);
        const auto names = RouteNames::read(connection);
        if (!entry || !names)
            return std::unexpected(entry ? names.error() : entry.error());
        QJsonObject shown = toJson(*entry, *names);
        shown.insert("lastDialogue"_L1, QString::fromUtf8(entry->lastDialogue));
        return shown;
    });
}

void deed::queueRetry(Desk &desk, const Call &call)
{
    change(desk, call, {[](store::Transaction &transaction, const store::Entry &entry) {
        return store::Queue::retryNow(transaction, entry.id);
    }, {}, false});
}

void deed::queueHold(Desk &desk, const Call &call)
{
    change(desk, call, {[by = call.by()](store::Transaction &transaction, const store::Entry &entry) -> Result<void> {
        if (entry.state == store::EntryState::Active)
            return fail(ErrorKind::Denied, u"The entry is being sent right now"_s);
        if (const auto held = store::Queue::setState(transaction, entry.id, store::EntryState::Held); !held)
            return held;
        return trace(transaction, entry, store::Step::Held, by, u"by %1"_s.arg(by));
    }, {}, false});
}

void deed::queueRelease(Desk &desk, const Call &call)
{
    change(desk, call, {[by = call.by()](store::Transaction &transaction, const store::Entry &entry) -> Result<void> {
        if (entry.state != store::EntryState::Held)
            return fail(ErrorKind::Denied, u"The entry is not held"_s);
        if (const auto released = store::Queue::setState(transaction, entry.id, store::EntryState::Waiting); !released)
            return released;
        return trace(transaction, entry, store::Step::Released, by, u"by %1"_s.arg(by));
    }, {}, false});
}

void deed::queueRoute(Desk &desk, const Call &call)
{
    change(desk, call, {[route = call.text("route"_L1)](store::Transaction &transaction, const store::Entry &entry) -> Result<void> {
        const auto names = RouteNames::read(transaction);
        const auto id = names ? names->named(route) : std::unexpected(names.error());
        return id ? store::Queue::setRoute(transaction, entry.id, *id) : std::unexpected(id.error());
    }, {}, false});
}

void deed::queueRemove(Desk &desk, const Call &call)
{
    const bool report = call.flag("report"_L1);
    if (report && !desk.context.reportRemoval)
        return call.refuse({ErrorKind::Unavailable, u"Nobody is here to report to the senders"_s, {}});
    const QString reason = call.text("reason"_L1).simplified().left(500);
    const QString text = u"removed from the queue by %1"_s.arg(call.by()) + (reason.isEmpty() ? QString() : u": "_s + reason)
                         + (report ? u" (the sender is told)"_s : QString());
    Work work{[by = call.by(), text](store::Transaction &transaction, const store::Entry &entry) -> Result<void> {
        if (entry.state == store::EntryState::Active)
            return fail(ErrorKind::Denied, u"The entry is being sent right now"_s);
        if (const auto removed = store::Queue::withdraw(transaction, entry.id); !removed)
            return removed;
        return trace(transaction, entry, store::Step::Removed, by, text);
    }, {}, true};
    if (report) {
        work.before = [tell = desk.context.reportRemoval, reason](store::Transaction &transaction, const QList<store::Entry> &entries) {
            return tell(transaction, entries, reason.isEmpty() ? u"Removed from the queue by the administrator"_s
                                                               : u"Removed from the queue by the administrator: "_s + reason);
        };
    }
    change(desk, call, work);
}

} // namespace posthorn::control
