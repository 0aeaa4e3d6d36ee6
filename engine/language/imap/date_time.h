// Dates as IMAP writes them (RFC 9051 §9: date, date-time).
#pragma once

#include "core/result.h"

#include <QByteArray>

namespace posthorn::imap {

struct DateTime
{
    qint64 ms = 0; // since 1970 UTC
    int offsetMinutes = 0;
    bool operator==(const DateTime &) const = default;
};

// "7-Feb-1994", without quotes: days since 1970.
[[nodiscard]] Result<qint64> parseDate(QByteArrayView text);
// "17-Jul-1996 02:44:25 -0700", without quotes; a one-digit day has a space before it.
[[nodiscard]] Result<DateTime> parseDateTime(QByteArrayView text);
// "2005-12-31T23:59:59.5Z", "2005-12-31T15:59:59-08:00" (RFC 3339 §5.6).
[[nodiscard]] Result<DateTime> parseInternetDateTime(QByteArrayView text);
// With quotes.
void appendDateTime(QByteArray &out, qint64 ms, int offsetMinutes);
// The day, counted from 1970, that it was at that offset.
[[nodiscard]] qint64 dayOf(qint64 ms, int offsetMinutes);

} // namespace posthorn::imap
