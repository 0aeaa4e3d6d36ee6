#include "platform/store/metadata.h"

#include "platform/store/mailboxes.h"
#include "platform/store/transaction.h"

namespace posthorn::store {

using namespace Qt::StringLiterals;

// Shared entries are kept under no account.
static qint64 keeperOf(const QByteArray &entry, AccountId who) { return Metadata::isPrivate(entry) ? who.value : 0; }

Result<QList<std::pair<QByteArray, qint64>>> Metadata::entries(Connection &connection, MailboxId mailbox, AccountId who)
{
    QList<std::pair<QByteArray, qint64>> found;
    auto done = connection
                    .select("SELECT entry, length(value) FROM metadata WHERE mailbox_id = ? AND account_id IN (0, ?) "
                            "ORDER BY entry",
                            mailbox.value, who.value)
                    .each([&](const Row &row) { found.emplaceBack(row.octets(0), row.number(1)); });
    if (!done)
        return std::unexpected(done.error());
    return found;
}

Result<QByteArray> Metadata::value(Connection &connection, MailboxId mailbox, AccountId who, const QByteArray &entry)
{
    const auto value = connection
                           .select("SELECT value FROM metadata WHERE mailbox_id = ? AND account_id = ? AND entry = ?",
                                   mailbox.value, keeperOf(entry, who), entry)
                           .first([](const Row &row) { return row.octets(0); });
    if (!value)
        return std::unexpected(value.error());
    if (!*value)
        return QByteArray();
    return (*value)->isNull() ? QByteArray("") : **value;
}

static Result<void> setOne(Connection &connection, MailboxId mailbox, AccountId who, const Annotation &annotation)
{
    if (annotation.value.size() > Metadata::maxValue)
        return fail(ErrorKind::TooLarge, u"The value is too large"_s);
    const qint64 keeper = keeperOf(annotation.entry, who);
    const auto done =
        annotation.value.isNull()
            ? connection.run("DELETE FROM metadata WHERE mailbox_id = ? AND account_id = ? AND entry = ?", mailbox.value,
                             keeper, annotation.entry)
            : connection.run("INSERT INTO metadata (mailbox_id, account_id, entry, value) VALUES (?, ?, ?, ?) ON CONFLICT "
                             "(mailbox_id, account_id, entry) DO UPDATE SET value = excluded.value",
                             mailbox.value, keeper, annotation.entry, annotation.value);
    if (!done)
        return std::unexpected(done.error());
    const auto count = connection.select("SELECT count(*) FROM metadata WHERE mailbox_id = ? AND account_id = ?",
                                         mailbox.value, keeper).number();
    if (!count)
        return std::unexpected(count.error());
    if (count->value_or(0) > Metadata::maxEntries)
        return fail(ErrorKind::TooLarge, u"There are too many entries"_s);
    return {};
}

Result<void> Metadata::set(Transaction &transaction, MailboxId mailbox, AccountId who, const QList<Annotation> &annotations)
{
    MailboxChange change{.mailbox = mailbox, .annotator = who};
    for (const Annotation &annotation : annotations) {
        if (auto done = setOne(transaction, mailbox, who, annotation); !done)
            return done;
        change.annotated += annotation.entry;
    }
    if (mailbox) {
        const auto row = Mailboxes::get(transaction, mailbox);
        if (!row)
            return std::unexpected(row.error());
        change.modSeq = row->highestModSeq;
    }
    transaction.changes.mailboxes.append(std::move(change));
    return {};
}

} // namespace posthorn::store
