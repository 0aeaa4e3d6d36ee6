// Limits on sending: whose count, and what the administrator is told.
#include "language/message/builder.h"
#include "language/message/transfer_encoding.h"
#include "service/delivery/round.h"

#include <QDateTime>

#include <algorithm>

namespace posthorn::delivery {

using namespace Qt::StringLiterals;

namespace {

int either(int own, qint64 general) { return own >= 0 ? own : int(general); }

QString noticeText(const Crossing &crossing)
{
    if (!crossing.day) {
        return u"%1 has sent mail to more than %2 recipients on other servers within a minute.\n\n"
               "Nothing is lost: the rest goes out minute by minute, that many at a time. If this is all right, there is nothing to do. "
               "If nobody there means to send so much, somebody may have the password: give the account a new one, and look at "
               "what waits (posthornd queue list).\n"_s.arg(crossing.subject).arg(crossing.limit);
    }
    return u"%1 has sent mail to %2 recipients on other servers today, which is the limit. What follows is taken and held in the "
           "queue.\n\n"
           "If nobody there means to send so much, somebody may have the password: give the account a new one, and remove the held "
           "mail (posthornd queue list --state held, posthornd queue remove). If it is all right, let it go (posthornd queue "
           "release), and raise the limit (posthornd account update ADDRESS --per-day NUMBER).\n"_s
        .arg(crossing.subject).arg(crossing.limit);
}

} // namespace

// Those who signed in count for themselves and their domain, devices that need not for their sender's domain.
Result<void> Delivery::beginPace(Round &round)
{
    const auto leaves = [](const Recipient &recipient) { return !recipient.destination.elsewhere.isEmpty(); };
    if (std::ranges::none_of(round.arrival.recipients, leaves))
        return {};
    const SettingsSnapshot &settings = *round.settings;
    const auto account = round.arrival.user.isEmpty() ? nullptr : round.directory->account(round.arrival.user);
    const QString domain = account               ? account->address.section(u'@', -1)
                           : round.arrival.sign ? QString::fromLatin1(round.arrival.mail.reversePath.domain)
                                                 : QString();
    const auto add = [&](const QString &subject, const SendingLimits &limits) -> Result<void> {
        const auto count = store::Sending::get(round.transaction, subject);
        if (!count)
            return std::unexpected(count.error());
        round.pace.add(*count, limits);
        return {};
    };
    if (account) {
        const auto added = add(account->address, {either(account->minuteLimit, settings.number("limits.account_per_minute"_L1)),
                                                  either(account->dayLimit, settings.number("limits.account_per_day"_L1))});
        if (!added)
            return added;
    }
    if (domain.isEmpty() || !round.directory->isLocalDomain(domain.toLatin1()))
        return {};
    const auto [minute, day] = round.directory->sendingLimits(domain);
    return add(domain, {either(minute, settings.number("limits.domain_per_minute"_L1)),
                        either(day, settings.number("limits.domain_per_day"_L1))});
}

Result<void> Delivery::endPace(Round &round)
{
    if (round.receipt.queued == 0 || !round.pace.isLimited())
        return {};
    for (const Crossing &crossing : round.pace.news()) {
        if (const auto told = tellAdministrator(round, crossing); !told)
            return told;
    }
    for (const store::SendingCount &count : round.pace.counts()) {
        if (const auto kept = store::Sending::put(round.transaction, count); !kept)
            return kept;
    }
    return {};
}

Result<void> Delivery::tellAdministrator(Round &round, const Crossing &crossing)
{
    Event event{EventKind::SendingLimited, round.arrival.at};
    event.with(EventField::User, crossing.subject).with(EventField::Count, qint64(crossing.limit))
        .with(EventField::Detail, crossing.day ? u"day"_s : u"minute"_s);
    round.receipt.events.append(event);
    const smtp::Address postmaster{"postmaster", crossing.subject.section(u'@', -1).toLatin1()};
    const auto destination = round.directory->resolve(postmaster);
    if (!destination)
        return {}; // nobody looks after this domain
    Arrival notice = ownMessage(m_world.hostName, round.arrival.at);
    notice.subject = crossing.day ? u"%1 has reached its limit for today"_s.arg(crossing.subject)
                                  : u"%1 sends mail very fast"_s.arg(crossing.subject);
    notice.judged = u"sending limit"_s;
    message::HeaderBuilder header;
    header.date("Date", notice.at / 1000, QDateTime::fromMSecsSinceEpoch(notice.at).offsetFromUtc() / 60)
        .addresses("From", {{"Posthorn", {}, "MAILER-DAEMON", m_world.hostName}})
        .addresses("To", {{{}, {}, postmaster.localPart, postmaster.domain}})
        .text("Subject", notice.subject)
        .value("Message-ID", notice.messageId)
        .value("Auto-Submitted", "auto-generated")
        .value("MIME-Version", "1.0")
        .value("Content-Type", "text/plain; charset=utf-8")
        .value("Content-Transfer-Encoding", "quoted-printable");
    fill(notice, header.bytes() + "\r\n" + message::encodeQuotedPrintable(noticeText(crossing).toUtf8()));
    notice.recipients.append({{postmaster, smtp::NotifyNever, {}}, *destination});
    const auto filed = run(round.transaction, notice);
    return filed ? Result<void>() : std::unexpected(filed.error());
}

} // namespace posthorn::delivery
