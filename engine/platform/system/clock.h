// What time it is. Code that decides by time takes a Clock, so that a test can move it.
#pragma once

#include <QtTypes>

#include <atomic>

namespace posthorn::system {

// Any thread.
class Clock
{
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual qint64 steadyMs() const = 0; // never goes back; from an arbitrary start
    [[nodiscard]] virtual qint64 wallMs() const = 0;   // ms since 1970, UTC
};

// The machine's own.
[[nodiscard]] const Clock &realClock();

// One that stands still until it is moved.
class TestClock final : public Clock
{
public:
    explicit TestClock(qint64 wallMs = 1'700'000'000'000) : m_wall(wallMs) {}
    [[nodiscard]] qint64 steadyMs() const override { return m_steady; }
    [[nodiscard]] qint64 wallMs() const override { return m_wall; }
    void advance(qint64 ms)
    {
        m_steady += ms;
        m_wall += ms;
    }

private:
    std::atomic<qint64> m_steady = 1'000;
    std::atomic<qint64> m_wall;
};

} // namespace posthorn::system
