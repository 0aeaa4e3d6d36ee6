#include "policy/auth/credential.h"

#include "platform/crypto/hash.h"
#include "policy/auth/saslprep.h"

namespace posthorn::auth {

using namespace Qt::StringLiterals;

namespace {

constexpr int maxIterations = 10'000'000;
constexpr qsizetype maxSalt = 256;
constexpr auto scheme = "SCRAM-SHA-256$"_L1;

std::optional<Credential> parse(QByteArrayView text)
{
    const qsizetype colon = text.indexOf(':');
    const qsizetype dollar = text.indexOf('$');
    const qsizetype keys = text.lastIndexOf(':');
    if (colon < 0 || dollar < colon || keys < dollar)
        return std::nullopt;
    bool isNumber = false;
    const int iterations = text.first(colon).toInt(&isNumber);
    const auto salt = strictBase64(text.sliced(colon + 1, dollar - colon - 1));
    const auto storedKey = strictBase64(text.sliced(dollar + 1, keys - dollar - 1));
    const auto serverKey = strictBase64(text.sliced(keys + 1));
    if (!isNumber || iterations < 1 || iterations > maxIterations || !salt || salt->isEmpty() || salt->size() > maxSalt
        || !storedKey || storedKey->size() != keyOctets || !serverKey || serverKey->size() != keyOctets)
        return std::nullopt;
    return Credential{*salt, iterations, *storedKey, *serverKey};
}

} // namespace

std::optional<QByteArray> strictBase64(QByteArrayView text)
{
    const auto decoded = QByteArray::fromBase64Encoding(
        QByteArray::fromRawData(text.data(), text.size()),
        QByteArray::Base64Encoding | QByteArray::AbortOnBase64DecodingErrors);
    // Qt forgives missing padding and stray bits; whoever compares texts does not.
    if (!decoded || decoded.decoded.toBase64() != text)
        return std::nullopt;
    return decoded.decoded;
}

QByteArray storedKeyOf(QByteArrayView password, QByteArrayView salt, int iterations)
{
    QByteArray salted = crypto::pbkdf2Sha256(password, salt, iterations);
    QByteArray clientKey = crypto::hmacSha256(salted, "Client Key");
    QByteArray storedKey = crypto::sha256(clientKey);
    crypto::wipe(salted);
    crypto::wipe(clientKey);
    return storedKey;
}

Result<Credential> makeCredential(QStringView password, int iterations)
{
    const auto prepared = saslPrep(password);
    if (!prepared || prepared->isEmpty())
        return fail(ErrorKind::Invalid, password.isEmpty() ? u"The password is empty"_s
                                                           : u"The password has characters that are not allowed"_s);
    if (iterations < 1 || iterations > maxIterations)
        return fail(ErrorKind::Invalid, u"The number of iterations is out of range"_s);
    const QByteArray salt = crypto::randomBytes(saltOctets);
    QByteArray utf8 = prepared->toUtf8();
    QByteArray salted = crypto::pbkdf2Sha256(utf8, salt, iterations);
    const Credential made{salt, iterations, crypto::sha256(crypto::hmacSha256(salted, "Client Key")),
                          crypto::hmacSha256(salted, "Server Key")};
    crypto::wipe(utf8);
    crypto::wipe(salted);
    return made;
}

Credential pretendedCredential(QByteArrayView secret, const QString &user, int iterations)
{
    const QByteArray name = user.toLower().toUtf8();
    return {crypto::hmacSha256(secret, "salt:" + name).first(saltOctets), iterations,
            crypto::hmacSha256(secret, "stored:" + name), crypto::hmacSha256(secret, "server:" + name)};
}

QByteArray toText(const Credential &credential)
{
    return QByteArray(scheme.data(), scheme.size()) + QByteArray::number(credential.iterations) + ':'
        + credential.salt.toBase64() + '$' + credential.storedKey.toBase64() + ':' + credential.serverKey.toBase64();
}

Result<Credential> fromText(QByteArrayView text)
{
    if (text.startsWith(scheme)) {
        if (const auto credential = parse(text.sliced(scheme.size())))
            return *credential;
    }
    return fail(ErrorKind::Invalid, u"Not a credential"_s);
}

} // namespace posthorn::auth
