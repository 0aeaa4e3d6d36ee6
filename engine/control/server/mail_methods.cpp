// queue.* and trace.*
#include "control/server/desk.h"
#include "control/server/rows.h"
#include "platform/store/store.h"

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

// What queue.* does to one entry; answers the entry as it is then.
using Change = Result<void> (*)(store::Transaction &, const store::Entry &);

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

void changeEntry(Desk &desk, const Call &call, Change change, std::optional<store::Step> step = {})
{
    const EntryId id{call.id("id"_L1)};
    const auto job = [id, change, step, by = call.by()](store::Transaction &transaction) -> Result<QJsonValue> {
        const auto entry = findEntry(transaction, id);
        if (!entry)
            return std::unexpected(entry.error());
        if (const auto changed = change(transaction, *entry); !changed)
            return std::unexpected(changed.error());
        if (step) {
            const auto traced = trace(transaction, *entry, *step, by, u"by %1"_s.arg(by));
            if (!traced)
                return std::unexpected(traced.error());
        }
        const auto after = store::Queue::get(transaction, id);
        if (!after)
            return std::unexpected(after.error());
        return toJson(*after);
    };
    answerByWriting(desk, call, job, EventKind::QueueChanged, call.text("id"_L1));
}

QJsonValue stepsJson(const QList<store::TraceRow> &rows)
{
    QJsonArray steps;
    for (const store::TraceRow &row : rows)
        steps += toJson(row);
    return QJsonObject{{u"steps"_s, steps}};
}

} // namespace

void deed::queueList(Desk &desk, const Call &call)
{
    store::QueueFilter filter;
    filter.text = call.text("text"_L1);
    filter.domain = call.text("domain"_L1).toLower();
    filter.state = entryStateNamed(call.text("state"_L1));
    filter.afterId = call.id("after"_L1);
    filter.limit = int(call.number("limit"_L1, 1'000, 1, 10'000));
    if (!filter.state && !call.text("state"_L1).isEmpty())
        return call.answer(fail(ErrorKind::Invalid, u"A state is waiting, held or active"_s));
    answerByReading(desk, call, [filter](store::Connection &connection) -> Result<QJsonValue> {
        const auto entries = store::Queue::list(connection, filter);
        const auto total = store::Queue::count(connection);
        if (!entries || !total)
            return std::unexpected(entries ? total.error() : entries.error());
        QJsonArray list;
        for (const store::Entry &entry : *entries)
            list += toJson(entry);
        return QJsonObject{{u"entries"_s, list}, {u"total"_s, *total}};
    });
}

void deed::queueShow(Desk &desk, const Call &call)
{
    answerByReading(desk, call, [id = EntryId{call.id("id"_L1)}](store::Connection &connection) -> Result<QJsonValue> {
        const auto entry = findEntry(connection, id);
        if (!entry)
            return std::unexpected(entry.error());
        QJsonObject shown = toJson(*entry);
        shown.insert("lastDialogue"_L1, QString::fromUtf8(entry->lastDialogue));
        return shown;
    });
}

void deed::queueRetry(Desk &desk, const Call &call)
{
    changeEntry(desk, call, [](store::Transaction &transaction, const store::Entry &entry) {
        return store::Queue::retryNow(transaction, entry.id);
    });
}

void deed::queueHold(Desk &desk, const Call &call)
{
    const auto hold = [](store::Transaction &transaction, const store::Entry &entry) -> Result<void> {
        if (entry.state == store::EntryState::Active)
            return fail(ErrorKind::Denied, u"The entry is being sent right now"_s);
        return store::Queue::setState(transaction, entry.id, store::EntryState::Held);
    };
    changeEntry(desk, call, hold, store::Step::Held);
}

void deed::queueRelease(Desk &desk, const Call &call)
{
    const auto release = [](store::Transaction &transaction, const store::Entry &entry) -> Result<void> {
        if (entry.state != store::EntryState::Held)
            return fail(ErrorKind::Denied, u"The entry is not held"_s);
        return store::Queue::setState(transaction, entry.id, store::EntryState::Waiting);
    };
    changeEntry(desk, call, release, store::Step::Released);
}

void deed::queueRemove(Desk &desk, const Call &call)
{
    const EntryId id{call.id("id"_L1)};
    const QString reason = call.text("reason"_L1).simplified().left(500);
    const QString text = u"removed from the queue by %1"_s.arg(call.by()) + (reason.isEmpty() ? QString() : u": "_s + reason);
    const auto remove = [id, text, by = call.by()](store::Transaction &transaction) -> Result<QJsonValue> {
        const auto entry = findEntry(transaction, id);
        if (!entry)
            return std::unexpected(entry.error());
        if (entry->state == store::EntryState::Active)
            return fail(ErrorKind::Denied, u"The entry is being sent right now"_s);
        if (const auto removed = store::Queue::remove(transaction, id); !removed)
            return std::unexpected(removed.error());
        if (const auto traced = trace(transaction, *entry, store::Step::Removed, by, text); !traced)
            return std::unexpected(traced.error());
        return QJsonObject{};
    };
    answerByWriting(desk, call, remove, EventKind::QueueChanged, call.text("id"_L1));
}

void deed::traceSearch(Desk &desk, const Call &call)
{
    store::TraceFilter filter;
    filter.text = call.text("text"_L1).left(1'000);
    filter.since = call.number("since"_L1, 0, 0, std::numeric_limits<qint64>::max());
    filter.until = call.number("until"_L1, 0, 0, std::numeric_limits<qint64>::max());
    filter.limit = int(call.number("limit"_L1, 500, 1, 5'000));
    filter.beforeId = call.id("before"_L1);
    answerByReading(desk, call, [filter](store::Connection &connection) -> Result<QJsonValue> {
        return store::Trace::search(connection, filter).transform(stepsJson);
    });
}

void deed::traceJourney(Desk &desk, const Call &call)
{
    const QByteArray journey = call.text("journey"_L1).toUtf8();
    answerByReading(desk, call, [journey](store::Connection &connection) -> Result<QJsonValue> {
        const auto steps = store::Trace::journey(connection, journey);
        if (steps && steps->isEmpty())
            return fail(ErrorKind::NotFound, u"There is no journey %1"_s.arg(QString::fromUtf8(journey.left(100))));
        return steps.transform(stepsJson);
    });
}

} // namespace posthorn::control
