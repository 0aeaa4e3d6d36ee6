// Just enough DER (X.690) to look into certificates and keys. Pure and bounded: broken input gives nothing.
#pragma once

#include <QByteArray>

#include <optional>

namespace posthorn::net {

struct DerItem
{
    quint8 tag = 0;
    QByteArrayView content;
};

// The item at the front of `rest`, which is moved behind it. Nothing: cut short, or a form DER does not have.
[[nodiscard]] std::optional<DerItem> takeDer(QByteArrayView &rest);

// tls-server-end-point of a certificate (RFC 5929 §4.1): its hash by the algorithm it is signed with, SHA-256 in place
// of MD5 and SHA-1. Empty where the RFC leaves it undefined (Ed25519, unknown algorithms).
[[nodiscard]] QByteArray endPointHashOf(const QByteArray &certificateDer);

// False when the private key (PKCS #1 or SEC 1, DER) is surely not that of the public one (SubjectPublicKeyInfo, DER).
[[nodiscard]] bool keysMayMatch(const QByteArray &publicKeyDer, const QByteArray &privateKeyDer);

} // namespace posthorn::net
