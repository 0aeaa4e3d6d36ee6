#include "service/access/search.h"

#include "language/imap/search_match.h"
#include "language/message/search_words.h"
#include "platform/store/messages.h"
#include "platform/store/search_index.h"

#include <QDateTime>

#include <algorithm>

namespace posthorn::access {

namespace {

constexpr qint64 batchOctets = 4 * 1024 * 1024;
constexpr qint64 pieceOctets = 256 * 1024;
using Verdict = imap::SearchMatcher::Verdict;

// Looks into one message: in memory when its body came with the row, else piece by piece from the store.
bool looksInto(store::Connection &connection, const store::StoredRow &row, const message::SearchNeedle &needle,
               imap::SearchMatcher::Scope scope)
{
    const auto root = message::unpackOffsets(row.digest.parts);
    if (!root)
        return false;
    message::MessageMatcher matcher(needle, scope, *root);
    if (!row.body.isNull())
        return matcher.feed(row.digest.header) || matcher.feed(row.body) || matcher.finish();
    for (qint64 at = matcher.wanted(); at >= 0; at = matcher.wanted()) {
        const auto piece = store::Messages::read(connection, row.message, at, pieceOctets);
        if (!piece || piece->isEmpty())
            break;
        if (matcher.feedAt(at, *piece))
            return true;
        if (matcher.wanted() <= at)
            break;
    }
    return matcher.finish();
}

class Search
{
public:
    Search(store::Connection &connection, MailboxId mailbox, const imap::SearchMatcher &matcher)
        : m_connection(connection), m_mailbox(mailbox), m_matcher(matcher)
    {
        const imap::FetchWants wants = matcher.rowWants();
        m_columns.header = wants.header || matcher.needsText();
        m_columns.saveDate = wants.saveDate;
        m_columns.parts = m_columns.body = matcher.needsText();
        m_columns.onlyHeader = wants.header && !matcher.needsText() && !wants.saveDate && !wants.internalDate;
    }
    // Those of `marks` that match, into `found`.
    Result<void> look(const QList<MessageMark> &marks, QList<Uid> &found, Progress *progress);

private:
    [[nodiscard]] bool matches(const store::StoredRow &row, const MessageMark &mark) const;

    store::Connection &m_connection;
    MailboxId m_mailbox;
    const imap::SearchMatcher &m_matcher;
    store::Columns m_columns;
};

bool Search::matches(const store::StoredRow &row, const MessageMark &mark) const
{
    imap::FetchedRow fetched{.mark = mark, .internalDate = row.internalDate, .internalDateOffset = row.internalDateOffset,
                             .saveDate = row.saveDate, .header = row.digest.header};
    const Verdict verdict = m_matcher.matchRow(fetched);
    if (verdict != Verdict::NeedMore)
        return verdict == Verdict::Yes;
    return m_matcher.matchAll(fetched, [&](const message::SearchNeedle &needle, imap::SearchMatcher::Scope scope) {
        return looksInto(m_connection, row, needle, scope);
    });
}

Result<void> Search::look(const QList<MessageMark> &marks, QList<Uid> &found, Progress *progress)
{
    if (progress)
        progress->total = marks.size();
    // Reading a few headers too many costs less than a question more.
    const Uid gap = m_columns.onlyHeader ? 4 : 0;
    QList<UidRange> wanted;
    for (const MessageMark &mark : marks) {
        if (!wanted.isEmpty() && mark.uid - wanted.back().last <= gap + 1)
            wanted.back().last = mark.uid;
        else
            wanted += UidRange{mark.uid, mark.uid};
    }
    auto mark = marks.cbegin();
    while (!wanted.isEmpty()) {
        Uid next = 0;
        const auto rows = store::Messages::rows(m_connection, m_mailbox, wanted, m_columns, batchOctets, &next);
        if (!rows)
            return std::unexpected(rows.error());
        for (const store::StoredRow &row : *rows) {
            while (mark != marks.cend() && mark->uid < row.uid)
                ++mark;
            if (mark != marks.cend() && mark->uid == row.uid && matches(row, *mark))
                found += row.uid;
            if (progress && mark != marks.cend() && mark->uid == row.uid)
                ++progress->done;
        }
        if (next == 0)
            break;
        while (!wanted.isEmpty() && wanted.front().last < next)
            wanted.removeFirst();
        if (!wanted.isEmpty())
            wanted.front().first = std::max(wanted.front().first, next);
    }
    return {};
}

store::SearchIndex::Piece pieceFrom(const message::WordPiece &piece)
{
    using Place = store::SearchIndex::Place;
    switch (piece.place) {
    case message::WordPiece::Place::Whole: return {Place::Whole, piece.piece};
    case message::WordPiece::Place::Start: return {Place::Start, piece.piece};
    case message::WordPiece::Place::End: return {Place::End, piece.piece};
    case message::WordPiece::Place::Inside: break;
    }
    return {Place::Inside, piece.piece};
}

// Which messages of the mailbox the index is asked about.
store::SearchIndex::Question questionFor(const MailboxIndex &index)
{
    store::SearchIndex::Question question;
    qsizetype messages = 0;
    index.eachMark([&](const MessageMark &mark) {
        question.first = messages == 0 ? mark.message : std::min(question.first, mark.message);
        question.last = std::max(question.last, mark.message);
        ++messages;
    });
    question.most = 4 * messages + 10'000; // others' may be among them
    return question;
}

// Without the index, or with trouble in it, everything is looked into.
std::optional<imap::SearchMatcher::Ruling> ask(store::Connection &connection, store::SearchIndex::Question question,
                                               QStringView foldedNeedle, imap::SearchMatcher::Place place)
{
    using Index = store::SearchIndex;
    using Place = imap::SearchMatcher::Place;
    for (const message::WordPiece &piece : message::wordPieces(foldedNeedle))
        question.pieces += pieceFrom(piece);
    question.where = place == Place::Header ? Index::Where::Head : place == Place::Body ? Index::Where::Body : Index::Where::Anywhere;
    const message::NeedleForm form = message::needleForm(foldedNeedle);
    if (place != Place::Header && form == message::NeedleForm::Word) // a header has other fields than the one that counts
        question.form = Index::Form::Word;
    else if (place != Place::Header && form == message::NeedleForm::Pair)
        question.form = Index::Form::Pair;
    auto answer = Index::ask(connection, question).value_or(std::nullopt);
    if (!answer)
        return std::nullopt;
    return imap::SearchMatcher::Ruling{imap::MessageSet(std::move(answer->sure)), imap::MessageSet(std::move(answer->may)),
                                       answer->indexed};
}

} // namespace

Result<imap::Found> search(store::Connection &connection, MailboxId mailbox, const MailboxIndex &index,
                           const imap::SearchKey &key, Uid firstRecent, Progress *progress)
{
    std::optional<store::SearchIndex::Question> question;
    const imap::SearchMatcher matcher(key, index.keywords(), firstRecent, QDateTime::currentSecsSinceEpoch(),
                                      [&](QStringView needle, imap::SearchMatcher::Place place) {
                                          if (!question)
                                              question = questionFor(index);
                                          return ask(connection, *question, needle, place);
                                      });
    imap::Found result;
    result.highestModSeq = index.highestModSeq();
    QList<MessageMark> open; // not decided by the mark
    if (const auto flags = matcher.flagTest()) {
        const bool wantsUnseen = (flags->mask & flag::Seen) && !(flags->value & flag::Seen);
        if (wantsUnseen && index.unseen() == 0)
            return result;
        index.eachMark([&, test = *flags](const MessageMark &mark) {
            if ((mark.flags & test.mask) == test.value)
                result.uids += mark.uid;
        });
        return result;
    }
    index.eachMark([&](const MessageMark &mark) {
        const Verdict verdict = matcher.matchMark(mark);
        if (verdict == Verdict::Yes)
            result.uids += mark.uid;
        else if (verdict == Verdict::NeedMore)
            open += mark;
    });
    if (open.isEmpty())
        return result;
    const qsizetype sure = result.uids.size();
    Search rest(connection, mailbox, matcher);
    if (const auto looked = rest.look(open, result.uids, progress); !looked)
        return std::unexpected(looked.error());
    std::inplace_merge(result.uids.begin(), result.uids.begin() + sure, result.uids.end());
    return result;
}

} // namespace posthorn::access
