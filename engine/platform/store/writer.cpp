#include "platform/store/writer.h"

#include "platform/store/sql/migrator.h"

#include <QDir>

namespace posthorn::store {

using namespace Qt::StringLiterals;
using std::chrono::steady_clock;

// What a job writes besides the octets it tells of: a few pages of tables and indexes.
static constexpr qint64 octetsOfAnyJob = 12 * 1024;

Result<void> Writer::start()
{
    std::promise<Result<void>> opened;
    auto future = opened.get_future();
    m_thread = std::thread([this, promise = std::move(opened)]() mutable { loop(promise); });
    return future.get();
}

void Writer::stop()
{
    {
        const std::scoped_lock lock(m_mutex);
        m_stopping = true;
    }
    m_woken.notify_one();
    if (m_thread.joinable())
        m_thread.join();
}

void Writer::enqueue(WriteJob job)
{
    {
        const std::scoped_lock lock(m_mutex);
        if (!m_stopping) {
            m_waitingOctets += job.octets;
            ++m_waitingJobs;
            m_waiting.push_back(std::move(job));
            job = {};
        }
    }
    if (job.done)
        job.done(std::unexpected(m_guard.refusal()));
    else
        m_woken.notify_one();
}

void Writer::wake()
{
    {
        const std::scoped_lock lock(m_mutex);
        m_poked = true;
    }
    m_woken.notify_one();
}

void Writer::dropLater(MessageId staged)
{
    const std::scoped_lock lock(m_mutex);
    m_dropped.append(staged);
}

void Writer::onCommitted(std::function<void(const Committed &)> observer)
{
    const std::scoped_lock lock(m_mutex);
    m_observers.append(std::move(observer));
}

Result<void> Writer::openDatabase()
{
    auto opened =
        Connection::open({.file = QDir(m_options.directory).filePath(u"posthorn.db"_s), .faults = m_options.faults});
    if (!opened)
        return std::unexpected(opened.error());
    m_connection = std::move(*opened);
    if (auto migrated = Migrator::migrate(*m_connection); !migrated)
        return migrated;
    auto left = m_connection->select("SELECT message_id FROM staged").each([this](const Row &row) {
        m_leftovers.append(MessageId{row.number(0)});
    });
    m_connection->setLedger(&m_ledger);
    m_ledger.manyMessages = m_options.manyMessages;
    if (!left)
        return left;
    const auto waiting = m_connection->select("SELECT 1 FROM flag_change LIMIT 1").number();
    if (!waiting)
        return std::unexpected(waiting.error());
    m_ledger.setSawFlagChanges(waiting->has_value());
    return {};
}

void Writer::loop(std::promise<Result<void>> &opened)
{
    auto ready = openDatabase();
    const bool usable = ready.has_value();
    if (!usable)
        m_connection.reset();
    opened.set_value(std::move(ready));
    m_tidied = m_carried = steady_clock::now();
    bool stopping = !usable;
    while (!stopping) {
        std::deque<WriteJob> jobs = takeGroup(stopping);
        if (stopping) {
            refuse(jobs, m_guard.refusal());
        } else if (!jobs.empty()) {
            runGroup(jobs);
        }
        m_guard.look();
        m_guard.tell();
    }
    m_connection.reset(); // the last connection: SQLite copies the log into the database and removes it
}

// Waits until there is something to do. Jobs are left waiting when a group would grow too big.
std::deque<WriteJob> Writer::takeGroup(bool &stopping)
{
    using namespace std::chrono_literals;
    std::unique_lock lock(m_mutex);
    const auto something = [this] { return m_stopping || m_poked || !m_waiting.empty(); };
    bool more = true;
    auto patience =
        m_guard.health() == Health::Good ? m_options.idleAfter : qMin(m_options.idleAfter, m_options.probeInterval);
    while (!something() && more) {
        if (m_woken.wait_for(lock, std::exchange(patience, 2ms), something))
            break;
        lock.unlock();
        more = tidy();
        lock.lock();
    }
    if (!something())
        m_woken.wait_for(lock, m_guard.health() == Health::Good ? 10'000ms : m_options.probeInterval, something);
    m_poked = false;
    stopping = m_stopping;
    std::deque<WriteJob> jobs;
    qint64 octets = 0;
    while (!m_waiting.empty() &&
           (stopping || jobs.empty() ||
            (octets < m_options.maxGroupOctets && qint64(jobs.size()) < m_options.maxGroupJobs))) {
        octets += m_waiting.front().octets;
        jobs.push_back(std::move(m_waiting.front()));
        m_waiting.pop_front();
    }
    return jobs;
}

void Writer::refuse(std::deque<WriteJob> &jobs, const Error &error)
{
    for (WriteJob &job : jobs)
        m_ran.push_back({std::move(job), std::unexpected(error)});
    jobs.clear();
    answer();
}

void Writer::runGroup(std::deque<WriteJob> &jobs)
{
    if (m_guard.refuses()) {
        probe();
        if (m_guard.refuses())
            return refuse(jobs, m_guard.refusal());
    }
    const auto begun = steady_clock::now();
    while (!jobs.empty() && !m_guard.refuses()) {
        runJobs(jobs);
        if (m_open) {
            if (auto committed = commit(); !committed)
                abandon(committed.error());
        }
        answer();
        checkpointWhenDue(false);
    }
    if (!jobs.empty())
        refuse(jobs, m_guard.refusal());
    // Under load the writer is never idle, and what nobody holds must still go.
    if (m_ledger.sawOrphans() && begun - m_tidied > qMax<steady_clock::duration>(m_options.idleAfter, std::chrono::seconds(2))) {
        m_tidied = begun;
        std::ignore = collect(64);
    }
    if (m_ledger.sawFlagChanges() && begun - m_carried > qMax<steady_clock::duration>(m_options.idleAfter, std::chrono::seconds(1))) {
        m_carried = begun;
        std::ignore = carryOutFlags();
    }
}

// Runs jobs until the group's time is over.
void Writer::runJobs(std::deque<WriteJob> &jobs)
{
    const auto deadline = steady_clock::now() + m_options.maxGroupTime;
    if (auto begun = m_connection->run("BEGIN IMMEDIATE"); !begun) {
        abandon(begun.error());
        return refuse(jobs, begun.error());
    }
    m_open = true;
    const bool alone = jobs.size() == 1;
    do {
        WriteJob job = std::move(jobs.front());
        jobs.pop_front();
        auto result = alone ? runAlone(job) : runInSavepoint(job);
        m_ran.push_back({std::move(job), std::move(result)});
        if (m_connection->isBroken()) {
            const auto &last = m_ran.back().result;
            return abandon(last ? Error{ErrorKind::Unavailable, textOf(m_connection->trouble()), {}, -1}
                                : last.error());
        }
    } while (!jobs.empty() && steady_clock::now() < deadline);
}

Result<void> Writer::runJob(WriteJob &job)
{
    m_ledger.beginJob();
    Transaction transaction(*m_connection);
    Result<void> result;
    try {
        result = job.run(transaction);
    } catch (const std::exception &exception) {
        result =
            fail(ErrorKind::Internal, u"The mail store has an internal fault"_s, QString::fromUtf8(exception.what()));
    }
    if (result)
        result = m_ledger.endJob(*m_connection);
    if (result) {
        notePlaces(transaction.changes);
        merge(std::move(transaction.changes));
    }
    return result;
}

// The ledger has the rows of mailboxes that were just changed: this costs no statement.
void Writer::notePlaces(const Committed &changes)
{
    for (const MailboxChange &change : changes.mailboxes) {
        if (change.removed || !change.mailbox)
            continue;
        if (const auto row = m_ledger.mailbox(*m_connection, change.mailbox))
            m_changes.places.insert(change.mailbox, {(*row)->account, (*row)->name});
    }
}

// Of a group of one, nothing is left to commit when its job fails.
Result<void> Writer::runAlone(WriteJob &job)
{
    auto result = runJob(job);
    if (result || m_connection->isBroken())
        return result;
    m_ledger.undoJob();
    m_connection->rollBack();
    m_open = false;
    return result;
}

Result<void> Writer::runInSavepoint(WriteJob &job)
{
    if (auto saved = m_connection->run("SAVEPOINT job"); !saved)
        return std::unexpected(saved.error());
    auto result = runJob(job);
    if (m_connection->isBroken())
        return result;
    if (!result) {
        m_ledger.undoJob();
        if (auto undone = m_connection->run("ROLLBACK TO job"); !undone)
            m_connection->setBroken();
    }
    if (auto released = m_connection->run("RELEASE job"); !released)
        m_connection->setBroken();
    return result;
}

Result<void> Writer::commit()
{
    auto settled = m_ledger.settle(*m_connection);
    if (!settled)
        return settled;
    if (auto committed = m_connection->run("COMMIT"); !committed) {
        // A disk that fails while it syncs may or may not have kept the group.
        Error error = committed.error();
        if (m_connection->trouble() == Trouble::Io)
            error.kind = ErrorKind::Uncertain;
        return std::unexpected(error);
    }
    m_open = false;
    m_changes.usage = m_ledger.takeUsage();
    return {};
}

// The group's transaction is lost, and with it the jobs that went well.
void Writer::abandon(const Error &error)
{
    noteTrouble(error);
    m_connection->rollBack();
    m_open = false;
    m_ledger.clear();
    m_changes = {};
    m_lastChange.clear();
    const ErrorKind kind = error.kind == ErrorKind::Uncertain ? ErrorKind::Uncertain : ErrorKind::Unavailable;
    for (Ran &ran : m_ran) {
        if (ran.result)
            ran.result = std::unexpected(Error{kind, error.text, error.detail, -1});
    }
}

void Writer::answer()
{
    m_guard.tell();
    const bool changed = !m_changes.mailboxes.isEmpty() || !m_changes.names.isEmpty() || m_changes.queueChanged || m_changes.directoryChanged ||
                         !m_changes.suppressions.isEmpty() || m_changes.routesChanged || m_changes.groupsChanged ||
                         m_changes.settingsChanged || !m_changes.usage.isEmpty();
    if (changed) {
        QList<std::function<void(const Committed &)>> observers;
        {
            const std::scoped_lock lock(m_mutex);
            observers = m_observers;
        }
        for (const auto &observer : std::as_const(observers))
            observer(m_changes);
    }
    m_changes = {};
    m_lastChange.clear();
    qint64 octets = 0;
    for (Ran &ran : m_ran) {
        octets += ran.job.octets;
        m_logOctets += ran.job.octets + octetsOfAnyJob;
        ran.job.done(std::move(ran.result));
    }
    m_waitingOctets -= octets;
    m_waitingJobs -= qint64(m_ran.size());
    m_ran.clear();
}

void Writer::noteTrouble(const Error &error)
{
    const Trouble trouble = m_connection->takeTrouble();
    if (trouble != Trouble::None)
        m_guard.met(trouble, error.detail);
}

// Deliveries of one group to one mailbox become one change; other changes keep their order.
void Writer::merge(Committed &&changes)
{
    const auto onlyAppends = [](const MailboxChange &change) {
        return change.altered.isEmpty() && change.expunged.isEmpty() && change.keywords.isEmpty() && !change.removed
               && !change.rightsChanged && change.annotated.isEmpty();
    };
    for (MailboxChange &change : changes.mailboxes) {
        const auto last = m_lastChange.constFind(change.mailbox);
        if (last != m_lastChange.constEnd() && onlyAppends(change) && onlyAppends(m_changes.mailboxes.at(*last))
            && m_changes.mailboxes.at(*last).reader == change.reader
            && m_changes.mailboxes.at(*last).origin == change.origin) {
            MailboxChange &into = m_changes.mailboxes[*last];
            into.modSeq = change.modSeq;
            into.appended += change.appended;
            continue;
        }
        m_lastChange.insert(change.mailbox, m_changes.mailboxes.size());
        m_changes.mailboxes.append(std::move(change));
    }
    m_changes.names += changes.names;
    m_changes.queueChanged |= changes.queueChanged;
    m_changes.entries += changes.entries;
    m_changes.suppressions += changes.suppressions;
    m_changes.directoryChanged |= changes.directoryChanged;
    m_changes.routesChanged |= changes.routesChanged;
    m_changes.groupsChanged |= changes.groupsChanged;
    m_changes.settingsChanged |= changes.settingsChanged;
}

} // namespace posthorn::store
