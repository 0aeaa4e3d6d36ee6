// The marks (UID, flags, MODSEQ, size) of the mailboxes in use, held in memory once for all their sessions and kept
// current by what the writer commits. Also who watches a mailbox, to tell them of changes.
#pragma once

#include "core/change.h"
#include "core/result.h"
#include "platform/net/session.h"
#include "platform/store/mailboxes.h"

#include <QHash>
#include <QMutex>

#include <atomic>
#include <functional>
#include <memory>

namespace posthorn::store { class Store; struct Committed; }

namespace posthorn::access {

// Thread-safe: each call locks for as long as it lasts.
class MailboxIndex
{
public:
    struct View
    {
        QList<Uid> uids;
        qsizetype firstUnseen = 0; // sequence number, 0: none
        Keywords keywords;
        ModSeq highestModSeq = 0;
        Uid uidNext = 1;
    };
    // A consistent copy, and from that moment on every change is posted to `watcher`.
    [[nodiscard]] View watch(const net::Address &watcher);
    void unwatch(ConversationId watcher);

    // Marks of UIDs in ascending ranges, at most `limit`; *next: the UID to go on from, or 0.
    [[nodiscard]] QList<MessageMark> marks(const QList<UidRange> &ranges, qsizetype limit, Uid *next) const;
    // All marks of UIDs in ascending ranges, and the HIGHESTMODSEQ at which they are so; 0: they are a reader's.
    [[nodiscard]] store::Marks marksNow(const QList<UidRange> &ranges) const;
    // Each mark, ascending by UID. Nobody else gets at the index meanwhile: `visit` only looks.
    template<typename Visit>
    void eachMark(Visit visit) const
    {
        const QMutexLocker lock(&m_mutex);
        for (const MessageMark &mark : m_marks)
            visit(mark);
    }
    [[nodiscard]] Keywords keywords() const;
    [[nodiscard]] ModSeq highestModSeq() const;
    [[nodiscard]] qsizetype unseen() const; // messages

private:
    friend class IndexCache;
    void load(store::Marks marks, Keywords keywords);
    void apply(const MailboxChange &change);
    [[nodiscard]] MailboxChange ownVersion(const MailboxChange &change) const;
    [[nodiscard]] MailboxChange withoutOthersSeen(const MailboxChange &change) const;
    void applyLocked(const MailboxChange &change);
    void tell(const MailboxChange &change);
    void tellLocked(const MailboxChange &change);
    void expungeLocked(const QList<UidRange> &ranges);

    AccountId m_reader; // whose \Seen the marks have; none: the mailbox's
    mutable QMutex m_mutex;
    std::atomic<bool> m_loaded = false;
    bool m_failed = false;
    QList<MessageMark> m_marks; // ascending by UID
    qsizetype m_unseen = 0;     // of them
    Keywords m_keywords;
    ModSeq m_highestModSeq = 0;
    ModSeq m_readModSeq = 0; // of the marks when they were read
    Uid m_uidNext = 1;
    QList<MailboxChange> m_early; // committed while it was being read
    QList<std::function<void()>> m_waiting;
    QHash<ConversationId, net::Address> m_watchers;
    qint64 m_lastUse = 0; // the cache's own count
};

// Thread-safe.
class IndexCache
{
public:
    // `inHalves`: a mailbox of so many messages is read by two readers at once.
    explicit IndexCache(store::Store &store, qsizetype maxMarks = 4'000'000, qint64 inHalves = 50'000);
    // `reader`: whose \Seen, when not the mailbox's. Reads the marks unless they are there. `ready` is called at once, or later on a store thread.
    void open(MailboxId mailbox, AccountId reader, std::function<void(Result<std::shared_ptr<MailboxIndex>>)> ready);
    void open(MailboxId mailbox, std::function<void(Result<std::shared_ptr<MailboxIndex>>)> ready)
    {
        open(mailbox, {}, std::move(ready));
    }
    // Writer's thread: brings indexes up to date and tells the watchers.
    void committed(const store::Committed &committed);

private:
    using Key = std::pair<MailboxId, AccountId>; // whose \Seen
    using Loaded = std::pair<store::Marks, Keywords>;
    void read(const Key &key, const std::shared_ptr<MailboxIndex> &index, bool mayHalve);
    void readHalves(store::Connection &connection, const Key &key, const std::shared_ptr<MailboxIndex> &index,
                    const store::Mailbox &row);
    void loaded(const Key &key, const std::shared_ptr<MailboxIndex> &index, Result<Loaded> what);
    void evict();
    void forget(const Key &key); // under the lock
    [[nodiscard]] QList<std::shared_ptr<MailboxIndex>> of(const MailboxChange &change);
    void tellAll(const MailboxChange &change);

    store::Store &m_store;
    const qsizetype m_maxMarks;
    const qint64 m_inHalves;
    QMutex m_mutex;
    QHash<Key, std::shared_ptr<MailboxIndex>> m_indexes;
    QHash<MailboxId, QList<AccountId>> m_readers; // of mailboxes where that is not the mailbox's alone
    qint64 m_uses = 0;
};

} // namespace posthorn::access
