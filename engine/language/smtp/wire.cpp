#include "language/smtp/wire.h"

#include "language/message/lexical.h"

#include <QChar>
#include <QList>
#include <QString>

#include <algorithm>

namespace posthorn::smtp {

using message::hexValue;

namespace {

constexpr char hexDigits[] = "0123456789ABCDEF";

bool isSpace(char c)
{
    return c == ' ' || c == '\t';
}

// "\x{HEX}" at `text`: its code point and how long it is; nothing when it is none.
std::optional<char32_t> embeddedCodePoint(QByteArrayView text, qsizetype &length)
{
    if (!text.startsWith("\\x{"))
        return std::nullopt;
    char32_t value = 0;
    qsizetype at = 3;
    for (; at < text.size() && at < 9 && hexValue(text[at]) >= 0; ++at)
        value = value * 16 + char32_t(hexValue(text[at]));
    if (at == 3 || at == text.size() || text[at] != '}' || value > 0x10ffff || QChar::isSurrogate(value))
        return std::nullopt;
    length = at + 1;
    return value;
}

} // namespace

std::optional<QByteArray> decodeXtext(QByteArrayView text)
{
    QByteArray out;
    out.reserve(text.size());
    for (qsizetype i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '+') {
            if (i + 2 >= text.size() || hexValue(text[i + 1]) < 0 || hexValue(text[i + 2]) < 0)
                return std::nullopt;
            out.append(char(hexValue(text[i + 1]) * 16 + hexValue(text[i + 2])));
            i += 2;
        } else if (c <= ' ' || c >= 127 || c == '=') { // char may be signed: 8-bit octets are below ' '
            return std::nullopt;
        } else {
            out.append(c);
        }
    }
    return out;
}

QByteArray encodeXtext(QByteArrayView text)
{
    QByteArray out;
    out.reserve(text.size() + 8);
    for (const char c : text) {
        if (c > ' ' && c < 127 && c != '+' && c != '=')
            out.append(c);
        else
            out.append('+').append(hexDigits[uchar(c) >> 4]).append(hexDigits[uchar(c) & 15]);
    }
    return out;
}

std::optional<QByteArray> decodeUtf8AddressXtext(QByteArrayView text)
{
    if (!text.isValidUtf8())
        return std::nullopt;
    QByteArray out;
    out.reserve(text.size());
    for (qsizetype i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\\') {
            qsizetype length = 0;
            const auto point = embeddedCodePoint(text.sliced(i), length);
            if (!point)
                return std::nullopt;
            out.append(QString::fromUcs4(&*point, 1).toUtf8());
            i += length - 1;
        } else if (uchar(c) <= ' ' || c == 127 || c == '+' || c == '=') {
            return std::nullopt;
        } else {
            out.append(c);
        }
    }
    return out;
}

QByteArray encodeUtf8AddressXtext(QByteArrayView address)
{
    QByteArray out;
    for (const uint point : QString::fromUtf8(address).toUcs4()) {
        if (point > ' ' && point < 127 && point != '+' && point != '=' && point != '\\')
            out.append(char(point));
        else
            out.append("\\x{").append(QByteArray::number(point, 16).toUpper()).append('}');
    }
    return out;
}

std::optional<QByteArray> decodeBase64(QByteArrayView text)
{
    if (text == "=")
        return QByteArray("");
    if (text.size() % 4 != 0)
        return std::nullopt;
    auto decoded = QByteArray::fromBase64Encoding(text.toByteArray(), QByteArray::AbortOnBase64DecodingErrors);
    if (!decoded)
        return std::nullopt;
    return decoded.decoded.isNull() ? QByteArray("") : std::move(decoded.decoded);
}

qsizetype wordEnd(QByteArrayView text)
{
    return std::find_if(text.begin(), text.end(), isSpace) - text.begin();
}

std::optional<Parameter> takeParameter(QByteArrayView &text)
{
    const QByteArrayView left = text.sliced(std::find_if_not(text.begin(), text.end(), isSpace) - text.begin());
    if (left.isEmpty()) {
        text = {};
        return std::nullopt;
    }
    const QByteArrayView whole = left.first(wordEnd(left));
    const qsizetype equals = whole.indexOf('=');
    Parameter parameter{equals < 0 ? whole : whole.first(equals), {}, equals >= 0};
    if (equals >= 0)
        parameter.value = whole.sliced(equals + 1);
    const bool wellFormed = !parameter.keyword.isEmpty() && parameter.keyword[0] != '-'
                            && std::ranges::all_of(parameter.keyword, [](char c) {
                                   const char lower = message::lowerAscii(c);
                                   return (lower >= 'a' && lower <= 'z') || message::isDigit(c) || c == '-';
                               });
    if (!wellFormed || (parameter.hasValue && parameter.value.isEmpty()))
        return std::nullopt;
    text = left.sliced(whole.size());
    return parameter;
}

} // namespace posthorn::smtp
