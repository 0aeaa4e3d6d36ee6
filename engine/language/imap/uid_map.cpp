#include "language/imap/uid_map.h"

#include <algorithm>

namespace posthorn::imap {

namespace {

constexpr qsizetype maxHoles = 1024; // then the list is written anew; and when a quarter of it is holes

} // namespace

qsizetype UidMap::holesBefore(qsizetype position) const
{
    return std::lower_bound(m_holes.cbegin(), m_holes.cend(), position) - m_holes.cbegin();
}

Uid UidMap::at(qsizetype index) const
{
    if (index >= baseCount())
        return m_tail[index - baseCount()];
    if (m_holes.isEmpty())
        return m_base[index];
    // m_holes[i] - i, which never falls, is the index of the first message after hole i.
    qsizetype low = 0, high = m_holes.size();
    while (low < high) {
        const qsizetype middle = (low + high) / 2;
        if (m_holes[middle] - middle <= index)
            low = middle + 1;
        else
            high = middle;
    }
    return m_base[index + low];
}

qsizetype UidMap::lowerBound(Uid uid) const
{
    if (!m_tail.isEmpty() && (m_base.isEmpty() || uid > m_base.last()))
        return baseCount() + (std::lower_bound(m_tail.cbegin(), m_tail.cend(), uid) - m_tail.cbegin());
    const qsizetype position = std::lower_bound(m_base.cbegin(), m_base.cend(), uid) - m_base.cbegin();
    return position - holesBefore(position);
}

qsizetype UidMap::indexOf(Uid uid) const
{
    const qsizetype index = lowerBound(uid);
    return index < count() && at(index) == uid ? index : -1;
}

void UidMap::append(Uid uid)
{
    const Uid last = !m_tail.isEmpty() ? m_tail.last() : m_base.isEmpty() ? 0 : m_base.last();
    if (uid > last)
        m_tail += uid;
}

QList<qsizetype> UidMap::remove(const QList<UidRange> &ranges)
{
    QList<qsizetype> removed;
    QList<qsizetype> holes;
    const qsizetype inBase = baseCount();
    for (const UidRange &range : ranges) {
        const qsizetype after = removed.isEmpty() ? 0 : removed.last() + 1;
        const qsizetype from = std::max(lowerBound(range.first), after);
        for (qsizetype index = from; index < count() && at(index) <= range.last; ++index)
            removed += index;
    }
    for (const qsizetype index : std::as_const(removed)) {
        if (index < inBase)
            holes += std::lower_bound(m_base.cbegin(), m_base.cend(), at(index)) - m_base.cbegin();
    }
    for (auto it = removed.crbegin(); it != removed.crend() && *it >= inBase; ++it)
        m_tail[*it - inBase] = 0;
    m_tail.removeIf([](Uid uid) { return uid == 0; });
    if (!holes.isEmpty()) {
        const qsizetype old = m_holes.size();
        m_holes += holes;
        std::inplace_merge(m_holes.begin(), m_holes.begin() + old, m_holes.end());
        if (m_holes.size() > maxHoles || m_holes.size() > m_base.size() / 4)
            compact();
    }
    return removed;
}

void UidMap::compact()
{
    QList<Uid> all;
    all.reserve(count() + 8);
    auto hole = m_holes.cbegin();
    for (qsizetype i = 0; i < m_base.size(); ++i) {
        if (hole != m_holes.cend() && *hole == i)
            ++hole;
        else
            all += m_base[i];
    }
    all += m_tail;
    m_base = std::move(all);
    m_holes.clear();
    m_tail.clear();
}

} // namespace posthorn::imap
