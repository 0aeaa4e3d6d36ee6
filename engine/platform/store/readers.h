// A few threads that read, each with a connection of its own; each job sees one snapshot.
#pragma once

#include "platform/store/guard.h"
#include "platform/store/sql/connection.h"

#include <condition_variable>
#include <deque>
#include <thread>
#include <vector>

namespace posthorn::store {

class Readers
{
public:
    // `wakeWriter` is called when a reader met trouble that the writer should tell of.
    Readers(const StoreOptions &options, Guard &guard, std::function<void()> wakeWriter)
        : m_options(options), m_guard(guard), m_wakeWriter(std::move(wakeWriter))
    {
    }
    ~Readers() { stop(); }

    [[nodiscard]] Result<void> start(); // returns when all are open
    void stop();                        // jobs under way are finished, waiting ones fail
    void enqueue(ReadEntry job);        // any thread

private:
    void loop(std::function<void(Result<void>)> opened);
    void runJob(Connection &connection, ReadEntry &job);
    const StoreOptions &m_options;
    Guard &m_guard;
    std::function<void()> m_wakeWriter;
    std::vector<std::thread> m_threads;
    std::mutex m_mutex; // guards the three below
    std::condition_variable m_woken;
    std::deque<ReadEntry> m_waiting;
    bool m_stopping = false;
};

} // namespace posthorn::store
