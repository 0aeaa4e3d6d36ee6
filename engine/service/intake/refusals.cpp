#include "service/intake/refusals.h"

#include "platform/store/transaction.h"

#include <QDateTime>

#include <algorithm>

namespace posthorn::intake {

namespace {

constexpr qint64 oneMinute = 60'000;

bool begins(const smtp::Refused &refused, QByteArrayView verb)
{
    return refused.line.first(std::min(refused.line.size(), verb.size())).compare(verb, Qt::CaseInsensitive) == 0;
}

// A command out of place or badly written is none, such as DATA after the last recipient was refused (RFC 3463 §3.6).
bool isMail(const smtp::Refused &refused)
{
    static constexpr const char *verbs[] = {"MAIL", "RCPT", "DATA", "BDAT", "BURL"};
    return std::ranges::any_of(verbs, [&](const char *verb) { return begins(refused, verb); })
           && refused.reply.enhanced.mid(1, 3) != ".5.";
}

// Sign-ins are told by the authenticator; a refused connection had no command.
EventKind kindOf(const smtp::Refused &refused)
{
    if (refused.line.isEmpty())
        return EventKind::ConnectionRefused;
    return isMail(refused) ? EventKind::MessageRefused : EventKind::CommandRefused;
}

} // namespace

void Refusals::add(const filter::Facts &facts, const smtp::Refused &refused)
{
    store::TraceRow row{.at = QDateTime::currentMSecsSinceEpoch(),
                        .step = isMail(refused) ? store::Step::Refused : store::Step::Denied,
                        .client = facts.client + (facts.helo.isEmpty() ? QByteArray() : " (" + facts.helo.left(255) + ')'),
                        .tls = facts.tls, .user = facts.user, .sender = facts.mail.reversePath.toString(),
                        .text = QString::fromUtf8(refused.reply.toBytes().trimmed())};
    if (begins(refused, "RCPT"))
        row.recipient = refused.line.mid(refused.line.indexOf(':') + 1).trimmed().left(320);
    else if (!facts.recipients.isEmpty())
        row.recipient = facts.recipients.front().forwardPath.toString();
    if (!refused.line.isEmpty())
        row.text += QStringLiteral(" [after: ") + QString::fromUtf8(refused.line.left(320)) + u']';
    Event event{kindOf(refused), row.at};
    event.with(EventField::Client, row.client).with(EventField::Sender, row.sender)
        .with(EventField::Recipient, row.recipient).with(EventField::Reply, refused.reply.toBytes().trimmed());
    m_events.emitEvent(std::move(event));
    keep(std::move(row));
}

void Refusals::addConnection(const QByteArray &client, const QByteArray &protocol, const QString &why)
{
    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    {
        const QMutexLocker lock(&m_mutex);
        if (m_told.size() >= maxWaiting)
            m_told.removeIf([&](const auto &told) { return now - told.value() >= oneMinute; });
        qint64 &told = m_told[client + ' ' + protocol];
        if (m_told.size() > maxWaiting || now - told < oneMinute)
            return;
        told = now;
    }
    Event event{EventKind::ConnectionRefused, now};
    event.with(EventField::Client, client).with(EventField::Protocol, protocol).with(EventField::Reason, why);
    m_events.emitEvent(std::move(event));
    keep({.at = now, .step = store::Step::Denied, .client = client, .text = QString::fromLatin1(protocol).toUpper() + QStringLiteral(": ") + why});
}

void Refusals::keep(store::TraceRow row)
{
    if (m_waiting.load(std::memory_order_relaxed) >= maxWaiting)
        return;
    ++m_waiting;
    m_store.write<bool>(
        [row = std::move(row)](store::Transaction &transaction) -> Result<bool> {
            const auto added = store::Trace::add(transaction, row);
            return added ? Result<bool>(true) : std::unexpected(added.error());
        },
        [this](const Result<bool> &) { --m_waiting; });
}

} // namespace posthorn::intake
