// Messages leave a mailbox or come into another: copy, move, expunge.
#include "platform/store/flag_changes.h"
#include "platform/store/ledger.h"
#include "platform/store/mailbox_rows.h"
#include "platform/store/own_seen.h"
#include "platform/store/transaction.h"

#include <QDateTime>

#include <algorithm>

namespace posthorn::store {

using namespace Qt::StringLiterals;

namespace {

// Neighbouring UIDs that are copied by one statement.
struct Run
{
    UidRange from;
    Uid to = 0;         // of the first
    Flags put = 0; // in the target's bits: keywords, and what is not copied from the source's row
};

struct Sums
{
    qint64 unseen = 0, deleted = 0, octets = 0;
};

enum class Which { Deleted, All };

} // namespace

static Sums sumsOf(const QList<MessageMark> &marks)
{
    Sums sums;
    for (const MessageMark &mark : marks) {
        sums.unseen += mark.flags & flag::Seen ? 0 : 1;
        sums.deleted += mark.flags & flag::Deleted ? 1 : 0;
        sums.octets += mark.size;
    }
    return sums;
}

// \Seen of the copies, when it is not the target's own.
static Result<void> keepSeen(Transaction &transaction, MailboxId to, Hand hand, const QList<MessageMark> &copies)
{
    QList<MessageMark> seen;
    std::ranges::copy_if(copies, std::back_inserter(seen), [](const MessageMark &mark) { return mark.flags & flag::Seen; });
    return OwnSeen::keep(transaction, to, hand.reader, seen);
}

// The source's keyword bits in use, as the target's. Keywords for which the target has no room are left behind.
static Result<QHash<Flags, Flags>> keywordMap(Transaction &transaction, const Mailbox &source, MailboxId target,
                                              const QList<MessageMark> &marks, bool *made)
{
    Flags used = 0;
    for (const MessageMark &mark : marks)
        used |= mark.flags & ~flag::System;
    QHash<Flags, Flags> map;
    for (qsizetype i = 0; i < source.keywords.size(); ++i) {
        const Flags bit = Flags(1) << (flag::firstKeywordBit + i);
        if (!(used & bit))
            continue;
        const auto mask = maskOf(transaction, target, {source.keywords.at(i)}, true, made);
        if (mask)
            map.insert(bit, *mask);
        else if (mask.error().kind != ErrorKind::TooLarge)
            return std::unexpected(mask.error());
    }
    return map;
}

static Flags mapped(Flags flags, const QHash<Flags, Flags> &map)
{
    Flags keywords = 0;
    for (Flags left = flags & ~flag::System; left; left &= left - 1)
        keywords |= map.value(left & -left);
    return keywords;
}

// `copied`: flags that the statement takes over from the source's rows.
static QList<Run> runsOf(const QList<MessageMark> &marks, Uid first, const QHash<Flags, Flags> &map, Flags copied)
{
    QList<Run> runs;
    Flags before = 0;
    Uid to = first;
    for (const MessageMark &mark : marks) {
        const Flags source = mark.flags & ~copied;
        if (!runs.isEmpty() && runs.last().from.last + 1 == mark.uid && source == before)
            runs.last().from.last = mark.uid;
        else
            runs.append({{mark.uid, mark.uid}, to, mapped(mark.flags, map) | (source & flag::System)});
        before = source;
        ++to;
    }
    return runs;
}

static Result<void> copyRuns(Connection &connection, MailboxId from, MailboxId to, const QList<Run> &runs, ModSeq modSeq,
                             Flags copied)
{
    if (auto done = carryOutFlagChanges(connection, from); !done)
        return done;
    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    for (const Run &run : runs) {
        auto done = connection.run(
            "INSERT INTO mailbox_message (mailbox_id, uid, flags, mod_seq, message_id, size, internal_date, "
            "internal_date_offset, save_date, sent_date) SELECT ?, uid + ?, (flags & ?) | ?, ?, message_id, size, "
            "internal_date, internal_date_offset, ?, sent_date FROM mailbox_message WHERE mailbox_id = ? AND uid "
            "BETWEEN ? AND ? ORDER BY uid",
            to.value, qint64(run.to) - run.from.first, copied, run.put, modSeq, now, from.value, run.from.first,
            run.from.last);
        if (!done)
            return std::unexpected(done.error());
        if (*done != qint64(run.from.last) - run.from.first + 1)
            return fail(ErrorKind::Internal, u"The messages could not be copied"_s, u"rows: %1"_s.arg(*done));
    }
    return {};
}

static Result<void> copyMarks(Transaction &transaction, const Mailbox &source, MailboxId to, QList<MessageMark> marks,
                              Hand hand, bool ownSeen, CopyOutcome &outcome)
{
    for (MessageMark &mark : marks)
        mark.flags &= hand.settable;
    Connection &connection = transaction.connection();
    bool made = false;
    const auto map = keywordMap(transaction, source, to, marks, &made);
    if (!map)
        return std::unexpected(map.error());
    const Sums sums = sumsOf(marks);
    const auto target = countIn(transaction, to, marks.size(), hand.reader ? marks.size() : sums.unseen, sums.deleted, sums.octets);
    if (!target)
        return std::unexpected(target.error());
    const Uid first = (*target)->uidNext;
    const ModSeq modSeq = ++(*target)->highestModSeq;
    (*target)->uidNext += Uid(marks.size());
    outcome.uidValidity = (*target)->uidValidity;
    outcome.from = uidsOf(marks);
    outcome.to = {{first, first + Uid(marks.size()) - 1}};
    MailboxChange change{.mailbox = to, .modSeq = modSeq, .keywords = made ? (*target)->keywords : Keywords(),
                         .reader = hand.reader};
    change.appended.reserve(marks.size());
    for (const MessageMark &mark : marks)
        change.appended.append({first + Uid(change.appended.size()),
                                (mark.flags & flag::System) | mapped(mark.flags, *map), modSeq, mark.message,
                                mark.size});
    const QList<MessageMark> copies = change.appended;
    transaction.changes.mailboxes.append(std::move(change));
    // \Seen goes by the statement only from row to row.
    const Flags copied = flag::System & hand.settable & (ownSeen || hand.reader ? ~flag::Seen : ~Flags(0));
    if (hand.reader) {
        for (MessageMark &mark : marks)
            mark.flags &= ~flag::Seen;
        if (auto kept = keepSeen(transaction, to, hand, copies); !kept)
            return kept;
    }
    return copyRuns(connection, source.id, to, runsOf(marks, first, *map, copied), modSeq, copied);
}

static Result<void> listOrphans(Connection &connection, MailboxId id, UidRange range, Which which)
{
    auto done =
        connection.run("INSERT INTO orphan (message_id) SELECT message_id FROM mailbox_message WHERE mailbox_id "
                       "= ? AND uid BETWEEN ? AND ? AND (flags & ?) <> ? ON CONFLICT DO NOTHING",
                       id.value, range.first, range.last, flag::Deleted, which == Which::All ? -1 : 0);
    if (!done)
        return std::unexpected(done.error());
    connection.ledger()->setSawOrphans(true);
    return {};
}

static Result<qint64> deleteRows(Connection &connection, MailboxId id, UidRange range, Which which)
{
    return connection.run(
        "DELETE FROM mailbox_message WHERE mailbox_id = ? AND uid BETWEEN ? AND ? AND (flags & ?) <> ?", id.value,
        range.first, range.last, flag::Deleted, which == Which::All ? -1 : 0);
}

static Result<void> layTombstones(Connection &connection, MailboxId id, ModSeq modSeq, const QList<UidRange> &uids,
                                  const QString &by)
{
    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    for (const UidRange range : uids) {
        auto done = connection.run("INSERT INTO expunged (mailbox_id, mod_seq, first_uid, last_uid, at, removed_by) "
                                   "VALUES (?, ?, ?, ?, ?, ?)",
                                   id.value, modSeq, range.first, range.last, now, by);
        if (!done)
            return std::unexpected(done.error());
    }
    return {};
}

// Takes `marks` out, which are all in `ranges` that `which` names. Their contents may be held by nobody after it,
// unless they were `moved`.
static Result<QList<UidRange>> takeOut(Transaction &transaction, MailboxId id, const QList<UidRange> &ranges,
                                       Which which, const QList<MessageMark> &marks, const QString &by, bool moved)
{
    Connection &connection = transaction.connection();
    if (auto done = carryOutFlagChanges(connection, id); !done)
        return std::unexpected(done.error());
    const QList<UidRange> uids = uidsOf(marks);
    qint64 rows = 0;
    for (const UidRange range : ranges.size() < uids.size() ? ranges : uids) {
        if (!moved) {
            if (auto listed = listOrphans(connection, id, range, which); !listed)
                return std::unexpected(listed.error());
        }
        const auto gone = deleteRows(connection, id, range, which);
        if (!gone)
            return std::unexpected(gone.error());
        rows += *gone;
    }
    if (rows != marks.size())
        return fail(ErrorKind::Internal, u"The messages could not be removed"_s, u"rows: %1"_s.arg(rows));
    const Sums sums = sumsOf(marks);
    const auto mailbox = countIn(transaction, id, -marks.size(), -sums.unseen, -sums.deleted, -sums.octets);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    const ModSeq modSeq = ++(*mailbox)->highestModSeq;
    transaction.changes.mailboxes.append(MailboxChange{.mailbox = id, .modSeq = modSeq, .expunged = uids});
    if ((*mailbox)->ownSeen) {
        if (auto gone = OwnSeen::expunged(transaction, id, uids); !gone)
            return std::unexpected(gone.error());
    }
    if (auto laid = layTombstones(connection, id, modSeq, uids, by); !laid)
        return std::unexpected(laid.error());
    return uids;
}

Result<CopyOutcome> Mailboxes::copy(Transaction &transaction, MailboxId from, const QList<UidRange> &ranges,
                                    MailboxId to, bool move, const QString &by, Hand hand, AccountId reader)
{
    Connection &connection = transaction.connection();
    const auto source = get(connection, from);
    if (!source)
        return std::unexpected(source.error());
    const auto target = get(connection, to);
    if (!target)
        return std::unexpected(target.error());
    CopyOutcome outcome{.uidValidity = target->uidValidity, .highestModSeq = source->highestModSeq};
    const auto proper = normalized(ranges);
    const auto marks = readMarks(connection, from, proper, source->messages);
    if (!marks)
        return std::unexpected(marks.error());
    if (marks->isEmpty())
        return outcome;
    auto shown = marks;
    if (reader) {
        if (auto done = OwnSeen::show(connection, from, reader, *shown); !done)
            return std::unexpected(done.error());
    }
    const bool grows = !move || source->account != target->account;
    if (auto room = checkRoom(transaction, *target, grows ? sumsOf(*marks).octets : 0, marks->size()); !room)
        return std::unexpected(room.error());
    if (auto copied = copyMarks(transaction, *source, to, *shown, hand, bool(reader), outcome); !copied)
        return std::unexpected(copied.error());
    if (move) {
        // Within one mailbox the ranges may by now name the copies as well: only what was read is taken.
        auto gone = takeOut(transaction, from, from == to ? uidsOf(*marks) : proper, Which::All, *marks, by, true);
        if (!gone)
            return std::unexpected(gone.error());
        outcome.expunged = std::move(*gone);
    }
    const auto after = connection.ledger()->mailbox(connection, from);
    if (!after)
        return std::unexpected(after.error());
    outcome.highestModSeq = (*after)->highestModSeq;
    return outcome;
}

Result<QList<UidRange>> Mailboxes::expunge(Transaction &transaction, MailboxId id, const QList<UidRange> &ranges,
                                           bool regardless, const QString &by, ModSeq *highestModSeq)
{
    Connection &connection = transaction.connection();
    const auto mailbox = connection.ledger()->mailbox(connection, id);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    const auto proper = normalized(ranges);
    QList<UidRange> gone;
    if (regardless || (*mailbox)->deleted > 0) {
        auto marks = readMarks(connection, id, proper, (*mailbox)->messages);
        if (!marks)
            return std::unexpected(marks.error());
        if (!regardless)
            marks->removeIf([](const MessageMark &mark) { return !(mark.flags & flag::Deleted); });
        if (!marks->isEmpty()) {
            auto taken = takeOut(transaction, id, proper, regardless ? Which::All : Which::Deleted, *marks, by, false);
            if (!taken)
                return taken;
            gone = std::move(*taken);
        }
    }
    const auto after = connection.ledger()->mailbox(connection, id);
    if (!after)
        return std::unexpected(after.error());
    if (highestModSeq)
        *highestModSeq = (*after)->highestModSeq;
    return gone;
}

} // namespace posthorn::store
