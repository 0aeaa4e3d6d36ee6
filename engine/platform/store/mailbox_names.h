// What a mailbox may be called.
#pragma once

#include "core/result.h"

#include <QString>

namespace posthorn::store {

// INBOX is the same in any case (RFC 9051 §5.1), as the whole name or its first part; a trailing separator is dropped.
[[nodiscard]] QString properName(const QString &name);
// Invalid: too long, empty parts, control characters, halves of surrogates.
[[nodiscard]] Result<void> checkName(const QString &name);

} // namespace posthorn::store
