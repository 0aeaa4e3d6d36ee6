#include "language/pop3/maildrop.h"

#include <algorithm>

namespace posthorn::pop3 {

Maildrop::Maildrop(Drop drop) : m_messages(std::move(drop.messages)), m_deleted(m_messages.size())
{
    for (const DropMessage &message : std::as_const(m_messages))
        m_octets += message.size;
}

void Maildrop::remove(qsizetype index)
{
    m_deleted.setBit(index);
    m_marked += index;
    m_octets -= m_messages.at(index).size;
}

void Maildrop::reset()
{
    for (const qsizetype index : std::as_const(m_marked)) {
        m_deleted.clearBit(index);
        m_octets += m_messages.at(index).size;
    }
    m_marked.clear();
}

QList<qsizetype> Maildrop::deleted() const
{
    QList<qsizetype> sorted = m_marked;
    std::ranges::sort(sorted);
    return sorted;
}

} // namespace posthorn::pop3
