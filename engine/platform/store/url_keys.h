// Mailbox access keys (RFC 4467 §2): what URLs that others may use are signed with. One for each account and mailbox, made
// at first need; it goes with the mailbox.
#pragma once

#include "core/ids.h"
#include "core/result.h"

#include <QByteArray>

#include <optional>

namespace posthorn::store {

class Connection;
class Transaction;

class UrlKeys
{
public:
    static Result<QByteArray> find(Connection &, AccountId, MailboxId); // NotFound
    // The one that is kept already stays: what is kept now is returned.
    static Result<QByteArray> keep(Transaction &, AccountId, MailboxId, const QByteArray &value);
    // Of one mailbox, or of all.
    static Result<void> forget(Transaction &, AccountId, std::optional<MailboxId>);
};

} // namespace posthorn::store
