// How the index cache reads a mailbox's marks.
#include "platform/store/own_seen.h"
#include "platform/store/store.h"
#include "service/access/index_cache.h"

#include <optional>
#include <utility>

namespace posthorn::access {

// Of a mailbox, or a part of it.
static Result<store::Marks> readMarks(store::Connection &connection, const std::pair<MailboxId, AccountId> &key,
                                      const QList<UidRange> &uids)
{
    const auto [mailbox, reader] = key;
    auto marks = store::Mailboxes::marks(connection, mailbox, uids);
    if (marks && reader) {
        if (auto shown = store::OwnSeen::show(connection, mailbox, reader, marks->marks); !shown)
            return std::unexpected(shown.error());
    }
    return marks;
}

// On a store thread.
void IndexCache::read(const Key &key, const std::shared_ptr<MailboxIndex> &index, bool mayHalve)
{
    m_store.read<bool>(
        [this, key, index, mayHalve](store::Connection &connection) -> Result<bool> {
            const auto row = store::Mailboxes::get(connection, key.first);
            if (!row)
                return std::unexpected(row.error());
            if (mayHalve && row->messages >= m_inHalves) {
                readHalves(connection, key, index, *row);
                return true;
            }
            auto marks = readMarks(connection, key, {});
            if (!marks)
                return std::unexpected(marks.error());
            loaded(key, index, std::pair(std::move(*marks), row->keywords));
            return true;
        },
        [this, key, index](const Result<bool> &done) {
            if (!done)
                loaded(key, index, std::unexpected(done.error()));
        });
}

// Two readers need half the time. Each sees the mailbox as it was when it began: the halves fit when nothing happened
// between.
void IndexCache::readHalves(store::Connection &connection, const Key &key, const std::shared_ptr<MailboxIndex> &index,
                            const store::Mailbox &row)
{
    struct Halves
    {
        QMutex mutex;
        std::optional<Result<store::Marks>> lower, upper; // guarded by mutex
    };
    const auto halves = std::make_shared<Halves>();
    const auto join = [this, key, index, halves, keywords = row.keywords](auto half, Result<store::Marks> marks) {
        {
            const QMutexLocker lock(&halves->mutex);
            (*halves).*half = std::move(marks);
            if (!halves->lower || !halves->upper)
                return;
        }
        auto &lower = *halves->lower;
        const auto &upper = *halves->upper;
        if (!lower || !upper) {
            loaded(key, index, std::unexpected(lower ? upper.error() : lower.error()));
        } else if (lower->highestModSeq != upper->highestModSeq || lower->uidNext != upper->uidNext) {
            read(key, index, false);
        } else {
            lower->marks += upper->marks;
            loaded(key, index, std::pair(std::move(*lower), keywords));
        }
    };
    const Uid middle = row.uidNext / 2;
    m_store.read<store::Marks>(
        [key, middle](store::Connection &other) { return readMarks(other, key, {{middle + 1, ~Uid(0)}}); },
        [join](Result<store::Marks> marks) { join(&Halves::upper, std::move(marks)); });
    join(&Halves::lower, readMarks(connection, key, {{1, middle}}));
}

void IndexCache::loaded(const Key &key, const std::shared_ptr<MailboxIndex> &index, Result<Loaded> what)
{
    QList<std::function<void()>> waiting;
    {
        const QMutexLocker lock(&m_mutex);
        const QMutexLocker inner(&index->m_mutex);
        if (what) {
            index->load(std::move(what->first), std::move(what->second));
        } else {
            index->m_failed = true;
            forget(key);
        }
        waiting = std::exchange(index->m_waiting, {});
    }
    evict();
    for (const auto &go : waiting)
        go();
}

} // namespace posthorn::access
