#include "language/message/address.h"
#include "language/message/encoded_word.h"
#include "language/message/lexical.h"

#include <QUrl>

#include <algorithm>

namespace posthorn::message {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype longestLocalPart = 64; // RFC 5321 §4.5.3.1
constexpr qsizetype longestDomain = 255;
constexpr qsizetype longestLine = 76;

bool isDotAtom(QByteArrayView text)
{
    if (text.isEmpty() || text.startsWith('.') || text.endsWith('.') || text.contains(".."))
        return false;
    return std::ranges::all_of(text, [](char c) { return c == '.' || isA(c, IsAtext); });
}

QByteArray quoted(QByteArrayView text)
{
    QByteArray out;
    out.reserve(text.size() + 2);
    out.append('"');
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out.append('\\');
        out.append(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
    }
    return out.append('"');
}

bool isHostName(QByteArrayView ascii)
{
    qsizetype label = 0;
    for (qsizetype i = 0; i < ascii.size(); ++i) {
        const char c = lowerAscii(ascii[i]);
        if (c == '.') {
            if (label == 0 || ascii[i - 1] == '-')
                return false;
            label = 0;
        } else if (((c >= 'a' && c <= 'z') || isDigit(c) || (c == '-' && label > 0)) && label < 63) {
            ++label;
        } else {
            return false;
        }
    }
    return label > 0 && ascii.back() != '-' && ascii.size() <= longestDomain;
}

bool isLiteral(QByteArrayView domain)
{
    return domain.size() > 2 && domain.startsWith('[') && domain.endsWith(']') &&
           std::ranges::all_of(domain.sliced(1, domain.size() - 2),
                               [](char c) { return c > ' ' && c < 127 && c != '[' && c != ']' && c != '\\'; });
}

// The display name as a phrase (RFC 5322 §3.2.5).
QByteArray phrase(const QByteArray &name)
{
    if (!isAscii(name))
        return foldValue(encodePhrase(QString::fromUtf8(name)));
    const bool plain = std::ranges::all_of(name, [](char c) { return c == ' ' || isA(c, IsAtext); });
    return plain && name.trimmed() == name ? name : quoted(name);
}

} // namespace

Result<Address> parseAddrSpec(QByteArrayView text)
{
    Address address;
    Lexer in(text);
    const auto offset = [&] { return in.position() - text.data(); };
    if (!in.atEnd() && in.peek() == '"') {
        if (!in.readQuoted(&address.localPart))
            return parseError(u"The quoted local part is not closed"_s, 0);
        const QByteArrayView inside = text.first(offset());
        if (std::ranges::any_of(inside, [](char c) { return uchar(c) < ' ' || c == 0x7f; }))
            return parseError(u"The local part has a control character"_s, 0);
    } else {
        const char *from = in.position();
        while (!in.atEnd() && (in.peek() == '.' || isA(in.peek(), IsAtext)))
            in.skip();
        const QByteArrayView local(from, in.position());
        if (!isDotAtom(local))
            return parseError(u"The local part is not an address"_s, offset());
        address.localPart = local.toByteArray();
    }
    if (address.localPart.size() > longestLocalPart)
        return parseError(u"The local part is too long"_s, longestLocalPart);
    if (!QByteArrayView(address.localPart).isValidUtf8())
        return parseError(u"The local part is not UTF-8"_s, 0);
    if (!in.take('@'))
        return parseError(u"An @ is missing"_s, offset());
    address.domain = in.rest().toByteArray();
    if (!isLiteral(address.domain) && domainToAscii(address.domain).isNull())
        return parseError(u"The domain is not a host name"_s, offset());
    return address;
}

QByteArray formatAddrSpec(const Address &address)
{
    const QByteArray local = isDotAtom(address.localPart) ? address.localPart : quoted(address.localPart);
    return address.domain.isEmpty() ? local : local + '@' + address.domain;
}

QByteArray formatAddress(const Address &address)
{
    if (address.groupStart)
        return phrase(address.localPart) + ':';
    if (address.groupEnd)
        return ";"_ba;
    if (address.displayName.isEmpty() && address.route.isEmpty())
        return formatAddrSpec(address);
    const QByteArray route = address.route.isEmpty() ? QByteArray() : address.route + ':';
    const QByteArray angle = '<' + route + formatAddrSpec(address) + '>';
    return address.displayName.isEmpty() ? angle : phrase(address.displayName) + ' ' + angle;
}

QByteArray formatAddressList(const QList<Address> &addresses, qsizetype firstLineRoom)
{
    QByteArray out;
    qsizetype room = firstLineRoom;
    bool comma = false;
    for (const Address &address : addresses) {
        const QByteArray text = formatAddress(address);
        const qsizetype firstLine = text.indexOf('\r') < 0 ? text.size() : text.indexOf('\r');
        if (comma && !address.groupEnd) {
            out.append(',');
            --room;
        }
        if (!out.isEmpty() && !address.groupEnd) {
            const bool breaks = firstLine + 2 > room;
            out.append(breaks ? "\r\n " : " ");
            room = breaks ? longestLine : room - 1;
        }
        out.append(text);
        const qsizetype lastBreak = text.lastIndexOf('\n');
        room = lastBreak < 0 ? room - text.size() : longestLine - (text.size() - lastBreak - 1);
        comma = !address.groupStart;
    }
    return out;
}

QByteArray domainToAscii(QByteArrayView domain)
{
    if (domain.startsWith('['))
        return isLiteral(domain) ? lowered(domain) : QByteArray();
    if (isAscii(domain))
        return isHostName(domain) ? lowered(domain) : QByteArray();
    if (domain.size() > 4 * longestDomain || !domain.isValidUtf8())
        return {};
    const QByteArray ascii = QUrl::toAce(QString::fromUtf8(domain)).toLower();
    return isHostName(ascii) ? ascii : QByteArray();
}

QByteArray domainToUnicode(QByteArrayView domain)
{
    if (domain.size() > 4 * longestDomain || !lowered(domain).contains("xn--"))
        return lowered(domain);
    const QString unicode = QUrl::fromAce(lowered(domain));
    return unicode.isEmpty() ? lowered(domain) : unicode.toUtf8();
}

} // namespace posthorn::message
