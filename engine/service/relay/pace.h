// How hard a destination may be driven: how many connections at a time, how many messages a minute, and when to leave it
// alone. It learns from what the destination does. Pure: time is given, in steady ms.
#pragma once

#include <QtTypes>

namespace posthorn::relay {

struct PaceLimits
{
    int connections = 20;          // at most
    int messagesPerMinute = 0;     // at most; 0: no limit
    qint64 firstPause = 48'000;    // ms, after the first failure
    qint64 longestPause = 600'000; // ms
};

// Something that failed is left alone for a while; each time for twice as long.
class Pause
{
public:
    [[nodiscard]] bool isOn(qint64 now) const { return now < m_until; }
    [[nodiscard]] bool wasOn() const { return m_failures > 0; }
    [[nodiscard]] qint64 until() const { return m_until; }
    void begin(qint64 now, const PaceLimits &limits);
    void lift() { m_until = 0; } // may be tried now; it is not forgotten how often it failed
    void end() { *this = {}; }

private:
    qint64 m_until = 0;
    int m_failures = 0;
};

class Pace
{
public:
    explicit Pace(PaceLimits limits = {});

    [[nodiscard]] int connections() const; // so many at a time, at most
    // When the next message may be handed out: `now` or earlier means at once.
    [[nodiscard]] qint64 nextMessageAt() const;
    [[nodiscard]] Pause &pause() { return m_pause; }
    [[nodiscard]] const Pause &pause() const { return m_pause; }

    void handedOut(qint64 now);
    void accepted(qint64 now); // it took a message
    // It said that it wants less: 421, 4xx to the greeting, no answer in time, a connection cut. What comes within the same
    // moment is one complaint.
    void complained(qint64 now);
    // It takes so many connections, and refuses more.
    void refusedMore(int open, qint64 now);
    void unreachable(qint64 now); // none of its servers answers
    void reached();               // a connection got as far as taking mail

private:
    void shrinkTo(int connections, qint64 now);

    PaceLimits m_limits;
    Pause m_pause;
    int m_connections;
    bool m_careful = false;    // it has complained: more only slowly
    int m_acceptedSince = 0;   // messages, since the last change
    qint64 m_changedAt = 0;
    qint64 m_complainedAt = 0;
    qint64 m_due = 0; // of the next message, if they all kept their distance; microseconds
};

} // namespace posthorn::relay
