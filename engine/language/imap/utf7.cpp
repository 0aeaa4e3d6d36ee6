#include "language/imap/utf7.h"

#include <array>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

constexpr std::array<signed char, 256> values = [] {
    std::array<signed char, 256> table{};
    table.fill(-1);
    for (int i = 0; i < 64; ++i)
        table[uchar(alphabet[i])] = char(i);
    return table;
}();

bool isPlain(char16_t c) { return c >= 0x20 && c <= 0x7e; }

// Six bits at a time.
class Shift
{
public:
    explicit Shift(QByteArray &out) : m_out(out) {}

    void add(char16_t unit)
    {
        m_bits = (m_bits << 16) | unit;
        for (m_count += 16; m_count >= 6; m_count -= 6)
            m_out += alphabet[(m_bits >> (m_count - 6)) & 63];
    }

    void finish()
    {
        if (m_count > 0)
            m_out += alphabet[(m_bits << (6 - m_count)) & 63];
    }

private:
    QByteArray &m_out;
    quint32 m_bits = 0;
    int m_count = 0;
};

qsizetype encodeShifted(QStringView text, qsizetype at, QByteArray &out)
{
    out += '&';
    Shift shift(out);
    while (at < text.size() && !isPlain(text[at].unicode())) {
        const QChar unit = text[at];
        const bool isPair = unit.isHighSurrogate() && at + 1 < text.size() && text[at + 1].isLowSurrogate();
        if (isPair) {
            shift.add(unit.unicode());
            shift.add(text[at + 1].unicode());
        } else {
            shift.add(unit.isSurrogate() ? char16_t(0xfffd) : unit.unicode());
        }
        at += isPair ? 2 : 1;
    }
    shift.finish();
    out += '-';
    return at;
}

// `base64` is what stands between '&' and '-'. False when it is not what toUtf7() writes.
bool decodeShifted(QByteArrayView base64, QString &out)
{
    quint32 bits = 0;
    int count = 0;
    bool expectsLow = false;
    for (const char c : base64) {
        const int value = values[uchar(c)];
        if (value < 0)
            return false;
        bits = (bits << 6) | quint32(value);
        count += 6;
        if (count < 16)
            continue;
        count -= 16;
        const QChar unit(char16_t(bits >> count));
        if (isPlain(unit.unicode()) || unit.isLowSurrogate() != expectsLow)
            return false;
        expectsLow = unit.isHighSurrogate();
        out += unit;
    }
    return !expectsLow && count < 6 && (bits & ((1u << count) - 1)) == 0;
}

} // namespace

QByteArray toUtf7(QStringView text)
{
    QByteArray out;
    out.reserve(text.size());
    for (qsizetype at = 0; at < text.size();) {
        const char16_t unit = text[at].unicode();
        if (!isPlain(unit)) {
            at = encodeShifted(text, at, out);
            continue;
        }
        out += char(unit);
        if (unit == u'&')
            out += '-';
        ++at;
    }
    return out;
}

Result<QString> fromUtf7(QByteArrayView text)
{
    QString out;
    out.reserve(text.size());
    qsizetype lastShiftEnd = -1; // two shifts in a row should have been one
    for (qsizetype at = 0; at < text.size();) {
        if (!isPlain(uchar(text[at])))
            return parseError(u"Not modified UTF-7"_s, at);
        if (text[at] != '&') {
            out += QLatin1Char(text[at++]);
            continue;
        }
        const qsizetype end = text.indexOf('-', at);
        if (end < 0)
            return parseError(u"Not modified UTF-7"_s, at);
        if (end == at + 1)
            out += u'&';
        else if (lastShiftEnd == at || !decodeShifted(text.sliced(at + 1, end - at - 1), out))
            return parseError(u"Not modified UTF-7"_s, at);
        else
            lastShiftEnd = end + 1;
        at = end + 1;
    }
    return out;
}

} // namespace posthorn::imap
