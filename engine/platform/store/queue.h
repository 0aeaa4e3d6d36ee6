// The queue: one row an entry, an entry being one message for one recipient elsewhere.
#pragma once

#include "core/ids.h"
#include "core/result.h"
#include "platform/store/routes.h"

#include <QByteArray>
#include <QList>
#include <QString>

#include <memory>
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

struct FreshEntry;

// What the queue runner keeps in mind of an entry.
struct EntryNote
{
    EntryId id;
    MessageId message;
    QByteArray domain;
    EntryState state = EntryState::Waiting;
    qint64 nextAttempt = 0; // ms since 1970
    Transport transport = Transport::Usual;
    QByteArray senderDomain; // of the reverse-path; empty: null
    RouteId route;           // that somebody chose; or routeDirect, or routeByDomain
    bool gone = false;      // then only the id means something
    bool attempted = false; // an attempt was written down just now
    std::shared_ptr<const FreshEntry> fresh = {}; // of one that was just made, perhaps
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
    RouteId route = routeByDomain;
    EntryState state = EntryState::Waiting;
    qint64 createdAt = 0; // ms since 1970
    qint64 nextAttempt = 0;
    int attempts = 0;
    QString lastError;
    QByteArray lastDialogue; // not filled by list
    qint64 size = 0; // of the message; filled by list and get
};

// An entry that was just made, with its whole message as the store has it: whoever sends it at once need not read it.
// Small messages only, and so many at a time.
struct FreshEntry
{
    FreshEntry(Entry made, QByteArray octets);
    ~FreshEntry();
    Q_DISABLE_COPY_MOVE(FreshEntry)
    static constexpr qsizetype mostOctets = 64 * 1024;
    [[nodiscard]] static bool hasRoom(); // any thread
    [[nodiscard]] bool isStillSo() const; // nobody has changed an entry since by hand. Any thread

    const Entry entry;
    const QByteArray content;

private:
    const quint64 m_edits;
};

// All that is given has to hold.
struct QueueFilter
{
    QString text; // found in sender, recipient or journey
    QString domain; // of the recipient
    QString sender, recipient; // found in them
    QString error;  // found in the last error
    std::optional<EntryState> state;
    qint64 createdBefore = 0; // ms since 1970; 0: whenever
    qint64 afterId = 0;
    int offset = 0; // so many are left out before the first
    int limit = 1000;
};

class Queue
{
public:
    // `content`: the whole message, if it is at hand and small.
    static Result<EntryId> add(Transaction &, const Entry &, const QByteArray &content = {});
    static Result<QList<Entry>> list(Connection &, const QueueFilter &); // by id
    static Result<QList<EntryId>> ids(Connection &, const QueueFilter &); // of the same
    static Result<qint64> matching(Connection &, const QueueFilter &);   // how many there are, whatever offset and limit
    static Result<Entry> get(Connection &, EntryId);
    static Result<void> setState(Transaction &, EntryId, EntryState);
    static Result<void> setRoute(Transaction &, EntryId, RouteId);
    static Result<void> retryNow(Transaction &, EntryId);
    // An attempt came to nothing: counted, and to be made again at `nextAttempt`. The state stays as it is.
    static Result<void> defer(Transaction &, EntryId, qint64 nextAttempt, const QString &error,
                              const QByteArray &dialogue, bool toldDelay);
    // Ascending by id, from after `after` on.
    static Result<QList<EntryNote>> notes(Connection &, EntryId after, int limit);
    static Result<void> remove(Transaction &, EntryId); // gone from the queue; the caller traces who and why
    static Result<void> withdraw(Transaction &, EntryId); // the same, by somebody's hand
    static Result<qint64> count(Connection &);
};

} // namespace posthorn::store
