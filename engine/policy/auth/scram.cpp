#include "policy/auth/scram.h"

#include "platform/crypto/hash.h"
#include "policy/auth/credential.h"

#include <algorithm>

namespace posthorn::auth {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxMessage = 8 * 1024;
constexpr qsizetype maxNonce = 512;
constexpr qsizetype maxName = 512;

std::unexpected<Error> malformed(const QString &detail)
{
    return fail(ErrorKind::Invalid, u"Malformed SCRAM message"_s, detail);
}

// Takes "NAME=value" and the comma after it from `rest`. None when the next attribute is another, or empty.
std::optional<QByteArrayView> takeAttribute(QByteArrayView &rest, char name)
{
    if (rest.size() < 3 || rest.at(0) != name || rest.at(1) != '=')
        return std::nullopt;
    const qsizetype comma = rest.indexOf(',');
    const QByteArrayView value = comma < 0 ? rest.sliced(2) : rest.sliced(2, comma - 2);
    // A comma at the very end announces an attribute that isn't there.
    if (value.isEmpty() || comma == rest.size() - 1)
        return std::nullopt;
    rest = comma < 0 ? QByteArrayView() : rest.sliced(comma + 1);
    return value;
}

// Optional extensions are let pass, mandatory ones ("m=") refused (RFC 5802 §5.1).
bool skipExtensions(QByteArrayView rest)
{
    while (!rest.isEmpty()) {
        const char name = rest.at(0);
        const bool isLetter = (name >= 'a' && name <= 'z') || (name >= 'A' && name <= 'Z');
        if (!isLetter || name == 'm' || !takeAttribute(rest, name))
            return false;
    }
    return true;
}

// saslname (RFC 5802 §7): "=2C" is a comma and "=3D" an equals sign; no other "=" stands in it.
std::optional<QString> unescaped(QByteArrayView name)
{
    if (name.size() > maxName || name.contains('\0') || !name.isValidUtf8())
        return std::nullopt;
    QByteArray out;
    out.reserve(name.size());
    for (qsizetype at = 0; at < name.size(); ++at) {
        if (name.at(at) != '=') {
            out += name.at(at);
            continue;
        }
        const QByteArrayView escape = name.sliced(at).first(qMin<qsizetype>(3, name.size() - at));
        if (escape != "=2C" && escape != "=3D")
            return std::nullopt;
        out += escape == "=2C" ? ',' : '=';
        at += 2;
    }
    return QString::fromUtf8(out);
}

bool isNonce(QByteArrayView nonce)
{
    return nonce.size() <= maxNonce && std::ranges::all_of(nonce, [](char c) { return c > ' ' && c < 0x7F; });
}

QByteArray exclusiveOr(QByteArray left, const QByteArray &right)
{
    for (qsizetype i = 0; i < left.size(); ++i)
        left[i] = char(left.at(i) ^ right.at(i));
    return left;
}

} // namespace

ScramExchange::ScramExchange(bool plus, ChannelBindings bindings, QByteArray nonce)
    : m_plus(plus), m_bindings(std::move(bindings)), m_nonce(std::move(nonce))
{
}

bool ScramExchange::takeBinding(QByteArrayView flag)
{
    if (m_plus) {
        if (flag == "p=tls-server-end-point")
            m_binding = m_bindings.endPoint;
        else if (flag == "p=tls-exporter")
            m_binding = m_bindings.exporter;
        return !m_binding.isEmpty();
    }
    // "y": the client saw no -PLUS among our mechanisms, yet it is there.
    return flag == "n" || (flag == "y" && m_bindings.endPoint.isEmpty() && m_bindings.exporter.isEmpty());
}

Result<QString> ScramExchange::first(QByteArrayView message)
{
    if (message.size() > maxMessage)
        return malformed(u"too long"_s);
    const qsizetype flagEnd = message.indexOf(',');
    const qsizetype headerEnd = flagEnd < 0 ? -1 : message.indexOf(',', flagEnd + 1);
    if (headerEnd < 0)
        return malformed(u"no gs2-header"_s);
    if (!takeBinding(message.first(flagEnd)))
        return fail(ErrorKind::Denied, u"Channel binding does not match"_s);
    m_header = message.first(headerEnd + 1).toByteArray();
    m_firstBare = message.sliced(headerEnd + 1).toByteArray();
    return takeNames(message.sliced(flagEnd + 1, headerEnd - flagEnd - 1), m_firstBare);
}

Result<QString> ScramExchange::takeNames(QByteArrayView authzid, QByteArrayView rest)
{
    const auto name = takeAttribute(rest, 'n');
    const auto nonce = name ? takeAttribute(rest, 'r') : std::nullopt;
    if (!nonce || !isNonce(*nonce) || !skipExtensions(rest))
        return malformed(u"client-first-message"_s);
    m_clientNonce = nonce->toByteArray();
    const auto user = unescaped(*name);
    if (!user)
        return malformed(u"user name"_s);
    if (!authzid.isEmpty()) {
        const auto other = takeAttribute(authzid, 'a');
        if (!other || !authzid.isEmpty() || unescaped(*other) != user)
            return fail(ErrorKind::Denied, u"No right to act for another user"_s);
    }
    return *user;
}

QByteArray ScramExchange::challenge(const Credential &credential)
{
    m_credential = credential;
    m_nonce.prepend(m_clientNonce);
    m_serverFirst = "r=" + m_nonce + ",s=" + credential.salt.toBase64() + ",i=" + QByteArray::number(credential.iterations);
    return m_serverFirst;
}

Result<QByteArray> ScramExchange::final(QByteArrayView message) const
{
    const qsizetype proofAt = message.lastIndexOf(",p=");
    if (message.size() > maxMessage || proofAt < 0)
        return malformed(u"client-final-message"_s);
    const auto proof = strictBase64(message.sliced(proofAt + 3));
    QByteArrayView rest = message.first(proofAt);
    const auto binding = takeAttribute(rest, 'c');
    const auto nonce = binding ? takeAttribute(rest, 'r') : std::nullopt;
    if (!nonce || !skipExtensions(rest) || !proof || proof->size() != keyOctets)
        return malformed(u"client-final-message"_s);
    const QByteArray bound = m_plus ? m_header + m_binding : m_header;
    if (!crypto::constantTimeEquals(*binding, bound.toBase64()) || !crypto::constantTimeEquals(*nonce, m_nonce))
        return fail(ErrorKind::Denied, u"Channel binding or nonce does not match"_s);

    const QByteArray authMessage = m_firstBare + ',' + m_serverFirst + ',' + message.first(proofAt).toByteArray();
    const QByteArray signature = crypto::hmacSha256(m_credential.storedKey, authMessage);
    const QByteArray clientKey = exclusiveOr(*proof, signature);
    if (!crypto::constantTimeEquals(crypto::sha256(clientKey), m_credential.storedKey))
        return fail(ErrorKind::Denied, u"Wrong user name or password"_s);
    return "v=" + crypto::hmacSha256(m_credential.serverKey, authMessage).toBase64();
}

} // namespace posthorn::auth
