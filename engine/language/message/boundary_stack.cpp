#include "language/message/boundary_stack.h"

#include "language/message/lexical.h"

#include <algorithm>
#include <cstring>

namespace posthorn::message {

void BoundaryStack::push(QByteArray boundary, qsizetype owner)
{
    while (!boundary.isEmpty() && isA(boundary.back(), IsSpace)) // can't end in a space
        boundary.chop(1);
    if (boundary.isEmpty() || boundary.size() > longestBoundary)
        return;
    m_entries.append({std::move(boundary), owner});
    refresh();
}

void BoundaryStack::pop()
{
    m_entries.removeLast();
    refresh();
}

void BoundaryStack::popAbove(qsizetype owner)
{
    while (!m_entries.isEmpty() && m_entries.last().owner > owner)
        m_entries.removeLast();
    refresh();
}

void BoundaryStack::clear()
{
    m_entries.clear();
    refresh();
}

void BoundaryStack::refresh()
{
    m_longest = 0;
    m_firsts = 0;
    for (const Entry &entry : m_entries) {
        m_longest = std::max(m_longest, entry.boundary.size());
        m_firsts |= quint64(1) << (uchar(entry.boundary[0]) & 63);
    }
}

std::optional<BoundaryStack::Match> BoundaryStack::match(QByteArrayView line) const
{
    if (line.size() < 3 || line[0] != '-' || line[1] != '-' || !(m_firsts >> (uchar(line[2]) & 63) & 1))
        return std::nullopt;
    const QByteArrayView text = line.sliced(2);
    const Entry *best = nullptr;
    for (const Entry &entry : m_entries) {
        const qsizetype size = entry.boundary.size();
        const bool longer = !best || size >= best->boundary.size();
        if (longer && size <= text.size() && std::memcmp(entry.boundary.constData(), text.data(), size_t(size)) == 0)
            best = &entry;
    }
    if (!best)
        return std::nullopt;
    return Match{best->owner, text.sliced(best->boundary.size()).startsWith("--")};
}

} // namespace posthorn::message
