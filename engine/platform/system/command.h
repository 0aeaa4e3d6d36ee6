// Runs another program and reads what it prints: no shell in between, not for longer and not more than is allowed.
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QObject>
#include <QString>
#include <QStringList>

#include <chrono>
#include <functional>

namespace posthorn::system {

// "/usr/bin/token --account 'my mail'": the program, then its arguments; quotes keep words together, nothing else has a
// meaning. Invalid: empty, or the program is not named by its whole path.
[[nodiscard]] Result<QStringList> splitCommand(const QString &text);

struct CommandLimits
{
    std::chrono::milliseconds deadline{20'000};
    qsizetype octets = 64 * 1024; // of standard output
};

// Without standard input. `done` is called once, on the calling thread, which needs an event loop; never when `context` is
// gone by then, and the program is ended with it. Unavailable: it can't be started, fails, prints too much or takes too
// long; its first words on standard error are the reason.
void runCommand(QObject *context, const QStringList &command, CommandLimits limits,
                std::function<void(const Result<QByteArray> &)> done);

} // namespace posthorn::system
