// Annotations of mailboxes and of the server (RFC 5464).
#pragma once

#include "core/ids.h"
#include "core/result.h"

#include <QByteArray>
#include <QList>

namespace posthorn::store {

class Connection;
class Transaction;

struct Annotation
{
    QByteArray entry; // "/shared/comment", "/private/comment"; lower case
    QByteArray value; // null: there is none, or it is to be removed
};

class Metadata
{
public:
    static constexpr qsizetype maxValue = 64 * 1024;
    static constexpr qsizetype maxEntries = 100; // of a mailbox: shared ones, and private ones of each account

    // No mailbox: the server. The shared entries and those of `who`, in the order of their names, and how large they are.
    static Result<QList<std::pair<QByteArray, qint64>>> entries(Connection &, MailboxId, AccountId who);
    static Result<QByteArray> value(Connection &, MailboxId, AccountId who, const QByteArray &entry); // null: none
    // TooLarge: too many entries, or too large a value.
    static Result<void> set(Transaction &, MailboxId, AccountId who, const QList<Annotation> &);
    static bool isPrivate(const QByteArray &entry) { return entry.startsWith("/private/"); }
};

} // namespace posthorn::store
