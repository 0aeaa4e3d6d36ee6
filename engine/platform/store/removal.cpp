#include "platform/store/removal.h"

#include "platform/store/ledger.h"
#include "platform/store/mailbox_rows.h"
#include "platform/store/transaction.h"

#include <QDateTime>

namespace posthorn::store {

static Result<void> clearMailbox(Connection &connection, MailboxId id)
{
    for (const auto &done : {
             connection.run(
                 "INSERT INTO orphan (message_id) SELECT message_id FROM mailbox_message WHERE mailbox_id = ? "
                 "ON CONFLICT DO NOTHING",
                 id.value),
             connection.run("DELETE FROM mailbox_message WHERE mailbox_id = ?", id.value),
             connection.run("DELETE FROM flag_change WHERE mailbox_id = ?", id.value),
             connection.run("DELETE FROM expunged WHERE mailbox_id = ?", id.value),
             connection.run("DELETE FROM keyword WHERE mailbox_id = ?", id.value),
             connection.run("DELETE FROM url_key WHERE mailbox_id = ?", id.value),
             connection.run("DELETE FROM acl WHERE mailbox_id = ?", id.value),
             connection.run("DELETE FROM seen WHERE mailbox_id = ?", id.value),
             connection.run("DELETE FROM metadata WHERE mailbox_id = ?", id.value),
             connection.run("DELETE FROM mailbox WHERE id = ?", id.value),
         }) {
        if (!done)
            return std::unexpected(done.error());
    }
    return {};
}

Result<void> removeMailbox(Transaction &transaction, const Mailbox &mailbox, const QString &by)
{
    Connection &connection = transaction.connection();
    Ledger &ledger = *connection.ledger();
    if (auto settled = ledger.settle(connection); !settled)
        return settled;
    auto noted = connection.run("INSERT INTO mailbox_removed (id, account_id, name, uid_validity, uid_next, at, "
                                "removed_by) SELECT id, account_id, name, uid_validity, uid_next, ?, ? FROM mailbox "
                                "WHERE id = ?",
                                QDateTime::currentMSecsSinceEpoch(), by, mailbox.id.value);
    if (!noted)
        return std::unexpected(noted.error());
    if (auto counted = countIn(transaction, mailbox.id, -mailbox.messages, 0, 0, -mailbox.octets); !counted)
        return std::unexpected(counted.error());
    if (auto cleared = clearMailbox(connection, mailbox.id); !cleared)
        return cleared;
    ledger.setSawOrphans(true);
    ledger.forget(mailbox.id);
    transaction.changes.mailboxes.append(
        MailboxChange{.mailbox = mailbox.id, .modSeq = mailbox.highestModSeq + 1, .removed = true});
    transaction.changes.names.append({NameChange::Kind::Removed, {mailbox.account, mailbox.name}});
    return {};
}

Result<void> removeMailboxes(Transaction &transaction, AccountId account, const QString &by)
{
    const auto mailboxes = Mailboxes::list(transaction, account);
    if (!mailboxes)
        return std::unexpected(mailboxes.error());
    for (const Mailbox &mailbox : *mailboxes) {
        if (auto removed = removeMailbox(transaction, mailbox, by); !removed)
            return removed;
    }
    auto done = transaction.connection().run("DELETE FROM subscription WHERE account_id = ?", account.value);
    return done ? Result<void>() : std::unexpected(done.error());
}

} // namespace posthorn::store
