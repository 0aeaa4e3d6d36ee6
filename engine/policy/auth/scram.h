// The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, 7677). Pure: octets in, octets out.
#pragma once

#include "policy/auth/authenticator.h"

namespace posthorn::auth {

// Of the connection; empty what it has not.
struct ChannelBindings
{
    QByteArray endPoint; // tls-server-end-point (RFC 5929 §4)
    QByteArray exporter; // tls-exporter (RFC 9266)
};

class ScramExchange
{
public:
    // Without `bindings` SCRAM-SHA-256-PLUS is not offered. `nonce`: printable, no comma, new for each exchange.
    ScramExchange(bool plus, ChannelBindings bindings, QByteArray nonce);

    // client-first-message. The user name, unescaped, not prepared; or why not. A client that says it could bind and
    // believes that we can't (flag "y"), though we can, was lied to by somebody between: refused (RFC 5802 §6).
    [[nodiscard]] Result<QString> first(QByteArrayView message);
    // server-first-message.
    [[nodiscard]] QByteArray challenge(const Credential &credential);
    // client-final-message. The server-final-message ("v=..."), or Denied when the proof is not right.
    [[nodiscard]] Result<QByteArray> final(QByteArrayView message) const;

private:
    [[nodiscard]] bool takeBinding(QByteArrayView flag);
    [[nodiscard]] Result<QString> takeNames(QByteArrayView header, QByteArrayView bare);

    const bool m_plus;
    const ChannelBindings m_bindings;
    QByteArray m_binding;     // the one that the client chose
    QByteArray m_nonce;       // the server's; both after challenge()
    QByteArray m_clientNonce;
    QByteArray m_header;      // gs2-header
    QByteArray m_firstBare;   // client-first-message-bare
    QByteArray m_serverFirst;
    Credential m_credential;
};

} // namespace posthorn::auth
