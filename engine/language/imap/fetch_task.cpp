#include "language/imap/fetch_task.h"

#include "language/imap/message_limit.h"
#include "language/imap/output.h"
#include "language/imap/resolve.h"

#include <algorithm>

namespace posthorn::imap {

static constexpr qint64 batchOctets = 256 * 1024;

FetchTask::FetchTask(NumberSet set, Numbering numbering, FetchItems items, FetchModifiers modifiers)
    : m_set(std::move(set)), m_items(std::move(items)), m_numbering(numbering), m_modifiers(modifiers)
{
    if (modifiers.changedSince > 0)
        m_items.require(FetchItem::Kind::ModSeq);
    m_wants = m_items.wants();
}

void FetchTask::begin(Session &session)
{
    if (m_items.has(FetchItem::Kind::ModSeq))
        session.enableCondstore();
    if (m_numbering == Numbering::Uid && !session.uidOnly)
        m_items.require(FetchItem::Kind::Uid);
    m_itemsWithFlags = m_items;
    m_itemsWithFlags.require(FetchItem::Kind::Flags);
    if (session.condstore)
        m_itemsWithFlags.require(FetchItem::Kind::ModSeq);
    if (session.qresync && !session.uidOnly) // RFC 7162 §3.2.4
        m_itemsWithFlags.require(FetchItem::Kind::Uid);
    auto uids = resolve(session, m_set, m_numbering);
    if (uids && m_modifiers.partial) {
        const UidMap &messages = session.view->messages();
        const auto [first, after] = m_modifiers.partial->within(countOf(*uids, messages));
        uids = partOf(*uids, first, after, messages);
    }
    if (!uids)
        return end(session, {Reply::Status::Bad, {}, "No such message"});
    if (m_modifiers.partial && isOverLimit(session, *uids))
        return end(session, overLimit(session));
    if (!m_isApart)
        m_lowest = cutToLimit(session, *uids);
    if (m_modifiers.vanished) {
        m_uids = *uids;
        const QList<UidRange> asked = m_set.isSaved() ? *uids : m_set.resolved(Uid(-1) - 1); // of what is gone, "*" is no bound
        m_vanishing = session.ask(ListVanished{asked, m_modifiers.changedSince});
    } else {
        beginWith(session, *uids);
    }
}

void FetchTask::end(Session &session, const Reply &reply)
{
    m_isOver = true;
    if (!m_isApart)
        session.finish(reply);
}

void FetchTask::beginWith(Session &session, const QList<UidRange> &uids)
{
    if (uids.isEmpty()) {
        end(session, {Reply::Status::Ok, {}, "Nothing to do"});
    } else {
        m_uids = uids;
        if (m_items.setsSeen() && !session.view->isExamined() && session.view->may(right::KeepSeen))
            look(session);
        else
            proceed(session);
    }
}

void FetchTask::look(Session &session)
{
    m_looking = session.ask(FetchMessages{m_uids, {}, m_modifiers.changedSince, batchOctets});
}

void FetchTask::looked(Session &session, const FetchedRows &rows)
{
    for (const FetchedRow &row : rows.rows) {
        if (!(row.mark.flags & flag::Seen))
            addUid(m_unseen, row.mark.uid);
    }
    const QList<UidRange> left = rows.nextUid ? rangesFrom(m_uids, rows.nextUid) : QList<UidRange>();
    if (left.isEmpty())
        markSeen(session);
    else
        m_looking = session.ask(FetchMessages{left, {}, m_modifiers.changedSince, batchOctets});
}

void FetchTask::markSeen(Session &session)
{
    if (m_unseen.isEmpty())
        proceed(session);
    else
        m_marking = session.ask(StoreFlags{std::exchange(m_unseen, {}), FlagAction::Add, {"\\Seen"}, std::nullopt});
}

void FetchTask::marked(Session &session, const FlagsStored &stored)
{
    session.view->noteStored(stored);
    m_becameSeen = stored.altered;
    std::ranges::sort(m_becameSeen, {}, &MessageMark::uid);
    proceed(session);
}

void FetchTask::answered(Session &session, NeedId id, Answer &answer)
{
    const bool vanished = std::exchange(m_vanishing, m_vanishing == id ? 0 : m_vanishing) == id;
    const bool looked = std::exchange(m_looking, m_looking == id ? 0 : m_looking) == id;
    const bool marked = std::exchange(m_marking, m_marking == id ? 0 : m_marking) == id;
    const bool fetched = std::exchange(m_fetching, m_fetching == id ? 0 : m_fetching) == id;
    const bool read = std::exchange(m_reading, m_reading == id ? 0 : m_reading) == id;
    auto *rows = std::get_if<FetchedRows>(&answer);
    const auto *stored = std::get_if<FlagsStored>(&answer);
    const auto *piece = std::get_if<ContentPiece>(&answer);
    const auto *failure = std::get_if<Failure>(&answer);
    const Error error = failure ? failure->error : Error{};
    if (const auto *gone = std::get_if<Vanished>(&answer); vanished && gone) {
        appendVanishedEarlier(session.out, session.view->unknown(gone->uids));
        beginWith(session, QList<UidRange>(std::exchange(m_uids, {})));
    } else if (looked && rows) {
        this->looked(session, *rows);
    } else if (marked) {
        // A mailbox that can't be written to can still be read.
        if (stored)
            this->marked(session, *stored);
        else
            proceed(session);
    } else if (fetched && rows) {
        session.view->noteKeywords(rows->keywords);
        received(*rows);
        proceed(session);
    } else if (read) {
        if (piece && !piece->bytes.isEmpty())
            contentCame(session, piece->bytes);
        else
            contentMissing(session, error);
    } else if (vanished || looked || fetched) {
        end(session, replyFor(error, Missing::Mailbox));
    }
}

void FetchTask::askRows(Session &session)
{
    if (m_part.isEmpty())
        takePart(session.view->messages());
    m_fetching = session.ask(FetchMessages{m_part, m_wants, m_modifiers.changedSince, batchOctets});
}

// All there are; of a command that was cut the newest, which are held at once to be turned round.
void FetchTask::takePart(const UidMap &messages)
{
    if (m_lowest == 0) {
        m_part = std::exchange(m_uids, {});
        return;
    }
    const bool isMuch = m_wants.header || m_wants.body || m_wants.bodyStructure || m_wants.envelope;
    const qsizetype count = countOf(m_uids, messages);
    const qsizetype first = qMax(0, count - (isMuch ? 20 : 500));
    m_part = partOf(m_uids, first, count, messages);
    m_uids = partOf(m_uids, 0, first, messages);
}

void FetchTask::received(FetchedRows &rows)
{
    m_part = rows.nextUid ? rangesFrom(m_part, rows.nextUid) : QList<UidRange>();
    m_batch = rows.rows.size();
    if (m_lowest == 0) {
        m_rows.append(std::move(rows.rows));
        return;
    }
    m_partRows.append(std::move(rows.rows));
    if (m_part.isEmpty()) {
        std::ranges::reverse(m_partRows);
        m_rows.append(std::exchange(m_partRows, {}));
    }
}

// Writes as long as there is room, and asks for what comes next.
void FetchTask::proceed(Session &session)
{
    if (m_vanishing || m_looking || m_marking)
        return;
    session.view->tellKeywords(session.out);
    for (;;) {
        if (!m_fetching && !(m_uids.isEmpty() && m_part.isEmpty()) && m_rows.size() <= m_batch / 2 && session.hasRoom())
            askRows(session);
        if (m_reading || !session.hasRoom())
            return;
        if (m_section) {
            askContent(session);
            return;
        }
        if (!m_isWriting && !nextRow(session))
            return;
        if (writeRow(session))
            rowDone();
    }
}

// False: it is not here yet, or there is none and the command is done.
bool FetchTask::nextRow(Session &session)
{
    if (session.isStopping() && !m_error)
        m_error = Error{ErrorKind::Unavailable, {}, {}, -1};
    if (m_error) {
        end(session, replyFor(*m_error, Missing::Mailbox));
    } else if (!m_rows.isEmpty()) {
        m_row = m_rows.dequeue();
        const auto seen = std::ranges::lower_bound(m_becameSeen, m_row.mark.uid, {}, &MessageMark::uid);
        m_isSeenNow = seen != m_becameSeen.end() && seen->uid == m_row.mark.uid;
        if (m_isSeenNow && seen->modSeq > m_row.mark.modSeq)
            m_row.mark = *seen; // it was read a moment before
        m_isWriting = true;
        return true;
    } else if (!m_fetching && m_isUnknown) {
        end(session, withLimit(session, m_lowest, {Reply::Status::No, "UNKNOWN-CTE", "The encoding of a part is not known"}));
    } else if (!m_fetching) {
        end(session, withLimit(session, m_lowest, {Reply::Status::Ok, {}, "Done"}));
    }
    return false;
}

const FetchItems &FetchTask::items() const
{
    return m_isSeenNow ? m_itemsWithFlags : m_items;
}

FetchedMessage FetchTask::current(const Session &session) const
{
    return {m_row, quint32(m_index + 1), session.view->keywords(), session.view->isRecent(m_row.mark.uid), session.uidOnly};
}

bool FetchTask::writeRow(Session &session)
{
    if (m_finder)
        return writeItems(session);
    const UidMap &messages = session.view->messages();
    const qsizetype next = m_index + 1;
    const qsizetype index = next < messages.count() && messages.at(next) == m_row.mark.uid
                                ? next
                                : messages.indexOf(m_row.mark.uid);
    if (index < 0)
        return true; // the client has not been told of it
    m_index = index;
    if (appendFetch(session.out, items(), current(session)))
        return true;
    m_finder.emplace(m_row);
    m_item = 0;
    appendFetchHead(m_line, current(session));
    return writeItems(session);
}

// The line is kept apart until it is whole, or until the first octets of content are here.
bool FetchTask::writeItems(Session &session)
{
    const QList<FetchItem> &list = items().items();
    while (m_item < list.size()) {
        const FetchItem &item = list[m_item++];
        if (m_item > 1)
            m_line += ' ';
        if (item.kind != FetchItem::Kind::Section)
            appendFetchItem(m_line, item.kind, current(session));
        else if (!writeSection(session, item.section))
            return false;
    }
    appendFetchEnd(m_line);
    session.out += m_line;
    return true;
}

void FetchTask::rowDone()
{
    m_finder.reset();
    m_line.clear();
    m_rowStarted = false;
    m_isWriting = false;
}

} // namespace posthorn::imap
