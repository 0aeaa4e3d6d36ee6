#include "platform/net/der.h"

#include <QCryptographicHash>

namespace posthorn::net {

namespace {

constexpr quint8 integerTag = 0x02, bitStringTag = 0x03, objectTag = 0x06, sequenceTag = 0x30;

using Hash = QCryptographicHash;

struct KnownAlgorithm
{
    QByteArrayView object; // contents of the OBJECT IDENTIFIER
    Hash::Algorithm hash;
};

// Signature algorithms that name their hash, and (for RSASSA-PSS) the hashes themselves.
constexpr KnownAlgorithm algorithms[] = {
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", Hash::Sha256}, // md5WithRSA
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", Hash::Sha256}, // sha1WithRSA
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e", Hash::Sha224},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", Hash::Sha256},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", Hash::Sha384},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", Hash::Sha512},
    {"\x2a\x86\x48\xce\x3d\x04\x01", Hash::Sha256},         // ecdsa-with-SHA1
    {"\x2a\x86\x48\xce\x3d\x04\x03\x01", Hash::Sha224},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x02", Hash::Sha256},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x03", Hash::Sha384},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x04", Hash::Sha512},
    {"\x60\x86\x48\x01\x65\x03\x04\x02\x04", Hash::Sha224},
    {"\x60\x86\x48\x01\x65\x03\x04\x02\x01", Hash::Sha256},
    {"\x60\x86\x48\x01\x65\x03\x04\x02\x02", Hash::Sha384},
    {"\x60\x86\x48\x01\x65\x03\x04\x02\x03", Hash::Sha512},
};
constexpr QByteArrayView rsaPss = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";

std::optional<Hash::Algorithm> hashOf(QByteArrayView object)
{
    for (const KnownAlgorithm &known : algorithms) {
        if (known.object == object)
            return known.hash;
    }
    return std::nullopt;
}

std::optional<QByteArrayView> take(QByteArrayView &rest, quint8 tag)
{
    const auto item = takeDer(rest);
    return item && item->tag == tag ? std::optional(item->content) : std::nullopt;
}

// RSASSA-PSS-params ::= SEQUENCE { [0] { SEQUENCE { OBJECT hash, ... } } ... }; without [0] it is SHA-1.
std::optional<Hash::Algorithm> pssHash(QByteArrayView parameters)
{
    auto fields = take(parameters, sequenceTag);
    auto first = fields ? take(*fields, 0xa0) : std::nullopt;
    auto algorithm = first ? take(*first, sequenceTag) : std::nullopt;
    const auto object = algorithm ? take(*algorithm, objectTag) : std::nullopt;
    return object ? hashOf(*object) : Hash::Sha256;
}

} // namespace

std::optional<DerItem> takeDer(QByteArrayView &rest)
{
    if (rest.size() < 2)
        return std::nullopt;
    qsizetype at = 2;
    quint64 length = quint8(rest[1]);
    if (length >= 0x80) {
        const qsizetype octets = qsizetype(length & 0x7f);
        if (octets == 0 || octets > 4 || rest.size() < at + octets)
            return std::nullopt;
        length = 0;
        for (qsizetype i = 0; i < octets; ++i)
            length = length << 8 | quint8(rest[at + i]);
        at += octets;
    }
    if (length > quint64(rest.size() - at))
        return std::nullopt;
    const DerItem item{quint8(rest[0]), rest.sliced(at, qsizetype(length))};
    rest = rest.sliced(at + qsizetype(length));
    return item;
}

QByteArray endPointHashOf(const QByteArray &certificateDer)
{
    QByteArrayView outer = certificateDer;
    auto certificate = take(outer, sequenceTag);
    if (!certificate || !take(*certificate, sequenceTag)) // the part that is signed
        return {};
    auto algorithm = take(*certificate, sequenceTag);
    const auto object = algorithm ? take(*algorithm, objectTag) : std::nullopt;
    if (!object)
        return {};
    const auto hash = *object == rsaPss ? pssHash(*algorithm) : hashOf(*object);
    return hash ? Hash::hash(certificateDer, *hash) : QByteArray();
}

bool keysMayMatch(const QByteArray &publicKeyDer, const QByteArray &privateKeyDer)
{
    QByteArrayView outer = publicKeyDer;
    auto info = take(outer, sequenceTag);
    if (!info || !take(*info, sequenceTag))
        return true;
    auto bits = take(*info, bitStringTag);
    if (!bits || bits->size() < 34)
        return true;
    QByteArrayView key = bits->sliced(1); // behind the count of unused bits
    QByteArrayView inner = key;
    if (auto rsa = take(inner, sequenceTag)) {
        const auto modulus = take(*rsa, integerTag);
        return !modulus || privateKeyDer.contains(*modulus);
    }
    // An elliptic curve's point, which the private key's form usually repeats in its field [1].
    QByteArrayView whole = privateKeyDer;
    auto fields = take(whole, sequenceTag);
    while (fields && !fields->isEmpty()) {
        const auto field = takeDer(*fields);
        if (!field)
            return true;
        if (field->tag == 0xa1)
            return field->content.contains(key);
    }
    return true;
}

} // namespace posthorn::net
