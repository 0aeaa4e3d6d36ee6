// The store: one database, one writer with group commit, a few readers.
//
// write() jobs run on the writer's thread. It takes all waiting jobs (bounded by octets and time), runs each in a
// savepoint, commits once, then calls each job's `done`. A job that returns an error rolls back alone. When the COMMIT
// fails, every job of the group gets Unavailable; when the connection is lost in COMMIT, Uncertain.
// read() jobs run on reader threads, each on a snapshot (a read transaction) of its own.
// `done` is called exactly once, on the store's thread: it must be short, and posts a value to whoever waits.
#pragma once

#include "core/change.h"
#include "core/result.h"
#include "platform/store/queue.h"
#include "platform/store/sql/faults.h"
#include "platform/store/suppressions.h"

#include <QHash>
#include <QString>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>

namespace posthorn::store {

class Connection;  // sql/connection.h: a database connection with prepared statements
class Transaction; // transaction.h: a Connection inside a write job, which also collects what changed

struct StoreOptions
{
    QString directory; // the data directory; the database is posthorn.db in it
    int readers = 2;
    qint64 maxGroupOctets = 8 * 1024 * 1024;
    int maxGroupJobs = 512;
    std::chrono::milliseconds maxGroupTime{50};     // a group takes no further job after this long
    qint64 minFreeOctets = 64 * 1024 * 1024;        // below this much free disk space, isAccepting() is false
    std::chrono::milliseconds probeInterval{1'000}; // how often a store in trouble is tried again
    std::chrono::milliseconds idleAfter{100};       // so long without a job, and the writer tidies up
    qsizetype manyMessages = 1'000;                 // a change of the flags of so many is carried out afterwards
    std::shared_ptr<Faults> faults;                 // tests only
};

enum class Health { Good, LowSpace, Full, ReadOnly, Corrupt, Closed };
// Why nothing is taken, for those who bring it.
[[nodiscard]] QString textOf(Health health);

// What an account holds now.
struct UsageNote
{
    AccountId account;
    qint64 octets = 0, messages = 0;
    bool operator==(const UsageNote &) const = default;
};

// What a commit changed, for those who keep things in memory. Called on the writer's thread after the commit and before
// the jobs' `done`s, in commit order.
struct Committed
{
    QList<MailboxChange> mailboxes;
    QHash<MailboxId, MailboxPlace> places; // of those mailboxes, unless they are gone
    QList<NameChange> names;
    bool queueChanged = false;
    QList<EntryNote> entries;      // queue entries that were added, altered or removed, in that order
    bool routesChanged = false;
    bool directoryChanged = false; // domains, accounts, aliases, keys
    bool groupsChanged = false;    // who is in which group: anybody's rights may be others now
    QList<Suppression> suppressions; // put on the list; taken off it when `since` is 0
    bool settingsChanged = false;
    QList<UsageNote> usage;
};

struct WriteJob
{
    std::function<Result<void>(Transaction &)> run;
    std::function<void(Result<void>)> done;
    qint64 octets = 0;
};

struct ReadEntry
{
    std::function<void(Connection *, const Error *)> run; // connection null: failed with error
};

class Store
{
public:
    // Opens or creates, migrates, recovers (staged contents of an earlier life are dropped in the background).
    // Invalid: the database is newer than this program. Unavailable: can't be opened.
    [[nodiscard]] static Result<std::unique_ptr<Store>> open(StoreOptions options);
    ~Store(); // finishes the jobs under way, fails the waiting ones with Unavailable, closes readers first

    template<typename T>
    using Job = std::function<Result<T>(Transaction &)>;
    template<typename T>
    using ReadJob = std::function<Result<T>(Connection &)>;
    template<typename T>
    using Done = std::function<void(Result<T>)>;

    // `octets` is how much the job writes, roughly; 0 for small things.
    template<typename T>
    void write(Job<T> job, Done<T> done, qint64 octets = 0)
    {
        auto result = std::make_shared<Result<T>>(fail(ErrorKind::Unavailable, QStringLiteral("The store is closed")));
        enqueueWrite({[job = std::move(job), result](Transaction &transaction) -> Result<void> {
                          *result = job(transaction);
                          if (!*result)
                              return std::unexpected(result->error());
                          return {};
                      },
                      [done = std::move(done), result](Result<void> committed) {
                          if (committed || (!*result && !committed))
                              done(committed ? std::move(*result) : Result<T>(std::unexpected(committed.error())));
                          else
                              done(std::unexpected(committed.error()));
                      },
                      octets});
    }
    template<typename T>
    void read(ReadJob<T> job, Done<T> done)
    {
        enqueueRead({[job = std::move(job), done = std::move(done)](Connection *connection, const Error *error) {
            if (connection)
                done(job(*connection));
            else
                done(std::unexpected(*error));
        }});
    }
    // The same, waiting for the result. Never on a worker's, the engine's or the store's own threads: for start-up,
    // the control server's pool and tests.
    template<typename T>
    Result<T> writeNow(Job<T> job);
    template<typename T>
    Result<T> readNow(ReadJob<T> job);

    // Call before anything else is written; several may be added.
    void onCommitted(std::function<void(const Committed &)> observer);
    void onHealth(std::function<void(Health, QString why)> observer); // writer's thread

    // A staged content that could not be dropped: tried again when there is time. Any thread.
    void dropLater(MessageId staged);
    void setMinFreeOctets(qint64 octets); // in place of the options' from now on; any thread
    [[nodiscard]] Health health() const;  // any thread
    [[nodiscard]] bool isAccepting() const { return health() == Health::Good; }
    // A copy of the database in one file while running (SQLite: VACUUM INTO). Exists: the file is there already.
    // Waits; call it on a pool thread.
    Result<void> backup(const QString &file);
    [[nodiscard]] qint64 databaseOctets() const;
    // What write jobs not yet committed say they write, and how many there are: whoever brings more can wait. Any
    // thread.
    [[nodiscard]] qint64 waitingOctets() const;
    [[nodiscard]] qint64 waitingJobs() const;

private:
    struct Private;
    explicit Store(std::unique_ptr<Private> d);
    void enqueueWrite(WriteJob job);
    void enqueueRead(ReadEntry job);
    static void waitFor(const std::function<void(std::function<void()> finished)> &start);
    std::unique_ptr<Private> d;
};

template<typename T>
Result<T> Store::writeNow(Job<T> job)
{
    std::optional<Result<T>> result;
    waitFor([&](std::function<void()> finished) {
        write<T>(std::move(job), [&result, finished](Result<T> value) {
            result.emplace(std::move(value));
            finished();
        });
    });
    return std::move(*result);
}

template<typename T>
Result<T> Store::readNow(ReadJob<T> job)
{
    std::optional<Result<T>> result;
    waitFor([&](std::function<void()> finished) {
        read<T>(std::move(job), [&result, finished](Result<T> value) {
            result.emplace(std::move(value));
            finished();
        });
    });
    return std::move(*result);
}

} // namespace posthorn::store
