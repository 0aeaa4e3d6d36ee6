// SEARCH, SORT and THREAD over one mailbox: what the marks in memory decide is decided there; only the rest is read.
#pragma once

#include "language/imap/needs.h"
#include "service/access/index_cache.h"

namespace posthorn::access {

// On a store thread. UIDs ascending.
[[nodiscard]] Result<imap::Found> search(store::Connection &connection, MailboxId mailbox, const MailboxIndex &index,
                                         const imap::SearchKey &key, Uid firstRecent);

// The same messages, less those gone since, in another order.
[[nodiscard]] Result<imap::Found> sort(store::Connection &connection, MailboxId mailbox, const imap::Found &found,
                                       const QList<imap::SortCriterion> &order);

[[nodiscard]] Result<imap::Threaded> thread(store::Connection &connection, MailboxId mailbox, const QList<Uid> &uids,
                                            imap::ThreadAlgorithm algorithm);

} // namespace posthorn::access
