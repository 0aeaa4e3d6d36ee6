// What is in a mailbox: filing, marks and flags.
#include "platform/store/flag_changes.h"
#include "platform/store/ledger.h"
#include "platform/store/mailbox_rows.h"
#include "platform/store/own_seen.h"
#include "platform/store/transaction.h"

#include <QDateTime>

namespace posthorn::store {

using namespace Qt::StringLiterals;

static constexpr ModSeq anyModSeq = ModSeq(std::numeric_limits<qint64>::max());

Result<Marks> Mailboxes::marks(Connection &connection, MailboxId id, const QList<UidRange> &ranges)
{
    if (auto settled = connection.settle(); !settled)
        return std::unexpected(settled.error());
    auto marks = connection.select("SELECT highest_mod_seq, uid_next, messages FROM mailbox WHERE id = ?", id.value)
                     .first([](const Row &row) {
                         return std::pair(Marks{{}, ModSeq(row.number(0)), Uid(row.number(1))}, row.number(2));
                     });
    if (!marks)
        return std::unexpected(marks.error());
    if (!*marks)
        return fail(ErrorKind::NotFound, u"No such mailbox"_s);
    auto read = readMarks(connection, id, normalized(ranges), (*marks)->second);
    if (!read)
        return std::unexpected(read.error());
    (*marks)->first.marks = std::move(*read);
    return std::move((*marks)->first);
}

Result<qint64> Mailboxes::deletedOctets(Connection &connection, MailboxId id)
{
    const auto waits = hasFlagChanges(connection, id);
    if (!waits)
        return std::unexpected(waits.error());
    if (*waits) {
        const auto marks = readMarks(connection, id, normalized({}), 0);
        if (!marks)
            return std::unexpected(marks.error());
        qint64 octets = 0;
        for (const MessageMark &mark : *marks)
            octets += mark.flags & flag::Deleted ? mark.size : 0;
        return octets;
    }
    return connection
        .select("SELECT ifnull(sum(size), 0) FROM mailbox_message WHERE mailbox_id = ? AND (flags & ?) <> 0", id.value,
                flag::Deleted)
        .number()
        .transform([](const std::optional<qint64> &octets) { return octets.value_or(0); });
}

Result<QList<UidRange>> Mailboxes::vanished(Connection &connection, MailboxId id, const QList<UidRange> &ranges,
                                            ModSeq since)
{
    QList<UidRange> gone;
    const auto read = connection
                          .select("SELECT first_uid, last_uid FROM expunged WHERE mailbox_id = ? AND mod_seq > ? "
                                  "ORDER BY first_uid",
                                  id.value, std::min(since, anyModSeq))
                          .each([&](const Row &row) { gone += UidRange{Uid(row.number(0)), Uid(row.number(1))}; });
    if (!read)
        return std::unexpected(read.error());
    const QList<UidRange> wanted = normalized(ranges);
    QList<UidRange> found;
    auto range = wanted.cbegin();
    for (const UidRange &removed : std::as_const(gone)) {
        while (range != wanted.cend() && range->last < removed.first)
            ++range;
        for (auto at = range; at != wanted.cend() && at->first <= removed.last; ++at)
            found += UidRange{std::max(at->first, removed.first), std::min(at->last, removed.last)};
    }
    return found.isEmpty() ? found : normalized(found);
}

Result<void> checkRoom(Transaction &transaction, const Mailbox &mailbox, qint64 octets, qint64 messages)
{
    Connection &connection = transaction.connection();
    if (qint64(mailbox.uidNext) + messages > std::numeric_limits<Uid>::max())
        return fail(ErrorKind::TooLarge, u"The mailbox has no UIDs left"_s);
    const auto usage = connection.ledger()->usage(connection, mailbox.account);
    if (!usage)
        return std::unexpected(usage.error());
    if (octets > 0 && (*usage)->quotaOctets > 0 && (*usage)->usedOctets + octets > (*usage)->quotaOctets)
        return fail(ErrorKind::OverQuota, u"The account's quota is used up"_s);
    if (octets > 0 && (*usage)->quotaMessages > 0 && (*usage)->usedMessages + messages > (*usage)->quotaMessages)
        return fail(ErrorKind::OverQuota, u"The account has as many messages as it may"_s);
    return {};
}

static void noteAppended(Transaction &transaction, const Mailbox &mailbox, const MessageMark &mark)
{
    auto &changes = transaction.changes.mailboxes;
    if (changes.isEmpty() || changes.last().mailbox != mailbox.id || !changes.last().altered.isEmpty() ||
        !changes.last().expunged.isEmpty() || changes.last().removed || changes.last().rightsChanged || changes.last().reader)
        changes.append(MailboxChange{.mailbox = mailbox.id});
    changes.last().modSeq = mailbox.highestModSeq;
    changes.last().appended.append(mark);
}

Result<MessageMark> Mailboxes::add(Transaction &transaction, MailboxId id, MessageId message, Flags flags,
                                   qint64 internalDate, int internalDateOffset, Room room)
{
    Connection &connection = transaction.connection();
    Ledger &ledger = *connection.ledger();
    const auto weight = ledger.weight(connection, message);
    if (!weight)
        return std::unexpected(weight.error());
    const auto target = ledger.mailbox(connection, id);
    if (!target)
        return std::unexpected(target.error());
    if (auto fits = checkRoom(transaction, **target, room == Room::Keep ? weight->size : 0, 1); !fits)
        return std::unexpected(fits.error());
    const auto mailbox =
        countIn(transaction, id, 1, flags & flag::Seen ? 0 : 1, flags & flag::Deleted ? 1 : 0, weight->size);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    const MessageMark mark{(*mailbox)->uidNext++, flags, ++(*mailbox)->highestModSeq, message, weight->size};
    auto done = connection.run("INSERT INTO mailbox_message (mailbox_id, uid, flags, mod_seq, message_id, size, "
                               "internal_date, internal_date_offset, save_date, sent_date) "
                               "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                               id.value, mark.uid, mark.flags, mark.modSeq, message.value, mark.size, internalDate,
                               internalDateOffset, QDateTime::currentMSecsSinceEpoch(), weight->sentDate);
    if (!done)
        return std::unexpected(done.error());
    ledger.held(message);
    noteAppended(transaction, **mailbox, mark);
    return mark;
}

static void noteKeywords(Transaction &transaction, const Mailbox &mailbox)
{
    transaction.changes.mailboxes.append(
        MailboxChange{.mailbox = mailbox.id, .modSeq = mailbox.highestModSeq, .keywords = mailbox.keywords});
}

Result<Flags> Mailboxes::flagsFromNames(Transaction &transaction, MailboxId id, const QList<QByteArray> &names)
{
    bool made = false;
    const auto mask = maskOf(transaction, id, names, true, &made);
    if (!mask)
        return mask;
    if (made) {
        const auto mailbox = transaction.connection().ledger()->mailbox(transaction, id);
        if (!mailbox)
            return std::unexpected(mailbox.error());
        noteKeywords(transaction, **mailbox);
    }
    return mask;
}

namespace {

// New flags are (flags & keep) | put.
struct FlagRule
{
    Flags keep = 0;
    Flags put = 0;
    [[nodiscard]] Flags of(Flags flags) const { return (flags & keep) | put; }
};

struct Sorted // marks, by what becomes of them
{
    FlagsChange change;
    qint64 unseen = 0;
    qint64 deleted = 0;
};

} // namespace

static FlagRule ruleOf(FlagAction action, Flags mask, Flags settable)
{
    const Flags put = mask & settable;
    switch (action) {
    case FlagAction::Set:
        return {~settable, put};
    case FlagAction::Add:
        return {~Flags(0), put};
    case FlagAction::Remove:
        break;
    }
    return {~put, 0};
}

// RFC 4314 §4: a STORE fails only when it can't do anything of what it says.
static bool isAllowed(FlagAction action, Flags mask, Flags settable)
{
    const bool namesNone = mask == 0 && (settable & ~flag::System); // or keywords that are not there
    return (mask & settable) || settable == ~Flags(0) || namesNone || (settable && action == FlagAction::Set);
}

static Sorted sortOut(const QList<MessageMark> &marks, FlagRule rule, ModSeq limit, ModSeq modSeq)
{
    Sorted sorted;
    for (const MessageMark &mark : marks) {
        if (mark.modSeq > limit) {
            sorted.change.modified.append(mark.uid);
            continue;
        }
        const Flags flags = rule.of(mark.flags);
        if (flags == mark.flags) {
            sorted.change.same.append(mark);
            continue;
        }
        sorted.unseen += int(!(flags & flag::Seen)) - int(!(mark.flags & flag::Seen));
        sorted.deleted += int(bool(flags & flag::Deleted)) - int(bool(mark.flags & flag::Deleted));
        sorted.change.altered.append({mark.uid, flags, modSeq, mark.message, mark.size});
    }
    return sorted;
}

// The same when \Seen is somebody's own.
static Result<void> writeOwnFlags(Transaction &transaction, MailboxId id, AccountId reader, FlagRule rule,
                                  const FlagsChange &change, ModSeq modSeq)
{
    if (auto carried = carryOutFlagChanges(transaction.connection(), id); !carried)
        return carried;
    for (const UidRange range : uidsOf(change.altered)) {
        const auto done = transaction.connection().run(
            "UPDATE mailbox_message SET flags = (flags & ?) | ?, mod_seq = ? WHERE mailbox_id = ? AND uid BETWEEN ? AND ?",
            rule.keep | flag::Seen, rule.put & ~flag::Seen, modSeq, id.value, range.first, range.last);
        if (!done)
            return std::unexpected(done.error());
    }
    return OwnSeen::keep(transaction, id, reader, change.altered);
}

static Result<void> writeFlags(Connection &connection, MailboxId id, const QList<UidRange> &ranges, FlagRule rule,
                               ModSeq limit, const FlagsChange &change, ModSeq modSeq)
{
    if (auto done = carryOutFlagChanges(connection, id); !done)
        return done;
    const QList<UidRange> altered = uidsOf(change.altered);
    qint64 rows = 0;
    for (const UidRange range : ranges.size() < altered.size() ? ranges : altered) {
        auto done =
            connection.run("UPDATE mailbox_message SET flags = (flags & ?) | ?, mod_seq = ? WHERE mailbox_id = "
                           "? AND uid BETWEEN ? AND ? AND mod_seq <= ? AND flags <> ((flags & ?) | ?)",
                           rule.keep, rule.put, modSeq, id.value, range.first, range.last, limit, rule.keep, rule.put);
        if (!done)
            return std::unexpected(done.error());
        rows += *done;
    }
    if (rows != change.altered.size())
        return fail(ErrorKind::Internal, u"The flags could not be stored"_s, u"rows altered: %1"_s.arg(rows));
    return {};
}

static Result<void> apply(Transaction &transaction, MailboxId id, const QList<UidRange> &ranges, FlagRule rule,
                          ModSeq limit, const Sorted &sorted, ModSeq modSeq, AccountId reader)
{
    const QList<MessageMark> &altered = sorted.change.altered;
    if (altered.isEmpty())
        return {};
    Connection &connection = transaction.connection();
    const bool isMany = !reader && altered.size() >= connection.ledger()->manyMessages && ranges.size() == 1 && limit == anyModSeq;
    const auto done = isMany   ? keepFlagChange(connection, id, {{altered.first().uid, altered.last().uid}, rule.keep, rule.put, modSeq})
                      : reader ? writeOwnFlags(transaction, id, reader, rule, sorted.change, modSeq)
                               : writeFlags(connection, id, ranges, rule, limit, sorted.change, modSeq);
    if (!done)
        return done;
    const auto counted = countIn(transaction, id, 0, reader ? 0 : sorted.unseen, sorted.deleted, 0);
    if (!counted)
        return std::unexpected(counted.error());
    (*counted)->highestModSeq = modSeq;
    return {};
}

Result<FlagsChange> Mailboxes::setFlags(Transaction &transaction, MailboxId id, const QList<UidRange> &ranges,
                                        FlagAction action, const QList<QByteArray> &names,
                                        std::optional<ModSeq> unchangedSince, Hand hand, const Marks *known)
{
    Connection &connection = transaction.connection();
    Ledger &ledger = *connection.ledger();
    bool made = false;
    const bool makes = action != FlagAction::Remove && (hand.settable & ~flag::System);
    const auto mask = maskOf(transaction, id, names, makes, &made);
    if (!mask)
        return std::unexpected(mask.error());
    if (!isAllowed(action, *mask, hand.settable))
        return fail(ErrorKind::Denied, {});
    const auto mailbox = ledger.mailbox(connection, id);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    const auto proper = normalized(ranges);
    const bool isKnown = known && !hand.reader && known->highestModSeq == (*mailbox)->highestModSeq;
    auto marks = isKnown ? Result<QList<MessageMark>>(known->marks) : readMarks(connection, id, proper, (*mailbox)->messages);
    if (!marks)
        return std::unexpected(marks.error());
    if (hand.reader) {
        if (auto shown = OwnSeen::show(connection, id, hand.reader, *marks); !shown)
            return std::unexpected(shown.error());
    }
    const ModSeq modSeq = (*mailbox)->highestModSeq + 1;
    const ModSeq limit = qMin(unchangedSince.value_or(anyModSeq), anyModSeq);
    const FlagRule rule = ruleOf(action, *mask, hand.settable);
    Sorted sorted = sortOut(*marks, rule, limit, modSeq);
    FlagsChange &change = sorted.change;
    if (auto applied = apply(transaction, id, proper, rule, limit, sorted, modSeq, hand.reader); !applied)
        return std::unexpected(applied.error());
    const auto after = ledger.mailbox(connection, id);
    if (!after)
        return std::unexpected(after.error());
    change.highestModSeq = (*after)->highestModSeq;
    change.keywords = (*after)->keywords;
    if (made || !change.altered.isEmpty())
        transaction.changes.mailboxes.append(MailboxChange{.mailbox = id,
                                                           .modSeq = change.highestModSeq,
                                                           .altered = change.altered,
                                                           .keywords = made ? change.keywords : Keywords(),
                                                           .reader = hand.reader});
    return std::move(sorted.change);
}

} // namespace posthorn::store
