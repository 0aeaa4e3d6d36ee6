#include "service/access/search_indexer.h"

#include "language/message/search_words.h"
#include "platform/store/messages.h"
#include "platform/system/clock.h"

#include <QElapsedTimer>

namespace posthorn::access {

using namespace std::chrono_literals;

namespace {

constexpr int mostMessages = 160;          // in a batch
constexpr qint64 mostOctets = 4'000'000;   // in a batch, about
constexpr qint64 mostTime = 30;            // ms, to collect a batch
constexpr qint64 inOneGo = 128 * 1024;     // a message up to here is read at once
constexpr qint64 quiet = 300;              // ms without new mail before work begins
constexpr qint64 longestWait = 1'000;      // ms between batches while mail comes in without a pause
constexpr auto pause = 5ms;                // between batches, for others
constexpr auto troublePause = 10s;

qint64 now()
{
    return system::realClock().steadyMs();
}

Result<store::SearchIndex::Words> wordsOf(store::Connection &connection, MessageId id, qint64 &octets)
{
    store::SearchIndex::Words words{.message = id};
    const auto digest = store::Messages::digest(connection, id, {.parts = true});
    if (!digest)
        return digest.error().kind == ErrorKind::NotFound ? Result<store::SearchIndex::Words>(words)
                                                          : std::unexpected(digest.error());
    octets += digest->size;
    const auto root = message::unpackOffsets(digest->parts);
    message::WordCollector head, body;
    if (root) {
        QByteArray whole;
        if (digest->size <= inOneGo)
            whole = store::Messages::read(connection, id, 0, digest->size).value_or(QByteArray());
        message::collectWords(*root, [&](qint64 offset, qint64 length) {
            return whole.isEmpty() ? store::Messages::read(connection, id, offset, length).value_or(QByteArray())
                                   : whole.mid(offset, length);
        }, head, body);
    }
    words.head = {head.words(), head.pairs()};
    words.body = {body.words(), body.pairs()};
    words.complete = root.has_value() && head.isComplete() && body.isComplete();
    words.allPairs = head.hasAllPairs() && body.hasAllPairs();
    return words;
}

} // namespace

SearchIndexer::SearchIndexer(store::Store &store) : m_store(store)
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &SearchIndexer::step);
}

SearchIndexer::~SearchIndexer() = default;

void SearchIndexer::setEnabled(bool enabled)
{
    m_enabled = enabled;
    if (enabled)
        wait(1s);
    else
        m_timer.stop();
}

void SearchIndexer::stop()
{
    setEnabled(false);
}

void SearchIndexer::committed(const store::Committed &committed)
{
    if (committed.mailboxes.isEmpty())
        return;
    m_lastCommit = now();
    if (m_asleep.exchange(false))
        QMetaObject::invokeMethod(this, [this] { wait(std::chrono::milliseconds(quiet)); }, Qt::QueuedConnection);
}

void SearchIndexer::wait(std::chrono::milliseconds time)
{
    if (m_enabled && !m_working)
        m_timer.start(time);
}

void SearchIndexer::step()
{
    if (!m_enabled || m_working)
        return;
    if (now() - m_lastCommit < quiet && now() - m_lastStep < longestWait) {
        wait(std::chrono::milliseconds(quiet));
        return;
    }
    m_lastStep = now();
    m_working = true;
    m_asleep = false;
    m_store.read<Batch>([](store::Connection &connection) { return collect(connection); },
                        [this](Result<Batch> batch) {
                            if (batch && batch->upTo)
                                write(std::move(*batch));
                            else
                                finished(batch.has_value(), false);
                        });
}

Result<SearchIndexer::Batch> SearchIndexer::collect(store::Connection &connection)
{
    const auto pending = store::SearchIndex::pending(connection, mostMessages);
    if (!pending)
        return std::unexpected(pending.error());
    Batch batch;
    QElapsedTimer timer;
    timer.start();
    qint64 octets = 0;
    for (const MessageId id : *pending) {
        auto words = wordsOf(connection, id, octets);
        if (!words)
            return std::unexpected(words.error());
        batch.messages.append(std::move(*words));
        batch.upTo = id;
        if (octets > mostOctets || timer.elapsed() > mostTime)
            break;
    }
    batch.more = batch.messages.size() < pending->size() || pending->size() == mostMessages;
    return batch;
}

// On a store thread.
void SearchIndexer::write(Batch batch)
{
    const bool more = batch.more;
    const qint64 octets = 4'096 * batch.messages.size();
    m_store.write<bool>(
        [batch = std::move(batch)](store::Transaction &transaction) -> Result<bool> {
            const auto added = store::SearchIndex::add(transaction, batch.messages, batch.upTo);
            return added ? Result<bool>(true) : std::unexpected(added.error());
        },
        [this, more](const Result<bool> &result) { finished(result.has_value(), more); }, octets);
}

// On a store thread.
void SearchIndexer::finished(bool ok, bool more)
{
    m_asleep = ok && !more;
    QMetaObject::invokeMethod(this, [this, ok, more] {
        m_working = false;
        if (!ok)
            wait(troublePause);
        else if (more)
            wait(pause);
        else if (now() - m_lastCommit < quiet) // it came while this was under way
            wait(std::chrono::milliseconds(quiet));
    }, Qt::QueuedConnection);
}

} // namespace posthorn::access
