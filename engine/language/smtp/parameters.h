// MAIL and RCPT with their parameters (RFC 5321 §4.1.2 and the extensions).
#pragma once

#include "language/smtp/needs.h"

#include <expected>

namespace posthorn::smtp {

// `argument` is what follows MAIL or RCPT and a space. A failure is the reply to give.
[[nodiscard]] std::expected<MailCommand, Reply> parseMail(QByteArrayView argument, bool extended);
[[nodiscard]] std::expected<RcptCommand, Reply> parseRcpt(QByteArrayView argument, bool extended, bool utf8);
// RFC 3461 §4. Nullopt: not xtext.
[[nodiscard]] std::optional<QByteArray> decodeXtext(QByteArrayView text);

} // namespace posthorn::smtp
