// The one thread that writes: it takes all waiting jobs, runs each in a savepoint, commits once, tells the observers,
// then answers each job. Between groups it checkpoints the log, and when it is idle it removes what nobody holds.
#pragma once

#include "platform/store/guard.h"
#include "platform/store/ledger.h"
#include "platform/store/sql/connection.h"
#include "platform/store/transaction.h"

#include <condition_variable>
#include <deque>
#include <future>
#include <thread>

namespace posthorn::store {

class Writer
{
public:
    Writer(const StoreOptions &options, Guard &guard) : m_options(options), m_guard(guard) {}
    ~Writer() { stop(); }

    // Opens and migrates the database on the writer's thread, and returns when that is done.
    [[nodiscard]] Result<void> start();
    // The group under way is finished, waiting jobs fail.
    void stop();
    void enqueue(WriteJob job); // any thread
    void wake();                // any thread: trouble was met elsewhere
    void dropLater(MessageId staged); // any thread: when there is time, and again when it fails
    void onCommitted(std::function<void(const Committed &)> observer);
    [[nodiscard]] qint64 waitingOctets() const { return m_waitingOctets.load(std::memory_order_relaxed); }
    [[nodiscard]] qint64 waitingJobs() const { return m_waitingJobs.load(std::memory_order_relaxed); }

private:
    struct Ran // a job of the group under way, and what came of it
    {
        WriteJob job;
        Result<void> result;
    };

    [[nodiscard]] Result<void> openDatabase();
    void loop(std::promise<Result<void>> &opened);
    [[nodiscard]] std::deque<WriteJob> takeGroup(bool &stopping);
    void refuse(std::deque<WriteJob> &jobs, const Error &error);
    void runGroup(std::deque<WriteJob> &jobs);
    void runJobs(std::deque<WriteJob> &jobs);
    [[nodiscard]] Result<void> runAlone(WriteJob &job);
    [[nodiscard]] Result<void> runInSavepoint(WriteJob &job);
    [[nodiscard]] Result<void> runJob(WriteJob &job);
    [[nodiscard]] Result<void> commit();
    void abandon(const Error &error);
    void answer();
    void noteTrouble(const Error &error);
    void notePlaces(const Committed &changes);
    void merge(Committed &&changes);

    // writer_idle.cpp
    [[nodiscard]] bool tidy(); // true: there is more to do
    [[nodiscard]] Result<void> inTransaction(const std::function<Result<void>(Transaction &)> &work);
    [[nodiscard]] bool collect(int limit);
    [[nodiscard]] bool carryOutFlags();
    [[nodiscard]] bool dropLeftovers();
    void checkpointWhenDue(bool idle);
    void checkpoint(bool truncate);
    void probe();

    const StoreOptions &m_options;
    Guard &m_guard;
    std::unique_ptr<Connection> m_connection;
    Ledger m_ledger;
    std::thread m_thread;

    std::mutex m_mutex; // guards what follows, up to the counts
    std::condition_variable m_woken;
    std::deque<WriteJob> m_waiting;
    bool m_stopping = false;
    bool m_poked = false;
    QList<MessageId> m_dropped; // leftovers that were told of and not taken up yet
    QList<std::function<void(const Committed &)>> m_observers;
    std::atomic<qint64> m_waitingOctets = 0;
    std::atomic<qint64> m_waitingJobs = 0;

    std::deque<Ran> m_ran;
    Committed m_changes;
    QHash<MailboxId, qsizetype> m_lastChange; // a mailbox's last change in m_changes
    bool m_open = false;                      // a transaction is
    qint64 m_logOctets = 0;                   // written to the log since it was last copied, about
    qint64 m_logFile = 0;                     // size of the log's file when last looked at
    QList<MessageId> m_leftovers;             // staged, and to be dropped
    std::chrono::steady_clock::time_point m_tidied{};
    std::chrono::steady_clock::time_point m_carried{};
    std::chrono::steady_clock::time_point m_probed{};
};

} // namespace posthorn::store
