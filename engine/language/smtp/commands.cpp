#include "language/smtp/commands.h"

#include "language/smtp/dialogue.h"

#include <algorithm>

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

namespace {

constexpr unsigned of(auto... states) { return (unsigned(states) | ...); }
using enum State;

constexpr unsigned Idle = of(Greeted, Mail, Recipients, Chunking);

constexpr Command table[] = {
    {"HELO"_L1, AnyState, NoFlags, &Commands::helo},
    {"EHLO"_L1, AnyState, LastOfGroup, &Commands::ehlo},
    {"STARTTLS"_L1, of(Connected, Greeted), LastOfGroup | NeedsExtended, &Commands::startTls, "Not during a mail transaction"},
    {"AUTH"_L1, of(Greeted), LastOfGroup | SecretArgument | NeedsExtended, &Commands::auth, "Not now: say EHLO first, and AUTH outside a mail transaction"},
    {"MAIL"_L1, of(Greeted), NeedsAuth, &Commands::mail, "A sender is given already, or HELO was not said"},
    {"RCPT"_L1, of(Mail, Recipients), NoFlags, &Commands::rcpt, "MAIL first"},
    {"DATA"_L1, of(Recipients), LastOfGroup, &Commands::data, "RCPT first"},
    {"BDAT"_L1, AnyState, NoFlags, &Commands::bdat}, // in any state its octets must be read and dropped
    {"RSET"_L1, AnyState, Junk, &Commands::rset},
    {"NOOP"_L1, AnyState, Junk | LastOfGroup, &Commands::noop},
    {"VRFY"_L1, Idle, Junk | LastOfGroup, &Commands::vrfy, "HELO first"},
    {"EXPN"_L1, AnyState, Junk | LastOfGroup, &Commands::expn},
    {"HELP"_L1, AnyState, Junk, &Commands::help},
    {"QUIT"_L1, AnyState, LastOfGroup, &Commands::quit},
};

bool has(QLatin1StringView name)
{
    return std::ranges::any_of(table, [&](const Command &command) { return command.name == name; });
}

} // namespace

std::span<const Command> commands() { return table; }

const Command *findCommand(QByteArrayView verb)
{
    const auto found = std::ranges::find_if(table, [&](const Command &command) {
        return verb.compare(QByteArrayView(command.name.data(), command.name.size()), Qt::CaseInsensitive) == 0;
    });
    return found == std::end(table) ? nullptr : found;
}

QList<QByteArray> offeredMechanisms(const ServerConfig &config, bool tls)
{
    QList<QByteArray> offered;
    if (tls)
        offered += config.tlsOnlyMechanisms;
    for (const QByteArray &mechanism : config.mechanisms) {
        if (tls || config.plaintextAllowed || mechanism.startsWith("SCRAM-"))
            offered += mechanism;
    }
    return offered;
}

QList<QByteArray> extensionKeywords(const ServerConfig &config, bool tls, bool authenticated)
{
    QList<QByteArray> keywords{"PIPELINING", "SIZE " + QByteArray::number(config.maxMessageSize)};
    if (has("STARTTLS"_L1) && config.tlsAvailable && !tls)
        keywords += "STARTTLS";
    if (has("AUTH"_L1) && config.authOffered && !authenticated) {
        if (const auto offered = offeredMechanisms(config, tls); !offered.isEmpty())
            keywords += "AUTH " + offered.join(' ');
    }
    if (has("BDAT"_L1))
        keywords += {"CHUNKING", "BINARYMIME"};
    keywords += {"8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"};
    keywords += "LIMITS RCPTMAX=" + QByteArray::number(config.maxRecipients) + " MAILMAX="
                + QByteArray::number(config.maxTransactions);
    if (has("HELP"_L1))
        keywords += "HELP";
    return keywords;
}

} // namespace posthorn::smtp
