// Mailbox names in modified UTF-7 (RFC 3501 §5.1.3).
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QString>

namespace posthorn::imap {

[[nodiscard]] QByteArray toUtf7(QStringView text);
// Invalid, with the offset, when it is not modified UTF-7.
[[nodiscard]] Result<QString> fromUtf7(QByteArrayView text);

} // namespace posthorn::imap
