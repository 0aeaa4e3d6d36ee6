#include "platform/store/url_keys.h"

#include "platform/store/transaction.h"

namespace posthorn::store {

using namespace Qt::StringLiterals;

Result<QByteArray> UrlKeys::find(Connection &connection, AccountId account, MailboxId mailbox)
{
    auto key = connection.select("SELECT value FROM url_key WHERE mailbox_id = ? AND account_id = ?", mailbox.value, account.value)
                   .first([](const Row &row) { return row.octets(0); });
    if (!key)
        return std::unexpected(key.error());
    return *key ? Result<QByteArray>(**key) : fail(ErrorKind::NotFound, u"No key"_s);
}

Result<QByteArray> UrlKeys::keep(Transaction &transaction, AccountId account, MailboxId mailbox, const QByteArray &value)
{
    const auto made = transaction.connection().run(
        "INSERT INTO url_key (mailbox_id, account_id, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", mailbox.value,
        account.value, value);
    if (!made)
        return std::unexpected(made.error());
    return find(transaction, account, mailbox);
}

Result<void> UrlKeys::forget(Transaction &transaction, AccountId account, std::optional<MailboxId> mailbox)
{
    Connection &connection = transaction.connection();
    QList<MailboxId> reset;
    if (mailbox)
        reset += *mailbox;
    const auto listed = connection.select("SELECT mailbox_id FROM url_key WHERE account_id = ?", account.value).each([&](const Row &row) {
        if (!mailbox)
            reset += MailboxId{row.number(0)};
    });
    if (!listed)
        return std::unexpected(listed.error());
    for (const MailboxId id : std::as_const(reset))
        transaction.changes.mailboxes.append(MailboxChange{.mailbox = id, .urlKeysReset = true});
    const auto done = mailbox ? connection.run("DELETE FROM url_key WHERE mailbox_id = ? AND account_id = ?", mailbox->value, account.value)
                              : connection.run("DELETE FROM url_key WHERE account_id = ?", account.value);
    if (!done)
        return std::unexpected(done.error());
    return {};
}

} // namespace posthorn::store
