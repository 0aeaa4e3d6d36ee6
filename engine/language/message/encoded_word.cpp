#include "language/message/encoded_word.h"

#include "language/message/charset.h"
#include "language/message/header.h"
#include "language/message/lexical.h"

#include <algorithm>
#include <optional>

namespace posthorn::message {

namespace {

constexpr qsizetype longestCharset = 100;

struct EncodedWord
{
    QByteArrayView charset;
    bool base64 = false;
    QByteArrayView text;
    qsizetype size = 0;
};

// Looks no further than the third question mark, so that trying at every "=?" stays linear. Spaces inside are
// against the rules, but there is software that leaves them in.
std::optional<EncodedWord> parseEncodedWord(QByteArrayView from, bool spacesAllowed)
{
    if (from.size() < 9 || !from.startsWith("=?"))
        return std::nullopt;
    const qsizetype charsetEnd = from.first(qMin(from.size(), longestCharset)).indexOf('?', 2);
    if (charsetEnd < 3 || from.size() < charsetEnd + 5 || from[charsetEnd + 2] != '?')
        return std::nullopt;
    const char encoding = lowerAscii(from[charsetEnd + 1]);
    const bool named = std::ranges::all_of(from.sliced(2, charsetEnd - 2), [](char c) { return isA(c, IsToken); });
    if (!named || (encoding != 'b' && encoding != 'q'))
        return std::nullopt;
    const qsizetype textStart = charsetEnd + 3;
    qsizetype end = textStart;
    while (end < from.size() && from[end] != '?' && (spacesAllowed || !isA(from[end], IsSpace)))
        ++end;
    if (end + 1 >= from.size() || from[end] != '?' || from[end + 1] != '=')
        return std::nullopt;
    QByteArrayView charset = from.sliced(2, charsetEnd - 2);
    if (const qsizetype language = charset.indexOf('*'); language >= 0)
        charset = charset.first(language);
    return EncodedWord{charset, encoding == 'b', from.sliced(textStart, end - textStart), end + 2};
}

qsizetype findStart(QByteArrayView text, qsizetype from)
{
    for (qsizetype at = text.indexOf('=', from); at >= 0 && at + 1 < text.size(); at = text.indexOf('=', at + 1)) {
        if (text[at + 1] == '?')
            return at;
    }
    return -1;
}

QByteArray decodeQ(QByteArrayView text)
{
    QByteArray out;
    out.reserve(text.size());
    for (qsizetype i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '=' && i + 2 < text.size() && hexValue(text[i + 1]) >= 0 && hexValue(text[i + 2]) >= 0) {
            out.append(char(hexValue(text[i + 1]) * 16 + hexValue(text[i + 2])));
            i += 2;
        } else {
            out.append(c == '_' ? ' ' : c);
        }
    }
    return out;
}

// Gathers the octets of adjacent words of one charset, so that characters cut in two become whole.
class HeaderDecoder
{
public:
    QString decode(QByteArrayView text);

private:
    void addWord(const EncodedWord &word);
    void addPlain(QByteArrayView text);
    void flush();

    QString m_out;
    QByteArray m_pending;
    QByteArray m_charset;
    bool m_afterWord = false;
};

void HeaderDecoder::flush()
{
    if (!m_pending.isEmpty())
        m_out += decodeText(m_pending, m_charset);
    m_pending.clear();
}

void HeaderDecoder::addWord(const EncodedWord &word)
{
    if (!equalsIgnoringCase(word.charset, m_charset)) {
        flush();
        m_charset = word.charset.toByteArray();
    }
    m_pending += word.base64 ? QByteArray::fromBase64(word.text.toByteArray()) : decodeQ(word.text);
    m_afterWord = true;
}

void HeaderDecoder::addPlain(QByteArrayView text)
{
    if (text.isEmpty())
        return;
    flush();
    m_out += decodeText(text, {});
    m_afterWord = false;
}

QString HeaderDecoder::decode(QByteArrayView text)
{
    qsizetype plainFrom = 0;
    for (qsizetype at = findStart(text, 0); at >= 0; at = findStart(text, at)) {
        const std::optional<EncodedWord> word = parseEncodedWord(text.sliced(at), true);
        if (!word) {
            ++at;
            continue;
        }
        const QByteArrayView between = text.sliced(plainFrom, at - plainFrom);
        if (!m_afterWord || !between.trimmed().isEmpty())
            addPlain(between);
        addWord(*word);
        at += word->size;
        plainFrom = at;
    }
    addPlain(text.sliced(plainFrom));
    flush();
    return std::move(m_out);
}

} // namespace

qsizetype measureEncodedWord(QByteArrayView text)
{
    const std::optional<EncodedWord> word = parseEncodedWord(text, false);
    return word ? word->size : 0;
}

QString decodeHeader(QByteArrayView raw)
{
    const QByteArray text = unfold(raw);
    if (isAscii(text) && findStart(text, 0) < 0)
        return QString::fromLatin1(text);
    QString decoded = HeaderDecoder().decode(text);
    for (QChar &c : decoded) {
        if (c == u'\0' || c == u'\r' || c == u'\n')
            c = u' ';
    }
    return decoded;
}

} // namespace posthorn::message
