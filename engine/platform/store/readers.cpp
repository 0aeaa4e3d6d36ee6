#include "platform/store/readers.h"

#include <QDir>

#include <future>

namespace posthorn::store {

using namespace Qt::StringLiterals;

Result<void> Readers::start()
{
    Result<void> all;
    for (int i = 0; i < qMax(1, m_options.readers); ++i) {
        auto promise = std::make_shared<std::promise<Result<void>>>();
        auto future = promise->get_future();
        m_threads.emplace_back(
            [this, promise] { loop([promise](Result<void> opened) { promise->set_value(std::move(opened)); }); });
        if (auto opened = future.get(); !opened)
            all = std::move(opened);
    }
    return all;
}

void Readers::stop()
{
    {
        const std::scoped_lock lock(m_mutex);
        m_stopping = true;
    }
    m_woken.notify_all();
    for (std::thread &thread : m_threads)
        thread.join();
    m_threads.clear();
    const Error error{ErrorKind::Unavailable, u"The store is closed"_s, {}, -1};
    for (ReadEntry &job : std::exchange(m_waiting, {}))
        job.run(nullptr, &error);
}

void Readers::enqueue(ReadEntry job)
{
    {
        const std::scoped_lock lock(m_mutex);
        if (!m_stopping) {
            m_waiting.push_back(std::move(job));
            job = {};
        }
    }
    if (job.run) {
        const Error error{ErrorKind::Unavailable, u"The store is closed"_s, {}, -1};
        job.run(nullptr, &error);
    } else {
        m_woken.notify_one();
    }
}

void Readers::loop(std::function<void(Result<void>)> opened)
{
    auto connection = Connection::open({.file = QDir(m_options.directory).filePath(u"posthorn.db"_s),
                                        .role = ConnectionOptions::Role::Reader,
                                        .faults = m_options.faults});
    if (!connection) {
        opened(std::unexpected(connection.error()));
        return;
    }
    opened({});
    std::unique_lock lock(m_mutex);
    for (;;) {
        m_woken.wait(lock, [this] { return m_stopping || !m_waiting.empty(); });
        if (m_stopping)
            return;
        ReadEntry job = std::move(m_waiting.front());
        m_waiting.pop_front();
        lock.unlock();
        runJob(**connection, job);
        job = {};
        lock.lock();
    }
}

void Readers::runJob(Connection &connection, ReadEntry &job)
{
    if (auto begun = connection.run("BEGIN"); !begun) {
        job.run(nullptr, &begun.error());
        connection.rollBack();
    } else {
        job.run(&connection, nullptr);
        if (auto ended = connection.run("END"); !ended)
            connection.rollBack();
    }
    // What can't be read is damaged or out of reach for the writer too.
    const Trouble trouble = connection.takeTrouble();
    if (trouble == Trouble::Corrupt) {
        m_guard.met(trouble, u"A read met damage"_s);
        m_wakeWriter();
    }
}

} // namespace posthorn::store
