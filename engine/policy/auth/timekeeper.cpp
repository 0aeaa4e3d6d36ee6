#include "policy/auth/timekeeper.h"

namespace posthorn::auth {

qint64 ThreadTimekeeper::nowMs() const
{
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

void ThreadTimekeeper::after(std::chrono::milliseconds delay, std::function<void()> what)
{
    {
        const std::lock_guard lock(m_mutex);
        if (m_stopped)
            return;
        m_waiting.emplace(nowMs() + delay.count(), std::move(what));
        if (!m_thread.joinable())
            m_thread = std::thread([this] { run(); });
    }
    m_changed.notify_one();
}

void ThreadTimekeeper::stop()
{
    {
        const std::lock_guard lock(m_mutex);
        m_stopped = true;
    }
    m_changed.notify_one();
    if (m_thread.joinable())
        m_thread.join();
    const std::lock_guard lock(m_mutex);
    m_waiting.clear();
}

void ThreadTimekeeper::run()
{
    std::unique_lock lock(m_mutex);
    while (!m_stopped) {
        if (m_waiting.empty()) {
            m_changed.wait(lock);
            continue;
        }
        const qint64 early = m_waiting.begin()->first - nowMs();
        if (early > 0 && m_waiting.size() <= m_limit) {
            // Not longer than a minute: a wait that overflows the clock returns at once on some systems.
            m_changed.wait_for(lock, std::chrono::milliseconds(std::min<qint64>(early, 60'000)));
            continue;
        }
        const auto what = std::move(m_waiting.extract(m_waiting.begin()).mapped());
        lock.unlock();
        what();
        lock.lock();
    }
}

} // namespace posthorn::auth
