#include "control/server/rows.h"

#include "control/server/route_rules.h"

#include <QJsonArray>

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

QString text(const QByteArray &octets) { return QString::fromUtf8(octets); }
QString idText(qint64 id) { return QString::number(id); }

constexpr std::pair<store::EntryState, QLatin1StringView> entryStates[] = {
    {store::EntryState::Waiting, "waiting"_L1},
    {store::EntryState::Held, "held"_L1},
    {store::EntryState::Active, "active"_L1},
};

} // namespace

QJsonObject toJson(const store::Domain &domain)
{
    return {{u"name"_s, domain.name}, {u"aliasOf"_s, domain.aliasOf}, {u"catchAll"_s, domain.catchAll},
            {u"certificateFile"_s, domain.certificateFile}, {u"keyFile"_s, domain.keyFile},
            {u"perMinute"_s, domain.minuteLimit}, {u"perDay"_s, domain.dayLimit}};
}

QJsonObject toJson(const store::Account &account)
{
    return {{u"address"_s, account.address},         {u"displayName"_s, account.displayName},
            {u"quotaOctets"_s, account.quotaOctets}, {u"usedOctets"_s, account.usedOctets},
            {u"enabled"_s, account.enabled},         {u"administrator"_s, account.administrator},
            {u"pop3KeepDays"_s, account.pop3KeepDays},
            {u"forwardTo"_s, QJsonArray::fromStringList(account.forwardTo)}, {u"forwardKeep"_s, account.forwardKeep},
            {u"perMinute"_s, account.minuteLimit},   {u"perDay"_s, account.dayLimit},
            {u"quotaMessages"_s, account.quotaMessages}, {u"usedMessages"_s, account.usedMessages},
            {u"shared"_s, account.shared}};
}

QJsonObject toJson(const store::Alias &alias)
{
    return {{u"address"_s, alias.address}, {u"targets"_s, QJsonArray::fromStringList(alias.targets)}};
}

QJsonObject toJson(const store::Entry &entry, const RouteNames &routes)
{
    return {{u"id"_s, idText(entry.id.value)},         {u"message"_s, idText(entry.message.value)},
            {u"journey"_s, text(entry.journey)},       {u"sender"_s, text(entry.reversePath)},
            {u"recipient"_s, text(entry.recipient)},   {u"domain"_s, text(entry.domain)},
            {u"state"_s, nameOf(entry.state)},         {u"createdAt"_s, entry.createdAt},
            {u"nextAttempt"_s, entry.nextAttempt},     {u"attempts"_s, entry.attempts},
            {u"lastError"_s, entry.lastError},         {u"size"_s, entry.size},
            {u"route"_s, routes.nameOf(entry.route)}};
}

QJsonObject toJson(const store::TraceRow &row)
{
    return {{u"id"_s, idText(row.id)},
            {u"at"_s, row.at},
            {u"journey"_s, text(row.journey)},
            {u"step"_s, store::Trace::nameOf(row.step)},
            {u"client"_s, text(row.client)},
            {u"tls"_s, text(row.tls)},
            {u"user"_s, row.user},
            {u"sender"_s, text(row.sender)},
            {u"recipient"_s, text(row.recipient)},
            {u"messageId"_s, text(row.messageId)},
            {u"subject"_s, row.subject},
            {u"size"_s, row.size},
            {u"text"_s, row.text}};
}

QJsonObject toJson(const net::ConversationState &session)
{
    return {{u"id"_s, idText(session.id.value)},
            {u"protocol"_s, session.protocol},
            {u"state"_s, session.state},
            {u"user"_s, session.user},
            {u"client"_s, text(session.peer.address)},
            {u"clientPort"_s, session.peer.port},
            {u"port"_s, session.peer.localPort},
            {u"tls"_s, text(session.tls)},
            {u"startedAt"_s, session.startedAt},
            {u"octetsIn"_s, session.bytesIn},
            {u"octetsOut"_s, session.bytesOut}};
}

QJsonObject toJson(const net::CertificateFacts &facts)
{
    return {{u"serverName"_s, text(facts.serverName)},
            {u"subject"_s, facts.subject},
            {u"issuer"_s, facts.issuer},
            {u"names"_s, QJsonArray::fromStringList(facts.names)},
            {u"notBefore"_s, facts.notBefore.toMSecsSinceEpoch()},
            {u"notAfter"_s, facts.notAfter.toMSecsSinceEpoch()},
            {u"sha256"_s, text(facts.sha256.toHex(':'))},
            {u"selfSigned"_s, facts.selfSigned},
            {u"file"_s, facts.file},
            {u"error"_s, facts.error}};
}

QJsonObject eventJson(qint64 number, const Event &event)
{
    QJsonObject object = toJson(event);
    object.insert("id"_L1, idText(number));
    return object;
}

QLatin1StringView nameOf(store::EntryState state)
{
    for (const auto &[known, name] : entryStates) {
        if (known == state)
            return name;
    }
    return {};
}

std::optional<store::EntryState> entryStateNamed(const QString &name)
{
    for (const auto &[state, known] : entryStates) {
        if (known == name)
            return state;
    }
    return std::nullopt;
}

std::optional<Level> levelNamed(const QString &name)
{
    for (const Level level : {Level::Detail, Level::Notice, Level::Warning, Level::Failure}) {
        if (posthorn::nameOf(level) == name)
            return level;
    }
    return std::nullopt;
}

} // namespace posthorn::control
