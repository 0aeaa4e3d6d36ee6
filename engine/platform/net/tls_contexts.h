// Certificates and keys as TLS contexts, one for each name (SNI), re-read when the files change. OpenSSL's, not
// QSslConfigurations: QSslSocket makes a context anew for each connection (measured: 123 KiB and 4.7 ms each) and waits
// with its own notifier for each, so that a thousand idle ones make every answer 3 ms late.
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QDateTime>
#include <QString>

#include <memory>

struct ssl_ctx_st; // OpenSSL's SSL_CTX

namespace posthorn::net {

struct CertificateSource
{
    QByteArray serverName;    // "" is the default; else a domain name, "*.example.org" allowed
    QString certificateFile;  // PEM chain, or PKCS#12 (.p12, .pfx)
    QString keyFile;          // PEM; empty: in the certificate file
    QString password;         // of the key or PKCS#12 file
    bool operator==(const CertificateSource &) const = default;
};

struct CertificateFacts
{
    QByteArray serverName;
    QString subject, issuer;
    QStringList names;
    QDateTime notBefore, notAfter;
    QByteArray sha256; // fingerprint, raw
    bool selfSigned = false;
    QString file;
    QString error; // not empty: this one could not be loaded, and why; an earlier good one stays in use
};

// What one connection begins with. Whoever holds it keeps it alive.
struct TlsContext
{
    std::shared_ptr<ssl_ctx_st> handle; // versions 1.2 and 1.3; null when there is no certificate at all
    QByteArray endPointHash;            // tls-server-end-point (RFC 5929 §4); empty where that is undefined
    QByteArray certificate;             // DER
};

// Thread-safe. Conversations under way keep the context they began with.
class TlsContexts
{
public:
    TlsContexts();
    ~TlsContexts();
    // Invalid or NotFound when one can't be loaded; the others are in use all the same.
    Result<void> setSources(QList<CertificateSource> sources);
    // Reads again the files whose time, size or identity changed. True when something was replaced.
    bool refresh();
    // The one of that very name, else of a wildcard, else one whose certificate has the name, else the default, else any.
    [[nodiscard]] TlsContext forName(QByteArrayView serverName) const;
    [[nodiscard]] bool isAvailable() const;
    [[nodiscard]] QList<CertificateFacts> facts() const;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace posthorn::net
