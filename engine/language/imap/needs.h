// What an IMAP session asks of the world, and what it is told. Every need but the ones marked "no answer" is answered
// by exactly one Answer that names its id; answers may come in any order and the machine keeps command order.
// A Failure answers any need. Rows come in batches, so that neither side holds a big mailbox in memory.
#pragma once

#include "core/change.h"
#include "core/machine.h"
#include "core/result.h"

#include <QByteArray>
#include <QHash>
#include <QList>
#include <QString>

#include <optional>
#include <variant>

namespace posthorn::imap {

// --- needs -----------------------------------------------------------------------------------------------------

// SASL (RFC 4422). Begin starts an exchange, Continue carries the client's next response, Cancel ends it (no answer).
struct SaslBegin { QByteArray mechanism; std::optional<QByteArray> initialResponse; };
struct SaslContinue { QByteArray response; };
struct SaslCancel {};
// UNAUTHENTICATE (RFC 8437): nobody is signed in any longer, nothing is selected. No answer.
struct Unauthenticate {};
// LOGIN command. Answered by SaslAnswer (never Challenge).
struct VerifyPassword { QByteArray user; QByteArray password; };

// Answered by MailboxList: all mailboxes the user can see; the machine matches patterns.
struct ListMailboxes {};
// Answered by Selected. Ends the selection before it.
struct SelectMailbox { QString name; bool readOnly = false; bool describes = false; /* asks for what Selected tells of its place */ };
// Changes stop being told. No answer.
struct CloseMailbox {};
// Notices are told of mailboxes and names (RFC 5465): of all that becomes of them after the answer, Done.
struct WatchMailboxes {};
// No more. No answer.
struct UnwatchMailboxes {};
// UIDs among `uids` that were removed after the MODSEQ `since` (RFC 7162 §3.2.5.1). Answered by Vanished.
struct ListVanished { QList<UidRange> uids; ModSeq since = 0; };
// Answered by MailboxStatus.
struct StatusMailbox { QString name; bool deletedSize = false; /* costs more */ };
// Answered by Created. specialUse: "\\Sent" and so on, or empty.
struct CreateMailbox { QString name; QByteArray specialUse; };
// Those that follow are answered by Done.
struct DeleteMailbox { QString name; };
struct RenameMailbox { QString from; QString to; };
struct SubscribeMailbox { QString name; bool subscribe = true; };

// APPEND. Begin is answered by Done (mailbox exists, quota has room for `size`), then Content (each answered by Done),
// then End answered by Appended. AppendCancel has no answer. `internalDate` is ms since 1970 UTC. MULTIAPPEND (RFC 3502):
// Next ends a message and begins another, answered as Begin is; all of them are there after End, or none. `size` is 0 when
// it is not known before (CATENATE, RFC 4469).
struct AppendOptions { QList<QByteArray> flags; std::optional<qint64> internalDate; int internalDateOffset = 0; qint64 size = 0; };
struct AppendBegin { QString name; AppendOptions options; };
struct AppendContent { QByteArray bytes; };
struct AppendNext { AppendOptions options; };
struct AppendEnd { Uid replaces = 0; /* REPLACE (RFC 8508): expunged from the selected mailbox at once */ };
struct AppendCancel {};

// What FETCH wants of each message. The service fills only what is asked for.
struct FetchWants
{
    bool envelope = false;      // row.envelope: the ENVELOPE text
    bool bodyStructure = false; // row.bodyStructure: the BODYSTRUCTURE text
    bool header = false;        // row.header: the message's own header with its empty line
    bool parts = false;         // row.parts: message::packOffsets form
    bool body = false;          // row.body when the message is small (at most inlineBodySize), else isNull()
    bool saveDate = false;
    bool preview = false;      // row.preview
    bool internalDate = false; // row.internalDate and its offset; not kept in memory, so ask only when needed
    static constexpr qint64 inlineBodySize = 128 * 1024;
};
// Answered by FetchedRows: a first batch; if it is not the last, the machine asks again with uids cut to what is left.
// UIDs that are gone are left out. When only UID, FLAGS, MODSEQ or RFC822.SIZE are wanted all wants are false. changedSince (0: off) leaves out messages whose MODSEQ is not greater (RFC 7162).
struct FetchMessages { QList<UidRange> uids; FetchWants wants; ModSeq changedSince = 0; qint64 maxBytes = 512 * 1024; };
// What shows that a URL's owner has authorized it (RFC 4467): the token was made for what stands before it.
struct UrlProof { QString owner; QByteArray rump; QByteArray token; std::optional<qint64> expires; /* ms since 1970 */ };
// The one message that a URL names (RFC 5092): answered by FetchedRows with it, or Failure: NotFound when there is none,
// or the mailbox is not there, or has another UIDVALIDITY (0: any), or the proof proves nothing. It is the user's own, or
// with a proof its owner's.
struct FindMessage { QString mailbox; quint32 uidValidity = 0; Uid uid = 0; FetchWants wants; std::optional<UrlProof> proof; };
// URLAUTH (RFC 4467) with the key of one of the user's mailboxes. Answered by UrlToken.
struct SignUrl { QString mailbox; quint32 uidValidity = 0; QByteArray rump; };
// The key of one mailbox, or of all (no name), is no longer good. Answered by Done.
struct ResetUrlKeys { QString mailbox; };
// Octets of a message (header and body as one), answered by ContentPiece; may be shorter than asked at most by the end
// of the message or 256 KiB.
struct ReadContent { MessageId message; qint64 offset = 0; qint64 length = 0; };

enum class FlagAction { Set, Add, Remove };
// STORE. Flags by name (system flags and keywords); unknown keywords are created if there is room. Answered by
// FlagsStored. unchangedSince as RFC 7162 §3.1.3 when set. silent is only the machine's business.
struct StoreFlags { QList<UidRange> uids; FlagAction action = FlagAction::Add; QList<QByteArray> flags; std::optional<ModSeq> unchangedSince; };
// COPY and MOVE. Answered by Copied. A move's own expunges are told in Copied, not by changed().
struct CopyMessages { QList<UidRange> uids; QString to; bool move = false; };
// EXPUNGE, UID EXPUNGE, CLOSE: removes messages with \Deleted among `uids` (all when empty). Answered by Expunged.
struct ExpungeMessages { QList<UidRange> uids; };

// SEARCH. Sequence sets are already UIDs. Answered by Found.
struct SearchKey
{
    enum class Op {
        All, And, Or, Not, Uids, HasFlags, LacksFlags, Keyword, Unkeyword, Recent, Old, New,
        Before, On, Since, SentBefore, SentOn, SentSince, Larger, Smaller, Older, Younger,
        Header, Subject, From, To, Cc, Bcc, Body, Text, ModSeqAtLeast, SavedBefore, SavedOn, SavedSince, Message, Never,
    };
    Op op = Op::All;
    QList<SearchKey> children;  // And: any number, Or: two, Not: one
    QList<UidRange> uids;       // Uids
    Flags flags = 0;            // HasFlags, LacksFlags: system flags
    QByteArray name;            // Header: field name; Keyword, Unkeyword: the keyword
    QString text;               // text to look for, decoded; empty matches any
    qint64 number = 0;          // sizes in octets, dates as days since 1970, Older and Younger in seconds, MODSEQ, message id
};
// SORT (RFC 5256, 5957)
struct SortCriterion
{
    enum class By { Arrival, Cc, Date, DisplayFrom, DisplayTo, From, Relevancy, Size, Subject, To };
    By by = By::Arrival;
    bool reverse = false;
};
// `scores`: what Relevancy (RFC 6203) compares by, the highest first.
struct SearchMessages { SearchKey key; QList<SortCriterion> order = {}; /* empty: by UID */ QHash<Uid, int> scores = {}; };
// The same in a mailbox that is not selected (RFC 7377). Answered by FoundIn; Failure of kind NotFound or Denied: not to be
// searched.
struct SearchMailbox { QString name; SearchKey key; bool withModSeqs = false; };
// THREAD (RFC 5256). Answered by Threaded.
enum class ThreadAlgorithm { OrderedSubject, References, Refs };
struct ThreadMessages { SearchKey key; ThreadAlgorithm algorithm = ThreadAlgorithm::References; };

// ID (RFC 2971), for the log. No answer.
struct ClientId { QList<std::pair<QByteArray, QByteArray>> fields; };
// A command was refused or failed, for log and trace: `line` has no secrets. No answer.
struct Refused { QByteArray line; QByteArray reply; };
// RFC 9208. Both are answered by Quota: GetQuota for the root of a mailbox or, without one, by the root's name.
struct GetQuota { QString mailbox; QString root; };
struct SetQuota { QString root; qint64 limitOctets = 0, limitMessages = 0; /* 0: none */ };

// ACL (RFC 4314). GetAcl is answered by Acl, SetAcl by Done, ListRights by Grantable, MyRights by OwnRights.
enum class AclChange { Replace, Add, Remove };
struct GetAcl { QString name; };
struct SetAcl { QString name; QString identifier; AclChange change = AclChange::Replace; Rights rights = 0; };
struct ListRights { QString name; QString identifier; };
struct MyRights { QString name; };

// METADATA (RFC 5464). An empty name is the server. GetMetadata is answered by Annotations, SetMetadata by Done.
struct GetMetadata
{
    enum class Depth { Zero, One, Infinity };
    QString name;
    QList<QByteArray> entries; // lower case
    qint64 maxSize = -1;       // -1: any
    Depth depth = Depth::Zero;
};
struct SetMetadata { QString name; QList<std::pair<QByteArray, QByteArray>> entries; /* a null value removes */ };

using What = std::variant<SaslBegin, SaslContinue, SaslCancel, VerifyPassword, ListMailboxes, SelectMailbox, CloseMailbox, WatchMailboxes,
                          UnwatchMailboxes, ListVanished, StatusMailbox, CreateMailbox, DeleteMailbox, RenameMailbox, SubscribeMailbox, AppendBegin,
                          AppendContent, AppendNext, AppendEnd, AppendCancel, Unauthenticate, FetchMessages, FindMessage, SignUrl, ResetUrlKeys, ReadContent, StoreFlags, CopyMessages,
                          ExpungeMessages, SearchMessages, SearchMailbox, ThreadMessages, ClientId, Refused, GetQuota, SetQuota, GetAcl,
                          SetAcl, ListRights, MyRights, GetMetadata, SetMetadata>;
struct Need { NeedId id = 0; What what; };

// --- notices ---------------------------------------------------------------------------------------------------

// What became of a mailbox that the session can see, or of a name; told after WatchMailboxes.
struct Notice
{
    enum class Kind { Messages, Created, Removed, Renamed, Subscribed, Unsubscribed, Annotated };
    Kind kind = Kind::Messages;
    MailboxId mailbox; // Messages, Annotated
    QString name;      // empty: the server was annotated
    QString oldName;   // Renamed
    bool appended = false, expunged = false, altered = false; // Messages
    QList<QByteArray> entries = {}; // Annotated
};

// --- answers ---------------------------------------------------------------------------------------------------

struct Done {};
struct Created { MailboxId mailbox; };
struct Failure { Error error; };
struct SaslAnswer
{
    enum class Outcome { Challenge, Success, Failure, Unavailable };
    Outcome outcome = Outcome::Failure;
    QByteArray bytes; // Challenge: to send; Success: additional data, if any
    QString user;     // Success: the account's address
};
struct MailboxEntry
{
    QString name; // hierarchy separator '/'
    QByteArray specialUse; // "\\Sent", or empty
    bool subscribed = false;
    bool selectable = true; // false: a name with children and no mailbox of its own
    Rights rights = right::All;
};
struct MailboxList { QList<MailboxEntry> mailboxes; QStringList lostSubscriptions; };
struct Selected
{
    MailboxId mailbox;
    QString name;
    quint32 uidValidity = 0;
    Uid uidNext = 0;
    ModSeq highestModSeq = 0;
    QList<Uid> uids; // ascending; sequence numbers are positions in it
    Uid firstRecent = 0; // UIDs from here on are \Recent to this session; 0: none
    qsizetype firstUnseen = 0; // sequence number, 0: none
    Keywords keywords;
    bool readOnly = false;
    Rights rights = right::All;
    bool ownSeen = false; // \Seen is this reader's own: no change of what others see
    QByteArray specialUse = {}; // if it was asked for, as is what follows
    bool hasChildren = false;
};
struct MailboxStatus
{
    MailboxId mailbox;
    qint64 messages = 0, recent = 0, unseen = 0, deleted = 0, size = 0;
    Uid uidNext = 0;
    quint32 uidValidity = 0;
    ModSeq highestModSeq = 0;
    qint64 deletedSize = 0;
};
struct Appended { quint32 uidValidity = 0; QList<UidRange> uids; };
struct FetchedRow
{
    MessageMark mark;
    qint64 internalDate = 0;    // ms since 1970
    int internalDateOffset = 0; // minutes east of UTC
    qint64 saveDate = 0;
    qint64 sentDate = 0; // s since 1970, 0: none
    QByteArray envelope, bodyStructure, header, parts, body;
    QByteArray preview; // UTF-8
};
struct FetchedRows
{
    QList<FetchedRow> rows;
    Uid nextUid = 0;   // 0: that was all; else go on from here
    Keywords keywords; // that the flags name; empty: those told of last
};
struct ContentPiece { QByteArray bytes; };
struct FlagsStored
{
    QList<MessageMark> altered;
    QList<MessageMark> same; // had the flags already
    QList<Uid> modified;     // RFC 7162: left alone, changed since
    Keywords keywords;
    ModSeq highestModSeq = 0;
};
struct Copied { quint32 uidValidity = 0; QList<UidRange> from; QList<UidRange> to; QList<UidRange> expunged; ModSeq highestModSeq = 0; };
struct Expunged { QList<UidRange> uids; ModSeq highestModSeq = 0; };
struct Vanished { QList<UidRange> uids; /* ascending */ };
struct UrlToken { QByteArray token; /* hexadecimal digits */ };
struct Found { QList<Uid> uids; /* ascending, or in the order asked for */ ModSeq highestModSeq = 0; };
struct FoundIn { quint32 uidValidity = 0; QList<Uid> uids; /* ascending */ QList<ModSeq> modSeqs; /* of them, if asked for */ };
struct ThreadNode { Uid uid = 0; /* 0: its message is not here */ qsizetype children = 0; };
struct Threaded { QList<ThreadNode> nodes; /* each before its children */ qsizetype threads = 0; };
struct Quota { QString root; qint64 usedOctets = 0, limitOctets = 0, usedMessages = 0, limitMessages = 0; /* 0: none */ };

struct Acl { QList<std::pair<QString, Rights>> entries; };
struct Grantable { Rights always = 0; Rights optional = 0; };
struct OwnRights { Rights rights = 0; };
struct Annotations { QList<std::pair<QByteArray, QByteArray>> entries; /* a null value: none */ qint64 longest = 0; /* of those left out */ };

using Answer = std::variant<Done, Created, Failure, SaslAnswer, MailboxList, Selected, MailboxStatus, Appended, FetchedRows,
                            ContentPiece, UrlToken, FlagsStored, Copied, Expunged, Vanished, Found, FoundIn, Threaded, Quota,
                            Acl, Grantable, OwnRights, Annotations>;

} // namespace posthorn::imap
