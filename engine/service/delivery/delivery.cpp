#include "service/delivery/delivery.h"

#include "language/imap/bodystructure_text.h"
#include "language/imap/envelope_text.h"
#include "language/message/header.h"
#include "platform/store/mailboxes.h"
#include "platform/store/queue.h"
#include "platform/store/trace.h"
#include "platform/store/transaction.h"
#include "service/delivery/staging.h"

#include <QDateTime>
#include <QSet>

#include <atomic>

namespace posthorn::delivery {

using namespace Qt::StringLiterals;

store::Digest digestOf(const message::Structure &structure)
{
    return {structure.header, imap::envelopeText(structure.envelope), imap::bodyStructureText(structure.root),
            message::packOffsets(structure.root), structure.size, structure.dateSeconds};
}

QByteArray newJourney()
{
    // The clock at start in microseconds, counted up: unique as long as the server makes under a million a second.
    static std::atomic<qint64> next = QDateTime::currentMSecsSinceEpoch() * 1000;
    static constexpr char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford's, no letters to mistake
    char text[11];
    quint64 number = quint64(next.fetch_add(1, std::memory_order_relaxed));
    for (int i = 10; i >= 0; --i, number >>= 5)
        text[i] = digits[number & 31];
    return QByteArray(text, 11);
}

// The parameter wins over the field (RFC 8689 §4.1, §5).
static store::Transport transportOf(const Arrival &arrival)
{
    if (arrival.mail.requireTls)
        return store::Transport::RequireTls;
    const QByteArray field = message::fieldValue(arrival.digest.header, "TLS-Required");
    return field.compare("no", Qt::CaseInsensitive) == 0 ? store::Transport::PreferDelivery : store::Transport::Usual;
}

Delivery::Delivery(store::Store &store, EventLog &events, Counters &counters)
    : m_store(store), m_events(events), m_counters(counters)
{
}

void Delivery::deliver(std::shared_ptr<const Arrival> arrival, std::function<void(Result<Receipt>)> done)
{
    const qint64 octets = arrival->body.size() + arrival->digest.header.size() + 1024;
    m_store.write<Receipt>([this, arrival](store::Transaction &transaction) { return run(transaction, *arrival); },
                           [this, arrival, done = std::move(done)](Result<Receipt> receipt) {
                               if (receipt)
                                   tell(*arrival, *receipt);
                               done(std::move(receipt));
                           },
                           octets);
}

Result<MailboxId> Delivery::inbox(store::Transaction &transaction, AccountId account)
{
    if (const auto known = m_inboxes.constFind(account); known != m_inboxes.cend())
        return *known;
    const auto found = store::Mailboxes::find(transaction, account, u"INBOX"_s);
    if (!found)
        return std::unexpected(found.error());
    m_inboxes.insert(account, found->id);
    return found->id;
}

Result<void> Delivery::file(store::Transaction &transaction, const Arrival &arrival, const LocalAccount &account,
                            const QByteArray &recipient, MessageId message)
{
    const auto mailbox = inbox(transaction, account.id);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    const auto mark = store::Mailboxes::add(transaction, *mailbox, message, 0, arrival.at);
    if (!mark) {
        m_inboxes.remove(account.id); // the account may be gone
        return std::unexpected(mark.error());
    }
    return store::Trace::add(transaction, {.at = arrival.at, .journey = arrival.journey, .step = store::Step::Delivered,
                                           .user = account.address, .recipient = recipient, .mailbox = mailbox->value,
                                           .uid = mark->uid, .message = message.value, .text = u"INBOX"_s});
}

Result<void> Delivery::enqueue(store::Transaction &transaction, const Arrival &arrival, const smtp::RcptCommand &rcpt,
                               const QByteArray &address, MessageId message) const
{
    const store::Entry entry{.message = message, .journey = arrival.journey,
                             .reversePath = arrival.mail.reversePath.toString(), .recipient = address,
                             .domain = address.mid(address.lastIndexOf('@') + 1),
                             .originalRecipient = rcpt.originalRecipient, .notify = rcpt.notify,
                             .ret = arrival.mail.ret, .envid = arrival.mail.envid, .smtpUtf8 = arrival.mail.smtpUtf8,
                             .body = int(arrival.mail.body), .sign = arrival.sign, .transport = transportOf(arrival),
                             .createdAt = arrival.at, .nextAttempt = arrival.at};
    const auto added = store::Queue::add(transaction, entry);
    if (!added)
        return std::unexpected(added.error());
    return store::Trace::add(transaction, {.at = arrival.at, .journey = arrival.journey, .step = store::Step::Queued,
                                           .recipient = address, .message = message.value});
}

Result<Receipt> Delivery::run(store::Transaction &transaction, const Arrival &arrival)
{
    const auto message = keepContent(transaction, arrival.staged, arrival.stagedChunks, arrival.digest, arrival.body);
    if (!message)
        return std::unexpected(message.error());
    QByteArray firstRecipient;
    if (!arrival.recipients.isEmpty())
        firstRecipient = arrival.recipients.front().rcpt.forwardPath.toString();
    if (arrival.recipients.size() > 1)
        firstRecipient += " (and " + QByteArray::number(arrival.recipients.size() - 1) + " more)";
    const auto traced = store::Trace::add(
        transaction, {.at = arrival.at, .journey = arrival.journey, .step = store::Step::Received,
                      .client = arrival.client, .tls = arrival.tls, .user = arrival.user,
                      .sender = arrival.mail.reversePath.toString(), .recipient = firstRecipient,
                      .messageId = arrival.messageId, .subject = arrival.subject, .size = arrival.digest.size,
                      .message = message->value, .text = arrival.judged});
    if (!traced)
        return std::unexpected(traced.error());
    Receipt receipt{*message};
    QSet<AccountId> served; // somebody named twice gets it once
    QSet<QByteArray> queued;
    for (const Recipient &recipient : arrival.recipients) {
        for (const auto &account : recipient.destination.accounts) {
            if (served.contains(account->id))
                continue;
            served.insert(account->id);
            const auto filed = file(transaction, arrival, *account, recipient.rcpt.forwardPath.toString(), *message);
            if (!filed)
                return std::unexpected(filed.error());
            ++receipt.delivered;
        }
        for (const QByteArray &address : recipient.destination.elsewhere) {
            if (queued.contains(address))
                continue;
            queued.insert(address);
            const auto enqueued = enqueue(transaction, arrival, recipient.rcpt, address, *message);
            if (!enqueued)
                return std::unexpected(enqueued.error());
            ++receipt.queued;
        }
    }
    return receipt;
}

void Delivery::tell(const Arrival &arrival, const Receipt &receipt)
{
    ++m_counters.messagesAccepted;
    m_counters.messagesDelivered += receipt.delivered;
    m_counters.messagesQueued += receipt.queued;
    m_counters.octetsReceived += arrival.digest.size;
    Event event{EventKind::MessageAccepted, arrival.at};
    event.with(EventField::Journey, arrival.journey)
        .with(EventField::Client, arrival.client)
        .with(EventField::Sender, arrival.mail.reversePath.toString())
        .with(EventField::Recipient, arrival.recipients.isEmpty()
                                         ? QByteArray()
                                         : arrival.recipients.front().rcpt.forwardPath.toString())
        .with(EventField::Count, qint64(arrival.recipients.size()))
        .with(EventField::Size, arrival.digest.size)
        .with(EventField::MessageIdentifier, arrival.messageId);
    m_events.emitEvent(std::move(event));
}

} // namespace posthorn::delivery
