// QCA, set up when it is first needed and torn down with the application object.
#pragma once

#include <QString>

namespace posthorn::crypto {

// Initialises QCA when that has not been done. Thread-safe; the first call loads the plugins (some milliseconds).
// Threads that hash must have ended before the QCoreApplication object goes.
void ensureQca();

// True when a provider has the feature ("sha256", "hmac(sha256)", "cert"). Ask each time before using any QCA class:
// one that has no provider is a null context and crashes when used. False once the application object is gone.
// Answers are remembered; `feature` must be a literal.
[[nodiscard]] bool qcaHas(QLatin1StringView feature);

} // namespace posthorn::crypto
