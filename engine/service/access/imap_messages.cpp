// IMAP needs about the messages of the selected mailbox.
#include "service/access/imap_service.h"

#include "language/imap/search_match.h"
#include "language/message/preview.h"
#include "platform/store/messages.h"
#include "platform/store/transaction.h"
#include "service/access/rows.h"
#include "service/access/search.h"

#include <algorithm>

namespace posthorn::access {

using namespace Qt::StringLiterals;

store::Columns columnsFor(const imap::FetchWants &wants)
{
    return {wants.header || wants.body, wants.envelope, wants.bodyStructure, wants.parts || wants.preview, wants.body, wants.saveDate,
            imap::FetchWants::inlineBodySize};
}

imap::FetchedRow joined(store::StoredRow &&row, const MessageMark &mark)
{
    // The store keeps header and body apart; FETCH counts octets from the start of the whole message.
    if (!row.body.isNull())
        row.body.prepend(row.digest.header);
    return {mark, row.internalDate, row.internalDateOffset, row.saveDate, row.digest.sentDate,
            std::move(row.digest.envelope), std::move(row.digest.bodyStructure), std::move(row.digest.header), std::move(row.digest.parts),
            std::move(row.body)};
}

namespace {

constexpr qsizetype marksInOneAnswer = 20'000;

bool wantsRows(const imap::FetchWants &wants)
{
    return wants.header || wants.envelope || wants.bodyStructure || wants.parts || wants.body || wants.saveDate
           || wants.internalDate || wants.preview;
}

void keepChangedSince(QList<MessageMark> &marks, ModSeq since)
{
    if (since > 0)
        marks.removeIf([since](const MessageMark &mark) { return mark.modSeq <= since; });
}

// The beginning of the part that people read first.
QByteArray previewOf(store::Connection &connection, const imap::FetchedRow &row)
{
    const auto root = message::unpackOffsets(row.parts);
    const message::Part *part = root ? message::previewPart(*root) : nullptr;
    if (!part)
        return {};
    const auto body = store::Messages::read(connection, row.mark.message, part->bodyOffset,
                                            std::min(part->bodySize, message::previewOctets));
    return body ? message::preview(*part, *body).toUtf8() : QByteArray();
}

// Rows from the store and marks from the index become one; what the index no longer has is left out.
imap::FetchedRows join(QList<store::StoredRow> rows, const MailboxIndex &index, Uid next, ModSeq since)
{
    imap::FetchedRows result;
    result.nextUid = next;
    if (rows.isEmpty())
        return result;
    Uid unused = 0;
    const auto marks = index.marks({{rows.front().uid, rows.back().uid}}, rows.back().uid - rows.front().uid + 1ll, &unused);
    result.rows.reserve(rows.size());
    auto mark = marks.cbegin();
    for (store::StoredRow &row : rows) {
        while (mark != marks.cend() && mark->uid < row.uid)
            ++mark;
        if (mark != marks.cend() && mark->uid == row.uid && mark->modSeq > since)
            result.rows += joined(std::move(row), *mark);
    }
    result.keywords = index.keywords();
    return result;
}

void addPreviews(store::Connection &connection, imap::FetchedRows &rows)
{
    for (imap::FetchedRow &row : rows.rows)
        row.preview = previewOf(connection, row);
}

// Of the selected mailbox: that it is there is no secret.
std::unexpected<Error> denied(const Error &error)
{
    return error.kind == ErrorKind::NotFound ? fail(ErrorKind::Denied, {}) : std::unexpected(error);
}

} // namespace

void ImapService::sign(store::Transaction &transaction, ConversationId origin)
{
    for (MailboxChange &change : transaction.changes.mailboxes)
        change.origin = origin;
    for (NameChange &change : transaction.changes.names)
        change.origin = origin;
}

void ImapService::on(ImapSession &session, NeedId id, imap::FetchMessages &need)
{
    if (!requireSelected(session, id))
        return;
    if (!wantsRows(need.wants)) {
        Uid next = 0;
        auto marks = m_index->marks(need.uids, marksInOneAnswer, &next);
        keepChangedSince(marks, need.changedSince);
        imap::FetchedRows rows;
        rows.nextUid = next;
        rows.keywords = m_index->keywords();
        rows.rows.reserve(marks.size());
        for (const MessageMark &mark : std::as_const(marks))
            rows.rows.emplaceBack().mark = mark;
        session.answer(id, imap::Answer(std::move(rows)));
        return;
    }
    m_world.store->read<imap::FetchedRows>(
        [mailbox = m_mailbox, index = m_index, need](store::Connection &connection) -> Result<imap::FetchedRows> {
            Uid next = 0;
            auto rows = store::Messages::rows(connection, mailbox, need.uids, columnsFor(need.wants), need.maxBytes,
                                              &next);
            if (!rows)
                return std::unexpected(rows.error());
            imap::FetchedRows joined = join(std::move(*rows), *index, next, need.changedSince);
            if (need.wants.preview)
                addPreviews(connection, joined);
            return joined;
        },
        bring<imap::FetchedRows>(id));
}

void ImapService::on(ImapSession &, NeedId id, imap::ReadContent &need)
{
    m_world.store->read<imap::ContentPiece>(
        [need](store::Connection &connection) -> Result<imap::ContentPiece> {
            auto bytes = store::Messages::read(connection, need.message, need.offset,
                                               std::min<qint64>(need.length, 256 * 1024));
            if (!bytes)
                return std::unexpected(bytes.error());
            return imap::ContentPiece{std::move(*bytes)};
        },
        bring<imap::ContentPiece>(id));
}

void ImapService::on(ImapSession &session, NeedId id, imap::StoreFlags &need)
{
    if (!requireSelected(session, id))
        return;
    m_world.store->write<imap::FlagsStored>(
        [account = m_account, mailbox = m_mailbox, index = m_index, need,
         origin = self()](store::Transaction &transaction) -> Result<imap::FlagsStored> {
            const auto found = store::Sharing::get(transaction, account, mailbox, right::Read);
            if (!found)
                return denied(found.error());
            static_assert(int(imap::FlagAction::Remove) == int(store::FlagAction::Remove));
            const store::Marks known = index->marksNow(need.uids);
            auto change = store::Mailboxes::setFlags(transaction, mailbox, need.uids,
                                                     store::FlagAction(int(need.action)), need.flags,
                                                     need.unchangedSince, found->hand(), &known);
            if (!change)
                return std::unexpected(change.error());
            sign(transaction, origin);
            return imap::FlagsStored{std::move(change->altered), std::move(change->same), std::move(change->modified),
                                     std::move(change->keywords), change->highestModSeq};
        },
        bring<imap::FlagsStored>(id));
}

void ImapService::on(ImapSession &session, NeedId id, imap::CopyMessages &need)
{
    if (!requireSelected(session, id))
        return;
    m_world.store->write<imap::Copied>(
        [account = m_account, mailbox = m_mailbox, need, by = m_user + u" (IMAP)"_s,
         origin = self()](store::Transaction &transaction) -> Result<imap::Copied> {
            const Rights taking = right::DeleteMessages | right::Expunge; // RFC 6851 §4.1
            const auto from = store::Sharing::get(transaction, account, mailbox, right::Read | (need.move ? taking : 0));
            if (!from)
                return denied(from.error());
            const auto to = store::Sharing::find(transaction, account, need.to, right::Insert);
            if (!to)
                return std::unexpected(to.error());
            auto copied = store::Mailboxes::copy(transaction, mailbox, need.uids, to->mailbox.id, need.move, by, to->hand(),
                                                 from->reader);
            if (!copied)
                return std::unexpected(copied.error());
            sign(transaction, origin);
            return imap::Copied{copied->uidValidity, std::move(copied->from), std::move(copied->to),
                                std::move(copied->expunged), copied->highestModSeq};
        },
        bring<imap::Copied>(id));
}

void ImapService::on(ImapSession &session, NeedId id, imap::ExpungeMessages &need)
{
    if (!requireSelected(session, id))
        return;
    m_world.store->write<imap::Expunged>(
        [account = m_account, mailbox = m_mailbox, need, by = m_user + u" (IMAP)"_s,
         origin = self()](store::Transaction &transaction) -> Result<imap::Expunged> {
            if (const auto found = store::Sharing::get(transaction, account, mailbox, right::Expunge); !found)
                return denied(found.error());
            ModSeq highest = 0;
            auto gone = store::Mailboxes::expunge(transaction, mailbox, need.uids, false, by, &highest);
            if (!gone)
                return std::unexpected(gone.error());
            sign(transaction, origin);
            return imap::Expunged{std::move(*gone), highest};
        },
        bring<imap::Expunged>(id));
}

void ImapService::on(ImapSession &session, NeedId id, imap::SearchMessages &need)
{
    if (!requireSelected(session, id))
        return;
    m_progress = std::make_shared<Progress>();
    m_world.store->read<imap::Found>(
        [mailbox = m_mailbox, index = m_index, need, recent = m_firstRecent,
         progress = m_progress](store::Connection &connection) -> Result<imap::Found> {
            auto found = search(connection, mailbox, *index, need.key, recent, progress.get());
            progress->done = progress->total = 0; // how long sorting takes nobody knows
            if (found && !need.order.isEmpty() && found->uids.size() > 1)
                return sort(connection, mailbox, *found, need.order, need.scores);
            return found;
        },
        bring<imap::Found>(id));
}

namespace {

Result<imap::FoundIn> searchIn(store::Connection &connection, const store::Mailbox &mailbox, const MailboxIndex &index,
                               const imap::SearchMailbox &need, Progress &progress)
{
    const Uid recent = mailbox.firstRecent < mailbox.uidNext ? mailbox.firstRecent : 0;
    auto found = search(connection, mailbox.id, index, need.key, recent, &progress);
    if (!found)
        return std::unexpected(found.error());
    imap::FoundIn result{mailbox.uidValidity, std::move(found->uids), {}};
    if (!need.withModSeqs || result.uids.isEmpty())
        return result;
    qsizetype next = 0;
    QList<Uid> kept; // what has gone since has none
    index.eachMark([&](const MessageMark &mark) {
        while (next < result.uids.size() && result.uids[next] < mark.uid)
            ++next;
        if (next < result.uids.size() && result.uids[next] == mark.uid) {
            kept += mark.uid;
            result.modSeqs += mark.modSeq;
        }
    });
    result.uids = std::move(kept);
    return result;
}

} // namespace

void ImapService::on(ImapSession &, NeedId id, imap::SearchMailbox &need)
{
    m_progress = std::make_shared<Progress>();
    m_world.store->read<store::Reached>(
        [account = m_account, name = need.name](store::Connection &connection) {
            return store::Sharing::find(connection, account, name, right::Read);
        },
        [world = &m_world, answer = bring<imap::FoundIn>(id), need, progress = m_progress](const Result<store::Reached> &found) {
            if (!found)
                return answer(std::unexpected(found.error()));
            world->indexes->open(found->mailbox.id, found->reader, [world, answer, need, progress, row = found->mailbox](const Result<std::shared_ptr<MailboxIndex>> &index) {
                if (!index)
                    return answer(std::unexpected(index.error()));
                world->store->read<imap::FoundIn>(
                    [need, row, progress, at = *index](store::Connection &connection) {
                        return searchIn(connection, row, *at, need, *progress);
                    },
                    answer);
            });
        });
}

void ImapService::on(ImapSession &session, NeedId id, imap::ThreadMessages &need)
{
    if (!requireSelected(session, id))
        return;
    m_world.store->read<imap::Threaded>(
        [mailbox = m_mailbox, index = m_index, need,
         recent = m_firstRecent](store::Connection &connection) -> Result<imap::Threaded> {
            const auto found = search(connection, mailbox, *index, need.key, recent);
            if (!found)
                return std::unexpected(found.error());
            return thread(connection, mailbox, found->uids, need.algorithm);
        },
        bring<imap::Threaded>(id));
}

} // namespace posthorn::access
