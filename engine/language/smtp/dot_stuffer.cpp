#include "language/smtp/dot_stuffer.h"

#include <algorithm>

namespace posthorn::smtp {

// A piece of a line, without its end.
void DotStuffer::addLine(QByteArrayView text, QByteArray &out)
{
    if (text.isEmpty())
        return;
    if (m_lineStart && text.startsWith('.'))
        out += '.';
    out += text;
    m_lineStart = false;
}

void DotStuffer::add(QByteArrayView bytes, QByteArray &out)
{
    out.reserve(out.size() + bytes.size() + bytes.size() / 64 + 8);
    const auto isEnd = [](char c) { return c == '\r' || c == '\n'; };
    while (!bytes.isEmpty()) {
        if (m_cr && bytes.front() != '\n') { // a bare one
            out += "\r\n";
            m_lineStart = true;
        }
        m_cr = false;
        const auto length = std::find_if(bytes.begin(), bytes.end(), isEnd) - bytes.begin();
        addLine(bytes.first(length), out);
        if (length == bytes.size())
            return;
        if (bytes[length] == '\n') {
            out += "\r\n";
            m_lineStart = true;
        } else {
            m_cr = true;
        }
        bytes = bytes.sliced(length + 1);
    }
}

void DotStuffer::finish(QByteArray &out)
{
    if (m_cr || !m_lineStart)
        out += "\r\n";
    out += ".\r\n";
    *this = {};
}

} // namespace posthorn::smtp
