// The beginning of what a message says, for lists (RFC 8970).
#pragma once

#include "language/message/structure.h"

#include <QString>

namespace posthorn::message {

inline constexpr qsizetype maxPreview = 200;              // characters (RFC 8970 §3.2)
inline constexpr qint64 previewOctets = 16 * 1024;        // of a part's body that are looked at

// The part people read first: the first text/plain that is no attachment, else the first text/html. Null: none.
[[nodiscard]] const Part *previewPart(const Part &root);
// From the first octets of the part's body, encoded as they came. One line: white space is one space, quoted lines and
// what HTML hides are left out. May be empty.
[[nodiscard]] QString preview(const Part &part, QByteArrayView body);

} // namespace posthorn::message
