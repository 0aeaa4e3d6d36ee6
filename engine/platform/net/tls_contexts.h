// Certificates and keys as QSslConfigurations, one for each name (SNI), re-read when the files change.
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QDateTime>
#include <QSslConfiguration>
#include <QString>

#include <memory>

namespace posthorn::net {

struct CertificateSource
{
    QByteArray serverName;    // "" is the default; else a domain name, "*.example.org" allowed
    QString certificateFile;  // PEM chain, or PKCS#12 (.p12, .pfx)
    QString keyFile;          // PEM; empty: in the certificate file
    QString password;         // of the key or PKCS#12 file
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

// Thread-safe. Conversations under way keep the configuration they began with.
class TlsContexts
{
public:
    TlsContexts();
    ~TlsContexts();
    Result<void> setSources(QList<CertificateSource> sources);
    // Reads again the files whose time, size or identity changed. True when something was replaced.
    bool refresh();
    // Versions 1.2 and 1.3. Null configuration when there is no certificate at all.
    [[nodiscard]] QSslConfiguration forName(QByteArrayView serverName) const;
    // RFC 5929 tls-server-end-point hash of the certificate that forName(serverName) uses.
    [[nodiscard]] QByteArray endPointHash(QByteArrayView serverName) const;
    [[nodiscard]] bool isAvailable() const;
    [[nodiscard]] QList<CertificateFacts> facts() const;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace posthorn::net
