// ENVELOPE as text (RFC 9051 §7.5.2), made once when a message is stored.
#pragma once

#include "language/message/structure.h"

#include <QByteArray>

namespace posthorn::imap {

// Sender and Reply-To are From when missing or without an address. Text that is not 7-bit, or very long, is a literal
// inside.
[[nodiscard]] QByteArray envelopeText(const message::Envelope &envelope);
void appendEnvelope(QByteArray &out, const message::Envelope &envelope);

} // namespace posthorn::imap
