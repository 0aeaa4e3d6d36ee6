#include "language/smtp/content_reader.h"

#include <cstring>

namespace posthorn::smtp {

// Appends text without an LF in it; each CR in it is a bare one.
void ContentReader::append(QByteArrayView text, QByteArray &out)
{
    while (const void *found = text.isEmpty() ? nullptr : std::memchr(text.data(), '\r', size_t(text.size()))) {
        m_bare = true;
        const qsizetype at = static_cast<const char *>(found) - text.data();
        out.append(text.first(at));
        out.append(m_normalize ? "\r\n" : "\r");
        text = text.sliced(at + 1);
    }
    out.append(text);
}

QByteArrayView ContentReader::unstuffed(QByteArrayView text) const
{
    return m_lineStart && text.startsWith('.') ? text.sliced(1) : text;
}

qsizetype ContentReader::take(QByteArrayView in, QByteArray &out)
{
    qsizetype at = 0;
    while (at < in.size() && !m_ended) {
        const QByteArrayView rest = in.sliced(at);
        const void *found = std::memchr(rest.data(), '\n', size_t(rest.size()));
        if (!found) {
            if (rest.size() <= longestHeld)
                break;
            const QByteArrayView part = rest.endsWith('\r') ? rest.chopped(1) : rest;
            append(unstuffed(part), out);
            m_lineStart = false;
            at += part.size();
            break;
        }
        const qsizetype size = static_cast<const char *>(found) - rest.data();
        const bool whole = size > 0 && rest[size - 1] == '\r';
        const QByteArrayView text = rest.first(whole ? size - 1 : size);
        at += size + 1;
        if (whole && m_lineStart && text == QByteArrayView(".")) {
            m_ended = true;
            break;
        }
        append(unstuffed(text), out);
        m_bare = m_bare || !whole;
        out.append(whole || m_normalize ? "\r\n" : "\n");
        m_lineStart = whole;
    }
    return at;
}

void ContentReader::takeCounted(QByteArrayView in, QByteArray &out, bool last)
{
    if (m_heldCr && !in.isEmpty()) {
        m_heldCr = false;
        if (in.startsWith('\n')) {
            out.append("\r\n");
            in = in.sliced(1);
        } else {
            append("\r", out);
        }
    }
    while (!in.isEmpty()) {
        const void *found = std::memchr(in.data(), '\n', size_t(in.size()));
        if (!found) {
            m_heldCr = in.endsWith('\r');
            append(m_heldCr ? in.chopped(1) : in, out);
            break;
        }
        const qsizetype size = static_cast<const char *>(found) - in.data();
        const bool whole = size > 0 && in[size - 1] == '\r';
        append(in.first(whole ? size - 1 : size), out);
        m_bare = m_bare || !whole;
        out.append(whole || m_normalize ? "\r\n" : "\n");
        in = in.sliced(size + 1);
    }
    if (last && m_heldCr) {
        append("\r", out);
        m_heldCr = false;
    }
}

} // namespace posthorn::smtp
