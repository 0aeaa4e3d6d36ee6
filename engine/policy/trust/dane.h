// DANE for SMTP (RFC 6698, RFC 7671, RFC 7672): a server's TLSA records say which certificate it has. Pure: certificates
// are DER octets. Whoever asks has made sure that the records came under DNSSEC.
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QList>

namespace posthorn::trust {

struct TlsaRecord
{
    quint8 usage = 0;    // 2 DANE-TA, 3 DANE-EE; 0 and 1 are not for SMTP (RFC 7672 §3.1.3)
    quint8 selector = 0; // 0 the certificate, 1 its public key
    quint8 matching = 0; // 0 as it is, 1 SHA-256, 2 SHA-512
    QByteArray octets;
    bool operator==(const TlsaRecord &) const = default;
};

// Those that mean something to us. Records, and none of them usable: TLS without authentication (RFC 7672 §2.2).
[[nodiscard]] QList<TlsaRecord> usableRecords(const QList<TlsaRecord> &records);

// Is this the server? `chain`: what it sent, its own certificate first. `names`: with DANE-TA the certificate has to be for
// one of them and valid at `at` (seconds since 1970); DANE-EE asks for nothing but the match (RFC 7672 §3.1.1).
[[nodiscard]] Result<void> judgeByDane(const QList<TlsaRecord> &usable, const QList<QByteArray> &chain,
                                       const QList<QByteArray> &names, qint64 at);

} // namespace posthorn::trust
