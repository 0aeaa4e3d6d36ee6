#include "service/delivery/collector.h"

#include <utility>

namespace posthorn::delivery {

Collector::Collector(Prefix prefix) : m_prefix(std::move(prefix)) {}

// The size of the header with its empty line, or -1 while that has not come.
qsizetype Collector::findHeaderEnd(qsizetype from) const
{
    if (m_header.startsWith("\r\n"))
        return 2;
    const qsizetype empty = m_header.indexOf("\r\n\r\n", qMax(qsizetype(0), from - 3));
    return empty < 0 ? -1 : empty + 4;
}

void Collector::endHeader(qsizetype size)
{
    const QByteArray rest = m_header.mid(size);
    m_header.truncate(size);
    QByteArrayView fields(m_header);
    if (fields.endsWith("\r\n\r\n"))
        fields.chop(2);
    else if (fields == QByteArrayView("\r\n"))
        fields = {};
    QByteArray prefix = m_prefix ? m_prefix(fields) : QByteArray();
    // A first line that goes on from nowhere would become part of our own last field: it is no header, then.
    if (!prefix.isEmpty() && (m_header.startsWith(' ') || m_header.startsWith('\t')))
        prefix += "\r\n";
    m_header.prepend(prefix);
    m_parser.feed(m_header);
    m_headerDone = true;
    if (!rest.isEmpty())
        add(rest);
}

void Collector::add(QByteArrayView bytes)
{
    if (m_headerDone) {
        m_parser.feed(bytes);
        m_body += bytes;
        return;
    }
    if (m_headerTooLarge)
        return;
    const qsizetype before = m_header.size();
    m_header += bytes;
    const qsizetype end = findHeaderEnd(before);
    if (end > maxHeader || (end < 0 && m_header.size() > maxHeader)) {
        m_headerTooLarge = true;
        m_header.clear();
    } else if (end >= 0) {
        endHeader(end);
    }
}

QByteArray Collector::takeChunk()
{
    ++sequence;
    return std::exchange(m_body, {});
}

message::Structure Collector::finish()
{
    if (!m_headerDone)
        endHeader(m_header.size());
    return m_parser.finish();
}

} // namespace posthorn::delivery
