// posthornd serve: the engine on the main thread until a signal, or somebody over the control protocol, stops it.
#pragma once

#include "arguments.h"

namespace posthorn::app {

// Runs the event loop; returns the exit code.
[[nodiscard]] int serve(const Invocation &invocation);
// --set KEY=VALUE, checked against the settings table; Invalid names the first wrong one.
[[nodiscard]] Result<QHash<QString, QString>> parseOverrides(const QStringList &given);

} // namespace posthorn::app
