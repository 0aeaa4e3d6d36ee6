// The client's side of SASL (RFC 4422) as SMTP carries it: SCRAM-SHA-256 (RFC 5802, 7677), PLAIN (RFC 4616), LOGIN and
// XOAUTH2. Pure: challenges in, responses out, not in base64.
#pragma once

#include "core/result.h"
#include "language/smtp/client_needs.h"

#include <variant>

namespace posthorn::smtp {

struct SaslSecrets
{
    QByteArray user, password, token, nonce;
    int maxIterations = 1'000'000;
    QByteArray mechanism = {}; // the only one to be used; empty: any
};

class SaslClient
{
public:
    // Takes the strongest of the mechanisms offered; one that shows a secret only when `inClear` or under TLS. Denied
    // when there is none.
    [[nodiscard]] static Result<SaslClient> choose(const QList<QByteArray> &offered, const SaslSecrets &secrets,
                                                   bool mayShow);

    [[nodiscard]] QByteArray mechanism() const;
    // With the AUTH command; nothing when the server has to speak first.
    [[nodiscard]] std::optional<QByteArray> initialResponse();
    // A response, or a key that has to be derived first, for keyDerived().
    using Step = std::variant<QByteArray, DeriveKey>;
    [[nodiscard]] Result<Step> respond(const QByteArray &challenge);
    [[nodiscard]] QByteArray keyDerived(const QByteArray &saltedPassword);
    // After a positive reply: did the server prove that it knows the password, where the mechanism wants that?
    [[nodiscard]] bool isProven() const { return m_kind != Kind::Scram || m_proven; }

private:
    enum class Kind { Scram, XOAuth2, Plain, Login };
    struct Row;
    static const Row table[];

    SaslClient(Kind kind, SaslSecrets secrets) : m_kind(kind), m_secrets(std::move(secrets)) {}
    [[nodiscard]] Result<Step> scramFirst(const QByteArray &challenge);
    [[nodiscard]] Result<Step> scramFinal(const QByteArray &challenge);

    Kind m_kind;
    SaslSecrets m_secrets;
    int m_step = 0;
    QByteArray m_firstBare, m_serverFirst, m_nonce, m_serverSignature;
    bool m_proven = false;
};

} // namespace posthorn::smtp
