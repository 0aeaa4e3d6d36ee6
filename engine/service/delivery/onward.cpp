// What leaves the house: entries of the queue, their reverse path, forwarding that goes in circles, addresses that failed.
#include "language/message/header.h"
#include "platform/crypto/hash.h"
#include "platform/store/secrets.h"
#include "platform/store/trace.h"
#include "policy/trust/batv.h"
#include "policy/trust/srs.h"
#include "service/delivery/round.h"

#include <QDateTime>

#include <algorithm>

namespace posthorn::delivery {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype secretOctets = 32;

// The parameter wins over the field (RFC 8689 §4.1, §5).
store::Transport transportOf(const Arrival &arrival)
{
    if (arrival.mail.requireTls)
        return store::Transport::RequireTls;
    const QByteArray field = message::fieldValue(arrival.digest.header, "TLS-Required");
    return field.compare("no", Qt::CaseInsensitive) == 0 ? store::Transport::PreferDelivery : store::Transport::Usual;
}

// It went this way before (RFC 9228: Delivered-To, as most servers write it).
bool wasSentOnBy(const QByteArray &address, const QByteArray &header)
{
    for (message::FieldReader fields(header); fields.next();) {
        if (fields.field().is("Delivered-To") && message::unfold(fields.field().value).compare(address, Qt::CaseInsensitive) == 0)
            return true;
    }
    return false;
}

QByteArray typedAddress(const smtp::Address &address)
{
    return (address.needsUtf8() ? "utf-8;" : "rfc822;") + address.toString();
}

Result<QByteArray> secretFor(store::Transaction &transaction, const DirectorySnapshot &directory, QLatin1StringView name)
{
    const QByteArray known = directory.secret(name);
    return known.isEmpty() ? store::Secrets::keep(transaction, name, crypto::randomBytes(secretOctets)) : Result<QByteArray>(known);
}

} // namespace

store::Entry Delivery::Round::entryFor(const smtp::RcptCommand &rcpt, const QByteArray &address) const
{
    return {.message = message, .journey = arrival.journey, .reversePath = arrival.mail.reversePath.toString(),
            .recipient = address, .domain = address.mid(address.lastIndexOf('@') + 1),
            .originalRecipient = rcpt.originalRecipient,
            .notify = arrival.quiet ? quint8(smtp::NotifyNever) : rcpt.notify, .ret = arrival.mail.ret,
            .envid = arrival.mail.envid, .smtpUtf8 = arrival.mail.smtpUtf8, .body = int(arrival.mail.body),
            .sign = arrival.sign, .transport = transportOf(arrival), .createdAt = arrival.at, .nextAttempt = arrival.at,
            .size = arrival.digest.size};
}

// Empty: it is not small, or too much is in memory already.
const QByteArray &Delivery::Round::smallContent()
{
    const bool isSmall = !arrival.staged && arrival.digest.size <= store::FreshEntry::mostOctets;
    if (content.isEmpty() && isSmall && store::FreshEntry::hasRoom())
        content = arrival.digest.header + arrival.body;
    return content;
}

Result<void> Delivery::sendOn(Round &round, const smtp::RcptCommand &rcpt, const Onward &onward, quint8 notify)
{
    if (!onward.via.isEmpty() && wasSentOnBy(onward.via, round.arrival.digest.header))
        return turnBack(round, rcpt, onward);
    if (round.queued.contains(onward.address))
        return {};
    round.queued.insert(onward.address);
    store::Entry entry = round.entryFor(rcpt, onward.address);
    entry.notify = notify;
    if (!onward.via.isEmpty()) {
        entry.prefix = "Delivered-To: " + onward.via + "\r\n";
        if (entry.originalRecipient.isEmpty())
            entry.originalRecipient = typedAddress(rcpt.forwardPath);
    }
    if (const auto listed = m_world.directory->suppression(entry.recipient);
        listed && round.settings->flag("suppression.enabled"_L1)) {
        return refuse(round, entry, {550, "5.1.1", "This address failed before and is not tried again: " + listed->reply.toUtf8()});
    }
    const auto reversePath = reversePathFor(round, onward);
    if (!reversePath)
        return std::unexpected(reversePath.error());
    entry.reversePath = *reversePath;
    if (!round.pace.isLimited())
        return enqueue(round, entry, {});
    const Pace::Place place = round.pace.next();
    entry.state = place.held ? store::EntryState::Held : store::EntryState::Waiting;
    entry.nextAttempt = place.at;
    entry.lastError = place.why;
    return enqueue(round, entry, place.why);
}

Result<void> Delivery::enqueue(Round &round, const store::Entry &entry, const QString &held)
{
    if (const auto added = store::Queue::add(round.transaction, entry, round.smallContent()); !added)
        return std::unexpected(added.error());
    ++round.receipt.queued;
    const store::TraceRow row{.at = round.arrival.at, .journey = entry.journey, .step = store::Step::Queued,
                              .recipient = entry.recipient, .message = entry.message.value};
    if (const auto traced = store::Trace::add(round.transaction, row); !traced || held.isEmpty())
        return traced;
    store::TraceRow why = row;
    why.step = store::Step::Held;
    why.text = held;
    return store::Trace::add(round.transaction, why);
}

// Not even tried.
Result<void> Delivery::refuse(Round &round, const store::Entry &entry, const smtp::Reply &reply)
{
    round.note(Action::Failed, entry, reply);
    return store::Trace::add(round.transaction, {.at = round.arrival.at, .journey = entry.journey, .step = store::Step::Failed,
                                                 .sender = entry.reversePath, .recipient = entry.recipient, .size = entry.size,
                                                 .message = entry.message.value,
                                                 .text = QString::fromUtf8(reply.toBytes()).simplified()});
}

// Forwarding that goes in circles ends where it began: in the account's own mailbox. An alias has none.
Result<void> Delivery::turnBack(Round &round, const smtp::RcptCommand &rcpt, const Onward &onward)
{
    if (const auto account = round.directory->account(QString::fromUtf8(onward.via)))
        return file(round, *account, rcpt);
    return refuse(round, round.entryFor(rcpt, onward.address), {554, "5.4.6", "Forwarding by " + onward.via + " goes in circles"});
}

// Mail of another domain is sent on in our own name (SRS), or its SPF record would speak against us. Our own mail can be
// tagged (BATV).
Result<QByteArray> Delivery::reversePathFor(Round &round, const Onward &onward)
{
    const smtp::Address &sender = round.arrival.mail.reversePath;
    const qint64 now = round.arrival.at / 1000;
    const bool local = round.directory->isLocalDomain(sender.domain);
    if (sender.isNull())
        return QByteArray();
    if (!local && !onward.via.isEmpty()) {
        const QByteArray named = round.settings->text("forward.srs_domain"_L1).toLatin1();
        const QByteArray domain = round.directory->isLocalDomain(named) ? named : onward.via.sliced(onward.via.lastIndexOf('@') + 1);
        return secretFor(round.transaction, *round.directory, srsSecret).transform([&](const QByteArray &key) {
            return trust::srsForward(sender, domain, key, now).toString();
        });
    }
    if (local && round.arrival.sign && round.settings->text("bounce.tags"_L1) != "off"_L1) {
        return secretFor(round.transaction, *round.directory, batvSecret).transform([&](const QByteArray &key) {
            return trust::batvTag(sender, key, now).toString();
        });
    }
    return sender.toString();
}

} // namespace posthorn::delivery
