// Keys made from a password (RFC 5802 §3), within the room.
#pragma once

#include "policy/auth/authenticator.h"

namespace posthorn::auth {

inline constexpr qsizetype saltOctets = 16;
inline constexpr qsizetype keyOctets = 32; // of SHA-256

// `password` is prepared UTF-8. Costs `iterations` of PBKDF2.
[[nodiscard]] QByteArray storedKeyOf(QByteArrayView password, QByteArrayView salt, int iterations);

// What an unknown user seems to have: the same each time for one name (in lower case) and secret, and no password fits.
[[nodiscard]] Credential pretendedCredential(QByteArrayView secret, const QString &user, int iterations);

// Base64 as RFC 4648 §4 has it, padded, nothing else.
[[nodiscard]] std::optional<QByteArray> strictBase64(QByteArrayView text);

} // namespace posthorn::auth
