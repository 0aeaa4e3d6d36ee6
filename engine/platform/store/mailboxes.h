// Mailboxes: names, identities, totals, and which messages are in them.
// Every change of a mailbox's messages goes through these functions, which keep its totals, give out UIDs and MODSEQs
// (both only ever grow) and note a MailboxChange in the transaction.
#pragma once

#include "core/change.h"
#include "core/result.h"
#include "core/rights.h"

#include <QString>

#include <optional>

namespace posthorn::store {

class Connection;
class Transaction;

struct AclEntry
{
    QString identifier; // an address, "group:" and a name, or "anyone"; with "-" before it its rights are taken away
    Rights rights = 0;
    bool operator==(const AclEntry &) const = default;
};

struct Mailbox
{
    MailboxId id;
    AccountId account;
    QString name;          // "INBOX", "Work/2026"; separator '/'
    QByteArray specialUse; // "\\Sent" or empty
    bool subscribed = true;
    quint32 uidValidity = 0;
    Uid uidNext = 1;
    ModSeq highestModSeq = 1;
    qint64 messages = 0, unseen = 0, deleted = 0, octets = 0;
    Uid firstRecent = 1; // UIDs from here on no session has been told of yet
    Keywords keywords;
    QList<AclEntry> acl; // by identifier; none: the owner's alone
    bool ownSeen = false; // who is not the owner has \Seen of his own
};

struct Marks
{
    QList<MessageMark> marks; // ascending by UID
    ModSeq highestModSeq = 0;
    Uid uidNext = 1;
};

// On whose behalf messages are changed: which flags he may set, and whose \Seen it is, if not the mailbox's own.
struct Hand
{
    Hand(Flags may = ~Flags(0), AccountId who = {}) : settable(may), reader(who) {}
    Flags settable;
    AccountId reader;
};

enum class FlagAction { Set, Add, Remove };

struct FlagsChange
{
    QList<MessageMark> altered;
    QList<MessageMark> same; // had the flags already
    QList<Uid> modified; // left alone: changed since `unchangedSince`
    ModSeq highestModSeq = 0;
    Keywords keywords;
};

struct CopyOutcome
{
    quint32 uidValidity = 0;
    QList<UidRange> from, to; // pairwise the same messages in the same order
    QList<UidRange> expunged; // move only
    ModSeq highestModSeq = 0; // of the source
};

// May an account have more than its quota? What tells it so itself must have room.
enum class Room { Keep, Exceed };

class Mailboxes
{
public:
    static Result<QList<Mailbox>> list(Connection &, AccountId);
    static Result<QStringList> lostSubscriptions(Connection &, AccountId);     // subscribed names without a mailbox
    static Result<Mailbox> find(Connection &, AccountId, const QString &name); // NotFound; INBOX in any case
    static Result<Mailbox> get(Connection &, MailboxId);
    // Makes missing parents; what is made has the access control list of its parent. Exists, Invalid (name too long, empty parts, control characters), TooLarge (too many).
    static Result<MailboxId> create(Transaction &, AccountId, const QString &name, const QByteArray &specialUse = {});
    static Result<void> remove(Transaction &, AccountId, const QString &name, const QString &by); // Denied: INBOX
    // With children; renaming INBOX moves its messages (RFC 9051 §6.3.6).
    static Result<void> rename(Transaction &, AccountId, const QString &from, const QString &to);
    static Result<void> subscribe(Transaction &, AccountId, const QString &name, bool subscribe);
    // The session takes all \Recent messages: returns the first recent UID (0: none) and sets the mark to UIDNEXT.
    static Result<Uid> takeRecent(Transaction &, MailboxId);

    // All marks of a mailbox, or those of UIDs in `ranges` (empty: all).
    static Result<Marks> marks(Connection &, MailboxId, const QList<UidRange> &ranges = {});

    static Result<qint64> deletedOctets(Connection &, MailboxId); // of the messages with \Deleted

    // UIDs among `ranges` (ascending) that were removed after the MODSEQ `since`; ascending.
    static Result<QList<UidRange>> vanished(Connection &, MailboxId, const QList<UidRange> &ranges, ModSeq since);

    // Files a stored message; OverQuota when the account has no room (checked here, in the transaction).
    // `internalDate` ms since 1970 UTC.
    static Result<MessageMark> add(Transaction &, MailboxId, MessageId, Flags, qint64 internalDate,
                                   int internalDateOffset = 0, Room room = Room::Keep);
    // Keyword names become bits, made when there is room (TooLarge when not). System flags by their IMAP names.
    static Result<Flags> flagsFromNames(Transaction &, MailboxId, const QList<QByteArray> &names);
    // Flags that are not settable stay as they are. Denied: none of those named is. `known`: the marks of these UIDs, if somebody
    // has them; they are not read when nothing happened since.
    static Result<FlagsChange> setFlags(Transaction &, MailboxId, const QList<UidRange> &, FlagAction,
                                        const QList<QByteArray> &names, std::optional<ModSeq> unchangedSince = {},
                                        Hand = {}, const Marks *known = nullptr);
    // The copies have only such flags as are settable there. `source`: whose \Seen the copied messages have.
    static Result<CopyOutcome> copy(Transaction &, MailboxId from, const QList<UidRange> &, MailboxId to, bool move,
                                    const QString &by, Hand = {}, AccountId source = {});
    // Removes messages with \Deleted among `ranges` (all when empty), or all in `ranges` when `regardless`.
    static Result<QList<UidRange>> expunge(Transaction &, MailboxId, const QList<UidRange> &, bool regardless,
                                           const QString &by, ModSeq *highestModSeq = nullptr);
};

} // namespace posthorn::store
