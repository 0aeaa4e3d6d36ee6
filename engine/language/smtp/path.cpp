#include "language/smtp/path.h"

#include <QUrl>

#include <algorithm>

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxLocalPart = 64, maxDomain = 255, maxPath = 254 + 2 + 700; // with a source route, which is dropped

bool isAtext(char c)
{
    static constexpr QByteArrayView others("!#$%&'*+-/=?^_`{|}~");
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.contains(c);
}

bool isDotString(QByteArrayView text)
{
    bool afterDot = true;
    for (const char c : text) {
        const bool dot = c == '.';
        if (dot ? afterDot : !(isAtext(c) || uchar(c) >= 0x80))
            return false;
        afterDot = dot;
    }
    return !afterDot;
}

bool isAscii(QByteArrayView text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return uchar(c) < 0x80; });
}

Result<QByteArray> parseLiteral(QByteArrayView text)
{
    if (text.size() > maxDomain || !text.endsWith(']'))
        return fail(ErrorKind::Invalid, u"Bad address literal"_s);
    for (const char c : text.sliced(1).chopped(1)) {
        if (uchar(c) <= ' ' || uchar(c) >= 0x7f || c == '[' || c == ']' || c == '\\')
            return fail(ErrorKind::Invalid, u"Bad address literal"_s);
    }
    return text.toByteArray().toLower();
}

bool isHostName(QByteArrayView text)
{
    qsizetype label = 0;
    char before = '.';
    for (const char c : text) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        if (c == '.' ? (label == 0 || before == '-') : !(letter || (c == '-' && label > 0)))
            return false;
        label = c == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
        before = c;
    }
    return label > 0 && before != '-';
}

Result<QByteArray> parseDomain(QByteArrayView text, bool utf8)
{
    if (text.startsWith('['))
        return parseLiteral(text);
    if (text.size() > maxDomain)
        return fail(ErrorKind::TooLarge, u"The domain is too long"_s);
    QByteArray domain = text.toByteArray().toLower();
    if (!isAscii(domain)) {
        if (!utf8)
            return fail(ErrorKind::Invalid, u"An internationalised address needs SMTPUTF8"_s);
        domain = QUrl::toAce(QString::fromUtf8(text));
    }
    if (domain.endsWith('.'))
        domain.chop(1);
    if (!isHostName(domain))
        return fail(ErrorKind::Invalid, u"Bad domain"_s);
    return domain;
}

// The end of a local part at the start of `text`, and its value without quotes.
Result<qsizetype> readLocalPart(QByteArrayView text, QByteArray &value)
{
    if (!text.startsWith('"')) {
        qsizetype end = 0;
        while (end < text.size() && text[end] != '@' && text[end] != '>' && text[end] != ' ')
            ++end;
        value = text.first(end).toByteArray();
        if (!isDotString(value))
            return fail(ErrorKind::Invalid, u"Bad local part"_s);
        return end;
    }
    for (qsizetype i = 1; i < text.size(); ++i) {
        if (text[i] == '"')
            return i + 1;
        if (text[i] == '\\' && ++i >= text.size())
            break;
        if (uchar(text[i]) < ' ' || text[i] == 0x7f)
            break;
        value += text[i];
    }
    return fail(ErrorKind::Invalid, u"Bad quoted local part"_s);
}

Result<Address> parseMailbox(QByteArrayView text, bool utf8, bool postmasterAlone)
{
    Address address;
    const auto end = readLocalPart(text, address.localPart);
    if (!end)
        return std::unexpected(end.error());
    if (address.localPart.size() > maxLocalPart)
        return fail(ErrorKind::TooLarge, u"The local part is too long"_s);
    if (!utf8 && !isAscii(address.localPart))
        return fail(ErrorKind::Invalid, u"An internationalised address needs SMTPUTF8"_s);
    if (!isAscii(address.localPart) && !QString::fromUtf8(address.localPart).toUtf8().contains(address.localPart))
        return fail(ErrorKind::Invalid, u"The address is not UTF-8"_s);
    if (*end == text.size()) {
        if (postmasterAlone && address.localPart.compare("postmaster", Qt::CaseInsensitive) == 0)
            return address;
        return fail(ErrorKind::Invalid, u"The address has no domain"_s);
    }
    if (text[*end] != '@')
        return fail(ErrorKind::Invalid, u"Bad address"_s);
    auto domain = parseDomain(text.sliced(*end + 1), utf8);
    if (!domain)
        return std::unexpected(domain.error());
    address.domain = std::move(*domain);
    return address;
}

// The '>' that ends a path, quotes and literals considered.
qsizetype findPathEnd(QByteArrayView text)
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

} // namespace

bool Address::needsUtf8() const { return !isAscii(localPart); }

QByteArray Address::toString() const
{
    if (isNull())
        return {};
    QByteArray text;
    if (isDotString(localPart)) {
        text = localPart;
    } else {
        text += '"';
        for (const char c : localPart) {
            if (c == '"' || c == '\\')
                text += '\\';
            text += c;
        }
        text += '"';
    }
    if (!domain.isEmpty())
        text += '@' + domain;
    return text;
}

Result<Address> parsePath(QByteArrayView text, bool utf8, QByteArrayView *rest)
{
    if (!text.startsWith('<'))
        return fail(ErrorKind::Invalid, u"An address stands between < and >"_s);
    const qsizetype end = findPathEnd(text);
    if (end < 0)
        return fail(ErrorKind::Invalid, u"The address has no >"_s);
    if (end > maxPath)
        return fail(ErrorKind::TooLarge, u"The path is too long"_s);
    *rest = text.sliced(end + 1);
    QByteArrayView inside = text.first(end).sliced(1);
    if (inside.isEmpty())
        return Address{};
    if (inside.startsWith('@')) {
        const qsizetype colon = inside.indexOf(':');
        if (colon < 0)
            return fail(ErrorKind::Invalid, u"Bad source route"_s);
        inside = inside.sliced(colon + 1);
    }
    return parseMailbox(inside, utf8, true);
}

Result<Address> parseAddress(QByteArrayView text, bool utf8) { return parseMailbox(text, utf8, false); }

} // namespace posthorn::smtp
