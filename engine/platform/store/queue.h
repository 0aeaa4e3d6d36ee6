// The queue: one row an entry, an entry being one message for one recipient elsewhere.
#pragma once

#include "core/ids.h"
#include "core/result.h"

#include <QByteArray>
#include <QList>
#include <QString>

#include <optional>

namespace posthorn::store {

class Connection;
class Transaction;

enum class EntryState { Waiting, Held, Active };

// What its sender says of TLS on its way (RFC 8689).
enum class Transport {
    Usual,
    RequireTls,     // only where TLS is proven, all the way
    PreferDelivery, // "TLS-Required: No": that it arrives counts for more than what the domain asks for
};

// In Entry::notify, beside smtp::NotifyFlag bits: the sender was told of the delay.
inline constexpr quint8 delayTold = 64;

// What the queue runner keeps in mind of an entry.
struct EntryNote
{
    EntryId id;
    MessageId message;
    QByteArray domain;
    EntryState state = EntryState::Waiting;
    qint64 nextAttempt = 0; // ms since 1970
    Transport transport = Transport::Usual;
    bool gone = false;      // then only the id means something
    bool attempted = false; // an attempt was written down just now
};

struct Entry
{
    EntryId id;
    MessageId message;
    QByteArray journey;     // the trace's key of this message
    QByteArray reversePath; // without brackets, empty: null
    QByteArray recipient;
    QByteArray domain;            // of the recipient
    QByteArray originalRecipient; // ORCPT
    quint8 notify = 0;            // smtp::NotifyFlag bits, delayTold
    QByteArray ret, envid;
    bool smtpUtf8 = false;
    int body = 0; // smtp::BodyType
    bool sign = false; // from somebody who signed in, or from us: may be signed in a domain's name
    Transport transport = Transport::Usual;
    QByteArray prefix; // header fields that go above the message on its way out
    EntryState state = EntryState::Waiting;
    qint64 createdAt = 0; // ms since 1970
    qint64 nextAttempt = 0;
    int attempts = 0;
    QString lastError;
    QByteArray lastDialogue;
    qint64 size = 0; // of the message; filled by list and get
};

struct QueueFilter
{
    QString text; // found in sender, recipient or journey
    QString domain;
    std::optional<EntryState> state;
    qint64 afterId = 0;
    int limit = 1000;
};

class Queue
{
public:
    static Result<EntryId> add(Transaction &, const Entry &);
    static Result<QList<Entry>> list(Connection &, const QueueFilter &);
    static Result<Entry> get(Connection &, EntryId);
    static Result<void> setState(Transaction &, EntryId, EntryState);
    static Result<void> retryNow(Transaction &, EntryId);
    // An attempt came to nothing: counted, and to be made again at `nextAttempt`. The state stays as it is.
    static Result<void> defer(Transaction &, EntryId, qint64 nextAttempt, const QString &error,
                              const QByteArray &dialogue, bool toldDelay);
    // Ascending by id, from after `after` on.
    static Result<QList<EntryNote>> notes(Connection &, EntryId after, int limit);
    static Result<void> remove(Transaction &, EntryId); // gone from the queue; the caller traces who and why
    static Result<qint64> count(Connection &);
};

} // namespace posthorn::store
