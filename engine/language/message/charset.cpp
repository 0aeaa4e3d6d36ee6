#include "language/message/charset.h"

#include "language/message/lexical.h"

#include <algorithm>
#include <array>

namespace posthorn::message {

using namespace Qt::StringLiterals;

namespace {

constexpr std::array<char16_t, 32> windows1252 = {0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                                  0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd,
                                                  0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                                  0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178};

QString fromWindows1252(QByteArrayView bytes)
{
    QString text = QString::fromLatin1(bytes);
    for (QChar &c : text) {
        if (c.unicode() >= 0x80 && c.unicode() < 0xa0)
            c = QChar(windows1252[c.unicode() - 0x80]);
    }
    return text;
}

struct Alias
{
    QByteArrayView name;
    QByteArrayView means;
};

// Names seen in mail for charsets that are known under another one, or are best read as a larger one.
constexpr Alias aliases[] = {
    {"us-ascii", ""},      {"ascii", ""},           {"unknown-8bit", ""},
    {"x-unknown", ""},     {"utf8", "utf-8"},       {"iso-8859-1", "cp1252"},
    {"latin1", "cp1252"},  {"iso8859-1", "cp1252"}, {"windows-1252", "cp1252"},
    {"cp-1252", "cp1252"}, {"ansi_x3.4-1968", ""},  {"gb2312", "gb18030"},
    {"gbk", "gb18030"},    {"x-gbk", "gb18030"},    {"ks_c_5601-1987", "windows-949"},
    {"cp-850", "cp850"},
};

// Charsets in which octets under 0x80 can stand for something else.
bool shiftsAscii(QByteArrayView name)
{
    constexpr QByteArrayView starts[] = {"utf-16",   "utf-32", "utf-7", "utf16",     "utf32",   "utf7",
                                         "iso-2022", "hz",     "ucs",   "iso-10646", "unicode", "ibm",
                                         "cp037",    "ebcdic", "scsu",  "bocu",      "imap",    "csiso2022"};
    return std::ranges::any_of(starts, [name](QByteArrayView start) { return name.startsWith(start); });
}

QByteArray canonicalName(QByteArrayView charset)
{
    const QByteArray name = lowered(charset.trimmed());
    for (const Alias &alias : aliases) {
        if (name == alias.means || name == alias.name)
            return alias.means.toByteArray();
    }
    const bool plain = name.size() <= 64 && std::ranges::all_of(name, [](char c) { return isA(c, IsToken); });
    return plain ? name : QByteArray();
}

} // namespace

TextDecoder::TextDecoder(QByteArrayView charset)
{
    const QByteArray name = canonicalName(charset);
    if (name == "cp1252") {
        m_kind = Kind::Windows1252;
        return;
    }
    if (!name.isEmpty()) {
        m_decoder = QStringDecoder(QLatin1StringView(name));
        if (m_decoder.isValid()) {
            m_kind = Kind::Named;
            m_asciiSuperset = !shiftsAscii(name);
            return;
        }
    }
    m_decoder = QStringDecoder(QStringConverter::Utf8);
}

QString TextDecoder::guess(QByteArrayView piece)
{
    QString text = m_decoder.decode(piece);
    if (!m_decoder.hasError())
        return text;
    m_kind = Kind::Windows1252;
    return fromWindows1252(piece);
}

QString TextDecoder::decode(QByteArrayView piece)
{
    m_insideCharacter = m_kind != Kind::Windows1252 && !piece.isEmpty() && uchar(piece.back()) >= 0x80;
    switch (m_kind) {
    case Kind::Guess:
        return guess(piece);
    case Kind::Windows1252:
        return fromWindows1252(piece);
    case Kind::Named:
        return m_decoder.decode(piece);
    }
    return {};
}

QString decodeText(QByteArrayView bytes, QByteArrayView charset)
{
    TextDecoder decoder(charset);
    QString text = decoder.decode(bytes);
    if (decoder.guesses() && decoder.isInsideCharacter() && !bytes.isValidUtf8())
        return fromWindows1252(bytes); // an unfinished UTF-8 sequence at the end: not UTF-8
    return text;
}

} // namespace posthorn::message
