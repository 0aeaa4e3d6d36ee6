#include "platform/store/flag_changes.h"

#include "platform/store/ledger.h"
#include "platform/store/sql/connection.h"

namespace posthorn::store {

namespace {

constexpr Uid rowsAtATime = 10'000;
constexpr qsizetype mostWaiting = 16; // of one mailbox: who reads marks goes through all of them

FlagChange changeFrom(const Row &row)
{
    return {{Uid(row.number(0)), Uid(row.number(1))}, Flags(row.number(2)), Flags(row.number(3)), ModSeq(row.number(4))};
}

Result<QList<FlagChange>> waiting(Connection &connection, MailboxId id)
{
    QList<FlagChange> changes;
    auto read = connection
                    .select("SELECT first_uid, last_uid, keep, put, mod_seq FROM flag_change WHERE mailbox_id = ? ORDER BY mod_seq",
                            id.value)
                    .each([&](const Row &row) { changes.append(changeFrom(row)); });
    return read ? Result<QList<FlagChange>>(std::move(changes)) : std::unexpected(read.error());
}

Result<void> carryOut(Connection &connection, MailboxId id, const FlagChange &change)
{
    auto done = connection.run("UPDATE mailbox_message SET flags = (flags & ?) | ?, mod_seq = ? WHERE mailbox_id = ? AND uid "
                               "BETWEEN ? AND ? AND mod_seq < ? AND flags <> ((flags & ?) | ?)",
                               change.keep, change.put, change.modSeq, id.value, change.uids.first, change.uids.last,
                               change.modSeq, change.keep, change.put);
    return done ? Result<void>() : std::unexpected(done.error());
}

} // namespace

Result<void> keepFlagChange(Connection &connection, MailboxId id, const FlagChange &change)
{
    const auto before = waiting(connection, id);
    if (!before)
        return std::unexpected(before.error());
    if (before->size() >= mostWaiting) {
        if (auto done = carryOutFlagChanges(connection, id); !done)
            return done;
    }
    auto kept = connection.run("INSERT INTO flag_change (mailbox_id, mod_seq, first_uid, last_uid, keep, put) VALUES (?, ?, ?, ?, ?, ?)",
                               id.value, change.modSeq, change.uids.first, change.uids.last, change.keep, change.put);
    if (!kept)
        return std::unexpected(kept.error());
    connection.ledger()->setSawFlagChanges(true);
    return {};
}

Result<void> applyFlagChanges(Connection &connection, MailboxId id, QList<MessageMark> &marks)
{
    const auto changes = waiting(connection, id);
    if (!changes)
        return std::unexpected(changes.error());
    for (const FlagChange &change : *changes) {
        for (MessageMark &mark : marks) {
            const Flags flags = (mark.flags & change.keep) | change.put;
            if (mark.uid < change.uids.first || mark.uid > change.uids.last || mark.modSeq >= change.modSeq || flags == mark.flags)
                continue;
            mark.flags = flags;
            mark.modSeq = change.modSeq;
        }
    }
    return {};
}

Result<bool> hasFlagChanges(Connection &connection, MailboxId id)
{
    return waiting(connection, id).transform([](const QList<FlagChange> &changes) { return !changes.isEmpty(); });
}

Result<void> carryOutFlagChanges(Connection &connection, MailboxId id)
{
    const auto changes = waiting(connection, id);
    if (!changes || changes->isEmpty())
        return changes ? Result<void>() : std::unexpected(changes.error());
    for (const FlagChange &change : *changes) {
        if (auto done = carryOut(connection, id, change); !done)
            return done;
    }
    auto gone = connection.run("DELETE FROM flag_change WHERE mailbox_id = ?", id.value);
    return gone ? Result<void>() : std::unexpected(gone.error());
}

Result<bool> carryOutSomeFlagChanges(Connection &connection)
{
    const auto first = connection
                           .select("SELECT first_uid, last_uid, keep, put, mod_seq, mailbox_id FROM flag_change ORDER BY mailbox_id, "
                                   "mod_seq LIMIT 1")
                           .first([](const Row &row) { return std::pair(changeFrom(row), MailboxId{row.number(5)}); });
    if (!first)
        return std::unexpected(first.error());
    if (!*first)
        return false;
    const auto &[change, id] = **first;
    FlagChange some = change;
    const bool isLast = change.uids.last - change.uids.first < rowsAtATime;
    if (!isLast)
        some.uids.last = change.uids.first + rowsAtATime - 1;
    if (auto done = carryOut(connection, id, some); !done)
        return std::unexpected(done.error());
    const auto noted = isLast ? connection.run("DELETE FROM flag_change WHERE mailbox_id = ? AND mod_seq = ?", id.value, change.modSeq)
                              : connection.run("UPDATE flag_change SET first_uid = ? WHERE mailbox_id = ? AND mod_seq = ?",
                                               some.uids.last + 1, id.value, change.modSeq);
    return noted ? Result<bool>(true) : std::unexpected(noted.error());
}

} // namespace posthorn::store
