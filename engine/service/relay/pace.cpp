#include "service/relay/pace.h"

#include <algorithm>

namespace posthorn::relay {

namespace {

constexpr int firstConnections = 5;
constexpr qint64 oneMoment = 1'000;      // ms: complaints within are one
constexpr qint64 recoveryTime = 15'000;  // ms, and
constexpr int recoveryMessages = 10;     // messages for one more connection, once it has complained
constexpr qint64 forgiveAfter = 600'000; // ms without a complaint
constexpr qint64 burst = 1'000;          // ms: messages may come so much before their time
constexpr qint64 minute = 60'000'000; // µs

} // namespace

void Pause::begin(qint64 now, const PaceLimits &limits)
{
    const qint64 length = limits.firstPause << std::min(m_failures, 20);
    ++m_failures;
    m_until = now + std::clamp<qint64>(length, 1, std::max(limits.firstPause, limits.longestPause));
}

Pace::Pace(PaceLimits limits) : m_limits(limits), m_connections(std::min(firstConnections, limits.connections)) {}

// After a failure a single connection finds out whether it is there again.
int Pace::connections() const
{
    return m_pause.wasOn() ? 1 : m_connections;
}

qint64 Pace::nextMessageAt() const
{
    return m_limits.messagesPerMinute > 0 ? (m_due + 999) / 1'000 - burst : 0;
}

void Pace::handedOut(qint64 now)
{
    if (m_limits.messagesPerMinute <= 0)
        return;
    const qint64 distance = (minute + m_limits.messagesPerMinute - 1) / m_limits.messagesPerMinute;
    m_due = std::max(m_due, now * 1'000) + distance;
}

void Pace::accepted(qint64 now)
{
    if (m_careful && now - m_complainedAt >= forgiveAfter)
        m_careful = false;
    ++m_acceptedSince;
    if (m_careful && (now - m_changedAt < recoveryTime || m_acceptedSince < recoveryMessages))
        return;
    m_connections = std::min(m_connections + 1, m_limits.connections);
    m_acceptedSince = 0;
    m_changedAt = now;
}

void Pace::complained(qint64 now)
{
    if (m_careful && now - m_complainedAt < oneMoment)
        return;
    shrinkTo(m_connections / 2, now);
}

void Pace::refusedMore(int open, qint64 now)
{
    if (open < m_connections)
        shrinkTo(open, now);
}

void Pace::shrinkTo(int connections, qint64 now)
{
    m_connections = std::max(1, connections);
    m_careful = true;
    m_acceptedSince = 0;
    m_changedAt = m_complainedAt = now;
}

void Pace::unreachable(qint64 now)
{
    m_pause.begin(now, m_limits);
    shrinkTo(std::min(2, m_connections), now);
}

void Pace::reached()
{
    m_pause.end();
}

} // namespace posthorn::relay
