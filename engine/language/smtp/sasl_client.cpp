#include "language/smtp/sasl_client.h"

#include "language/smtp/wire.h"

#include <QCryptographicHash>
#include <QMessageAuthenticationCode>

#include <algorithm>

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

namespace {

QByteArray hmac(const QByteArray &key, const QByteArray &text)
{
    return QMessageAuthenticationCode::hash(text, key, QCryptographicHash::Sha256);
}

// A saslname (RFC 5802 §5.1).
QByteArray escapedName(QByteArray name)
{
    return name.replace('=', "=3D").replace(',', "=2C");
}

QByteArray attribute(const QByteArray &message, char name)
{
    for (const QByteArray &part : message.split(',')) {
        if (part.size() >= 2 && part[0] == name && part[1] == '=')
            return part.sliced(2);
    }
    return {};
}

} // namespace

struct SaslClient::Row
{
    const char *name;
    Kind kind;
    bool showsSecret;
    bool wantsToken;
};

// The strongest first.
const SaslClient::Row SaslClient::table[] = {
    {"XOAUTH2", Kind::XOAuth2, true, true},
    {"SCRAM-SHA-256", Kind::Scram, false, false},
    {"PLAIN", Kind::Plain, true, false},
    {"LOGIN", Kind::Login, true, false},
};

Result<SaslClient> SaslClient::choose(const QList<QByteArray> &offered, const SaslSecrets &secrets, bool mayShow)
{
    bool hidden = false;
    for (const Row &row : table) {
        if (!secrets.mechanism.isEmpty() && secrets.mechanism != row.name)
            continue;
        if (!offered.contains(row.name) || row.wantsToken != !secrets.token.isEmpty())
            continue;
        if (!row.showsSecret || mayShow)
            return SaslClient(row.kind, secrets);
        hidden = true;
    }
    return hidden ? fail(ErrorKind::Denied, u"The server offers no TLS, and the password would be sent in clear text"_s)
           : secrets.mechanism.isEmpty()
               ? fail(ErrorKind::Denied, u"The server offers no way to sign in that we know"_s)
               : fail(ErrorKind::Denied, u"The server does not offer to sign in by %1"_s.arg(QString::fromLatin1(secrets.mechanism)));
}

QByteArray SaslClient::mechanism() const
{
    return std::ranges::find(table, m_kind, &Row::kind)->name;
}

std::optional<QByteArray> SaslClient::initialResponse()
{
    ++m_step;
    switch (m_kind) {
    case Kind::Plain: return '\0' + m_secrets.user + '\0' + m_secrets.password;
    case Kind::XOAuth2: return "user=" + m_secrets.user + "\1auth=Bearer " + m_secrets.token + "\1\1";
    case Kind::Scram: m_firstBare = "n=" + escapedName(m_secrets.user) + ",r=" + m_secrets.nonce; return "n,," + m_firstBare;
    case Kind::Login: break;
    }
    return std::nullopt;
}

Result<SaslClient::Step> SaslClient::respond(const QByteArray &challenge)
{
    const int step = m_step++;
    if (m_kind == Kind::Login && step == 1)
        return m_secrets.user;
    if (m_kind == Kind::Login && step == 2)
        return m_secrets.password;
    if (m_kind == Kind::XOAuth2 && step == 1)
        return QByteArray(); // the challenge says what is wrong; the refusal comes after an empty response
    if (m_kind == Kind::Scram && step == 1)
        return scramFirst(challenge);
    if (m_kind == Kind::Scram && step == 2)
        return scramFinal(challenge);
    return fail(ErrorKind::Invalid, u"The server asks for more than the mechanism has"_s);
}

Result<SaslClient::Step> SaslClient::scramFirst(const QByteArray &challenge)
{
    m_serverFirst = challenge;
    m_nonce = attribute(challenge, 'r');
    const auto salt = decodeBase64(attribute(challenge, 's'));
    const int iterations = attribute(challenge, 'i').toInt();
    if (!m_nonce.startsWith(m_secrets.nonce) || m_nonce == m_secrets.nonce || !salt || salt->isEmpty() || iterations < 1)
        return fail(ErrorKind::Invalid, u"The server's part of SCRAM is not right"_s);
    if (iterations > m_secrets.maxIterations)
        return fail(ErrorKind::TooLarge, u"The server asks for too many rounds of SCRAM"_s);
    return DeriveKey{m_secrets.password, *salt, iterations};
}

QByteArray SaslClient::keyDerived(const QByteArray &saltedPassword)
{
    const QByteArray withoutProof = "c=biws,r=" + m_nonce;
    const QByteArray all = m_firstBare + ',' + m_serverFirst + ',' + withoutProof;
    QByteArray proof = hmac(saltedPassword, "Client Key"_ba);
    const QByteArray signature = hmac(QCryptographicHash::hash(proof, QCryptographicHash::Sha256), all);
    for (qsizetype i = 0; i < proof.size(); ++i)
        proof[i] = char(proof[i] ^ signature[i]);
    m_serverSignature = hmac(hmac(saltedPassword, "Server Key"_ba), all);
    return withoutProof + ",p=" + proof.toBase64();
}

Result<SaslClient::Step> SaslClient::scramFinal(const QByteArray &challenge)
{
    const auto verifier = decodeBase64(attribute(challenge, 'v'));
    m_proven = verifier && *verifier == m_serverSignature;
    if (!m_proven)
        return fail(ErrorKind::Denied, u"The server does not know the password: it may not be the one it says"_s);
    return QByteArray();
}

} // namespace posthorn::smtp
