// What a server says it can, read from its reply to EHLO (RFC 5321 §4.1.1.1).
#pragma once

#include "language/smtp/reply.h"

#include <QList>

namespace posthorn::smtp {

struct ServerOffer
{
    QByteArray name; // the server's own
    bool pipelining = false, chunking = false, eightBitMime = false, binaryMime = false, smtpUtf8 = false, dsn = false,
         startTls = false, size = false, requireTls = false;
    qint64 maxSize = 0;   // octets; 0: no limit told
    int maxRecipients = 0; // LIMITS RCPTMAX (RFC 9422); 0: none told
    int maxTransactions = 0; // and MAILMAX, of a session
    QList<QByteArray> mechanisms; // AUTH, upper case
};

[[nodiscard]] ServerOffer readOffer(const Reply &ehlo);

} // namespace posthorn::smtp
