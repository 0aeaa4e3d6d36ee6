// \Seen of each reader's own, in mailboxes of others that are set so.
#pragma once

#include "core/change.h"
#include "core/result.h"

namespace posthorn::store {

class Connection;
class Transaction;

class OwnSeen
{
public:
    // \Seen of the marks (ascending by UID) becomes the reader's.
    static Result<void> show(Connection &, MailboxId, AccountId reader, QList<MessageMark> &marks);
    // What the marks say of \Seen is kept as the reader's.
    static Result<void> keep(Transaction &, MailboxId, AccountId reader, const QList<MessageMark> &marks);
    static Result<qint64> count(Connection &, MailboxId, AccountId reader);
    static Result<void> expunged(Transaction &, MailboxId, const QList<UidRange> &uids);
    // Whether it is so. Those that are not the mailbox's owner start with nothing seen.
    static Result<void> set(Transaction &, MailboxId, bool own);
};

} // namespace posthorn::store
