// An RSA key that signs: PKCS #1 v1.5 with SHA-256 (RFC 8017 §8.2). QCA's.
#pragma once

#include "core/result.h"

#include <QByteArray>

#include <memory>

namespace posthorn::crypto {

// A value; sign() may be called by several threads at once.
class RsaKey
{
public:
    // 2048 bits take some 100 ms. Unavailable: QCA has no provider for RSA.
    [[nodiscard]] static Result<RsaKey> generate(int bits = 2048);
    [[nodiscard]] static Result<RsaKey> fromPem(const QByteArray &pem); // Invalid: no private RSA key

    [[nodiscard]] QByteArray toPem() const;     // PKCS #8, not encrypted
    [[nodiscard]] QByteArray publicDer() const; // SubjectPublicKeyInfo (RFC 5280 §4.1)
    // About a millisecond for 2048 bits. Empty: it could not be done.
    [[nodiscard]] QByteArray sign(const QByteArray &octets) const;
    [[nodiscard]] static bool verify(const QByteArray &publicDer, const QByteArray &octets, const QByteArray &signature);

private:
    struct Private;
    explicit RsaKey(std::shared_ptr<const Private> p) : d(std::move(p)) {}
    std::shared_ptr<const Private> d;
};

} // namespace posthorn::crypto
