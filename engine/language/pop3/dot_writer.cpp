#include "language/pop3/dot_writer.h"

#include <cstring>

namespace posthorn::pop3 {

void DotWriter::endLine(bool isEmpty)
{
    if (m_inBody && m_linesLeft > 0)
        --m_linesLeft;
    m_inBody = m_inBody || isEmpty;
    m_lineStart = true;
}

void DotWriter::takeHeldCr(QByteArrayView &octets, QByteArray &out)
{
    m_heldCr = false;
    if (octets.front() == '\n') {
        out += "\r\n";
        octets = octets.sliced(1);
        endLine(m_lineStart);
    } else {
        out += '\r';
        m_lineStart = false;
    }
}

void DotWriter::write(QByteArrayView octets, QByteArray &out)
{
    if (m_heldCr && !octets.isEmpty() && !isDone())
        takeHeldCr(octets, out);
    const char *at = octets.begin();
    const char *const end = octets.end();
    const char *unwritten = at;
    const auto flush = [&](const char *until) {
        out.append(unwritten, until - unwritten);
        unwritten = until;
    };
    while (at < end && !isDone()) {
        if (m_lineStart && *at == '.') {
            flush(at);
            out += '.';
        }
        const char *const feed = static_cast<const char *>(std::memchr(at, '\n', size_t(end - at)));
        if (!feed) {
            m_heldCr = end[-1] == '\r';
            m_lineStart = m_lineStart && m_heldCr && end - at == 1;
            flush(m_heldCr ? end - 1 : end);
            return;
        }
        const bool hasCr = feed > at && feed[-1] == '\r';
        if (!hasCr) {
            flush(feed);
            out += "\r\n";
            unwritten = feed + 1;
        }
        endLine(m_lineStart && feed - at == (hasCr ? 1 : 0));
        at = feed + 1;
    }
    flush(at);
}

void DotWriter::finish(QByteArray &out)
{
    if (m_heldCr && !isDone()) {
        out += '\r';
        m_lineStart = false;
    }
    if (!m_lineStart)
        out += "\r\n";
    out += ".\r\n";
}

} // namespace posthorn::pop3
