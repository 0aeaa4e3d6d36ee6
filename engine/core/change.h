// What one committed transaction altered in one mailbox, told to every session that has it selected; and in names.
#pragma once

#include "core/flags.h"
#include "core/ids.h"
#include "core/rights.h"

#include <QList>
#include <QString>

#include <optional>

namespace posthorn {

struct MessageMark
{
    Uid uid = 0;
    Flags flags = 0;
    ModSeq modSeq = 0;
    MessageId message;
    qint64 size = 0; // octets
    bool operator==(const MessageMark &) const = default;
};

struct MailboxChange
{
    MailboxId mailbox;
    ModSeq modSeq = 0; // the mailbox's HIGHESTMODSEQ after it
    QList<MessageMark> appended; // ascending by UID
    QList<MessageMark> altered;  // new flags
    QList<UidRange> expunged;    // only UIDs that existed, ascending
    Keywords keywords;           // all of the mailbox's keywords; empty when they did not change
    bool removed = false;        // the mailbox itself is gone
    bool urlKeysReset = false;   // what was authorized before is no longer (RFC 4467)
    bool rightsChanged = false;  // who may do what with it
    bool readersChanged = false; // who has \Seen of his own there
    AccountId reader;            // whose \Seen the marks have; none: the mailbox's
    std::optional<Rights> granted; // what the one who is told may do from now on
    QList<QByteArray> annotated; // entries of its METADATA that were set; of the server's when there is no mailbox
    AccountId annotator;         // by whom: others are not told of private ones
    ConversationId origin;       // the session whose command did it, if one did

    bool operator==(const MailboxChange &) const = default;
};

// Whose a mailbox is, and what it is called there.
struct MailboxPlace
{
    AccountId account;
    QString name;
    bool operator==(const MailboxPlace &) const = default;
};

// What became of a name: of a mailbox, or of a subscription, which may be to a mailbox that does not exist.
struct NameChange
{
    enum class Kind { Created, Removed, Renamed, Subscribed, Unsubscribed };
    Kind kind = Kind::Created;
    MailboxPlace place;
    QString oldName = {};       // Renamed
    ConversationId origin = {}; // as above

    bool operator==(const NameChange &) const = default;
};

} // namespace posthorn
