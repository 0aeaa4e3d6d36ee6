#include "platform/crypto/hash.h"

#include "platform/crypto/provider.h"

#include <QtCrypto>

#include <QCryptographicHash>
#include <QMessageAuthenticationCode>
#include <QRandomGenerator>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <climits>

namespace posthorn::crypto {

using namespace Qt::StringLiterals;

namespace {

// QCA and OpenSSL count octets in int.
bool fitsInt(QByteArrayView data)
{
    return data.size() <= INT_MAX;
}

QByteArray hashed(QLatin1StringView name, QCryptographicHash::Algorithm algorithm, QByteArrayView data)
{
    if (!fitsInt(data) || !qcaHas(name))
        return QCryptographicHash::hash(data, algorithm);
    QCA::Hash hash{QString(name)};
    hash.update(data.constData(), int(data.size()));
    return hash.final().toByteArray();
}

} // namespace

QByteArray sha1(QByteArrayView data)
{
    return hashed("sha1"_L1, QCryptographicHash::Sha1, data);
}

QByteArray sha256(QByteArrayView data)
{
    return hashed("sha256"_L1, QCryptographicHash::Sha256, data);
}

QByteArray sha512(QByteArrayView data)
{
    return hashed("sha512"_L1, QCryptographicHash::Sha512, data);
}

QByteArray hmacSha256(QByteArrayView key, QByteArrayView data)
{
    // An empty key is legal in HMAC; QCA's providers refuse it.
    if (key.isEmpty() || !fitsInt(data) || !fitsInt(key) || !qcaHas("hmac(sha256)"_L1))
        return QMessageAuthenticationCode::hash(data, key, QCryptographicHash::Sha256);
    QCA::MessageAuthenticationCode code(u"hmac(sha256)"_s, QCA::SymmetricKey(key.toByteArray()));
    code.update(QByteArray::fromRawData(data.constData(), data.size()));
    return code.final().toByteArray();
}

QByteArray pbkdf2Sha256(QByteArrayView password, QByteArrayView salt, int iterations, qsizetype octets)
{
    if (iterations < 1 || octets < 1 || octets > INT_MAX || !fitsInt(password) || !fitsInt(salt))
        return {};
    QByteArray key(octets, Qt::Uninitialized);
    const int done = PKCS5_PBKDF2_HMAC(password.isEmpty() ? "" : password.constData(), int(password.size()),
                                       reinterpret_cast<const unsigned char *>(salt.constData()), int(salt.size()),
                                       iterations, EVP_sha256(), int(octets),
                                       reinterpret_cast<unsigned char *>(key.data()));
    return done == 1 ? key : QByteArray();
}

bool constantTimeEquals(QByteArrayView left, QByteArrayView right)
{
    if (left.size() != right.size())
        return false;
    return left.isEmpty() || CRYPTO_memcmp(left.constData(), right.constData(), size_t(left.size())) == 0;
}

QByteArray randomBytes(qsizetype octets)
{
    QByteArray bytes(qMax<qsizetype>(octets, 0), Qt::Uninitialized);
    auto *const generator = QRandomGenerator::system();
    for (qsizetype at = 0; at < bytes.size(); at += 8) {
        const quint64 word = generator->generate64();
        memcpy(bytes.data() + at, &word, size_t(qMin<qsizetype>(8, bytes.size() - at)));
    }
    return bytes;
}

QByteArray randomText(qsizetype characters)
{
    static constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    QByteArray text = randomBytes(characters);
    for (char &c : text)
        c = alphabet[quint8(c) & 63];
    return text;
}

void wipe(QByteArray &secret)
{
    if (!secret.isEmpty())
        OPENSSL_cleanse(secret.data(), size_t(secret.size()));
    secret.clear();
}

} // namespace posthorn::crypto
