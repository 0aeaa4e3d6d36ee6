#include "platform/store/own_seen.h"

#include "platform/store/ledger.h"
#include "platform/store/transaction.h"

namespace posthorn::store {

Result<void> OwnSeen::show(Connection &connection, MailboxId mailbox, AccountId reader, QList<MessageMark> &marks)
{
    if (marks.isEmpty())
        return {};
    for (MessageMark &mark : marks)
        mark.flags &= ~flag::Seen;
    auto at = marks.begin();
    return connection
        .select("SELECT uid FROM seen WHERE mailbox_id = ? AND account_id = ? AND uid BETWEEN ? AND ? ORDER BY uid",
                mailbox.value, reader.value, marks.first().uid, marks.last().uid)
        .each([&](const Row &row) {
            while (at != marks.end() && at->uid < Uid(row.number(0)))
                ++at;
            if (at != marks.end() && at->uid == Uid(row.number(0)))
                at->flags |= flag::Seen;
        });
}

Result<void> OwnSeen::keep(Transaction &transaction, MailboxId mailbox, AccountId reader, const QList<MessageMark> &marks)
{
    Connection &connection = transaction.connection();
    for (const MessageMark &mark : marks) {
        const auto done =
            mark.flags & flag::Seen
                ? connection.run("INSERT INTO seen (mailbox_id, account_id, uid) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                                 mailbox.value, reader.value, mark.uid)
                : connection.run("DELETE FROM seen WHERE mailbox_id = ? AND account_id = ? AND uid = ?", mailbox.value,
                                 reader.value, mark.uid);
        if (!done)
            return std::unexpected(done.error());
    }
    return {};
}

Result<qint64> OwnSeen::count(Connection &connection, MailboxId mailbox, AccountId reader)
{
    return connection
        .select("SELECT count(*) FROM seen WHERE mailbox_id = ? AND account_id = ?", mailbox.value, reader.value)
        .number()
        .transform([](const std::optional<qint64> &count) { return count.value_or(0); });
}

Result<void> OwnSeen::expunged(Transaction &transaction, MailboxId mailbox, const QList<UidRange> &uids)
{
    for (const UidRange range : uids) {
        const auto done = transaction.connection().run("DELETE FROM seen WHERE mailbox_id = ? AND uid BETWEEN ? AND ?",
                                                       mailbox.value, range.first, range.last);
        if (!done)
            return std::unexpected(done.error());
    }
    return {};
}

Result<void> OwnSeen::set(Transaction &transaction, MailboxId id, bool own)
{
    Connection &connection = transaction.connection();
    if (auto settled = connection.settle(); !settled)
        return settled;
    const auto mailbox = Mailboxes::get(connection, id);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    if (mailbox->ownSeen == own)
        return {};
    for (const auto &done : {connection.run("UPDATE mailbox SET own_seen = ? WHERE id = ?", own, id.value),
                             connection.run("DELETE FROM seen WHERE mailbox_id = ?", id.value)}) {
        if (!done)
            return std::unexpected(done.error());
    }
    connection.ledger()->forget(id);
    transaction.changes.mailboxes.append(MailboxChange{
        .mailbox = id, .modSeq = mailbox->highestModSeq, .rightsChanged = true, .readersChanged = true});
    return {};
}

} // namespace posthorn::store
