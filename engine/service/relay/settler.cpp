#include "service/relay/settler.h"

#include "platform/store/messages.h"
#include "platform/store/trace.h"
#include "platform/store/transaction.h"

#include <QDateTime>
#include <QMap>
#include <QRandomGenerator>

namespace posthorn::relay {

using namespace Qt::StringLiterals;
using smtp::Fate;

namespace {

constexpr qint64 mostReturned = 512 * 1024; // a bigger message comes back as its header only

QString replyText(const smtp::Reply &reply)
{
    return QString::fromUtf8(reply.toBytes()).simplified();
}

} // namespace

struct Settler::Round
{
    store::Transaction &transaction;
    const Settlement &settlement;
    std::shared_ptr<const Options> options;
    qint64 now = 0;
    QMap<std::pair<qint64, int>, QList<ReportLine>> reports = {}; // by message and action

    Result<void> trace(const store::Entry &entry, store::Step step, const QString &text)
    {
        return store::Trace::add(transaction, {.at = now, .journey = entry.journey, .step = step, .client = settlement.host,
                                               .tls = settlement.tls, .sender = entry.reversePath,
                                               .recipient = entry.recipient, .size = entry.size,
                                               .message = entry.message.value, .text = text});
    }
    void note(Action action, const store::Entry &entry, const smtp::RecipientOutcome &outcome)
    {
        reports[{entry.message.value, int(action)}].append({entry, outcome.reply, outcome.fromServer, settlement.host});
    }
};

void Settler::settle(std::shared_ptr<const Settlement> settlement, std::function<void(bool)> done, bool withReports)
{
    begun();
    m_world.store->write<bool>(
        [this, settlement, withReports](store::Transaction &transaction) { return run(transaction, *settlement, withReports); },
        [this, settlement, withReports, done = std::move(done)](const Result<bool> &result) {
            if (result) {
                tell(*settlement);
                done(true);
            } else if (withReports && !isTemporary(result.error().kind)) {
                settle(settlement, done, false); // a report has no place to go: the rest must not wait for it
            } else {
                done(false);
            }
            finished();
        },
        1024 * settlement->items.size());
}

void Settler::begun()
{
    const std::scoped_lock lock(m_mutex);
    ++m_pending;
}

void Settler::finished()
{
    const std::scoped_lock lock(m_mutex);
    if (--m_pending == 0)
        m_changed.notify_all();
}

void Settler::waitForAll(std::chrono::milliseconds most)
{
    std::unique_lock lock(m_mutex);
    m_changed.wait_for(lock, most, [this] { return m_pending == 0; });
}

Result<bool> Settler::run(store::Transaction &transaction, const Settlement &settlement, bool withReports) const
{
    Round round{transaction, settlement, m_world.options(), QDateTime::currentMSecsSinceEpoch()};
    for (const Settlement::Item &item : settlement.items) {
        const bool taken = item.outcome.fate == Fate::Accepted && item.entry;
        const auto done = taken ? accepted(round, item) : notAccepted(round, item);
        if (!done)
            return std::unexpected(done.error());
    }
    if (withReports) {
        if (const auto reported = reportAll(round); !reported)
            return std::unexpected(reported.error());
    }
    return true;
}

// It may have been taken off the queue while it was being sent; that it was sent is true all the same.
Result<void> Settler::accepted(Round &round, const Settlement::Item &item) const
{
    const auto removed = store::Queue::remove(round.transaction, item.id);
    if (!removed && removed.error().kind != ErrorKind::NotFound)
        return removed;
    if (!round.settlement.dsn && wantsReport(*item.entry, Action::Relayed))
        round.note(Action::Relayed, *item.entry, item.outcome);
    return round.trace(*item.entry, store::Step::Sent, replyText(item.outcome.reply));
}

Result<void> Settler::notAccepted(Round &round, const Settlement::Item &item) const
{
    const auto entry = store::Queue::get(round.transaction, item.id);
    if (!entry && entry.error().kind == ErrorKind::NotFound)
        return {};
    if (!entry)
        return std::unexpected(entry.error());
    smtp::RecipientOutcome outcome = item.outcome;
    if (outcome.fate == Fate::Refused)
        return ended(round, *entry, outcome);
    if (round.now - entry->createdAt < round.options->expireAfter)
        return deferred(round, *entry, outcome);
    outcome.reply.text = "Given up after too many attempts; the last one: " + replyText(outcome.reply).toUtf8();
    outcome.reply.enhanced = "5.4.7";
    outcome.reply.code = 554;
    outcome.fromServer = false;
    return ended(round, *entry, outcome);
}

Result<void> Settler::ended(Round &round, const store::Entry &entry, const smtp::RecipientOutcome &outcome) const
{
    if (const auto removed = store::Queue::remove(round.transaction, entry.id); !removed)
        return removed;
    if (wantsReport(entry, Action::Failed))
        round.note(Action::Failed, entry, outcome);
    return round.trace(entry, store::Step::Failed, replyText(outcome.reply));
}

Result<void> Settler::deferred(Round &round, const store::Entry &entry, const smtp::RecipientOutcome &outcome) const
{
    const Options &options = *round.options;
    const qint64 wait = waitAfter(options, entry.attempts + 1, QRandomGenerator::global()->generateDouble());
    const qint64 next = qMin(round.now + wait, qMax(round.now, entry.createdAt + options.expireAfter));
    const QString error = replyText(outcome.reply);
    const bool tellDelay = options.delayNoticeAfter > 0 && round.now - entry.createdAt >= options.delayNoticeAfter
                           && wantsReport(entry, Action::Delayed);
    const auto kept = store::Queue::defer(round.transaction, entry.id, next, error, round.settlement.dialogue, tellDelay);
    if (!kept)
        return kept;
    if (tellDelay)
        round.note(Action::Delayed, entry, outcome);
    if (error == entry.lastError && !tellDelay)
        return {}; // nothing new for its journey
    return round.trace(entry, store::Step::Delayed, error);
}

Result<void> Settler::reportAll(Round &round) const
{
    for (auto it = round.reports.cbegin(); it != round.reports.cend(); ++it) {
        if (const auto done = report(round, Action(it.key().second), it.value()); !done)
            return done;
    }
    return {};
}

Result<void> Settler::report(Round &round, Action action, const QList<ReportLine> &lines) const
{
    const store::Entry &first = lines.front().entry;
    const auto sender = smtp::parseAddress(first.reversePath);
    if (!sender)
        return {};
    const auto destination = m_world.directory->snapshot()->resolve(*sender);
    if (!destination)
        return {}; // the sender is not here any more
    ReportFacts facts{action, lines, m_world.hostName, round.now, round.options->expireAfter};
    facts.wholeOriginal = action == Action::Failed && first.ret == "FULL" && first.size <= mostReturned;
    if (facts.wholeOriginal) {
        facts.original = store::Messages::read(round.transaction, first.message, 0, first.size).value_or(QByteArray());
    } else if (const auto digest = store::Messages::digest(round.transaction, first.message, {.header = true})) {
        facts.original = digest->header;
    }
    delivery::Arrival arrival = makeReport(facts);
    smtp::RcptCommand rcpt;
    rcpt.forwardPath = *sender;
    rcpt.notify = smtp::NotifyNever;
    arrival.mail.smtpUtf8 = sender->needsUtf8();
    arrival.mail.requireTls = first.transport == store::Transport::RequireTls; // it quotes the message (RFC 8689 §5)
    arrival.recipients.append({rcpt, *destination});
    const auto filed = m_world.delivery->deliverWithin(round.transaction, arrival);
    return filed ? Result<void>() : std::unexpected(filed.error());
}

void Settler::tell(const Settlement &settlement) const
{
    for (const Settlement::Item &item : settlement.items) {
        if (item.outcome.fate == Fate::Accepted || !item.entry)
            continue;
        Event event{item.outcome.fate == Fate::Refused ? EventKind::MessageFailed : EventKind::MessageDelayed};
        event.with(EventField::Journey, item.entry->journey).with(EventField::Sender, item.entry->reversePath)
            .with(EventField::Recipient, item.entry->recipient).with(EventField::Address, settlement.host)
            .with(EventField::Reply, replyText(item.outcome.reply));
        m_world.events->emitEvent(std::move(event));
    }
}

} // namespace posthorn::relay
