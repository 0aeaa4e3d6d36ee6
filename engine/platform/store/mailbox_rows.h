// Reading of mailbox and mailbox_message rows, for the parts that Mailboxes is made of.
#pragma once

#include "platform/store/mailboxes.h"

namespace posthorn::store {

class Row;

// A mailbox's row by SQL, whatever the ledger holds. NotFound.
[[nodiscard]] Result<Mailbox> loadMailbox(Connection &, MailboxId);
[[nodiscard]] Result<Keywords> loadKeywords(Connection &, MailboxId);
// Columns: id, account_id, name, special_use, uid_validity, uid_next, highest_mod_seq, messages, unseen, deleted,
// octets, first_recent, own_seen. Keywords, access control list and subscription are read apart.
[[nodiscard]] Mailbox mailboxFrom(const Row &row);

// Ascending, without overlaps or neighbours; empty and backward ranges left out. No ranges: all UIDs.
[[nodiscard]] QList<UidRange> normalized(const QList<UidRange> &ranges);
// The marks of the UIDs in `ranges`, which must be normalized, of a mailbox with about `messages` messages.
[[nodiscard]] Result<QList<MessageMark>> readMarks(Connection &, MailboxId, const QList<UidRange> &ranges,
                                                   qint64 messages);
// The UIDs of marks as ranges of neighbours in the list: between first and last the mailbox has no other UID, given
// that `marks` are all its marks in some ranges.
[[nodiscard]] QList<UidRange> uidsOf(const QList<MessageMark> &marks);
void appendUid(QList<UidRange> &ranges, Uid uid);

// The bits of flag names; `make` makes keywords that the mailbox lacks. TooLarge: no room. Invalid: no such flag.
[[nodiscard]] Result<Flags> maskOf(Transaction &, MailboxId, const QList<QByteArray> &names, bool make, bool *made);
// OverQuota: the mailbox's account has no room for so many octets and messages; no octets: nothing is added to it. TooLarge: no UIDs left.
[[nodiscard]] Result<void> checkRoom(Transaction &, const Mailbox &, qint64 octets, qint64 messages);
// The mailbox's totals and its account's usage, altered by so many messages.
[[nodiscard]] Result<Mailbox *> countIn(Transaction &, MailboxId, qint64 messages, qint64 unseen, qint64 deleted,
                                        qint64 octets);

} // namespace posthorn::store
