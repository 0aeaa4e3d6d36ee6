#include "service/access/index_cache.h"

#include "platform/store/store.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace posthorn::access {

namespace {

bool lessUid(const MessageMark &mark, Uid uid) { return mark.uid < uid; }
bool isUnseen(const MessageMark &mark) { return !(mark.flags & flag::Seen); }

// What a session is told of a change that itself made: of its own deeds only the appends are news. Only its own have an
// origin, for it knows no other sessions.
MailboxChange newsFor(const MailboxChange &change, ConversationId watcher)
{
    MailboxChange news = change;
    if (change.origin == watcher) {
        news.altered.clear();
        news.expunged.clear();
        news.annotated.clear();
    } else {
        news.origin = {};
    }
    return news;
}

} // namespace

MailboxIndex::View MailboxIndex::watch(const net::Address &watcher)
{
    const QMutexLocker lock(&m_mutex);
    m_watchers.insert(watcher.conversation, watcher);
    View view;
    view.uids.reserve(m_marks.size() + 16);
    for (const MessageMark &mark : std::as_const(m_marks)) {
        view.uids += mark.uid;
        if (view.firstUnseen == 0 && !(mark.flags & flag::Seen))
            view.firstUnseen = view.uids.size();
    }
    view.keywords = m_keywords;
    view.highestModSeq = m_highestModSeq;
    view.uidNext = m_uidNext;
    return view;
}

void MailboxIndex::unwatch(ConversationId watcher)
{
    const QMutexLocker lock(&m_mutex);
    m_watchers.remove(watcher);
}

QList<MessageMark> MailboxIndex::marks(const QList<UidRange> &ranges, qsizetype limit, Uid *next) const
{
    const QMutexLocker lock(&m_mutex);
    QList<MessageMark> found;
    *next = 0;
    auto at = m_marks.cbegin();
    for (const UidRange &range : ranges) {
        at = std::lower_bound(at, m_marks.cend(), range.first, lessUid);
        for (; at != m_marks.cend() && at->uid <= range.last; ++at) {
            if (found.size() >= limit) {
                *next = at->uid;
                return found;
            }
            found += *at;
        }
    }
    return found;
}

store::Marks MailboxIndex::marksNow(const QList<UidRange> &ranges) const
{
    const QMutexLocker lock(&m_mutex);
    store::Marks now{{}, m_reader ? 0 : m_highestModSeq, m_uidNext};
    auto at = m_marks.cbegin();
    for (const UidRange &range : ranges) {
        at = std::lower_bound(at, m_marks.cend(), range.first, lessUid);
        const auto from = at;
        at = std::upper_bound(at, m_marks.cend(), range.last, [](Uid uid, const MessageMark &mark) { return uid < mark.uid; });
        std::copy(from, at, std::back_inserter(now.marks));
    }
    return now;
}

Keywords MailboxIndex::keywords() const
{
    const QMutexLocker lock(&m_mutex);
    return m_keywords;
}

ModSeq MailboxIndex::highestModSeq() const
{
    const QMutexLocker lock(&m_mutex);
    return m_highestModSeq;
}

qsizetype MailboxIndex::unseen() const
{
    const QMutexLocker lock(&m_mutex);
    return m_unseen;
}

void MailboxIndex::load(store::Marks marks, Keywords keywords)
{
    m_marks = std::move(marks.marks);
    m_unseen = std::ranges::count_if(std::as_const(m_marks), isUnseen);
    m_keywords = std::move(keywords);
    m_highestModSeq = m_readModSeq = marks.highestModSeq;
    m_uidNext = marks.uidNext;
    m_loaded = true;
    const QList<MailboxChange> early = std::exchange(m_early, {});
    for (const MailboxChange &change : early) {
        if (change.modSeq > m_highestModSeq)
            applyLocked(ownVersion(change));
    }
}

void MailboxIndex::expungeLocked(const QList<UidRange> &ranges)
{
    auto range = ranges.cbegin();
    const auto gone = [&](const MessageMark &mark) {
        while (range != ranges.cend() && range->last < mark.uid)
            ++range;
        return range != ranges.cend() && mark.uid >= range->first;
    };
    const auto goes = [&](const MessageMark &mark) {
        const bool isGone = gone(mark);
        m_unseen -= isGone && isUnseen(mark) ? 1 : 0;
        return isGone;
    };
    m_marks.erase(std::remove_if(m_marks.begin(), m_marks.end(), goes), m_marks.end());
}

// The change with this reader's \Seen in place of another's: what is new is not seen, what was there is as it was.
MailboxChange MailboxIndex::ownVersion(const MailboxChange &change) const
{
    MailboxChange own = change;
    if (change.reader == m_reader)
        return own;
    for (MessageMark &mark : own.appended)
        mark.flags &= ~flag::Seen;
    for (MessageMark &mark : own.altered) {
        const auto at = std::lower_bound(m_marks.cbegin(), m_marks.cend(), mark.uid, lessUid);
        const bool isSeen = at != m_marks.cend() && at->uid == mark.uid && (at->flags & flag::Seen);
        mark.flags = (mark.flags & ~flag::Seen) | (isSeen ? flag::Seen : Flags(0));
    }
    return own;
}

// What is left to tell when another has read messages: in this reader's view only their MODSEQs change, of which he hears
// when he asks what has changed since.
MailboxChange MailboxIndex::withoutOthersSeen(const MailboxChange &change) const
{
    MailboxChange news = change;
    if (change.reader == m_reader)
        return news;
    news.altered.removeIf([this](const MessageMark &mark) {
        const auto at = std::lower_bound(m_marks.cbegin(), m_marks.cend(), mark.uid, lessUid);
        return at != m_marks.cend() && at->uid == mark.uid && at->flags == mark.flags;
    });
    return news;
}

void MailboxIndex::applyLocked(const MailboxChange &change)
{
    if (!change.expunged.isEmpty())
        expungeLocked(change.expunged);
    auto at = m_marks.begin();
    for (const MessageMark &mark : change.altered) {
        if (at == m_marks.end() || at->uid > mark.uid)
            at = m_marks.begin(); // not ascending; rare
        if (at != m_marks.end() && at->uid < mark.uid)
            at = at + 1 != m_marks.end() && (at + 1)->uid == mark.uid ? at + 1
                                                                     : std::lower_bound(at, m_marks.end(), mark.uid, lessUid);
        if (at != m_marks.end() && at->uid == mark.uid) {
            m_unseen += int(isUnseen(mark)) - int(isUnseen(*at));
            *at = mark;
        }
    }
    for (const MessageMark &mark : change.appended) {
        m_marks += mark;
        m_unseen += isUnseen(mark) ? 1 : 0;
        m_uidNext = std::max(m_uidNext, mark.uid + 1);
    }
    if (!change.keywords.isEmpty())
        m_keywords = change.keywords;
    m_highestModSeq = std::max(m_highestModSeq, change.modSeq);
}

void MailboxIndex::apply(const MailboxChange &change)
{
    const QMutexLocker lock(&m_mutex);
    if (!m_loaded) {
        m_early += change;
        return;
    }
    // A reader may see a commit before we are told of it.
    const bool bringsMarks = !change.appended.isEmpty() || !change.altered.isEmpty() || !change.expunged.isEmpty();
    if (bringsMarks && change.modSeq <= m_readModSeq)
        return;
    const MailboxChange own = ownVersion(change);
    const MailboxChange news = withoutOthersSeen(own);
    applyLocked(own);
    tellLocked(news);
}

void MailboxIndex::tell(const MailboxChange &change)
{
    const QMutexLocker lock(&m_mutex);
    tellLocked(change);
}

void MailboxIndex::tellLocked(const MailboxChange &change)
{
    // Posted under the lock: a watcher that comes a moment later has the change in its view, not in its inbox as well.
    for (const net::Address &watcher : std::as_const(m_watchers)) {
        MailboxChange news = newsFor(change, watcher.conversation);
        net::post(watcher, [news = std::move(news)](net::Session &session) { session.changed(news); });
    }
}

IndexCache::IndexCache(store::Store &store, qsizetype maxMarks, qint64 inHalves)
    : m_store(store), m_maxMarks(maxMarks), m_inHalves(inHalves)
{
}

void IndexCache::open(MailboxId mailbox, AccountId reader, std::function<void(Result<std::shared_ptr<MailboxIndex>>)> ready)
{
    const Key key(mailbox, reader);
    std::shared_ptr<MailboxIndex> index;
    {
        const QMutexLocker lock(&m_mutex);
        auto &slot = m_indexes[key];
        const bool isNew = !slot;
        if (isNew) {
            slot = std::make_shared<MailboxIndex>();
            slot->m_reader = reader;
            if (reader)
                m_readers[mailbox] += reader;
        }
        index = slot;
        index->m_lastUse = ++m_uses;
        const QMutexLocker inner(&index->m_mutex);
        if (!index->m_loaded) {
            index->m_waiting += [index, ready] {
                if (index->m_failed)
                    ready(fail(ErrorKind::Unavailable, QStringLiteral("The mailbox can't be read now")));
                else
                    ready(index);
            };
            if (!isNew)
                return;
        }
    }
    if (index->m_loaded)
        ready(index);
    else
        read(key, index, true);
}

void IndexCache::forget(const Key &key)
{
    m_indexes.remove(key);
    if (!key.second)
        return;
    m_readers[key.first].removeOne(key.second);
    if (m_readers[key.first].isEmpty())
        m_readers.remove(key.first);
}

// Drops the indexes longest unused that nobody watches or holds, until the bound is kept.
void IndexCache::evict()
{
    const QMutexLocker lock(&m_mutex);
    qsizetype total = 0;
    QList<std::tuple<qint64, qsizetype, Key>> idle; // last use, size, which
    for (auto it = m_indexes.begin(); it != m_indexes.end(); ++it) {
        const QMutexLocker inner(&(*it)->m_mutex);
        const qsizetype size = (*it)->m_marks.size() + 100;
        total += size;
        if (it->use_count() == 1 && (*it)->m_loaded && (*it)->m_watchers.isEmpty())
            idle.emplaceBack((*it)->m_lastUse, size, it.key());
    }
    std::sort(idle.begin(), idle.end());
    for (auto it = idle.cbegin(); it != idle.cend() && total > m_maxMarks; ++it) {
        total -= std::get<1>(*it);
        forget(std::get<2>(*it));
    }
}

// To everybody who watches any mailbox.
void IndexCache::tellAll(const MailboxChange &change)
{
    QList<std::shared_ptr<MailboxIndex>> indexes;
    {
        const QMutexLocker lock(&m_mutex);
        indexes = m_indexes.values();
    }
    for (const auto &index : std::as_const(indexes))
        index->tell(change);
}

void IndexCache::committed(const store::Committed &committed)
{
    if (committed.groupsChanged)
        tellAll(MailboxChange{.rightsChanged = true}); // anybody may have others: each session looks for itself
    for (const MailboxChange &change : committed.mailboxes) {
        if (!change.mailbox) {
            tellAll(change);
            continue;
        }
        for (const auto &index : of(change))
            index->apply(change);
    }
}

// All that show the mailbox. What it says is the last they hear, they are dropped.
QList<std::shared_ptr<MailboxIndex>> IndexCache::of(const MailboxChange &change)
{
    const QMutexLocker lock(&m_mutex);
    QList<std::shared_ptr<MailboxIndex>> found;
    const auto take = [&](const Key &key, bool last) {
        if (auto index = m_indexes.value(key))
            found += std::move(index);
        if (last)
            forget(key);
    };
    const QList<AccountId> readers = m_readers.isEmpty() ? QList<AccountId>() : m_readers.value(change.mailbox);
    for (const AccountId reader : readers)
        take({change.mailbox, reader}, change.removed || change.readersChanged);
    take({change.mailbox, {}}, change.removed);
    return found;
}

} // namespace posthorn::access
