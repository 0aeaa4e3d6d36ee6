#include "language/message/lexical.h"

#include <cstring>

namespace posthorn::message {

bool equalsIgnoringCase(QByteArrayView a, QByteArrayView b)
{
    if (a.size() != b.size())
        return false;
    for (qsizetype i = 0; i < a.size(); ++i) {
        if (a[i] != b[i] && lowerAscii(a[i]) != lowerAscii(b[i]))
            return false;
    }
    return true;
}

QByteArray lowered(QByteArrayView text)
{
    QByteArray out(text.size(), Qt::Uninitialized);
    char *to = out.data();
    for (const char c : text)
        *to++ = lowerAscii(c);
    return out;
}

bool isAscii(QByteArrayView bytes)
{
    const char *at = bytes.data();
    const char *end = at + bytes.size();
    constexpr quint64 highBits = 0x8080808080808080u;
    for (; end - at >= 32; at += 32) {
        quint64 words[4];
        std::memcpy(words, at, 32);
        if ((words[0] | words[1] | words[2] | words[3]) & highBits)
            return false;
    }
    uchar all = 0;
    for (; at != end; ++at)
        all |= uchar(*at);
    return all < 0x80;
}

bool Lexer::skipSpace()
{
    const char *from = m_at;
    while (m_at != m_end && isA(*m_at, IsSpace))
        ++m_at;
    return m_at != from;
}

bool Lexer::skipSpaceAndComments()
{
    const char *from = m_at;
    while (m_at != m_end) {
        if (isA(*m_at, IsSpace))
            ++m_at;
        else if (*m_at != '(' || !readComment())
            break;
    }
    return m_at != from;
}

bool Lexer::readComment(QByteArray *out)
{
    if (m_unclosedComment)
        return false;
    const qsizetype sizeBefore = out ? out->size() : 0;
    int depth = 0;
    for (const char *at = m_at; at != m_end; ++at) {
        char c = *at;
        if (c == '(' && depth++ == 0)
            continue;
        if (c == ')' && --depth == 0) {
            m_at = at + 1;
            return true;
        }
        if (c == '\\' && at + 1 != m_end)
            c = *++at;
        if (out && c != '\r' && c != '\n' && c != '\0')
            out->append(c);
    }
    if (out)
        out->truncate(sizeBefore);
    m_unclosedComment = true;
    return false;
}

bool Lexer::readQuoted(QByteArray *out)
{
    if (m_unclosedQuote)
        return false;
    const qsizetype sizeBefore = out ? out->size() : 0;
    for (const char *at = m_at + 1; at != m_end; ++at) {
        char c = *at;
        if (c == '"') {
            m_at = at + 1;
            return true;
        }
        if (c == '\\' && at + 1 != m_end)
            c = *++at;
        if (out && c != '\r' && c != '\n' && c != '\0')
            out->append(c);
    }
    if (out)
        out->truncate(sizeBefore);
    m_unclosedQuote = true;
    return false;
}

QByteArrayView Lexer::readWhile(uchar classes)
{
    const char *from = m_at;
    while (m_at != m_end && isA(*m_at, classes))
        ++m_at;
    return {from, m_at};
}

} // namespace posthorn::message
