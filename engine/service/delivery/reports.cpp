#include "service/delivery/reports.h"

#include "language/message/builder.h"
#include "language/smtp/needs.h"

#include <QDateTime>

#include <algorithm>

namespace posthorn::delivery {

using namespace Qt::StringLiterals;

namespace {

struct Advice
{
    QByteArrayView status; // how it begins, after the class
    const char *what, *todo;
};

// In plain words, by enhanced status code (RFC 3463); the first that fits.
constexpr Advice advices[] = {
    {".1.10", "The domain of this address takes no mail at all.", "Ask the recipient for another address."},
    {".1.1", "There is no such address at the recipient's server.", "Check the address for typing errors, or ask for the new one."},
    {".1.2", "The part after the @ is no domain that exists.", "Check the address for typing errors."},
    {".1", "The recipient's server does not accept this address.", "Check the address for typing errors."},
    {".2.2", "The recipient's mailbox is full.", "Try again later, or tell the recipient another way."},
    {".2", "The recipient's mailbox can't take mail.", "Tell the recipient another way."},
    {".3.4", "The message is too big for the recipient's server.", "Send it without large attachments, or in parts."},
    {".3", "A mail server on the way would not carry the message on.", "The details may say why; the administrator can help."},
    {".4.7", "The recipient's server could not be reached in all this time.", "Try again later, or tell the recipient another way."},
    {".4.6", "The mail would have gone round in circles.", "Tell the administrator of the recipient's server."},
    {".4", "There was no way to the recipient's server.", "Check the address, and try again later."},
    {".6", "The recipient's server can't take a message of this kind.", "Send it with plain letters only, or as an attachment."},
    {".7.30", "You asked that it travels encrypted all the way, and the recipient's server can't promise that.",
     "Send it without that demand, or tell the recipient another way."},
    {".7", "The recipient's server refuses the message by its own rules.", "Its answer below may say why; its administrator can help."},
    {"", "The recipient's server refuses the message.", "Its answer below may say why."},
};

const Advice &adviceFor(QByteArrayView enhanced)
{
    for (const Advice &advice : advices) {
        if (enhanced.sliced(std::min<qsizetype>(1, enhanced.size())).startsWith(advice.status))
            return advice;
    }
    return advices[std::size(advices) - 1];
}

QByteArray statusOf(const ReportLine &line, Action action)
{
    const char first = action == Action::Failed ? '5' : action == Action::Delayed ? '4' : '2';
    if (line.reply.enhanced.isEmpty())
        return QByteArray(1, first) + ".0.0";
    return action == Action::Failed ? line.reply.enhanced : first + line.reply.enhanced.sliced(1);
}

QString replyText(const ReportLine &line)
{
    return QString::fromUtf8(line.reply.toBytes()).simplified();
}

QString opening(const ReportFacts &facts)
{
    switch (facts.action) {
    case Action::Failed: return u"Your message could not be delivered to everybody you sent it to. It will not be tried again.\n"_s;
    case Action::Delayed:
        return u"Your message has not reached everybody yet. You need not send it again: it is tried for %1 more hours, and "
               "you will be told if that fails.\n"_s
            .arg(qMax<qint64>(1, (facts.lines.front().entry.createdAt + facts.expireAfter - facts.at) / 3'600'000));
    case Action::Relayed:
        return u"Your message was handed on to the server below, which does not tell what becomes of it.\n"_s;
    case Action::Delivered:
        return u"Your message is in the mailbox below. Whether it was read is not known.\n"_s;
    case Action::Expanded:
        return u"The address below stands for several others. Your message was sent on to all of them; of these you hear only if "
               "something goes wrong.\n"_s;
    }
    return {};
}

QString textOf(const ReportFacts &facts)
{
    QString text = opening(facts);
    for (const ReportLine &line : facts.lines) {
        text += u"\nTo: %1\n"_s.arg(QString::fromUtf8(line.entry.recipient));
        if (facts.action == Action::Failed || facts.action == Action::Delayed) {
            const Advice &advice = adviceFor(line.reply.enhanced);
            text += QString::fromLatin1(advice.what) + u'\n' + QString::fromLatin1(advice.todo) + u'\n';
        }
        if (line.reply.text.isEmpty())
            continue;
        const QString server = QString::fromUtf8(line.host);
        text += (line.fromServer && !server.isEmpty() ? u"The server %1 said: %2\n"_s.arg(server, replyText(line))
                                                      : u"Details: %1\n"_s.arg(replyText(line)));
    }
    return text + u"\nThis report was made by the mail server %1. What follows is for programs and administrators.\n"_s
                      .arg(QString::fromUtf8(facts.hostName));
}

// "mx.example.org (192.0.2.1)": its name, or its address as a literal (RFC 3464 §2.3.5).
QByteArray mtaName(const QByteArray &host)
{
    const QByteArray name = host.split(' ').front();
    const bool isAddress = name.contains(':') || std::ranges::all_of(name, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
    return isAddress && !name.isEmpty() ? '[' + (name.contains(':') ? "IPv6:" : QByteArray()) + name + ']' : name;
}

message::RecipientStatus statusLine(const ReportLine &line, const ReportFacts &facts)
{
    static constexpr const char *actions[] = {"failed", "delayed", "relayed", "delivered", "expanded"};
    message::RecipientStatus status;
    status.originalRecipient = line.entry.originalRecipient;
    status.finalRecipient = line.entry.recipient;
    status.action = actions[int(facts.action)];
    status.status = statusOf(line, facts.action);
    if (line.fromServer) {
        status.remoteMta = mtaName(line.host);
        status.diagnostic = line.reply.toBytes().simplified();
    }
    status.lastAttempt = facts.at / 1000;
    if (facts.action == Action::Delayed)
        status.willRetryUntil = (line.entry.createdAt + facts.expireAfter) / 1000;
    return status;
}

QString subjectFor(Action action)
{
    switch (action) {
    case Action::Failed: return u"Your message could not be delivered"_s;
    case Action::Delayed: return u"Your message is delayed"_s;
    case Action::Relayed: return u"Your message was handed on"_s;
    case Action::Delivered: return u"Your message was delivered"_s;
    case Action::Expanded: return u"Your message was sent on"_s;
    }
    return {};
}

} // namespace

bool wantsReport(const store::Entry &entry, Action action)
{
    if (entry.reversePath.isEmpty() || (entry.notify & smtp::NotifyNever))
        return false;
    const bool asked = entry.notify & (smtp::NotifySuccess | smtp::NotifyFailure | smtp::NotifyDelay);
    switch (action) {
    case Action::Failed: return !asked || (entry.notify & smtp::NotifyFailure);
    case Action::Delayed: return !(entry.notify & store::delayTold) && (!asked || (entry.notify & smtp::NotifyDelay));
    case Action::Relayed:
    case Action::Delivered:
    case Action::Expanded: return entry.notify & smtp::NotifySuccess;
    }
    return false;
}

quint8 notifyPassedOn(quint8 notify, qsizetype count)
{
    if (count < 2 || !(notify & smtp::NotifySuccess))
        return notify;
    const quint8 rest = notify & ~smtp::NotifySuccess;
    return rest ? rest : quint8(smtp::NotifyNever);
}

Arrival makeReport(const ReportFacts &facts)
{
    const store::Entry &first = facts.lines.front().entry;
    Arrival arrival = ownMessage(facts.hostName, facts.at);
    arrival.subject = subjectFor(facts.action);
    arrival.judged = u"report on the message %1"_s.arg(QString::fromUtf8(first.journey));
    arrival.mail.smtpUtf8 = facts.to.needsUtf8();

    message::DeliveryReport report;
    report.from = {"Mail Delivery System", {}, "MAILER-DAEMON", facts.hostName};
    report.to = {{}, {}, facts.to.localPart, facts.to.domain};
    report.subject = arrival.subject;
    report.messageId = arrival.messageId;
    report.date = facts.at / 1000;
    report.dateOffsetMinutes = QDateTime::fromMSecsSinceEpoch(facts.at).offsetFromUtc() / 60;
    report.text = textOf(facts);
    report.reportingMta = facts.hostName;
    report.envelopeId = first.envid;
    report.arrival = first.createdAt / 1000;
    for (const ReportLine &line : facts.lines)
        report.recipients += statusLine(line, facts);
    report.original = facts.original;
    report.wholeOriginal = facts.wholeOriginal;
    report.utf8 = first.smtpUtf8 || facts.to.needsUtf8();
    fill(arrival, message::compose(report));
    return arrival;
}

} // namespace posthorn::delivery
