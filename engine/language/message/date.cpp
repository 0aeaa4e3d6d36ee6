#include "language/message/date.h"

#include "language/message/lexical.h"

#include <algorithm>

namespace posthorn::message {

namespace {

constexpr qint64 secondsPerDay = 86'400;
constexpr char monthNames[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr char dayNames[] = "SunMonTueWedThuFriSat";

struct Zone
{
    QByteArrayView name;
    int hours;
};
constexpr Zone zones[] = {{"ut", 0},   {"utc", 0},  {"gmt", 0},  {"z", 0},    {"est", -5}, {"edt", -4},
                          {"cst", -6}, {"cdt", -5}, {"mst", -7}, {"mdt", -6}, {"pst", -8}, {"pdt", -7}};

struct Number
{
    int value = -1; // -1: not a number, or one of more than nine digits
    qsizetype digits = 0;
};

// The parts of a date as they come, words and numbers told apart by their first character.
class DateReader
{
public:
    explicit DateReader(QByteArrayView field) : m_in(field) {}

    std::optional<Date> read();

private:
    Number readNumber();
    QByteArrayView readWord();
    bool readDayAndMonth();
    bool readYear();
    bool readTime();
    void readZone();
    bool readNumericZone(int sign);
    [[nodiscard]] std::optional<Date> result() const;
    bool nextIsDigit();

    Lexer m_in;
    int m_day = 0, m_month = 0, m_year = -1, m_hour = 0, m_minute = 0, m_second = 0, m_offset = 0;
};

bool DateReader::nextIsDigit()
{
    m_in.skipSpaceAndComments();
    return !m_in.atEnd() && isDigit(m_in.peek());
}

Number DateReader::readNumber()
{
    m_in.skipSpaceAndComments();
    Number number;
    for (int value = 0; !m_in.atEnd() && isDigit(m_in.peek()); m_in.skip()) {
        value = number.digits < 9 ? value * 10 + (m_in.peek() - '0') : 0;
        number.value = ++number.digits <= 9 ? value : -1;
    }
    return number;
}

QByteArrayView DateReader::readWord()
{
    m_in.skipSpaceAndComments();
    const char *from = m_in.position();
    while (!m_in.atEnd() && lowerAscii(m_in.peek()) >= 'a' && lowerAscii(m_in.peek()) <= 'z')
        m_in.skip();
    return {from, m_in.position()};
}

int monthOf(QByteArrayView word)
{
    for (int month = 0; month < 12 && word.size() >= 3; ++month) {
        if (equalsIgnoringCase(word.first(3), QByteArrayView(monthNames + month * 3, 3)))
            return month + 1;
    }
    return 0;
}

// "1 Jul", or "Jul 1" as ctime() writes it; "1-Jul-" too.
bool DateReader::readDayAndMonth()
{
    if (!nextIsDigit()) {
        m_month = monthOf(readWord());
        m_day = readNumber().value;
        return m_month != 0;
    }
    m_day = readNumber().value;
    m_in.take('-');
    m_month = monthOf(readWord());
    m_in.take('-');
    return m_month != 0;
}

bool DateReader::readYear()
{
    const Number number = readNumber();
    if (number.value < 0 || number.digits < 2 || number.value > 9999)
        return false;
    m_year = number.value;
    if (number.digits == 2)
        m_year += m_year < 50 ? 2000 : 1900;
    else if (number.digits == 3)
        m_year += 1900;
    return true;
}

bool DateReader::readTime()
{
    m_hour = readNumber().value;
    m_in.skipSpaceAndComments();
    if (!m_in.take(':') && !m_in.take('.'))
        return false;
    m_minute = readNumber().value;
    m_in.skipSpaceAndComments();
    if (m_in.take(':') || m_in.take('.'))
        m_second = readNumber().value;
    return m_hour >= 0 && m_hour < 24 && m_minute >= 0 && m_minute < 60 && m_second >= 0 && m_second <= 60;
}

bool DateReader::readNumericZone(int sign)
{
    const Number number = readNumber();
    int hours = number.value;
    int minutes = 0;
    if (number.digits == 4) {
        minutes = number.value % 100;
        hours = number.value / 100;
    } else if (number.digits > 2) {
        return false;
    } else if (m_in.take(':')) {
        minutes = readNumber().value;
    }
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    m_offset = sign * (hours * 60 + minutes);
    return true;
}

// Unknown zones, the military ones among them, count as -0000 (RFC 5322 §4.3).
void DateReader::readZone()
{
    m_in.skipSpaceAndComments();
    if (m_in.take('+')) {
        readNumericZone(1);
    } else if (m_in.take('-')) {
        readNumericZone(-1);
    } else {
        const QByteArrayView word = readWord();
        const auto zone =
            std::ranges::find_if(zones, [word](const Zone &each) { return equalsIgnoringCase(each.name, word); });
        m_offset = zone == std::end(zones) ? 0 : zone->hours * 60;
    }
}

std::optional<Date> DateReader::read()
{
    if (!nextIsDigit()) { // a day name, whose truth nobody needs, unless it is a month
        const char *from = m_in.position();
        if (monthOf(readWord()) != 0)
            m_in.moveTo(from);
        m_in.skipSpaceAndComments();
        if (!m_in.take(','))
            m_in.take('.');
    }
    const bool dayFirst = nextIsDigit();
    if (!readDayAndMonth())
        return std::nullopt;
    if (dayFirst) {
        if (!readYear())
            return std::nullopt;
        m_in.skipSpaceAndComments();
        m_in.take(',');
        if (!readTime())
            return std::nullopt;
        readZone();
        return result();
    }
    if (!readTime())
        return std::nullopt;
    if (!nextIsDigit()) // "Jul  1 10:52:37 CEST 2003" of date(1)
        readZone();
    if (!readYear())
        return std::nullopt;
    if (m_in.skipSpaceAndComments(), !m_in.atEnd() && m_offset == 0)
        readZone();
    return result();
}

int daysInMonth(int year, int month)
{
    constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

std::optional<Date> DateReader::result() const
{
    if (m_day < 1 || m_day > daysInMonth(m_year, m_month))
        return std::nullopt;
    const qint64 days = daysFromCivil(m_year, m_month, m_day);
    return Date{days * secondsPerDay + m_hour * 3600 + m_minute * 60 + m_second - m_offset * 60, m_offset};
}

void writeDigits(char *to, qint64 value, int count)
{
    for (char *at = to + count; at != to; value /= 10)
        *--at = char('0' + value % 10);
}

} // namespace

// Howard Hinnant's algorithms: years start in March, eras are of 400 years.
qint64 daysFromCivil(qint64 year, int month, int day)
{
    year -= month <= 2 ? 1 : 0;
    const qint64 era = (year >= 0 ? year : year - 399) / 400;
    const qint64 yearOfEra = year - era * 400;
    const qint64 dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const qint64 dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
    return era * 146'097 + dayOfEra - 719'468;
}

CivilDate civilFromDays(qint64 days)
{
    days += 719'468;
    const qint64 era = (days >= 0 ? days : days - 146'096) / 146'097;
    const qint64 dayOfEra = days - era * 146'097;
    const qint64 yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36'524 - dayOfEra / 146'096) / 365;
    const qint64 dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
    const qint64 shifted = (5 * dayOfYear + 2) / 153;
    const int month = int(shifted < 10 ? shifted + 3 : shifted - 9);
    return {yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, int(dayOfYear - (153 * shifted + 2) / 5 + 1)};
}

std::optional<Date> parseDate(QByteArrayView field)
{
    return DateReader(field).read();
}

QByteArray formatDate(qint64 seconds, int offsetMinutes)
{
    constexpr qint64 earliest = -62'167'132'800; // a day inside the year 0
    constexpr qint64 latest = 253'402'214'400;   // a day before the year 10000
    offsetMinutes = std::clamp(offsetMinutes, -1439, 1439);
    const qint64 local = std::clamp(seconds, earliest, latest) + offsetMinutes * 60;
    const qint64 days = (local >= 0 ? local : local - secondsPerDay + 1) / secondsPerDay;
    const qint64 time = local - days * secondsPerDay;
    const CivilDate date = civilFromDays(days);
    const qint64 weekday = ((days + 4) % 7 + 7) % 7; // 1970 began on a Thursday
    const int zone = offsetMinutes < 0 ? -offsetMinutes : offsetMinutes;

    QByteArray out("Tue, 01 Jul 2003 10:52:37 +0200");
    char *to = out.data();
    std::copy_n(dayNames + weekday * 3, 3, to);
    writeDigits(to + 5, date.day, 2);
    std::copy_n(monthNames + (date.month - 1) * 3, 3, to + 8);
    writeDigits(to + 12, date.year, 4);
    writeDigits(to + 17, time / 3600, 2);
    writeDigits(to + 20, time / 60 % 60, 2);
    writeDigits(to + 23, time % 60, 2);
    to[26] = offsetMinutes < 0 ? '-' : '+';
    writeDigits(to + 27, zone / 60 * 100 + zone % 60, 4);
    return out;
}

} // namespace posthorn::message
