#include "language/smtp/path.h"

#include "language/message/address.h"
#include "language/message/lexical.h"

#include <algorithm>

namespace posthorn::smtp {

using namespace Qt::StringLiterals;
using message::IsAtext;
using message::isA;

namespace {

// RFC 5321 §4.5.3.1
constexpr qsizetype longestLocalPart = 64;
// Addresses that carry another one within them (SRS, BATV) are in wide use, and longer.
constexpr qsizetype longestWrapped = 200;
constexpr qsizetype longestPath = 256; // with its brackets

std::unexpected<Error> tooLong(QString text, qsizetype offset)
{
    return std::unexpected(Error{ErrorKind::TooLarge, std::move(text), {}, offset});
}

bool isDotString(QByteArrayView text)
{
    if (text.isEmpty() || text.startsWith('.') || text.endsWith('.') || text.contains(".."))
        return false;
    return std::ranges::all_of(text, [](char c) { return c == '.' || isA(c, IsAtext); });
}

// dcontent of RFC 5321 §4.1.3, which is also what may stand in a literal at all.
bool isLiteralText(QByteArrayView text)
{
    return !text.isEmpty()
           && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127 && c != '[' && c != ']' && c != '\\'; });
}

bool isIpv4(QByteArrayView text)
{
    int parts = 0, digits = 0, value = 0;
    for (const char c : text) {
        if (c == '.') {
            if (digits == 0 || ++parts > 3)
                return false;
            digits = value = 0;
        } else if (!message::isDigit(c) || ++digits > 3 || (value = value * 10 + (c - '0')) > 255) {
            return false;
        }
    }
    return parts == 3 && digits > 0;
}

// RFC 4291 §2.2: eight groups, of which a run may be left out once; the last two may be written as IPv4.
bool isIpv6(QByteArrayView text)
{
    int groups = 0;
    bool gap = false;
    while (!text.isEmpty()) {
        if (text.startsWith("::")) {
            if (gap)
                return false;
            gap = true;
            text = text.sliced(2);
            continue;
        }
        if (groups > 0 && text.startsWith(':'))
            text = text.sliced(1);
        const auto digits =
            std::find_if(text.begin(), text.end(), [](char c) { return message::hexValue(c) < 0; }) - text.begin();
        if (digits < text.size() && text[digits] == '.')
            return isIpv4(text) && (groups += 2) <= (gap ? 7 : 8) && (gap || groups == 8);
        if (digits == 0 || digits > 4 || (digits < text.size() && text[digits] != ':'))
            return false;
        text = text.sliced(digits);
        ++groups;
    }
    return gap ? groups <= 7 : groups == 8;
}

// Standardized-tag ":" dcontent; a tag that is not IPv6 is let through, as RFC 5321 §4.1.3 leaves room for new ones.
Result<QByteArray> parseLiteral(QByteArrayView text, qsizetype offset)
{
    const QByteArrayView inside = text.sliced(1, text.size() - 2);
    if (!isLiteralText(inside))
        return parseError(u"The address literal is not one"_s, offset);
    if (inside.size() > 5 && message::equalsIgnoringCase(inside.first(5), "IPv6:")) {
        if (!isIpv6(inside.sliced(5)))
            return parseError(u"The address literal is no IPv6 address"_s, offset);
        return "[IPv6:" + message::lowered(inside.sliced(5)) + ']';
    }
    const qsizetype colon = inside.indexOf(':');
    if (!isIpv4(inside) && (colon < 1 || colon + 1 == inside.size()))
        return parseError(u"The address literal is no IPv4 address"_s, offset);
    return message::lowered(text);
}

Result<QByteArray> parseDomain(QByteArrayView text, qsizetype offset)
{
    if (text.size() > 2 && text.startsWith('[') && text.endsWith(']'))
        return parseLiteral(text, offset);
    QByteArray domain = text.startsWith('[') ? QByteArray() : message::domainToAscii(text);
    if (domain.isEmpty())
        return parseError(u"The domain is not a host name"_s, offset);
    return domain;
}

// Takes the quoted string at the start of `text`; false when it is not closed or has a control character.
bool readQuoted(QByteArrayView text, QByteArray &out, qsizetype &end)
{
    for (qsizetype i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            end = i + 1;
            return true;
        }
        if (text[i] == '\\' && ++i == text.size())
            return false;
        if (uchar(text[i]) < ' ' || text[i] == 0x7f)
            return false;
        out.append(text[i]);
    }
    return false;
}

bool isWrapped(QByteArrayView localPart)
{
    const auto begins = [localPart](QByteArrayView tag) {
        return localPart.size() > tag.size() && message::equalsIgnoringCase(localPart.first(tag.size()), tag);
    };
    return begins("SRS0") || begins("SRS1") || begins("prvs=");
}

// Dots are taken anywhere: addresses such as "a..b@example.org" are in use, and "a..b" quoted means the same.
Result<qsizetype> readLocalPart(QByteArrayView text, QByteArray &out)
{
    qsizetype end = 0;
    if (text.startsWith('"')) {
        if (!readQuoted(text, out, end))
            return parseError(u"The quoted local part is not closed"_s, 0);
    } else {
        while (end < text.size() && (text[end] == '.' || isA(text[end], IsAtext)))
            ++end;
        out = text.first(end).toByteArray();
    }
    if (end == 0)
        return parseError(u"The local part is missing"_s, 0);
    if (out.size() > (isWrapped(out) ? longestWrapped : longestLocalPart))
        return tooLong(u"The local part is longer than 64 octets"_s, longestLocalPart);
    return end;
}

// A Mailbox, or "Postmaster" alone, which takes all of `text`.
Result<Address> parseMailbox(QByteArrayView text, bool utf8)
{
    if (text.size() + 2 > longestPath)
        return tooLong(u"The address is longer than 254 octets"_s, longestPath - 2);
    Address address;
    const auto end = readLocalPart(text, address.localPart);
    if (!end)
        return std::unexpected(end.error());
    if (!message::isAscii(text) && (!utf8 || !text.isValidUtf8()))
        return parseError(u"The address is not ASCII"_s, 0);
    if (*end == text.size() && message::equalsIgnoringCase(address.localPart, "postmaster"))
        return address;
    if (*end == text.size() || text[*end] != '@')
        return parseError(u"An @ is missing"_s, *end);
    auto domain = parseDomain(text.sliced(*end + 1), *end + 1);
    if (!domain)
        return std::unexpected(domain.error());
    address.domain = std::move(*domain);
    return address;
}

// Where the path that starts at `text` ends: at the '>' that is not within a quoted string; -1 if there is none.
qsizetype closingBracket(QByteArrayView text)
{
    bool quoted = false;
    for (qsizetype i = 1; i < text.size(); ++i) {
        if (quoted && text[i] == '\\')
            ++i;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (text[i] == '>' && !quoted)
            return i;
    }
    return -1;
}

// "@a,@b:" before the mailbox. Its domains are not looked at: the route is not followed.
QByteArrayView withoutRoute(QByteArrayView inside)
{
    if (!inside.startsWith('@'))
        return inside;
    for (qsizetype i = 0; i < inside.size(); ++i) {
        if (inside[i] == '[') { // a literal may have colons
            const qsizetype close = inside.indexOf(']', i);
            if (close < 0)
                return inside;
            i = close;
        } else if (inside[i] == ':') {
            return inside.sliced(i + 1);
        } else if (inside[i] == '"' || inside[i] == ' ') {
            return inside;
        }
    }
    return inside;
}

} // namespace

bool Address::needsUtf8() const
{
    return !message::isAscii(localPart);
}

QByteArray Address::toString() const
{
    if (isNull())
        return {};
    QByteArray out;
    out.reserve(localPart.size() + domain.size() + 4);
    if (isDotString(localPart)) {
        out.append(localPart);
    } else {
        out.append('"');
        for (const char c : localPart) {
            if (c == '"' || c == '\\')
                out.append('\\');
            out.append(c);
        }
        out.append('"');
    }
    if (!domain.isEmpty())
        out.append('@').append(domain);
    return out;
}

Result<Address> parsePath(QByteArrayView text, bool utf8, QByteArrayView *rest)
{
    if (!text.startsWith('<'))
        return parseError(u"The path does not begin with <"_s, 0);
    const qsizetype close = closingBracket(text);
    if (close < 0)
        return parseError(u"The path has no closing >"_s, text.size());
    if (rest)
        *rest = text.sliced(close + 1);
    const QByteArrayView inside = text.sliced(1, close - 1);
    if (inside.isEmpty())
        return Address{};
    const QByteArrayView mailbox = withoutRoute(inside);
    auto address = parseMailbox(mailbox, utf8);
    if (!address && address.error().offset >= 0)
        address.error().offset += mailbox.data() - text.data();
    return address;
}

Result<Address> parseAddress(QByteArrayView text, bool utf8)
{
    return parseMailbox(text, utf8);
}

} // namespace posthorn::smtp
