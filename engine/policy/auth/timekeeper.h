// Time for the Authenticator: what it is, and calls at a later one. A test brings its own and needs no sleep.
#pragma once

#include <QtTypes>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace posthorn::auth {

class Timekeeper
{
public:
    virtual ~Timekeeper() = default;
    [[nodiscard]] virtual qint64 nowMs() const = 0; // steady, from an arbitrary start
    // Calls `what` once, after `delay`, on any thread but never from within this call.
    virtual void after(std::chrono::milliseconds delay, std::function<void()> what) = 0;
    // Nothing is called any more once this has returned.
    virtual void stop() = 0;
};

// The real one: one thread, started with the first call. It keeps at most `limit` calls; when there are more, the one due
// first is made early, so that a flood of failures costs bounded memory.
class ThreadTimekeeper final : public Timekeeper
{
public:
    explicit ThreadTimekeeper(size_t limit = 20'000) : m_limit(limit) {}
    ~ThreadTimekeeper() override { stop(); }
    [[nodiscard]] qint64 nowMs() const override;
    void after(std::chrono::milliseconds delay, std::function<void()> what) override;
    void stop() override;

private:
    void run();

    const size_t m_limit;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::multimap<qint64, std::function<void()>> m_waiting; // by when they are due
    std::thread m_thread;
    bool m_stopped = false;
};

} // namespace posthorn::auth
