// The command table: the only dispatch and the only gate of state. EHLO's keywords are made from it and the configuration.
#pragma once

#include "language/smtp/server_machine.h"

#include <QByteArray>
#include <QLatin1StringView>

#include <span>

namespace posthorn::smtp {

enum class State : unsigned {
    Connected = 1,  // banner sent, neither HELO nor EHLO said
    Greeted = 2,    // no transaction
    Mail = 4,       // MAIL accepted
    Recipients = 8, // at least one RCPT accepted
    Chunking = 16,  // BDAT begun
};

constexpr unsigned AnyState = 31;

enum CommandFlag : unsigned {
    NoFlags = 0,
    Junk = 1,         // counts as doing nothing useful
    LastOfGroup = 2,  // RFC 2920 §3.1: what follows in the same packet waits for its reply
    SecretArgument = 4,
    NeedsAuth = 8,    // refused with 530 where authentication is required
    NeedsExtended = 16, // after EHLO only
};

class Commands; // server_machine.cpp's own

struct Command
{
    QLatin1StringView name;
    unsigned states;
    unsigned flags;
    void (Commands::*run)(QByteArrayView argument);
    // Of those the state does not allow; null: "Bad sequence of commands".
    const char *wrongState = nullptr;
};

[[nodiscard]] std::span<const Command> commands();
[[nodiscard]] const Command *findCommand(QByteArrayView verb);

// The lines of EHLO's answer after the first one.
[[nodiscard]] QList<QByteArray> extensionKeywords(const ServerConfig &config, bool tls, bool authenticated);
// Mechanisms to offer now.
[[nodiscard]] QList<QByteArray> offeredMechanisms(const ServerConfig &config, bool tls);

} // namespace posthorn::smtp
