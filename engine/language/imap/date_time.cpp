#include "language/imap/date_time.h"

#include "language/message/date.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr qint64 secondsOfDay = 86'400;

bool isDigit(char c) { return c >= '0' && c <= '9'; }

// Reads from the front; once something is wrong all is, and `at` says where.
struct Cursor
{
    QByteArrayView text;
    qsizetype at = 0;
    bool good = true;

    bool peekDigit() const { return at < text.size() && isDigit(text[at]); }

    void take(char c)
    {
        good = good && at < text.size() && text[at] == c;
        at += good;
    }

    int number(int places)
    {
        int value = 0;
        for (int i = 0; i < places && good; ++i) {
            good = peekDigit();
            if (good)
                value = value * 10 + (text[at++] - '0');
        }
        return value;
    }

    int month()
    {
        for (int i = 0; good && i < 12; ++i) {
            if (text.sliced(at).first(std::min<qsizetype>(3, text.size() - at))
                    .compare(QByteArrayView(months + 3 * i, 3), Qt::CaseInsensitive) == 0) {
                at += 3;
                return i + 1;
            }
        }
        good = false;
        return 1;
    }
};

// "-Feb-1994" after the day; nothing when there is no such day.
std::optional<qint64> readDate(Cursor &cursor, int day)
{
    cursor.take('-');
    const int month = cursor.month();
    cursor.take('-');
    const int year = cursor.number(4);
    if (!cursor.good)
        return std::nullopt;
    const qint64 days = message::daysFromCivil(year, month, day);
    const message::CivilDate back = message::civilFromDays(days);
    if (day < 1 || back.day != day || back.month != month)
        return std::nullopt;
    return days;
}

std::unexpected<Error> dateError(const Cursor &cursor)
{
    return parseError(u"Not a date"_s, cursor.at);
}

} // namespace

Result<qint64> parseDate(QByteArrayView text)
{
    Cursor cursor{text};
    int day = cursor.number(1);
    if (cursor.peekDigit())
        day = day * 10 + cursor.number(1);
    const auto days = readDate(cursor, day);
    if (!days || cursor.at != text.size())
        return dateError(cursor);
    return *days;
}

Result<DateTime> parseDateTime(QByteArrayView text)
{
    Cursor cursor{text};
    if (text.startsWith(' '))
        cursor.take(' ');
    int day = cursor.number(1);
    if (!text.startsWith(' ') && cursor.peekDigit())
        day = day * 10 + cursor.number(1);
    const auto days = readDate(cursor, day);
    if (!days)
        return dateError(cursor);
    cursor.take(' ');
    const int hour = cursor.number(2);
    cursor.take(':');
    const int minute = cursor.number(2);
    cursor.take(':');
    const int second = std::min(cursor.number(2), 60);
    cursor.take(' ');
    const bool west = cursor.good && cursor.at < text.size() && text[cursor.at] == '-';
    cursor.take(west ? '-' : '+');
    const int zoneHours = cursor.number(2);
    const int zoneMinutes = cursor.number(2);
    if (!cursor.good || cursor.at != text.size() || hour > 23 || minute > 59 || zoneHours > 23 || zoneMinutes > 59)
        return dateError(cursor);
    const int offset = (zoneHours * 60 + zoneMinutes) * (west ? -1 : 1);
    const qint64 seconds = *days * secondsOfDay + hour * 3600 + minute * 60 + std::min(second, 59);
    return DateTime{(seconds - offset * 60) * 1000, offset};
}

Result<DateTime> parseInternetDateTime(QByteArrayView text)
{
    Cursor cursor{text};
    const int year = cursor.number(4);
    cursor.take('-');
    const int month = cursor.number(2);
    cursor.take('-');
    const int day = cursor.number(2);
    const auto next = [&] { return cursor.at < text.size() ? text[cursor.at] : '\0'; };
    cursor.take(next() == 't' ? 't' : 'T');
    const int hour = cursor.number(2);
    cursor.take(':');
    const int minute = cursor.number(2);
    cursor.take(':');
    const int second = cursor.number(2);
    if (cursor.good && next() == '.') {
        cursor.take('.');
        (void)cursor.number(1);
        while (cursor.peekDigit())
            (void)cursor.number(1);
    }
    int offset = 0;
    if (next() == 'Z' || next() == 'z') {
        cursor.take(next());
    } else {
        const bool west = next() == '-';
        cursor.take(west ? '-' : '+');
        offset = cursor.number(2) * 60;
        cursor.take(':');
        offset += cursor.number(2);
        offset = west ? -offset : offset;
    }
    if (!cursor.good || cursor.at != text.size() || hour > 23 || minute > 59 || second > 60 || std::abs(offset) > 1439)
        return dateError(cursor);
    const qint64 days = message::daysFromCivil(year, month, day);
    const message::CivilDate back = message::civilFromDays(days);
    if (back.month != month || back.day != day)
        return dateError(cursor);
    const qint64 seconds = days * secondsOfDay + hour * 3600 + minute * 60 + std::min(second, 59);
    return DateTime{(seconds - offset * 60) * 1000, offset};
}

namespace {

void twoDigits(char *to, int number)
{
    to[0] = char('0' + number / 10);
    to[1] = char('0' + number % 10);
}

qint64 floorDivide(qint64 a, qint64 b)
{
    return a / b - (a % b < 0);
}

} // namespace

void appendDateTime(QByteArray &out, qint64 ms, int offsetMinutes)
{
    constexpr qint64 firstSecond = -62'167'219'200; // of the year 0
    constexpr qint64 lastSecond = 253'402'300'799;  // of the year 9999
    const int offset = std::clamp(offsetMinutes, -1439, 1439);
    const qint64 local = std::clamp(floorDivide(ms, 1000) + offset * 60, firstSecond, lastSecond);
    const qint64 days = floorDivide(local, secondsOfDay);
    const int second = int(local - days * secondsOfDay);
    const message::CivilDate date = message::civilFromDays(days);
    const int zone = std::abs(offset);
    char text[] = "\"00-Jan-0000 00:00:00 +0000\"";
    twoDigits(text + 1, date.day);
    std::copy_n(months + 3 * (date.month - 1), 3, text + 4);
    twoDigits(text + 8, int(date.year / 100));
    twoDigits(text + 10, int(date.year % 100));
    twoDigits(text + 13, second / 3600);
    twoDigits(text + 16, second / 60 % 60);
    twoDigits(text + 19, second % 60);
    text[22] = offset < 0 ? '-' : '+';
    twoDigits(text + 23, zone / 60);
    twoDigits(text + 25, zone % 60);
    out.append(text, sizeof text - 1);
}

qint64 dayOf(qint64 ms, int offsetMinutes)
{
    return floorDivide(floorDivide(ms, 1000) + qint64(offsetMinutes) * 60, secondsOfDay);
}

} // namespace posthorn::imap
