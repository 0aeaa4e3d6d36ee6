#include "language/message/transfer_encoding.h"

#include "language/message/lexical.h"

#include <algorithm>
#include <array>

namespace posthorn::message {

namespace {

constexpr signed char skipped = -1;
constexpr signed char padding = -2;

constexpr std::array<signed char, 256> base64Values = [] {
    std::array<signed char, 256> table{};
    table.fill(skipped);
    for (int i = 0; i < 26; ++i) {
        table['A' + i] = i;
        table['a' + i] = 26 + i;
    }
    for (int i = 0; i < 10; ++i)
        table['0' + i] = 52 + i;
    table['+'] = 62;
    table['/'] = 63;
    table['='] = padding;
    return table;
}();

// White space that is held back while it may turn out to stand before a line end. Longer runs are let through.
constexpr qsizetype longestHeld = 1000;

void putQuantum(quint32 bits, int characters, char *&to)
{
    bits <<= 6 * (4 - characters);
    for (int octet = 0; octet < characters - 1; ++octet)
        *to++ = char(bits >> (16 - 8 * octet));
}

} // namespace

void Base64Decoder::feed(QByteArrayView piece, QByteArray &out)
{
    const qsizetype before = out.size();
    out.resize(before + (piece.size() + 4) / 4 * 3 + 3);
    char *to = out.data() + before;
    for (const char c : piece) {
        const signed char value = base64Values[uchar(c)];
        if (value >= 0) {
            m_bits = m_bits << 6 | quint32(value);
            if (++m_count < 4)
                continue;
        } else if (value == skipped) {
            continue;
        }
        putQuantum(m_bits, m_count, to);
        m_bits = 0;
        m_count = 0;
    }
    out.truncate(to - out.constData());
}

void Base64Decoder::finish(QByteArray &out)
{
    feed("=", out);
}

void QuotedPrintableDecoder::flushHeld(QByteArray &out)
{
    out.append(m_held);
    m_held.resize(0);
}

void QuotedPrintableDecoder::takeAfterEquals(char c, QByteArray &out)
{
    const bool escape = m_held.size() == 2 && hexValue(m_held[1]) >= 0;
    if (c == '\n') { // soft, with white space or CR between
        const bool soft = std::all_of(m_held.begin() + 1, m_held.end(), [](char each) { return isA(each, IsSpace); });
        if (!soft) {
            flushHeld(out);
            out.append(c);
        }
        m_held.resize(0);
    } else if (escape && hexValue(c) >= 0) {
        out.append(char(hexValue(m_held[1]) * 16 + hexValue(c)));
        m_held.resize(0);
    } else if (m_held.size() == 1 && hexValue(c) >= 0) {
        m_held.append(c);
    } else if (!escape && (c == ' ' || c == '\t' || c == '\r') && m_held.size() < longestHeld) {
        m_held.append(c);
    } else {
        flushHeld(out);
        take(c, out);
    }
}

void QuotedPrintableDecoder::take(char c, QByteArray &out)
{
    if (!m_held.isEmpty() && m_held[0] == '=') {
        takeAfterEquals(c, out);
    } else if (c == '=') {
        flushHeld(out);
        m_held.append(c);
    } else if (c == '\n') {
        out.append(m_held.endsWith('\r') ? "\r\n" : "\n");
        m_held.resize(0);
    } else if ((c == ' ' || c == '\t' || c == '\r') && m_held.size() < longestHeld) {
        m_held.append(c);
    } else {
        flushHeld(out);
        out.append(c);
    }
}

void QuotedPrintableDecoder::feed(QByteArrayView piece, QByteArray &out)
{
    out.reserve(out.size() + piece.size());
    for (qsizetype at = 0; at < piece.size();) {
        qsizetype end = at;
        if (m_held.isEmpty()) {
            while (end < piece.size() && piece[end] != '=' && !isA(piece[end], IsSpace))
                ++end;
        }
        out.append(piece.sliced(at, end - at));
        if (end < piece.size())
            take(piece[end++], out);
        at = end;
    }
}

void QuotedPrintableDecoder::finish(QByteArray &out)
{
    const bool softAtEnd = m_held.startsWith('=') && (m_held.size() == 1 || isA(m_held[1], IsSpace));
    const bool blank = !m_held.startsWith('=');
    if (!softAtEnd && !blank)
        out.append(m_held);
    m_held.clear();
}

TransferDecoder::TransferDecoder(QByteArrayView encoding)
{
    if (equalsIgnoringCase(encoding, "base64"))
        m_kind = Kind::Base64;
    else if (equalsIgnoringCase(encoding, "quoted-printable"))
        m_kind = Kind::QuotedPrintable;
    else
        m_known = encoding.isEmpty() || equalsIgnoringCase(encoding, "7bit") || equalsIgnoringCase(encoding, "8bit")
                  || equalsIgnoringCase(encoding, "binary");
}

void TransferDecoder::feed(QByteArrayView piece, QByteArray &out)
{
    switch (m_kind) {
    case Kind::Identity:
        out.append(piece);
        return;
    case Kind::Base64:
        return m_base64.feed(piece, out);
    case Kind::QuotedPrintable:
        return m_quotedPrintable.feed(piece, out);
    }
}

void TransferDecoder::finish(QByteArray &out)
{
    if (m_kind == Kind::Base64)
        m_base64.finish(out);
    else if (m_kind == Kind::QuotedPrintable)
        m_quotedPrintable.finish(out);
}

QByteArray decodeTransfer(QByteArrayView bytes, QByteArrayView encoding)
{
    TransferDecoder decoder(encoding);
    QByteArray out;
    decoder.feed(bytes, out);
    decoder.finish(out);
    return out;
}

QByteArray encodeBase64(QByteArrayView bytes)
{
    constexpr qsizetype octetsInLine = 57;
    QByteArray out;
    out.reserve(bytes.size() / octetsInLine * 78 + 80);
    for (qsizetype at = 0; at < bytes.size(); at += octetsInLine) {
        const QByteArrayView line = bytes.sliced(at, std::min(octetsInLine, bytes.size() - at));
        out.append(QByteArray::fromRawData(line.data(), line.size()).toBase64()).append("\r\n");
    }
    return out;
}

QByteArray encodeQuotedPrintable(QByteArrayView text)
{
    constexpr char digits[] = "0123456789ABCDEF";
    QByteArray out;
    out.reserve(text.size() + text.size() / 8);
    qsizetype lineStart = 0;
    for (qsizetype at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const bool crlf = c == '\r' && at + 1 < text.size() && text[at + 1] == '\n';
        if (c == '\n' || crlf) {
            at += crlf ? 1 : 0;
            out.append("\r\n");
            lineStart = out.size();
            continue;
        }
        const bool blank = c == ' ' || c == '\t';
        const bool lastOfLine = at + 1 == text.size() || text[at + 1] == '\n' || text.sliced(at + 1).startsWith("\r\n");
        const bool risky = out.size() == lineStart && (c == '.' || text.sliced(at).startsWith("From "));
        const bool plain = (c > ' ' && c < 127 && c != '=' && !risky) || (blank && !lastOfLine);
        if (out.size() - lineStart + (plain ? 1 : 3) > (lastOfLine ? 76 : 75)) {
            out.append("=\r\n");
            lineStart = out.size();
        }
        if (plain)
            out.append(c);
        else
            out.append('=').append(digits[uchar(c) >> 4]).append(digits[uchar(c) & 15]);
    }
    return out;
}

} // namespace posthorn::message
