// The maildrop as one session sees it (RFC 1939 §4): numbered once, marks of deletion, totals that cost nothing to ask.
#pragma once

#include "language/pop3/needs.h"

#include <QBitArray>

#include <utility>

namespace posthorn::pop3 {

class Maildrop
{
public:
    Maildrop() = default;
    explicit Maildrop(Drop drop);

    [[nodiscard]] qsizetype size() const { return m_messages.size(); } // deleted ones included
    [[nodiscard]] const DropMessage &at(qsizetype index) const { return m_messages.at(index); }
    [[nodiscard]] bool has(qsizetype index) const { return index >= 0 && index < size() && !m_deleted.testBit(index); }
    // Without the deleted ones.
    [[nodiscard]] qsizetype count() const { return size() - m_marked.size(); }
    [[nodiscard]] qint64 octets() const { return m_octets; }

    void remove(qsizetype index); // has(index)
    void reset();
    // Ascending.
    [[nodiscard]] QList<qsizetype> deleted() const;

private:
    QList<DropMessage> m_messages;
    QBitArray m_deleted;
    QList<qsizetype> m_marked; // in the order of DELE: what RSET has to undo
    qint64 m_octets = 0;
};

} // namespace posthorn::pop3
