#include "policy/trust/dkim_key.h"

#include "platform/crypto/hash.h"

#include <algorithm>

namespace posthorn::trust {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxString = 255;
constexpr qsizetype maxLabel = 63, maxName = 253;

template<typename Key>
Result<DkimKey> wrapped(Result<Key> key, auto make)
{
    return key ? Result<DkimKey>(make(std::move(*key))) : std::unexpected(key.error());
}

bool isLabel(QStringView label)
{
    const auto fits = [](QChar c) { return (c >= u'a' && c <= u'z') || (c >= u'0' && c <= u'9') || c == u'-'; };
    return !label.isEmpty() && label.size() <= maxLabel && label.front() != u'-' && label.back() != u'-'
           && std::ranges::all_of(label, fits);
}

} // namespace

QLatin1StringView nameOf(DkimAlgorithm algorithm)
{
    return algorithm == DkimAlgorithm::Rsa ? "rsa"_L1 : "ed25519"_L1;
}

std::optional<DkimAlgorithm> dkimAlgorithmNamed(QStringView name)
{
    for (const DkimAlgorithm algorithm : {DkimAlgorithm::Rsa, DkimAlgorithm::Ed25519}) {
        if (name == nameOf(algorithm))
            return algorithm;
    }
    return std::nullopt;
}

Result<DkimKey> DkimKey::generate(DkimAlgorithm algorithm)
{
    const auto make = [](auto key) { return DkimKey(std::move(key)); };
    return algorithm == DkimAlgorithm::Rsa ? wrapped(crypto::RsaKey::generate(), make)
                                           : wrapped(crypto::Ed25519Key::generate(), make);
}

Result<DkimKey> DkimKey::fromPem(DkimAlgorithm algorithm, const QByteArray &pem)
{
    const auto make = [](auto key) { return DkimKey(std::move(key)); };
    return algorithm == DkimAlgorithm::Rsa ? wrapped(crypto::RsaKey::fromPem(pem), make)
                                           : wrapped(crypto::Ed25519Key::fromPem(pem), make);
}

QByteArray DkimKey::toPem() const
{
    return std::visit([](const auto &key) { return key.toPem(); }, m_key);
}

QByteArray DkimKey::publicKey() const
{
    const auto *const rsa = std::get_if<crypto::RsaKey>(&m_key);
    return rsa ? rsa->publicDer() : std::get<crypto::Ed25519Key>(m_key).publicKey();
}

QByteArray DkimKey::sign(const QByteArray &octets) const
{
    // RSA's signature hashes by itself; Ed25519 signs the hash (RFC 8463 §3).
    const auto *const rsa = std::get_if<crypto::RsaKey>(&m_key);
    return rsa ? rsa->sign(octets) : std::get<crypto::Ed25519Key>(m_key).sign(crypto::sha256(octets));
}

QByteArray DkimKey::record() const
{
    return "v=DKIM1; k=" + QByteArray(nameOf(algorithm())) + "; p=" + publicKey().toBase64();
}

QString recordName(const QString &selector, const QString &domain)
{
    return selector + u"._domainkey."_s + domain;
}

QList<QByteArray> recordStrings(const QByteArray &record)
{
    QList<QByteArray> strings;
    for (qsizetype at = 0; at < record.size(); at += maxString)
        strings.append(record.mid(at, maxString));
    return strings;
}

bool isSelector(const QString &selector, const QString &domain)
{
    return std::ranges::all_of(QStringView(selector).split(u'.'), isLabel)
           && recordName(selector, domain).size() <= maxName;
}

} // namespace posthorn::trust
