// The MDA: one arrived message goes, in one store transaction, into local mailboxes, the queue and the trace.
#pragma once

#include "core/counters.h"
#include "core/events.h"
#include "core/result.h"
#include "language/message/structure.h"
#include "language/smtp/needs.h"
#include "platform/store/messages.h"
#include "platform/store/store.h"
#include "service/delivery/directory.h"

#include <QByteArray>
#include <QHash>
#include <QList>

#include <functional>
#include <memory>

namespace posthorn::delivery {

struct Recipient
{
    smtp::RcptCommand rcpt;
    Destination destination;
};

// A message with all that was learnt of it.
struct Arrival
{
    QByteArray journey;
    qint64 at = 0;      // ms since 1970
    QByteArray client;  // "192.0.2.1 (mail.example.org)"
    QByteArray tls;
    QString user;       // signed in as
    bool sign = false;  // of our own: may be signed in a domain's name on its way out
    smtp::MailCommand mail;
    QList<Recipient> recipients;

    store::Digest digest;
    QByteArray body;       // after the header; for a small message
    MessageId staged;      // a big one: its body is in the store already, but for `body`, its last piece
    int stagedChunks = 0;
    QByteArray messageId;  // Message-ID field, for the trace
    QString subject;
    QString judged;        // what the checks said, for the trace; may be empty
};

struct Receipt
{
    MessageId message;
    int delivered = 0;
    int queued = 0;
};

// What IMAP will ask for, computed once.
[[nodiscard]] store::Digest digestOf(const message::Structure &structure);

// A key for a new journey: short, unique on this server, ascending in time.
[[nodiscard]] QByteArray newJourney();

// Thread-safe.
class Delivery
{
public:
    Delivery(store::Store &store, EventLog &events, Counters &counters);
    // `done` is called on the writer's thread, once durable or failed. OverQuota when a mailbox was filled meanwhile.
    void deliver(std::shared_ptr<const Arrival> arrival, std::function<void(Result<Receipt>)> done);
    // The same as part of another job, on the writer's thread.
    Result<Receipt> deliverWithin(store::Transaction &transaction, const Arrival &arrival) { return run(transaction, arrival); }

private:
    Result<Receipt> run(store::Transaction &transaction, const Arrival &arrival);
    Result<MailboxId> inbox(store::Transaction &transaction, AccountId account);
    Result<void> file(store::Transaction &transaction, const Arrival &arrival, const LocalAccount &account,
                      const QByteArray &recipient, MessageId message);
    Result<void> enqueue(store::Transaction &transaction, const Arrival &arrival, const smtp::RcptCommand &rcpt,
                         const QByteArray &address, MessageId message) const;
    void tell(const Arrival &arrival, const Receipt &receipt);

    store::Store &m_store;
    EventLog &m_events;
    Counters &m_counters;
    QHash<AccountId, MailboxId> m_inboxes; // writer's thread only; an INBOX keeps its id as long as its account lives
};

} // namespace posthorn::delivery
