#include "policy/auth/hash_pool.h"

#include <algorithm>

namespace posthorn::auth {

HashPool::HashPool(int threads, qsizetype queue)
    : m_size(threads > 0 ? threads : std::clamp(int(std::thread::hardware_concurrency() / 2), 1, 4)),
      m_limit(size_t(std::max<qsizetype>(queue, 1)))
{
}

bool HashPool::submit(std::function<void()> job)
{
    {
        const std::lock_guard lock(m_mutex);
        if (m_stopped || m_jobs.size() >= m_limit)
            return false;
        m_jobs.push_back(std::move(job));
        if (m_threads.empty()) {
            for (int i = 0; i < m_size; ++i)
                m_threads.emplace_back([this] { run(); });
        }
    }
    m_changed.notify_one();
    return true;
}

void HashPool::stop()
{
    {
        const std::lock_guard lock(m_mutex);
        m_stopped = true;
        m_jobs.clear();
    }
    m_changed.notify_all();
    for (std::thread &thread : m_threads) {
        if (thread.joinable())
            thread.join();
    }
}

void HashPool::run()
{
    std::unique_lock lock(m_mutex);
    while (true) {
        m_changed.wait(lock, [this] { return m_stopped || !m_jobs.empty(); });
        if (m_stopped)
            return;
        std::function<void()> job = std::move(m_jobs.front());
        m_jobs.pop_front();
        lock.unlock();
        job();
        job = nullptr; // what it holds dies outside the lock
        lock.lock();
    }
}

} // namespace posthorn::auth
