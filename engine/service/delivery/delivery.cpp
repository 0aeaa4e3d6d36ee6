#include "service/delivery/delivery.h"

#include "platform/store/mailboxes.h"
#include "platform/store/trace.h"
#include "service/delivery/round.h"
#include "service/delivery/staging.h"

#include <QDateTime>

namespace posthorn::delivery {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 mostReturned = 512 * 1024; // a bigger message comes back as its header only

// "ben@example.org (and 2 more)"
QByteArray recipientsText(const Arrival &arrival)
{
    if (arrival.recipients.isEmpty())
        return {};
    const QByteArray first = arrival.recipients.front().rcpt.forwardPath.toString();
    return arrival.recipients.size() == 1 ? first : first + " (and " + QByteArray::number(arrival.recipients.size() - 1) + " more)";
}

Result<void> traceArrival(store::Transaction &transaction, const Arrival &arrival, MessageId message)
{
    return store::Trace::add(transaction, {.at = arrival.at, .journey = arrival.journey, .step = store::Step::Received,
                                           .client = arrival.client, .tls = arrival.tls, .user = arrival.user,
                                           .sender = arrival.mail.reversePath.toString(), .recipient = recipientsText(arrival),
                                           .messageId = arrival.messageId, .subject = arrival.subject,
                                           .size = arrival.digest.size, .message = message.value, .text = arrival.judged});
}

} // namespace

Delivery::Delivery(World world) : m_world(std::move(world)) {}

void Delivery::deliver(std::shared_ptr<const Arrival> arrival, std::function<void(Result<Receipt>)> done)
{
    const qint64 octets = arrival->body.size() + arrival->digest.header.size() + 1024;
    m_world.store->write<Receipt>([this, arrival](store::Transaction &transaction) { return run(transaction, *arrival); },
                                  [this, arrival, done = std::move(done)](Result<Receipt> receipt) {
                                      if (receipt && arrival->staged)
                                          arrival->staged->becameMessage();
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

Result<Receipt> Delivery::run(store::Transaction &transaction, const Arrival &arrival)
{
    const auto message = keepContent(transaction, arrival.staged.get(), arrival.stagedChunks, arrival.digest, arrival.body);
    if (!message)
        return std::unexpected(message.error());
    if (const auto traced = traceArrival(transaction, arrival, *message); !traced)
        return std::unexpected(traced.error());
    Round round{transaction,          arrival,          *message, m_world.directory->snapshot(),
                m_world.settings(),   Pace(arrival.at), {*message, 0, 0, {}}};
    auto done = beginPace(round);
    for (auto it = arrival.recipients.cbegin(); done && it != arrival.recipients.cend(); ++it)
        done = serve(round, *it);
    if (done)
        done = endPace(round);
    for (auto it = round.reports.cbegin(); done && it != round.reports.cend(); ++it)
        done = report(transaction, it.key(), it.value());
    if (!done)
        return std::unexpected(done.error());
    return std::move(round.receipt);
}

Result<void> Delivery::serve(Round &round, const Recipient &recipient)
{
    const Destination &to = recipient.destination;
    const qsizetype count = to.accounts.size() + to.elsewhere.size();
    const quint8 notify = round.arrival.quiet ? quint8(smtp::NotifyNever) : recipient.rcpt.notify;
    for (const auto &account : to.accounts) {
        if (const auto filed = file(round, *account, recipient.rcpt); !filed)
            return filed;
    }
    for (const Onward &onward : to.elsewhere) {
        if (const auto sent = sendOn(round, recipient.rcpt, onward, notifyPassedOn(notify, count)); !sent)
            return sent;
    }
    if (count > 1)
        round.note(Action::Expanded, round.entryFor(recipient.rcpt, recipient.rcpt.forwardPath.toString()));
    else if (!to.accounts.isEmpty())
        round.note(Action::Delivered, round.entryFor(recipient.rcpt, recipient.rcpt.forwardPath.toString()));
    return {};
}

Result<void> Delivery::file(Round &round, const LocalAccount &account, const smtp::RcptCommand &rcpt)
{
    if (round.served.contains(account.id))
        return {};
    round.served.insert(account.id);
    const auto mailbox = inbox(round.transaction, account.id);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    const auto mark = store::Mailboxes::add(round.transaction, *mailbox, round.message, 0, round.arrival.at, 0,
                                            round.arrival.written ? store::Room::Exceed : store::Room::Keep);
    if (!mark) {
        m_inboxes.remove(account.id); // the account may be gone
        return std::unexpected(mark.error());
    }
    ++round.receipt.delivered;
    return store::Trace::add(round.transaction,
                             {.at = round.arrival.at, .journey = round.arrival.journey, .step = store::Step::Delivered,
                              .user = account.address, .recipient = rcpt.forwardPath.toString(), .mailbox = mailbox->value,
                              .uid = mark->uid, .message = round.message.value, .text = u"INBOX"_s});
}

Result<void> Delivery::report(store::Transaction &transaction, Action action, const QList<ReportLine> &lines, qint64 expireAfter)
{
    const store::Entry &first = lines.front().entry;
    const auto directory = m_world.directory->snapshot();
    const auto sender = smtp::parseAddress(first.reversePath).transform([&](const smtp::Address &address) {
        return directory->plainSender(address);
    });
    if (!sender)
        return {};
    const auto destination = directory->resolve(*sender);
    if (!destination)
        return {}; // the sender is not here any more
    ReportFacts facts{action, *sender, lines, m_world.hostName, QDateTime::currentMSecsSinceEpoch(), expireAfter, {}, false};
    const auto digest = store::Messages::digest(transaction, first.message, {.header = true});
    if (digest)
        facts.original = digest->header;
    facts.wholeOriginal = action == Action::Failed && first.ret == "FULL" && digest && digest->size <= mostReturned;
    if (facts.wholeOriginal)
        facts.original = store::Messages::read(transaction, first.message, 0, digest->size).value_or(QByteArray());
    Arrival arrival = makeReport(facts);
    arrival.mail.requireTls = first.transport == store::Transport::RequireTls; // it quotes the message (RFC 8689 §5)
    arrival.recipients.append({{*sender, smtp::NotifyNever, {}}, *destination});
    const auto filed = run(transaction, arrival);
    return filed ? Result<void>() : std::unexpected(filed.error());
}

void Delivery::tell(const Arrival &arrival, const Receipt &receipt)
{
    Counters &counters = *m_world.counters;
    ++counters.messagesAccepted;
    counters.messagesDelivered += receipt.delivered;
    counters.messagesQueued += receipt.queued;
    counters.octetsReceived += arrival.digest.size;
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
    m_world.events->emitEvent(std::move(event));
    for (const Event &more : receipt.events)
        m_world.events->emitEvent(more);
}

} // namespace posthorn::delivery
