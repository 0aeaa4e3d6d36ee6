// What TLS that we begin is checked against: the certificate authorities this computer trusts.
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>

#include <functional>
#include <memory>

struct ssl_ctx_st; // OpenSSL's SSL_CTX

namespace posthorn::net {

// How TLS is to begin with a server.
struct TlsGoal
{
    std::shared_ptr<ssl_ctx_st> context; // of TlsTrust
    QByteArray serverName;               // asked for (SNI); when `verify`, the certificate has to be for it
    bool verify = false;                 // false: any certificate will do
    // In place of that, or nothing: judges the certificates the server sent (DER, its own first). `fault`: why they don't
    // verify, or empty. Returns why not, or nothing. Any thread.
    std::function<QString(const QList<QByteArray> &chain, const QString &fault)> judge = {};
};

// Any thread.
class TlsTrust
{
public:
    // `authorities`: a PEM file with more of them; may be empty.
    explicit TlsTrust(const QString &authorities);
    [[nodiscard]] const std::shared_ptr<ssl_ctx_st> &context() const { return m_context; } // versions 1.2 and 1.3
    [[nodiscard]] const QString &error() const { return m_error; } // why `authorities` could not be read; or empty

private:
    std::shared_ptr<ssl_ctx_st> m_context;
    QString m_error;
};

} // namespace posthorn::net
