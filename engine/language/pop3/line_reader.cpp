#include "language/pop3/line_reader.h"

namespace posthorn::pop3 {

namespace {

constexpr qsizetype endless = 64 * 1024;

}

void LineReader::feed(QByteArrayView octets)
{
    m_line = {};
    m_input.remove(0, m_at);
    m_scanned -= std::exchange(m_at, 0);
    m_input += octets;
}

QByteArrayView LineReader::peek(qsizetype octets) const
{
    return QByteArrayView(m_input).sliced(m_at).first(qMin(octets, m_input.size() - m_at));
}

LineReader::Outcome LineReader::next(qsizetype limit)
{
    const qsizetype end = m_input.indexOf('\n', m_scanned);
    if (end < 0)
        return wait(limit);
    m_line = QByteArrayView(m_input).sliced(m_at, end - m_at);
    m_at = m_scanned = end + 1;
    if (m_line.endsWith('\r'))
        m_line.chop(1);
    return std::exchange(m_skipped, 0) > 0 || m_line.size() + 2 > limit ? Outcome::TooLong : Outcome::Line;
}

LineReader::Outcome LineReader::wait(qsizetype limit)
{
    m_scanned = m_input.size();
    if (m_skipped == 0 && m_scanned - m_at <= limit)
        return Outcome::More;
    m_skipped += m_scanned - m_at;
    m_input.clear();
    m_at = m_scanned = 0;
    return m_skipped > endless ? Outcome::Endless : Outcome::More;
}

} // namespace posthorn::pop3
