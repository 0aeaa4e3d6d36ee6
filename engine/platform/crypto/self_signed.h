// The certificate a server gives itself at its first start, so that TLS works before anybody has bought or fetched one.
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QString>
#include <QStringList>

namespace posthorn::crypto {

struct CertificateAndKey
{
    QByteArray certificate; // PEM
    QByteArray key;         // PEM, PKCS #8, not encrypted
};

// RSA of 2048 bits, SHA-256, valid from an hour ago for `days` (1 to 36,500). Subject is the host name; it and the extra
// names, host names in ASCII form or IP addresses, are the subject's alternative names. Takes some 100 ms.
// Invalid: a name that is none.
[[nodiscard]] Result<CertificateAndKey> makeSelfSigned(const QString &hostName, const QStringList &extraNames = {},
                                                       int days = 3650);

// Files are readable by their owner only, and replaced whole.
Result<void> writePem(const CertificateAndKey &pair, const QString &certificateFile, const QString &keyFile);
// Both in one file, so that they can't be told apart by an interruption.
Result<void> writePem(const CertificateAndKey &pair, const QString &file);

} // namespace posthorn::crypto
