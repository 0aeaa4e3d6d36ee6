#include "language/pop3/commands.h"

#include "language/pop3/dialogue.h"

#include <algorithm>

namespace posthorn::pop3 {

using namespace Qt::StringLiterals;

namespace {

constexpr unsigned Auth = unsigned(State::Authorization), Trans = unsigned(State::Transaction), Both = Auth | Trans;

constexpr Command table[] = {
    {"CAPA"_L1, Both, NoFlags, {}, &Dialogue::capa},
    {"STLS"_L1, Auth, NoFlags, "STLS"_L1, &Dialogue::stls},
    {"USER"_L1, Auth, NearSecrets | NeedsPrivacy, "USER"_L1, &Dialogue::user},
    {"PASS"_L1, Auth, NearSecrets | SecretArgument | NeedsPrivacy, {}, &Dialogue::pass},
    {"AUTH"_L1, Auth, NearSecrets | SecretArgument, "SASL"_L1, &Dialogue::auth},
    {"APOP"_L1, Auth, NearSecrets | SecretArgument, {}, &Dialogue::apop},
    {"UTF8"_L1, Auth, NoFlags, "UTF8 USER"_L1, &Dialogue::utf8},
    {"LANG"_L1, Both, NoFlags, "LANG"_L1, &Dialogue::lang},
    {"STAT"_L1, Trans, NoFlags, {}, &Dialogue::stat},
    {"LIST"_L1, Trans, NoFlags, {}, &Dialogue::list},
    {"UIDL"_L1, Trans, NoFlags, "UIDL"_L1, &Dialogue::uidl},
    {"RETR"_L1, Trans, NoFlags, {}, &Dialogue::retr},
    {"TOP"_L1, Trans, NoFlags, "TOP"_L1, &Dialogue::top},
    {"DELE"_L1, Trans, NoFlags, {}, &Dialogue::dele},
    {"RSET"_L1, Trans, NoFlags, {}, &Dialogue::rset},
    {"NOOP"_L1, Trans, NoFlags, {}, &Dialogue::noop},
    {"LAST"_L1, Trans, NoFlags, {}, &Dialogue::last},
    {"QUIT"_L1, Both, NoFlags, {}, &Dialogue::quit},
};

bool isOffered(const Command &command, const ServerConfig &config, const Surroundings &around)
{
    if ((command.flags & NeedsPrivacy) && !around.tls && !config.plaintextAllowed)
        return false;
    return command.name != "STLS"_L1 || (config.tlsAvailable && !around.tls);
}

} // namespace

std::span<const Command> commands()
{
    return table;
}

const Command *findCommand(QByteArrayView verb)
{
    const auto found = std::ranges::find_if(table, [&](const Command &command) {
        return verb.compare(QByteArrayView(command.name.data(), command.name.size()), Qt::CaseInsensitive) == 0;
    });
    return found == std::end(table) ? nullptr : found;
}

QList<QByteArray> offeredMechanisms(const ServerConfig &config, const Surroundings &around)
{
    QList<QByteArray> offered;
    for (const QByteArray &mechanism : config.tlsOnlyMechanisms) {
        if (around.tls && (around.bindable || !mechanism.endsWith("-PLUS")))
            offered += mechanism;
    }
    for (const QByteArray &mechanism : config.mechanisms) {
        if (around.tls || config.plaintextAllowed || mechanism.startsWith("SCRAM-"))
            offered += mechanism;
    }
    return offered;
}

QList<QByteArray> capabilities(const ServerConfig &config, const Surroundings &around)
{
    QList<QByteArray> lines;
    for (const Command &command : table) {
        if (command.capability.isEmpty() || !isOffered(command, config, around))
            continue;
        QByteArray line(command.capability.data(), command.capability.size());
        if (line == "SASL") {
            const QList<QByteArray> offered = offeredMechanisms(config, around);
            if (offered.isEmpty())
                continue;
            line += ' ' + offered.join(' ');
        }
        lines += line;
    }
    lines += {"RESP-CODES", "AUTH-RESP-CODE", "PIPELINING"};
    lines += "EXPIRE " + (config.expireDays < 0 ? QByteArray("NEVER") : QByteArray::number(config.expireDays));
    lines += "LOGIN-DELAY " + QByteArray::number(config.loginDelay);
    lines += "IMPLEMENTATION " + config.implementation;
    return lines;
}

} // namespace posthorn::pop3
