// BODY from BODYSTRUCTURE: a walk over its text that copies all but the extension data. And the structure of one part.
#include "language/imap/bodystructure_text.h"

#include <algorithm>

namespace posthorn::imap {

namespace {

constexpr int maxDepth = 1'000; // of parentheses; the message room nests parts far less

class Walker
{
public:
    explicit Walker(QByteArrayView text) : m_text(text) { m_out.reserve(text.size()); }

    QByteArray run()
    {
        part(0);
        return m_broken || m_at != m_text.size() ? QByteArray() : m_out;
    }

    // Skips one value, a list with all that is in it.
    QByteArrayView value();

private:
    char peek() const { return m_at < m_text.size() ? m_text[m_at] : '\0'; }

    bool take(char c)
    {
        m_broken = m_broken || peek() != c;
        m_at += !m_broken;
        return !m_broken;
    }

    void keep(char c)
    {
        if (take(c))
            m_out += c;
    }

    void part(int depth);
    void single(int depth);
    void skipQuoted();
    void skipLiteral();
    QByteArrayView keepValue();

    QByteArrayView m_text;
    QByteArray m_out;
    qsizetype m_at = 0;
    bool m_broken = false;
};

void Walker::skipQuoted()
{
    for (++m_at; m_at < m_text.size() && m_text[m_at] != '"'; ++m_at) {
        if (m_text[m_at] == '\\')
            ++m_at;
    }
    m_at = std::min(m_at, m_text.size());
    take('"');
}

void Walker::skipLiteral()
{
    const qsizetype end = m_text.indexOf('}', m_at);
    bool ok = end > 0;
    const qlonglong size = ok ? m_text.sliced(m_at + 1, end - m_at - 1).toLongLong(&ok) : 0;
    m_broken = m_broken || !ok || size < 0 || size > m_text.size() - end - 3;
    if (!m_broken)
        m_at = end + 3 + size;
}

QByteArrayView Walker::value()
{
    const qsizetype start = m_at;
    int open = 0;
    do {
        const char c = peek();
        if (c == '"') {
            skipQuoted();
        } else if (c == '{') {
            skipLiteral();
        } else if (c == '(' || c == ')') {
            open += c == '(' ? 1 : -1;
            ++m_at;
        } else if (c == ' ') {
            m_broken = m_broken || open == 0;
            ++m_at;
        } else {
            const qsizetype from = m_at;
            while (QByteArrayView(" (){\"").indexOf(peek()) < 0 && m_at < m_text.size())
                ++m_at;
            m_broken = m_broken || m_at == from;
        }
        m_broken = m_broken || open < 0 || open > maxDepth;
    } while (open > 0 && !m_broken);
    return m_broken ? QByteArrayView() : m_text.sliced(start, m_at - start);
}

QByteArrayView Walker::keepValue()
{
    const QByteArrayView kept = value();
    m_out += kept;
    return kept;
}

void Walker::part(int depth)
{
    m_broken = m_broken || depth > maxDepth;
    keep('(');
    if (peek() == '(') {
        while (!m_broken && peek() == '(')
            part(depth + 1);
        keep(' ');
        keepValue();
    } else {
        single(depth);
    }
    while (!m_broken && peek() == ' ') { // extension data
        take(' ');
        value();
    }
    keep(')');
}

void Walker::single(int depth)
{
    const QByteArrayView type = keepValue();
    keep(' ');
    const QByteArrayView subtype = keepValue();
    for (int i = 0; i < 5 && !m_broken; ++i) { // parameters, id, description, encoding, octets
        keep(' ');
        keepValue();
    }
    const bool isMessage = type == "\"message\"" && (subtype == "\"rfc822\"" || subtype == "\"global\"");
    if (isMessage && !m_broken) {
        keep(' ');
        keepValue();
        keep(' ');
        part(depth + 1);
    }
    if ((isMessage || type == "\"text\"") && !m_broken) {
        keep(' ');
        keepValue();
    }
}

bool isMultipart(QByteArrayView part) { return part.startsWith("(("); }

bool isMessage(QByteArrayView part)
{
    return part.startsWith(R"(("message" "rfc822" )") || part.startsWith(R"(("message" "global" )");
}

// The value after `before` others, in the list `part`.
QByteArrayView valueIn(QByteArrayView part, quint32 before, bool separated)
{
    QByteArrayView rest = part.sliced(std::min<qsizetype>(1, part.size()));
    for (quint32 i = 0;; ++i) {
        const QByteArrayView value = Walker(rest).value();
        if (value.isEmpty() || i == before)
            return value;
        rest = rest.sliced(std::min(value.size() + (separated ? 1 : 0), rest.size()));
        if (!separated && !rest.startsWith('('))
            return {};
    }
}

} // namespace

// As SectionFinder finds the octets of a part.
QByteArray partStructure(QByteArrayView text, const QList<quint32> &path)
{
    QByteArrayView part = text;
    bool entersMessage = true;
    for (const quint32 number : path) {
        const QByteArrayView holder = part.data() != text.data() && isMessage(part) ? valueIn(part, 8, true) : part;
        entersMessage = entersMessage || holder.data() != part.data();
        part = isMultipart(holder) ? valueIn(holder, number - 1, false) : entersMessage && number == 1 ? holder : QByteArrayView();
        entersMessage = false;
        if (part.isEmpty())
            return {};
    }
    return part.toByteArray();
}

QByteArray bodyText(QByteArrayView bodyStructureText)
{
    return Walker(bodyStructureText).run();
}

} // namespace posthorn::imap
