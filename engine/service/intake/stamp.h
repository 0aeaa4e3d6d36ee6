// The header fields an arriving message gets: Return-Path, Received (RFC 5321 §4.4), and for submission the ones it
// lacks (RFC 6409 §8).
#pragma once

#include "language/smtp/needs.h"

#include <QByteArray>

namespace posthorn::intake {

struct StampFacts
{
    QByteArray helo;
    QByteArray client;   // address
    QByteArray hostName; // ours
    QByteArray journey;
    QByteArray with;     // "ESMTPSA"
    TlsFacts tls;
    QByteArray recipient; // only when there is just one
    qint64 at = 0;        // ms since 1970
    int offsetMinutes = 0;
};

[[nodiscard]] QByteArray receivedField(const StampFacts &facts);
[[nodiscard]] QByteArray returnPathField(const smtp::Address &reversePath);
// Date and Message-ID when `header` has none.
[[nodiscard]] QByteArray submissionFields(QByteArrayView header, const StampFacts &facts);
// RFC 3848 and 6531: SMTP, ESMTP, ESMTPS, ESMTPA, ESMTPSA, UTF8SMTP...
[[nodiscard]] QByteArray withKeyword(bool extended, bool utf8, bool tls, bool authenticated);

} // namespace posthorn::intake
