#include "policy/trust/dkim_canonical.h"

#include "language/message/header.h"
#include "language/message/lexical.h"

#include <algorithm>

namespace posthorn::trust {

namespace {

bool isWsp(char c)
{
    return c == ' ' || c == '\t';
}

// Without folding and line ends, white space as one space, none at both ends.
QByteArray relaxedValue(QByteArrayView value)
{
    QByteArray out;
    out.reserve(value.size());
    bool space = false;
    for (qsizetype i = 0; i < value.size(); ++i) {
        const char c = value[i];
        if (c == '\r' && i + 1 < value.size() && value[i + 1] == '\n') {
            ++i;
        } else if (isWsp(c)) {
            space = !out.isEmpty();
        } else {
            if (std::exchange(space, false))
                out += ' ';
            out += c;
        }
    }
    return out;
}

} // namespace

QByteArray canonicalField(Canonicalization how, QByteArrayView field)
{
    if (field.endsWith("\r\n"))
        field.chop(2);
    if (how == Canonicalization::Simple)
        return field.toByteArray() + "\r\n";
    const qsizetype colon = field.indexOf(':');
    QByteArrayView name = field.first(std::max<qsizetype>(colon, 0));
    while (!name.isEmpty() && isWsp(name.back()))
        name.chop(1);
    return message::lowered(name) + ':' + relaxedValue(field.sliced(colon + 1)) + "\r\n";
}

void CanonicalBody::put(QByteArray &out, QByteArrayView text)
{
    for (; m_lines > 0; --m_lines)
        out += "\r\n";
    if (std::exchange(m_space, false))
        out += ' ';
    out += text;
    m_any = true;
}

void CanonicalBody::endLine()
{
    m_space = false;
    ++m_lines;
}

QByteArray CanonicalBody::add(QByteArrayView octets)
{
    QByteArray out;
    out.reserve(octets.size() + 4);
    const auto special = [this](char c) { return c == '\r' || (m_relaxed && isWsp(c)); };
    for (auto at = octets.begin(), end = octets.end(); at != end;) {
        if (std::exchange(m_cr, false)) {
            if (*at == '\n') {
                endLine();
                ++at;
                continue;
            }
            put(out, "\r");
        }
        if (*at == '\r') {
            m_cr = true;
            ++at;
        } else if (m_relaxed && isWsp(*at)) {
            m_space = true;
            ++at;
        } else {
            const auto stop = std::find_if(at, end, special);
            put(out, QByteArrayView(at, stop));
            at = stop;
        }
    }
    return out;
}

// Empty lines at the end are none; what is left ends with a line end. Simple makes one of nothing as well (§3.4.3).
QByteArray CanonicalBody::finish()
{
    QByteArray out;
    if (std::exchange(m_cr, false))
        put(out, "\r");
    if (m_any || !m_relaxed)
        out += "\r\n";
    return out;
}

void MessageHash::add(QByteArrayView octets)
{
    if (m_headerDone) {
        m_hash.addData(m_body.add(octets));
        return;
    }
    const qsizetype before = m_header.size();
    m_header += octets;
    const bool none = m_header.startsWith("\r\n");
    const qsizetype empty = none ? -2 : m_header.indexOf("\r\n\r\n", std::max<qsizetype>(0, before - 3));
    if (empty == -1)
        return;
    const QByteArray rest = m_header.sliced(empty + 4);
    m_header.truncate(empty + 4);
    m_headerDone = true;
    add(rest);
}

QByteArray MessageHash::finish()
{
    m_hash.addData(m_body.finish());
    return m_hash.result();
}

} // namespace posthorn::trust
