// Dates of header fields (RFC 5322 §3.3, obsolete forms of §4.3).
#pragma once

#include <QByteArray>
#include <QByteArrayView>

#include <optional>

namespace posthorn::message {

struct Date
{
    qint64 seconds = 0;    // since 1970-01-01T00:00:00Z
    int offsetMinutes = 0; // of the zone it was written in, east of Greenwich positive

    bool operator==(const Date &) const = default;
};

// Comments, two- and three-digit years, named and military zones, a missing day name, missing seconds or zone
// (taken as +0000) and the order of ctime() are understood. Nullopt when it is not a date that exists.
[[nodiscard]] std::optional<Date> parseDate(QByteArrayView field);

// "Tue, 01 Jul 2003 10:52:37 +0200", for Date and Received fields. Years outside 0..9999 are brought inside, offsets
// to less than a day.
[[nodiscard]] QByteArray formatDate(qint64 seconds, int offsetMinutes);

// Days since 1970-01-01 of a date in the Gregorian calendar, and back (any year; month and day start at 1).
[[nodiscard]] qint64 daysFromCivil(qint64 year, int month, int day);
struct CivilDate
{
    qint64 year = 1970;
    int month = 1;
    int day = 1;
};
[[nodiscard]] CivilDate civilFromDays(qint64 days);

} // namespace posthorn::message
