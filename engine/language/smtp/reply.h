// An SMTP reply: code, enhanced status code (RFC 3463) and text.
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QList>

namespace posthorn::smtp {

struct Reply
{
    int code = 250;
    QByteArray enhanced; // "2.1.0"; empty where RFC 2034 has none (220 banner, 354, EHLO)
    QByteArray text;     // lines separated by '\n'

    [[nodiscard]] bool isPositive() const { return code < 400; }
    // With CRLF; long text is split into lines of at most 512 octets (RFC 5321 §4.5.3.1.5), control characters in it
    // are shown as '?'.
    [[nodiscard]] QByteArray toBytes() const;
    void appendTo(QByteArray &out) const;
    bool operator==(const Reply &) const = default;
};

// The one place where an error becomes a reply. Unavailable, Uncertain and Internal are always 4xx.
[[nodiscard]] Reply replyFor(const Error &error);

} // namespace posthorn::smtp
