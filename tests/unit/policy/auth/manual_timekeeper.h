// Time that stands still until a test moves it, and steps that a test can wait for.
#pragma once

#include "policy/auth/authenticator.h"
#include "policy/auth/timekeeper.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

class ManualTimekeeper final : public posthorn::auth::Timekeeper
{
public:
    qint64 nowMs() const override
    {
        const std::lock_guard lock(m_mutex);
        return m_now;
    }
    void after(std::chrono::milliseconds delay, std::function<void()> what) override
    {
        const std::lock_guard lock(m_mutex);
        m_waiting.emplace(m_now + delay.count(), std::move(what));
        m_changed.notify_all();
    }
    void stop() override
    {
        const std::lock_guard lock(m_mutex);
        m_waiting.clear();
    }
    // Waits until something waits; how long it still has to. The test then moves time.
    qint64 nextDelay()
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [this] { return !m_waiting.empty(); });
        return m_waiting.begin()->first - m_now;
    }
    void advance(qint64 ms)
    {
        std::unique_lock lock(m_mutex);
        m_now += ms;
        while (!m_waiting.empty() && m_waiting.begin()->first <= m_now) {
            const auto what = std::move(m_waiting.extract(m_waiting.begin()).mapped());
            lock.unlock();
            what();
            lock.lock();
        }
    }
    [[nodiscard]] size_t waiting() const
    {
        const std::lock_guard lock(m_mutex);
        return m_waiting.size();
    }

private:
    mutable std::mutex m_mutex;
    std::condition_variable m_changed;
    std::multimap<qint64, std::function<void()>> m_waiting;
    qint64 m_now = 1'000'000;
};

// Where steps arrive, from any thread, in order. Copies share the place.
class Steps
{
public:
    [[nodiscard]] posthorn::auth::Done done() const
    {
        return [place = m_place](posthorn::auth::Step step) {
            const std::lock_guard lock(place->mutex);
            place->steps.push_back(std::move(step));
            place->changed.notify_all();
        };
    }
    [[nodiscard]] posthorn::auth::Step take() const
    {
        std::unique_lock lock(m_place->mutex);
        m_place->changed.wait(lock, [this] { return !m_place->steps.empty(); });
        auto step = std::move(m_place->steps.front());
        m_place->steps.pop_front();
        return step;
    }
    [[nodiscard]] bool isEmpty() const
    {
        const std::lock_guard lock(m_place->mutex);
        return m_place->steps.empty();
    }

private:
    struct Place
    {
        std::mutex mutex;
        std::condition_variable changed;
        std::deque<posthorn::auth::Step> steps;
    };
    std::shared_ptr<Place> m_place = std::make_shared<Place>();
};
