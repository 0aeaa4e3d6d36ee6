// SORT and THREAD (RFC 5256): rows are read in batches, what is kept of each is what it is compared by.
#include "language/imap/output.h"
#include "language/imap/sort_messages.h"
#include "language/imap/thread_messages.h"
#include "platform/store/messages.h"
#include "service/access/search.h"

namespace posthorn::access {

namespace {

constexpr qint64 batchOctets = 1024 * 1024;

template<typename Taker>
Result<void> readInto(Taker &taker, store::Connection &connection, MailboxId mailbox, const QList<Uid> &uids)
{
    QList<UidRange> wanted;
    for (const Uid uid : uids)
        imap::addUid(wanted, uid);
    store::Columns columns;
    columns.header = taker.wants().header;
    while (!wanted.isEmpty()) {
        Uid next = 0;
        auto rows = store::Messages::rows(connection, mailbox, wanted, columns, batchOctets, &next);
        if (!rows)
            return std::unexpected(rows.error());
        for (store::StoredRow &row : *rows)
            taker.add({.mark = {.uid = row.uid, .size = row.digest.size},
                       .internalDate = row.internalDate,
                       .sentDate = row.digest.sentDate,
                       .header = std::move(row.digest.header)});
        wanted = next ? imap::rangesFrom(wanted, next) : QList<UidRange>();
    }
    return {};
}

} // namespace

Result<imap::Found> sort(store::Connection &connection, MailboxId mailbox, const imap::Found &found,
                         const QList<imap::SortCriterion> &order, const QHash<Uid, int> &scores)
{
    imap::MessageSorter sorter(order, scores);
    if (auto read = readInto(sorter, connection, mailbox, found.uids); !read)
        return std::unexpected(read.error());
    return imap::Found{sorter.sorted(), found.highestModSeq};
}

Result<imap::Threaded> thread(store::Connection &connection, MailboxId mailbox, const QList<Uid> &uids,
                              imap::ThreadAlgorithm algorithm)
{
    imap::MessageThreader threader(algorithm);
    if (auto read = readInto(threader, connection, mailbox, uids); !read)
        return std::unexpected(read.error());
    return threader.threads();
}

} // namespace posthorn::access
