// An Ed25519 key (RFC 8032), which QCA lacks: OpenSSL's EVP behind one small class.
#pragma once

#include "core/result.h"

#include <QByteArray>

#include <memory>

struct evp_pkey_st;

namespace posthorn::crypto {

// A value; sign() may be called by several threads at once.
class Ed25519Key
{
public:
    [[nodiscard]] static Result<Ed25519Key> generate();
    [[nodiscard]] static Result<Ed25519Key> fromPem(const QByteArray &pem);   // Invalid: no private Ed25519 key
    [[nodiscard]] static Result<Ed25519Key> fromSeed(const QByteArray &seed); // 32 octets (RFC 8032 §5.1.5)

    [[nodiscard]] QByteArray toPem() const;     // PKCS #8 (RFC 8410), not encrypted
    [[nodiscard]] QByteArray publicKey() const; // 32 octets
    [[nodiscard]] QByteArray sign(const QByteArray &octets) const; // 64 octets; some 50 microseconds
    [[nodiscard]] static bool verify(const QByteArray &publicKey, const QByteArray &octets, const QByteArray &signature);

private:
    explicit Ed25519Key(std::shared_ptr<evp_pkey_st> key) : m_key(std::move(key)) {}
    static Result<Ed25519Key> made(evp_pkey_st *key);
    std::shared_ptr<evp_pkey_st> m_key;
};

} // namespace posthorn::crypto
