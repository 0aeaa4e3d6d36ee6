#include "service/relay/settler.h"

#include "platform/store/suppressions.h"
#include "platform/store/trace.h"
#include "platform/store/transaction.h"

#include <QDateTime>
#include <QMap>
#include <QRandomGenerator>

#include <algorithm>

namespace posthorn::relay {

using namespace Qt::StringLiterals;
using delivery::Action;
using delivery::ReportLine;
using delivery::wantsReport;
using smtp::Fate;

namespace {

// Some say more than anybody wants to read in a list.
QString replyText(const smtp::Reply &reply)
{
    constexpr qsizetype most = 1'000;
    return QString::fromUtf8(reply.toBytes()).simplified().left(most);
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

bool Settler::isIdle() const
{
    const std::scoped_lock lock(m_mutex);
    return m_pending == 0;
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
    if (const auto kept = suppress(round, entry, outcome); !kept)
        return kept;
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

Result<void> Settler::reportRemoval(store::Transaction &transaction, const QList<store::Entry> &entries,
                                    const QString &text) const
{
    const Settlement nobody;
    Round round{transaction, nobody, m_world.options(), QDateTime::currentMSecsSinceEpoch()};
    for (const store::Entry &entry : entries) {
        if (wantsReport(entry, Action::Failed))
            round.note(Action::Failed, entry, {Fate::Refused, {554, "5.3.0", text.toUtf8()}, false, {}});
    }
    return reportAll(round);
}

Result<void> Settler::reportAll(Round &round) const
{
    for (auto it = round.reports.cbegin(); it != round.reports.cend(); ++it) {
        const auto done = m_world.delivery->report(round.transaction, Action(it.key().second), it.value(), round.options->expireAfter);
        if (!done)
            return done;
    }
    return {};
}

// Of those who know no enhanced status codes (Exim, as it comes), in the words that are usual.
static bool saysNoAddress(const smtp::Reply &reply)
{
    static const QByteArrayList phrases{"no such user", "no such recipient", "no such mailbox", "no such address", "user unknown",
                                        "unknown user", "recipient unknown", "unknown recipient", "user not found",
                                        "mailbox not found", "unrouteable address", "does not exist", "doesn't exist"};
    const QByteArray text = reply.text.toLower();
    return reply.enhanced.isEmpty() && (reply.code == 550 || reply.code == 551 || reply.code == 553)
           && std::ranges::any_of(phrases, [&](const QByteArray &phrase) { return text.contains(phrase); });
}

// There is no such address, says its server (RFC 3463 §3.2). What it says by policy, or of the sender, is another matter.
static bool isNoAddress(const smtp::RecipientOutcome &outcome)
{
    static const QByteArrayList codes{"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"};
    return outcome.fate == Fate::Refused && outcome.fromServer && outcome.command == "RCPT TO"
           && (codes.contains(outcome.reply.enhanced) || saysNoAddress(outcome.reply));
}

Result<void> Settler::suppress(Round &round, const store::Entry &entry, const smtp::RecipientOutcome &outcome) const
{
    if (!round.options->suppress || !isNoAddress(outcome))
        return {};
    const QString host = QString::fromUtf8(round.settlement.host);
    return store::Suppressions::add(round.transaction, {QString::fromUtf8(entry.recipient).toLower(), round.now,
                                                        u"%1 says that there is no such address"_s.arg(host),
                                                        replyText(outcome.reply)});
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
        if (m_world.options()->suppress && isNoAddress(item.outcome)) {
            Event listed{EventKind::AddressSuppressed};
            listed.with(EventField::Recipient, item.entry->recipient).with(EventField::Reply, replyText(item.outcome.reply));
            m_world.events->emitEvent(std::move(listed));
        }
    }
}

} // namespace posthorn::relay
