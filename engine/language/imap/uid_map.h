// Which UID has which sequence number (RFC 9051 §2.3.1.2). A list shared with its maker for as long as possible: what
// is appended and removed is noted beside it, so that thousands of sessions on one mailbox cost little each.
#pragma once

#include "core/ids.h"

#include <QList>

namespace posthorn::imap {

class UidMap
{
public:
    UidMap() = default;
    explicit UidMap(QList<Uid> ascending) : m_base(std::move(ascending)) {}

    [[nodiscard]] qsizetype count() const { return m_base.size() - m_holes.size() + m_tail.size(); }
    [[nodiscard]] bool isEmpty() const { return count() == 0; }
    // `index` counts from 0 and must be less than count().
    [[nodiscard]] Uid at(qsizetype index) const;
    [[nodiscard]] Uid last() const { return isEmpty() ? 0 : at(count() - 1); }
    // The index of the first UID that is not less, or count().
    [[nodiscard]] qsizetype lowerBound(Uid uid) const;
    // -1: it is not there.
    [[nodiscard]] qsizetype indexOf(Uid uid) const;
    // Only UIDs above the last one count.
    void append(Uid uid);
    // Removes what is there of ascending ranges; gives the indexes they had before, ascending.
    QList<qsizetype> remove(const QList<UidRange> &ranges);

private:
    [[nodiscard]] qsizetype baseCount() const { return m_base.size() - m_holes.size(); }
    [[nodiscard]] qsizetype holesBefore(qsizetype position) const;
    void compact();

    QList<Uid> m_base;         // never altered in place
    QList<qsizetype> m_holes;  // positions in m_base that are gone, ascending
    QList<Uid> m_tail;         // after m_base
};

} // namespace posthorn::imap
