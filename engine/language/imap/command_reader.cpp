#include "language/imap/command_reader.h"

#include <algorithm>
#include <cstring>

namespace posthorn::imap {

namespace {

constexpr qsizetype keptCapacity = 4096; // of an empty buffer: an idle session costs little

bool isDigit(char c) { return c >= '0' && c <= '9'; }

} // namespace

void CommandReader::feed(QByteArrayView bytes)
{
    if (m_at > 0) {
        m_input.remove(0, m_at);
        m_scanned -= m_at;
        m_at = 0;
    }
    m_input += bytes;
}

void CommandReader::clear()
{
    const Limits limits = m_limits;
    *this = {};
    m_limits = limits;
}

void CommandReader::consume(qsizetype octets)
{
    m_at += octets;
    m_scanned = std::max(m_scanned, m_at);
    if (m_at < m_input.size())
        return;
    m_at = 0;
    m_scanned = 0;
    if (m_input.capacity() > keptCapacity)
        m_input = {};
    else
        m_input.resize(0);
}

CommandReader::Event CommandReader::next()
{
    for (;;) {
        switch (m_phase) {
        case Phase::SkipLiteral:
            if (!skipLiteral())
                return Event::More;
            m_phase = Phase::SkipLine;
            break;
        case Phase::SkipLine:
            if (!skipLine())
                return Event::More;
            break;
        case Phase::Literal:
            if (!readLiteral())
                return Event::More;
            m_phase = Phase::Line;
            break;
        case Phase::Content:
            if (m_content > 0)
                return Event::More;
            m_phase = Phase::Line;
            break;
        case Phase::Deciding:
            return m_malformed ? Event::Malformed : Event::Literal;
        case Phase::Whole:
            return m_malformed ? Event::Malformed : Event::Command;
        case Phase::TooLong:
            return Event::TooLong;
        case Phase::Line:
            return readLine();
        }
    }
}

CommandReader::Event CommandReader::readLine()
{
    const char *begin = m_input.constData() + m_at;
    const char *end = m_input.constData() + m_input.size();
    const char *from = m_input.constData() + std::max(m_scanned, m_at);
    const auto *found = from < end ? static_cast<const char *>(std::memchr(from, '\n', size_t(end - from))) : nullptr;
    if (found && m_lineOctets + (found - begin) <= m_limits.line + 2)
        return lineDone(found - begin, found - begin + 1);
    m_scanned = m_input.size();
    if (!found && m_lineOctets + (end - begin) <= m_limits.line + 2)
        return Event::More;
    m_scanned = m_at;
    m_command += QByteArrayView(begin, std::min<qsizetype>(end - begin, 256));
    m_phase = Phase::TooLong;
    return Event::TooLong;
}

CommandReader::Event CommandReader::lineDone(qsizetype end, qsizetype next)
{
    QByteArrayView line = QByteArrayView(m_input).sliced(m_at, end);
    if (line.endsWith('\r'))
        line.chop(1);
    m_malformed = m_malformed || line.contains('\0');
    m_lineOctets += line.size();
    const bool isLiteral = findLiteral(line);
    if (isLiteral)
        line.truncate(line.lastIndexOf('{') - (m_literal.binary ? 1 : 0));
    m_command += line;
    consume(next);
    m_phase = isLiteral ? Phase::Deciding : Phase::Whole;
    if (!isLiteral)
        m_skipped = 0;
    return m_malformed ? Event::Malformed : isLiteral ? Event::Literal : Event::Command;
}

// "{n}", "{n+}" or "{n-}" at the end of a line, "~" before it for literal8.
bool CommandReader::findLiteral(QByteArrayView line)
{
    if (!line.endsWith('}'))
        return false;
    const qsizetype open = line.lastIndexOf('{');
    if (open < 0)
        return false;
    QByteArrayView digits = line.sliced(open + 1).chopped(1);
    m_literal = {};
    if (digits.endsWith('+') || digits.endsWith('-')) {
        m_literal.synchronizing = false;
        digits.chop(1);
    }
    if (digits.isEmpty() || !std::all_of(digits.begin(), digits.end(), isDigit))
        return false;
    m_literal.size = digits.size() > 18 ? (qint64(1) << 62) : digits.toLongLong();
    m_literal.binary = open > 0 && line[open - 1] == '~';
    return true;
}

bool CommandReader::literalFits() const
{
    return m_literal.size <= m_limits.literal && m_command.size() + m_literal.size + 32 <= m_limits.command;
}

void CommandReader::acceptLiteral()
{
    m_command += '{' + QByteArray::number(m_literal.size) + "}\r\n";
    m_left = m_literal.size;
    m_phase = Phase::Literal;
}

void CommandReader::streamLiteral()
{
    m_content = m_literal.size;
    m_phase = Phase::Content;
}

QByteArray CommandReader::takeContent(qsizetype most)
{
    const qsizetype size = qsizetype(std::min<qint64>({most, buffered(), m_content}));
    QByteArray bytes;
    if (m_at == 0 && size == m_input.size())
        bytes = m_input; // shared, not copied: consume() lets go of ours
    else
        bytes = m_input.sliced(m_at, size);
    m_content -= size;
    if (size == m_input.size() - m_at) {
        m_input = {};
        m_at = m_scanned = 0;
    } else {
        consume(size);
    }
    return bytes;
}

bool CommandReader::readLiteral()
{
    const qsizetype size = qsizetype(std::min<qint64>(buffered(), m_left));
    m_command += QByteArrayView(m_input).sliced(m_at, size);
    m_left -= size;
    consume(size);
    return m_left == 0;
}

bool CommandReader::skipLiteral()
{
    const qsizetype size = qsizetype(std::min<qint64>(buffered(), m_left));
    m_left -= size;
    m_skipped += size;
    consume(size);
    return m_left == 0;
}

// The rest of a refused command: its line, and after each literal the client does not wait for, the line after that.
bool CommandReader::skipLine()
{
    const qsizetype from = std::max(m_scanned, m_at);
    const qsizetype end = m_input.indexOf('\n', from);
    if (end < 0) {
        // Enough of the end is kept to see whether the line ends in a literal.
        const qsizetype excess = buffered() - 64;
        if (excess > 0) {
            m_skipped += excess;
            consume(excess);
        }
        m_scanned = m_input.size();
        return false;
    }
    QByteArrayView line = QByteArrayView(m_input).sliced(m_at, end - m_at);
    if (line.endsWith('\r'))
        line.chop(1);
    const bool more = findLiteral(line) && !m_literal.synchronizing;
    m_skipped += end + 1 - m_at;
    consume(end + 1 - m_at);
    m_left = more ? m_literal.size : 0;
    m_phase = more ? Phase::SkipLiteral : Phase::Line;
    return true;
}

void CommandReader::finish()
{
    if (m_command.capacity() > keptCapacity)
        m_command = {};
    else
        m_command.resize(0);
    m_lineOctets = 0;
    m_malformed = false;
    switch (m_phase) {
    case Phase::TooLong:
        m_phase = Phase::SkipLine;
        break;
    case Phase::Content:
        m_left = m_content;
        m_content = 0;
        m_phase = Phase::SkipLiteral;
        break;
    case Phase::Deciding:
        m_left = m_literal.size;
        m_phase = m_literal.synchronizing ? Phase::Line : Phase::SkipLiteral;
        break;
    case Phase::Literal:
        m_phase = Phase::SkipLiteral;
        break;
    case Phase::Whole:
        m_phase = Phase::Line;
        break;
    case Phase::Line:
    case Phase::SkipLine:
    case Phase::SkipLiteral:
        break;
    }
}

CommandReader::Line CommandReader::takeLine(QByteArray &line, qsizetype most)
{
    while (m_phase == Phase::SkipLine || m_phase == Phase::SkipLiteral) {
        if (m_phase == Phase::SkipLiteral ? !skipLiteral() : !skipLine())
            return Line::More;
        if (m_phase == Phase::SkipLiteral && m_left == 0)
            m_phase = Phase::SkipLine;
    }
    const qsizetype end = m_input.indexOf('\n', std::max(m_scanned, m_at));
    const qsizetype size = (end < 0 ? m_input.size() : end) - m_at;
    if (size > most + 1) {
        m_phase = Phase::SkipLine;
        return Line::TooLong;
    }
    if (end < 0) {
        m_scanned = m_input.size();
        return Line::More;
    }
    line = m_input.sliced(m_at, size);
    if (line.endsWith('\r'))
        line.chop(1);
    consume(size + 1);
    return Line::Whole;
}

} // namespace posthorn::imap
