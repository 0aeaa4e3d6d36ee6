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
    [[nodiscard]] QByteArray toBytes() const; // with CRLF, long text split into several lines
    bool operator==(const Reply &) const = default;
};

// The one place where an error becomes a reply. Unavailable, Uncertain and Internal are always 4xx.
[[nodiscard]] Reply replyFor(const Error &error);

} // namespace posthorn::smtp
