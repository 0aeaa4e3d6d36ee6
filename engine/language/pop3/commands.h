// The command table: the only dispatch and the only gate of state. CAPA is made from it and the configuration.
#pragma once

#include "language/pop3/server_machine.h"

#include <QByteArray>
#include <QLatin1StringView>

#include <span>

namespace posthorn::pop3 {

// RFC 1939 §3. UPDATE takes no commands.
enum class State : unsigned { Authorization = 1, Transaction = 2 };

enum CommandFlag : unsigned {
    NoFlags = 0,
    SecretArgument = 1, // never in log or trace
    NeedsPrivacy = 2,   // only under TLS, unless plain text is allowed
    NearSecrets = 4,    // after it, a line that is no command may be a password gone astray
};

class Dialogue;

struct Command
{
    QLatin1StringView name;
    unsigned states;
    unsigned flags;
    QLatin1StringView capability; // in CAPA while the command is offered; empty: none
    void (Dialogue::*run)(QByteArrayView argument);
};

// What decides which commands and mechanisms are offered.
struct Surroundings
{
    bool tls = false;
    bool bindable = false; // a TLS channel that SCRAM can be bound to
};

[[nodiscard]] std::span<const Command> commands();
// Null when there is none; the case of letters does not matter.
[[nodiscard]] const Command *findCommand(QByteArrayView verb);
[[nodiscard]] QList<QByteArray> offeredMechanisms(const ServerConfig &config, const Surroundings &around);
// The lines of CAPA's answer (RFC 2449), alike in all states, as its §6 has it.
[[nodiscard]] QList<QByteArray> capabilities(const ServerConfig &config, const Surroundings &around);

} // namespace posthorn::pop3
