// What can be done with an open maildrop.
#include "language/pop3/dialogue.h"

#include <algorithm>
#include <limits>

namespace posthorn::pop3 {

namespace {

constexpr qsizetype listedAtOnce = 1000;

// Digits only, at most ten of them. None: not a number.
std::optional<qint64> numberIn(QByteArrayView text)
{
    const bool isNumber = !text.isEmpty() && text.size() <= 10
        && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    return isNumber ? std::optional(qint64(text.toLongLong())) : std::nullopt;
}

QByteArray listed(const DropMessage &message, bool uniqueId)
{
    return uniqueId ? message.uniqueId : QByteArray::number(message.size);
}

} // namespace

void Dialogue::stat(QByteArrayView)
{
    ok(QByteArray::number(m_drop.count()) + ' ' + QByteArray::number(m_drop.octets()));
}

std::optional<qsizetype> Dialogue::named(QByteArrayView argument)
{
    const auto number = numberIn(argument.trimmed());
    if (number && m_drop.has(qsizetype(*number - 1)))
        return qsizetype(*number - 1);
    refuse(number ? "No such message" : "A message number is needed");
    return std::nullopt;
}

void Dialogue::listing(QByteArrayView argument, Listed what)
{
    if (!argument.trimmed().isEmpty()) {
        if (const auto index = named(argument))
            ok(QByteArray::number(*index + 1) + ' ' + listed(m_drop.at(*index), what == Listed::UniqueIds));
        return;
    }
    ok(QByteArray::number(m_drop.count()) + " messages, " + QByteArray::number(m_drop.octets()) + " octets");
    m_listed = what;
    m_index = 0;
    m_mode = Mode::Listing;
}

void Dialogue::continueListing()
{
    const qsizetype end = qMin(m_drop.size(), m_index + listedAtOnce);
    for (; m_index < end; ++m_index) {
        if (!m_drop.has(m_index))
            continue;
        m_output += QByteArray::number(m_index + 1);
        m_output += ' ';
        m_output += listed(m_drop.at(m_index), m_listed == Listed::UniqueIds);
        m_output += "\r\n";
    }
    if (m_index < m_drop.size())
        return;
    m_output += ".\r\n";
    m_mode = Mode::Command;
}

void Dialogue::list(QByteArrayView argument)
{
    listing(argument, Listed::Sizes);
}

void Dialogue::uidl(QByteArrayView argument)
{
    listing(argument, Listed::UniqueIds);
}

void Dialogue::retr(QByteArrayView argument)
{
    if (const auto index = named(argument))
        beginSending(*index, -1);
}

void Dialogue::top(QByteArrayView argument)
{
    const QByteArrayView text = argument.trimmed();
    const qsizetype space = text.indexOf(' ');
    const auto lines = space < 0 ? std::nullopt : numberIn(text.sliced(space + 1).trimmed());
    if (!lines)
        return refuse("TOP takes a message and a number of lines");
    if (const auto index = named(text.first(space)))
        beginSending(*index, *lines);
}

void Dialogue::beginSending(qsizetype index, qint64 lines)
{
    m_writer = DotWriter(lines);
    m_isWhole = lines < 0;
    m_index = index;
    m_offset = 0;
    m_mode = Mode::Sending;
    askPiece();
}

// Asked for only while little output waits: a big message never stands in memory.
void Dialogue::askPiece()
{
    m_waitingFor = ask(ReadMessage{m_index, m_offset});
}

void Dialogue::sendPiece(const Piece &piece)
{
    if (m_mode != Mode::Sending)
        return;
    if (m_offset == 0)
        ok(QByteArray::number(m_drop.at(m_index).size) + " octets");
    m_writer.write(piece.bytes, m_output);
    m_offset += piece.bytes.size();
    // An empty piece would be asked for again and again.
    if (!piece.last && !piece.bytes.isEmpty() && !m_writer.isDone())
        return;
    m_writer.finish(m_output);
    m_mode = Mode::Command;
    if (m_isWhole)
        m_last = qMax(m_last, m_index + 1);
}

void Dialogue::dele(QByteArrayView argument)
{
    if (const auto index = named(argument)) {
        m_drop.remove(*index);
        m_last = qMax(m_last, *index + 1);
        ok("Marked");
    }
}

void Dialogue::rset(QByteArrayView)
{
    m_drop.reset();
    m_last = 0;
    ok(QByteArray::number(m_drop.count()) + " messages");
}

void Dialogue::noop(QByteArrayView)
{
    ok("Still here");
}

// Of RFC 1460; gone since RFC 1725. Nothing is known of sessions before this one, as after a first visit.
void Dialogue::last(QByteArrayView)
{
    ok(QByteArray::number(m_last));
}

void Dialogue::quit(QByteArrayView)
{
    if (m_state == State::Authorization) {
        ok("Goodbye");
        return close();
    }
    wait(Update{m_drop.deleted()});
    m_mode = Mode::Updating;
}

} // namespace posthorn::pop3
