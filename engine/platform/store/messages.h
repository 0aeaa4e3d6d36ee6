// Contents: what a message is, kept once however many mailboxes and queue entries hold it.
// A message is its header (in its row) and its body (rows of at most 1 MiB). Octet offsets count both as one.
// A content that nothing holds any longer is removed in the background; until then it is listed as an orphan.
#pragma once

#include "core/ids.h"
#include "core/result.h"

#include <QByteArray>
#include <QList>

namespace posthorn::store {

class Connection;
class Transaction;

// Computed once, when the message arrives.
struct Digest
{
    QByteArray header;        // with its empty line
    QByteArray envelope;      // IMAP ENVELOPE text
    QByteArray bodyStructure; // IMAP BODYSTRUCTURE text, extended form
    QByteArray parts;         // message::packOffsets
    qint64 size = 0;          // octets of header and body
    qint64 sentDate = 0;      // Date field, seconds since 1970; 0: none
};

struct StoredRow
{
    MessageId message;
    qint64 internalDate = 0;
    int internalDateOffset = 0;
    qint64 saveDate = 0;
    Uid uid = 0;
    Digest digest;   // only the columns asked for
    QByteArray body; // only when asked for and small enough
};

struct Columns
{
    bool header = false, envelope = false, bodyStructure = false, parts = false, body = false, saveDate = false;
    qint64 inlineBodySize = 128 * 1024;
    bool onlyHeader = false; // and UIDs: much quicker
};

class Messages
{
public:
    static constexpr qint64 chunkOctets = 1024 * 1024;

    // A small message in one go.
    static Result<MessageId> add(Transaction &, const Digest &, QByteArrayView body);

    // A big message in pieces, over several transactions: stage, append each piece of the *whole message's* octets
    // after its header, then finish. A staged content that is never finished is dropped at the next start, or by
    // dropStaged.
    static Result<MessageId> stage(Transaction &);
    static Result<void> append(Transaction &, MessageId, int sequence, QByteArrayView bodyPiece);
    static Result<void> finish(Transaction &, MessageId, const Digest &);
    static Result<void> dropStaged(Transaction &, MessageId);

    // Rows of one mailbox, ascending by UID, until about `maxOctets` are gathered; *next is the UID to go on from, or
    // 0.
    static Result<QList<StoredRow>> rows(Connection &, MailboxId, const QList<UidRange> &, const Columns &,
                                         qint64 maxOctets, Uid *next);
    // Octets from `offset`, at most `length`; fewer only at the message's end. NotFound when the message is gone.
    static Result<QByteArray> read(Connection &, MessageId, qint64 offset, qint64 length);
    static Result<Digest> digest(Connection &, MessageId, const Columns &);

    // Removes up to `limit` orphans; true when there may be more.
    static Result<bool> collectOrphans(Transaction &, int limit);
};

} // namespace posthorn::store
