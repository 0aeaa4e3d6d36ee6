#include "policy/auth/throttle.h"

#include <QHostAddress>
#include <QtEndian>

#include <algorithm>

namespace posthorn::auth {

quint64 addressKey(const QByteArray &address)
{
    const QHostAddress host(QString::fromLatin1(address));
    bool isV4 = false;
    const quint32 v4 = host.toIPv4Address(&isV4);
    // ffff::/16 is multicast: no client has it.
    if (isV4)
        return 0xFFFF'FFFF'0000'0000 | v4;
    const Q_IPV6ADDR v6 = host.toIPv6Address();
    return qFromBigEndian<quint64>(&v6);
}

int Throttle::countIn(Table &table, quint64 key, const Rules &rules, qint64 now)
{
    const Failures *const failures = table.find(key);
    if (!failures)
        return 0;
    if (now - failures->since < rules.window.count())
        return failures->count;
    table.remove(key);
    return 0;
}

void Throttle::add(Table &table, quint64 key, const Rules &rules, qint64 now)
{
    const int before = countIn(table, key, rules, now);
    Failures &failures = table[key];
    if (before == 0)
        failures.since = now;
    failures.count = before + 1;
}

bool Throttle::isRepeated(quint64 address, quint64 guess, const Rules &rules, qint64 now)
{
    if (guess == 0)
        return false;
    if (countIn(m_addresses, address, rules, now) > 0) {
        if (const Failures *const known = m_addresses.find(address); known && std::ranges::contains(known->guesses, guess))
            return true;
    }
    Failures &failures = m_addresses[address];
    failures.guesses[failures.next++ % failures.guesses.size()] = guess;
    return false;
}

bool Throttle::refuses(quint64 address, const Rules &rules, qint64 now)
{
    const std::lock_guard lock(m_mutex);
    return countIn(m_addresses, address, rules, now) >= rules.refuseAfter;
}

bool Throttle::enter(quint64 address, const Rules &rules, qint64 now)
{
    const std::lock_guard lock(m_mutex);
    int &underWay = m_underWay[address];
    if (underWay > 0 && countIn(m_addresses, address, rules, now) + underWay >= rules.refuseAfter)
        return false;
    ++underWay;
    return true;
}

void Throttle::leave(quint64 address)
{
    const std::lock_guard lock(m_mutex);
    if (const auto at = m_underWay.find(address); at != m_underWay.end() && --*at <= 0)
        m_underWay.erase(at);
}

std::chrono::milliseconds Throttle::failed(quint64 address, quint64 account, quint64 guess, const Rules &rules, qint64 now)
{
    const std::lock_guard lock(m_mutex);
    if (!isRepeated(address, guess, rules, now)) {
        add(m_addresses, address, rules, now);
        add(m_accounts, account, rules, now);
    }
    return delayLocked(address, account, rules, now);
}

std::chrono::milliseconds Throttle::delay(quint64 address, quint64 account, const Rules &rules, qint64 now)
{
    const std::lock_guard lock(m_mutex);
    return delayLocked(address, account, rules, now);
}

std::chrono::milliseconds Throttle::delayLocked(quint64 address, quint64 account, const Rules &rules, qint64 now)
{
    const int count = std::max(countIn(m_addresses, address, rules, now), countIn(m_accounts, account, rules, now));
    const int beyond = std::clamp(count - rules.freeFailures, 0, 20);
    return std::min<std::chrono::milliseconds>(rules.failureDelay * (qint64(1) << beyond), rules.maxDelay);
}

} // namespace posthorn::auth
