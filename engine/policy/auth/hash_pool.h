// A few threads for slow hashing with a bounded queue. Threads start with the first job.
#pragma once

#include <QtTypes>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace posthorn::auth {

class HashPool
{
public:
    // `threads` 0: half the cores, 1 to 4. At most `queue` jobs wait.
    HashPool(int threads, qsizetype queue);
    ~HashPool() { stop(); }

    // False when the queue is full or the pool has stopped: the job is not run.
    [[nodiscard]] bool submit(std::function<void()> job);
    // Waits for the jobs that run; those that wait are dropped. None runs once this has returned.
    void stop();

private:
    void run();

    const int m_size;
    const size_t m_limit;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<std::function<void()>> m_jobs;
    std::vector<std::thread> m_threads;
    bool m_stopped = false;
};

} // namespace posthorn::auth
