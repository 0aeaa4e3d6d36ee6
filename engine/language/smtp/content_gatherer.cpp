#include "language/smtp/content_gatherer.h"

#include <algorithm>

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

ContentGatherer::ContentGatherer(const Rules &rules)
    : m_rules(rules), m_reader(rules.framing, rules.bareLineEnd),
      m_patience(4 * rules.maxOctets + 16 * 1024 * 1024)
{
}

qsizetype ContentGatherer::take(QByteArrayView in)
{
    if (m_gathering.isNull() && !m_refusal)
        m_gathering.reserve(std::min<qint64>(std::max<qint64>(m_rules.expected + 2, in.size()), m_rules.pieceSize));
    qsizetype taken = 0;
    while (taken < in.size() && !m_reader.hasEnded()) {
        // So little that it can't fill the piece (see ContentReader::read()), and octet by octet at its end.
        const qsizetype most = std::max<qsizetype>(1, (fullAt() - m_gathering.size()) / 2 - 1);
        taken += takeSlice(in.sliced(taken).first(std::min(in.size() - taken, most)));
    }
    return taken;
}

qsizetype ContentGatherer::takeSlice(QByteArrayView slice)
{
    const qsizetype before = m_gathering.size();
    qsizetype used = slice.size();
    if (!m_rules.binary)
        used = m_reader.read(slice, m_gathering);
    else if (!m_refusal)
        m_gathering.append(slice);
    m_octets += m_gathering.size() - before;
    m_dropped += m_refusal ? used : 0;
    check();
    gather(m_reader.hasEnded());
    return used;
}

void ContentGatherer::finish()
{
    const qsizetype before = m_gathering.size();
    m_reader.finish(m_gathering);
    m_octets += m_gathering.size() - before;
    check();
    gather(true);
}

void ContentGatherer::check()
{
    if (m_rules.bareLineEnd == BareLineEnd::Refuse && m_reader.sawBareLineEnd())
        refuse({550, "5.6.11"_ba, "Lines must end with CRLF; there is a CR or LF by itself"_ba});
    if (m_octets > m_rules.maxOctets)
        refuse({552, "5.3.4"_ba, "Message too big"_ba});
}

void ContentGatherer::refuse(Reply reply)
{
    if (m_refusal)
        return;
    m_refusal = std::move(reply);
    m_reader.drop();
    m_gathering = {};
    m_pieces.clear();
    m_waiting = 0;
}

void ContentGatherer::gather(bool all)
{
    if (m_gathering.isEmpty() || (!all && m_gathering.size() < fullAt()))
        return;
    m_waiting += m_gathering.size();
    m_pieces.append(std::exchange(m_gathering, {}));
}

QByteArray ContentGatherer::takePiece()
{
    if (m_pieces.isEmpty())
        return {};
    m_waiting -= m_pieces.front().size();
    return m_pieces.takeFirst();
}

} // namespace posthorn::smtp
