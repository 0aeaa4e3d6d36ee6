// Hashes, keyed hashes, derived keys and random octets. All thread-safe; none needs a set-up call.
// Hashing is QCA's where a provider has it, else Qt's; PBKDF2 is OpenSSL's, which is several times as fast as
// QPasswordDigestor and is linked for TLS anyway.
#pragma once

#include <QByteArray>

namespace posthorn::crypto {

[[nodiscard]] QByteArray sha1(QByteArrayView data);   // 20 octets; for old formats only, never for secrets
[[nodiscard]] QByteArray sha256(QByteArrayView data); // 32 octets
[[nodiscard]] QByteArray sha512(QByteArrayView data); // 64 octets
[[nodiscard]] QByteArray hmacSha256(QByteArrayView key, QByteArrayView data); // RFC 2104; 32 octets

// PBKDF2 with HMAC-SHA-256 (RFC 8018 §5.2). Costs about 0.15 microseconds an iteration for up to 32 octets: 100,000
// iterations belong on a pool thread. Fewer than one iteration or octet is a bug of the caller and gives an empty value.
[[nodiscard]] QByteArray pbkdf2Sha256(QByteArrayView password, QByteArrayView salt, int iterations,
                                      qsizetype octets = 32);

// Time depends on the lengths only. Values of different length are different.
[[nodiscard]] bool constantTimeEquals(QByteArrayView left, QByteArrayView right);

// From the operating system's generator: fit for salts, nonces and keys.
[[nodiscard]] QByteArray randomBytes(qsizetype octets);
// The same as text of [A-Za-z0-9_-], 6 bits a character: for nonces and names.
[[nodiscard]] QByteArray randomText(qsizetype characters);

// Overwrites a secret that is no longer needed, in place (a shared copy is detached first and not reached).
void wipe(QByteArray &secret);

} // namespace posthorn::crypto
