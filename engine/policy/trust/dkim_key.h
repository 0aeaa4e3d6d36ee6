// The keys of DKIM: RSA (RFC 6376, of 2048 bits by RFC 8301) and Ed25519 (RFC 8463); and what the DNS says of them.
#pragma once

#include "platform/crypto/ed25519_key.h"
#include "platform/crypto/rsa_key.h"

#include <QList>
#include <QString>

#include <optional>
#include <variant>

namespace posthorn::trust {

enum class DkimAlgorithm { Rsa, Ed25519 };

[[nodiscard]] QLatin1StringView nameOf(DkimAlgorithm algorithm); // the k= tag (RFC 6376 §3.6.1)
[[nodiscard]] std::optional<DkimAlgorithm> dkimAlgorithmNamed(QStringView name);

// A value; sign() may be called by several threads at once.
class DkimKey
{
public:
    [[nodiscard]] static Result<DkimKey> generate(DkimAlgorithm algorithm);
    [[nodiscard]] static Result<DkimKey> fromPem(DkimAlgorithm algorithm, const QByteArray &pem);

    [[nodiscard]] DkimAlgorithm algorithm() const { return DkimAlgorithm(m_key.index()); }
    [[nodiscard]] QByteArray toPem() const;
    [[nodiscard]] QByteArray publicKey() const; // the p= tag, before base64 (RFC 6376 §3.6.1, RFC 8463 §4)
    [[nodiscard]] QByteArray sign(const QByteArray &octets) const; // of their SHA-256; empty: it could not be done
    [[nodiscard]] QByteArray record() const;                       // "v=DKIM1; k=rsa; p=..."

private:
    using Key = std::variant<crypto::RsaKey, crypto::Ed25519Key>;
    explicit DkimKey(Key key) : m_key(std::move(key)) {}
    Key m_key;
};

// "selector._domainkey.example.org"
[[nodiscard]] QString recordName(const QString &selector, const QString &domain);
// A TXT record's value is made of strings of at most 255 octets (RFC 1035 §3.3).
[[nodiscard]] QList<QByteArray> recordStrings(const QByteArray &record);
// Labels of letters, digits and hyphens (RFC 6376 §3.1), lower case, short enough for a name with this domain.
[[nodiscard]] bool isSelector(const QString &selector, const QString &domain);

} // namespace posthorn::trust
