#include "language/smtp/reply_reader.h"

#include "language/message/lexical.h"

#include <algorithm>

namespace posthorn::smtp {

namespace {

// "5.7.1" at the start of the text of a reply of class `first` ('5'): how long it is, or 0.
qsizetype enhancedLength(QByteArrayView text, char first)
{
    if (text.size() < 5 || text[0] != first || text[1] != '.')
        return 0;
    qsizetype at = 2;
    for (int part = 0; part < 2; ++part) {
        const qsizetype from = at;
        while (at < text.size() && at - from < 4 && message::isDigit(text[at]))
            ++at;
        if (at == from || at - from > 3)
            return 0;
        if (part == 0 && (at == text.size() || text[at++] != '.'))
            return 0;
    }
    return at == text.size() || text[at] == ' ' ? at : 0;
}

bool isCode(QByteArrayView line)
{
    return line.size() >= 3 && line[0] >= '2' && line[0] <= '5' && message::isDigit(line[1]) && message::isDigit(line[2])
           && (line.size() == 3 || line[3] == ' ' || line[3] == '-');
}

} // namespace

void ReplyReader::add(QByteArrayView bytes)
{
    if (m_broken)
        return;
    if (m_start > 0) {
        m_input.remove(0, m_start);
        m_scanned -= m_start;
        m_start = 0;
    }
    m_input += bytes;
}

std::optional<Reply> ReplyReader::next()
{
    while (!m_broken) {
        const qsizetype lf = m_input.indexOf('\n', m_scanned);
        if (lf < 0) {
            m_scanned = m_input.size();
            m_broken = m_input.size() - m_start > longestLine;
            return std::nullopt;
        }
        QByteArrayView line = QByteArrayView(m_input).sliced(m_start, lf - m_start);
        m_start = m_scanned = lf + 1;
        if (line.endsWith('\r'))
            line.chop(1);
        if (takeLine(line)) {
            m_lines = 0;
            return std::exchange(m_reply, Reply{0, {}, {}});
        }
    }
    return std::nullopt;
}

// True when it was the last line of its reply.
bool ReplyReader::takeLine(QByteArrayView line)
{
    const int code = isCode(line) ? (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0') : 0;
    if (code == 0 || line.size() > longestLine || ++m_lines > mostLines || (m_lines > 1 && code != m_reply.code)
        || m_reply.text.size() + line.size() > mostText) {
        m_broken = true;
        return false;
    }
    QByteArrayView text = line.size() > 4 ? line.sliced(4) : QByteArrayView();
    const qsizetype length = enhancedLength(text, line[0]);
    if (m_lines == 1) {
        m_reply.code = code;
        m_reply.enhanced = text.first(length).toByteArray();
    }
    if (length > 0 && text.first(length) == m_reply.enhanced)
        text = text.sliced(std::min(length + 1, text.size()));
    if (m_lines > 1)
        m_reply.text += '\n';
    m_reply.text += text;
    return line.size() == 3 || line[3] == ' ';
}

} // namespace posthorn::smtp
