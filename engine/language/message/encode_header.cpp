#include "language/message/encoded_word.h"
#include "language/message/lexical.h"

#include <algorithm>

namespace posthorn::message {

namespace {

constexpr qsizetype lineLength = 76;
constexpr qsizetype longestEncodedText = 75 - 12; // RFC 2047 §2: 75 with "=?utf-8?q?" and "?="

// What may stand in Q everywhere, in a phrase too (RFC 2047 §5 (3)).
bool standsInQ(char c)
{
    const char lower = lowerAscii(c);
    return (lower >= 'a' && lower <= 'z') || isDigit(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

QByteArray qOf(QByteArrayView utf8)
{
    constexpr char digits[] = "0123456789ABCDEF";
    QByteArray out;
    out.reserve(utf8.size() * 3);
    for (const char c : utf8) {
        if (standsInQ(c))
            out.append(c);
        else if (c == ' ')
            out.append('_');
        else
            out.append('=').append(digits[uchar(c) >> 4]).append(digits[uchar(c) & 15]);
    }
    return out;
}

// Words separated by a space, none of them cutting a character.
QByteArray encodedWords(QByteArrayView utf8)
{
    const qsizetype escapes = std::ranges::count_if(utf8, [](char c) { return c != ' ' && !standsInQ(c); });
    const bool base64 = escapes * 2 > utf8.size();
    QByteArray out;
    for (qsizetype from = 0; from < utf8.size();) {
        qsizetype end = from;
        qsizetype used = 0;
        while (end < utf8.size()) {
            qsizetype next = end + 1;
            while (next < utf8.size() && (uchar(utf8[next]) & 0xc0) == 0x80)
                ++next;
            const qsizetype cost = base64 ? (next - from + 2) / 3 * 4 : used + qOf(utf8.sliced(end, next - end)).size();
            if (cost > longestEncodedText && end != from)
                break;
            used = cost;
            end = next;
        }
        const QByteArray piece = utf8.sliced(from, end - from).toByteArray();
        if (!out.isEmpty())
            out.append(' ');
        out.append(base64 ? "=?utf-8?b?" + piece.toBase64() : "=?utf-8?q?" + qOf(piece)).append("?=");
        from = end;
    }
    return out;
}

bool needsEncoding(QByteArrayView word)
{
    return !isAscii(word) || word.contains("=?");
}

QByteArray withoutControls(QByteArray utf8)
{
    for (char &c : utf8) {
        if (uchar(c) < ' ' || c == 0x7f)
            c = ' ';
    }
    return utf8;
}

} // namespace

QByteArray foldValue(QByteArrayView value, qsizetype firstLineRoom)
{
    const QByteArray text = withoutControls(value.trimmed().toByteArray());
    QByteArray out;
    out.reserve(text.size() + text.size() / 20);
    qsizetype room = firstLineRoom;
    qsizetype lineStart = 0;
    qsizetype lastSpace = -1; // the last space of this line at which it could break
    for (qsizetype at = 1; at <= text.size(); ++at) {
        const bool breakable = at == text.size() || (text[at] == ' ' && text[at - 1] != ' ');
        if (!breakable)
            continue;
        if (at - lineStart > room && lastSpace >= 0) {
            out.append(QByteArrayView(text).sliced(lineStart, lastSpace - lineStart)).append("\r\n");
            lineStart = lastSpace;
            room = lineLength;
        }
        lastSpace = at;
    }
    return out.append(QByteArrayView(text).sliced(lineStart));
}

QByteArray encodePhrase(QStringView text)
{
    return encodedWords(withoutControls(text.toUtf8()).trimmed());
}

QByteArray encodeHeader(QStringView text, qsizetype firstLineRoom)
{
    const QByteArray utf8 = withoutControls(text.toUtf8()).trimmed();
    if (!needsEncoding(utf8))
        return foldValue(utf8, firstLineRoom);
    qsizetype first = -1;
    qsizetype last = 0;
    for (qsizetype from = 0; from < utf8.size();) {
        qsizetype end = utf8.indexOf(' ', from);
        end = end < 0 ? utf8.size() : end;
        if (needsEncoding(QByteArrayView(utf8).sliced(from, end - from))) {
            first = first < 0 ? from : first;
            last = end;
        }
        from = end + 1;
    }
    const QByteArrayView all(utf8);
    return foldValue(all.first(first).toByteArray() + encodedWords(all.sliced(first, last - first)) +
                         all.sliced(last).toByteArray(),
                     firstLineRoom);
}

} // namespace posthorn::message
