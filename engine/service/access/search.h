// SEARCH, SORT and THREAD over one mailbox: what the marks in memory decide is decided there; only the rest is read.
#pragma once

#include "language/imap/needs.h"
#include "service/access/index_cache.h"

namespace posthorn::access {

// How many of the messages that have to be read were read; may be looked at from any thread. total 0: nobody knows.
struct Progress
{
    std::atomic<qint64> done = 0, total = 0;
};

// On a store thread. UIDs ascending.
[[nodiscard]] Result<imap::Found> search(store::Connection &connection, MailboxId mailbox, const MailboxIndex &index,
                                         const imap::SearchKey &key, Uid firstRecent, Progress *progress = nullptr);

// The same messages, less those gone since, in another order.
[[nodiscard]] Result<imap::Found> sort(store::Connection &connection, MailboxId mailbox, const imap::Found &found,
                                       const QList<imap::SortCriterion> &order, const QHash<Uid, int> &scores = {});

[[nodiscard]] Result<imap::Threaded> thread(store::Connection &connection, MailboxId mailbox, const QList<Uid> &uids,
                                            imap::ThreadAlgorithm algorithm);

} // namespace posthorn::access
