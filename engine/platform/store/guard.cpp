#include "platform/store/guard.h"

#include <QStorageInfo>

namespace posthorn::store {

using namespace Qt::StringLiterals;
using std::chrono::steady_clock;

QString textOf(Health health)
{
    switch (health) {
    case Health::Good:
        break;
    case Health::LowSpace:
        return u"The mail store is short of space"_s;
    case Health::Full:
        return textOf(Trouble::Full);
    case Health::ReadOnly:
        return textOf(Trouble::ReadOnly);
    case Health::Corrupt:
        return textOf(Trouble::Corrupt);
    case Health::Closed:
        return u"The store is closed"_s;
    }
    return {};
}

void Guard::onHealth(std::function<void(Health, QString)> observer)
{
    const std::scoped_lock lock(m_mutex);
    m_observers.append(std::move(observer));
}

void Guard::become(Health health, const QString &why)
{
    const std::scoped_lock lock(m_mutex);
    if (m_health == Health::Closed)
        return;
    m_health = health;
    m_why = why;
}

void Guard::close()
{
    become(Health::Closed, textOf(Health::Closed));
}

void Guard::met(Trouble trouble, const QString &why)
{
    switch (trouble) {
    case Trouble::Full:
        return become(Health::Full, why);
    case Trouble::ReadOnly:
    case Trouble::Io:
        if (health() != Health::Corrupt)
            become(Health::ReadOnly, why);
        return;
    case Trouble::Corrupt:
        return become(Health::Corrupt, why);
    default:
        return;
    }
}

void Guard::setMinFree(qint64 octets)
{
    if (m_minFree.exchange(octets) != octets)
        m_lookSoon = true;
}

void Guard::look(bool now)
{
    const auto time = steady_clock::now();
    if (!m_lookSoon.exchange(false) && !now && time - m_looked < m_options.probeInterval)
        return;
    m_looked = time;
    const Health health = m_health;
    if (health != Health::Good && health != Health::LowSpace)
        return;
    const qint64 free = QStorageInfo(m_options.directory).bytesAvailable();
    const bool low = free >= 0 && free < m_minFree;
    if (low != (health == Health::LowSpace))
        become(low ? Health::LowSpace : Health::Good,
               low ? u"%1 octets of disk space are left"_s.arg(free) : QString());
}

// A damaged store takes nothing more until it has been looked after.
bool Guard::refuses() const
{
    const Health health = m_health;
    return health == Health::Corrupt || health == Health::Full || health == Health::ReadOnly ||
           health == Health::Closed;
}

Error Guard::refusal() const
{
    const std::scoped_lock lock(m_mutex);
    return {ErrorKind::Unavailable, textOf(m_health), m_why, -1};
}

void Guard::recovered()
{
    if (m_health == Health::Corrupt)
        return;
    become(Health::Good, {});
    look(true);
}

void Guard::tell()
{
    QList<std::function<void(Health, QString)>> observers;
    QString why;
    {
        const std::scoped_lock lock(m_mutex);
        if (m_told == m_health)
            return;
        m_told = m_health;
        why = m_why;
        observers = m_observers;
    }
    for (const auto &observer : std::as_const(observers))
        observer(m_told, why);
}

} // namespace posthorn::store
