// All commands of posthornd: the one place where they are named, parsed, documented and given their calls.
#pragma once

#include "arguments.h"

#include <QDateTime>

namespace posthorn::app {

[[nodiscard]] std::span<const Command> commands();

// "3d", "12h", "30m" ago, or a date with or without a time; ms since 1970. Invalid: neither.
[[nodiscard]] Result<qint64> parseSince(const QString &text, const QDateTime &now);

} // namespace posthorn::app
