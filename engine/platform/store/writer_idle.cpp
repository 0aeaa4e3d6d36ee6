// What the writer does between groups and when nobody wants anything: the log is copied into the database, contents
// that nobody holds are removed, and a store in trouble is tried again.
#include "platform/store/flag_changes.h"
#include "platform/store/messages.h"
#include "platform/store/writer.h"

#include <QDir>
#include <QFileInfo>

namespace posthorn::store {

using namespace Qt::StringLiterals;
using std::chrono::steady_clock;

static constexpr qint64 checkpointOctets = 32 * 1024 * 1024;
static constexpr qint64 hugeLog = 256 * 1024 * 1024;

Result<void> Writer::inTransaction(const std::function<Result<void>(Transaction &)> &work)
{
    if (auto begun = m_connection->run("BEGIN IMMEDIATE"); !begun) {
        abandon(begun.error());
        return std::unexpected(begun.error());
    }
    m_open = true;
    m_ledger.beginJob();
    Transaction transaction(*m_connection);
    auto done = work(transaction);
    if (done)
        done = m_ledger.endJob(*m_connection);
    if (done)
        done = commit();
    if (!done)
        abandon(done.error());
    return done;
}

bool Writer::collect(int limit)
{
    bool more = false;
    const auto done = inTransaction([&](Transaction &transaction) -> Result<void> {
        const auto collected = Messages::collectOrphans(transaction, limit);
        if (!collected)
            return std::unexpected(collected.error());
        more = *collected;
        return {};
    });
    if (done)
        m_ledger.setSawOrphans(more);
    m_logOctets += limit * 4 * 1024;
    return done && more;
}

bool Writer::carryOutFlags()
{
    bool more = false;
    const auto done = inTransaction([&](Transaction &transaction) -> Result<void> {
        const auto carried = carryOutSomeFlagChanges(transaction.connection());
        if (!carried)
            return std::unexpected(carried.error());
        more = *carried;
        return {};
    });
    if (done) {
        m_ledger.setSawFlagChanges(more);
        m_logOctets += 512 * 1024;
    }
    return done && more;
}

bool Writer::dropLeftovers()
{
    const MessageId id = m_leftovers.takeLast();
    const auto done = inTransaction([id](Transaction &transaction) { return Messages::dropStaged(transaction, id); });
    if (!done && done.error().kind != ErrorKind::NotFound)
        m_leftovers.prepend(id);
    return done || done.error().kind == ErrorKind::NotFound;
}

bool Writer::tidy()
{
    if (m_guard.refuses()) {
        probe();
        m_guard.tell();
        return false;
    }
    {
        const std::scoped_lock lock(m_mutex);
        m_leftovers += std::exchange(m_dropped, {});
    }
    if (!m_leftovers.isEmpty())
        return dropLeftovers();
    if (m_ledger.sawFlagChanges())
        return carryOutFlags() || m_ledger.sawOrphans() || m_logOctets > 0;
    if (m_ledger.sawOrphans())
        return collect(256) || m_logOctets > 0;
    checkpointWhenDue(true);
    return false;
}

void Writer::checkpointWhenDue(bool idle)
{
    // Jobs may write more than they said: the log's file grows when it does.
    const qint64 file = QFileInfo(QDir(m_options.directory).filePath(u"posthorn.db-wal"_s)).size();
    m_logOctets = qMax(m_logOctets, file - m_logFile);
    if (m_logOctets == 0 || (!idle && m_logOctets < checkpointOctets))
        return;
    checkpoint(file > hugeLog);
    m_logOctets = 0;
    m_logFile = QFileInfo(QDir(m_options.directory).filePath(u"posthorn.db-wal"_s)).size();
}

// Copies the log into the database, after which it begins anew. Readers that still need old pages keep it from that
// until the next time; a huge log is also cut short, which waits for them.
void Writer::checkpoint(bool truncate)
{
    auto done = truncate ? m_connection->select("PRAGMA wal_checkpoint(TRUNCATE)").number()
                         : m_connection->select("PRAGMA wal_checkpoint(PASSIVE)").number();
    if (done)
        return;
    noteTrouble(done.error());
    m_connection->rollBack();
}

// Writes for good and takes it back: only what a mail would need as well proves that it can be kept.
void Writer::probe()
{
    const auto now = steady_clock::now();
    if (now - m_probed < m_options.probeInterval || m_guard.health() == Health::Corrupt ||
        m_guard.health() == Health::Closed)
        return;
    m_probed = now;
    const auto written = inTransaction([](Transaction &transaction) -> Result<void> {
        auto done =
            transaction.connection().run("INSERT INTO content (id, start, octets) VALUES (-1, 0, zeroblob(65536)) "
                                         "ON CONFLICT (id) DO UPDATE SET octets = excluded.octets"); // an earlier one is left
        return done ? Result<void>() : std::unexpected(done.error());
    });
    if (!written)
        return;
    const auto cleared = inTransaction([](Transaction &transaction) -> Result<void> {
        auto done = transaction.connection().run("DELETE FROM content WHERE id = -1");
        return done ? Result<void>() : std::unexpected(done.error());
    });
    if (cleared)
        m_guard.recovered();
}

} // namespace posthorn::store
