#include "platform/store/search_index.h"

#include "platform/store/transaction.h"

#include <QSet>

#include <algorithm>

namespace posthorn::store {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype blockOctets = 256 * 1024;
constexpr qsizetype mostMatchingWords = 1'000; // a piece in more of them rules out too little to be worth it
constexpr qsizetype mostCandidates = 50'000;

// Stands for "nothing can be ruled out". Letters and digits, as the index's tokenizer wants them; should a message have
// it by chance, it is looked into once too often.
const QByteArray incompleteWord = "0incomplete0message0"_ba;

Result<qint64> lastIndexed(Connection &connection)
{
    const auto last = connection.select("SELECT last_message FROM search_state WHERE id = 1").number();
    return last ? Result<qint64>(last->value_or(0)) : std::unexpected(last.error());
}

// The words not seen before, into the pieces a scan reads.
Result<void> appendWords(Connection &connection, QByteArray words)
{
    if (words.isEmpty())
        return {};
    struct Block
    {
        qint64 id = 0;
        QByteArray words;
    };
    auto last = connection.select("SELECT id, words FROM search_block ORDER BY id DESC LIMIT 1").first([](const Row &row) {
        return Block{row.number(0), row.octets(1)};
    });
    if (!last)
        return std::unexpected(last.error());
    if (*last && (*last)->words.size() + words.size() <= blockOctets) {
        (*last)->words += words;
        const auto done = connection.run("UPDATE search_block SET words = ? WHERE id = ?", (*last)->words, (*last)->id);
        return done ? Result<void>() : std::unexpected(done.error());
    }
    const qint64 id = *last ? (*last)->id + 1 : 1;
    const auto done = connection.run("INSERT INTO search_block (id, words) VALUES (?, ?)", id, '\n' + words);
    return done ? Result<void>() : std::unexpected(done.error());
}

// "\nword\n" and the ends of it that the place asks for.
QByteArray patternOf(const SearchIndex::Piece &piece)
{
    using Place = SearchIndex::Place;
    const bool fromStart = piece.place == Place::Whole || piece.place == Place::Start;
    const bool toEnd = piece.place == Place::Whole || piece.place == Place::End;
    return (fromStart ? "\n"_ba : QByteArray()) + piece.piece + (toEnd ? "\n"_ba : QByteArray());
}

struct Wanted
{
    QByteArray pattern;
    QByteArrayList words;
    bool tooMany = false;
};

void findWords(QByteArrayView block, Wanted &wanted)
{
    for (qsizetype at = block.indexOf(wanted.pattern); at >= 0 && !wanted.tooMany;) {
        // The pattern's first octet may be the line feed before the word.
        const qsizetype inside = wanted.pattern.startsWith('\n') ? at + 1 : at;
        const qsizetype from = block.lastIndexOf('\n', inside - 1) + 1;
        const qsizetype to = block.indexOf('\n', from);
        if (to < 0)
            return;
        wanted.words += block.sliced(from, to - from).toByteArray();
        wanted.tooMany = wanted.words.size() > mostMatchingWords;
        at = block.indexOf(wanted.pattern, to);
    }
}

Result<void> findWords(Connection &connection, QList<Wanted> &wanted)
{
    return connection.select("SELECT words FROM search_block").each([&wanted](const Row &row) {
        const QByteArray block = row.octets(0);
        for (Wanted &one : wanted)
            findWords(block, one);
    });
}

// As FTS5 wants it: (("a" OR "b") AND "c") OR "incomplete".
QString matchText(const QList<Wanted> &wanted)
{
    const auto quoted = [](const QByteArray &word) { return u'"' + QString::fromUtf8(word) + u'"'; };
    QStringList all;
    bool isPossible = true;
    for (const Wanted &one : wanted) {
        if (one.tooMany)
            continue;
        QStringList any;
        for (const QByteArray &word : one.words)
            any += quoted(word);
        isPossible = isPossible && !any.isEmpty();
        all += u'(' + any.join(u" OR "_s) + u')';
    }
    const QString incomplete = quoted(incompleteWord);
    return isPossible ? u"(%1) OR %2"_s.arg(all.join(u" AND "_s), incomplete) : incomplete;
}

} // namespace

Result<QList<MessageId>> SearchIndex::pending(Connection &connection, int limit)
{
    const auto last = lastIndexed(connection);
    if (!last)
        return std::unexpected(last.error());
    QList<MessageId> ids;
    auto done = connection
                    .select("SELECT id FROM message WHERE id > ? AND id < coalesce((SELECT min(message_id) FROM staged), "
                            "9223372036854775807) ORDER BY id LIMIT ?",
                            *last, limit)
                    .each([&ids](const Row &row) { ids.append(MessageId{row.number(0)}); });
    if (!done)
        return std::unexpected(done.error());
    return ids;
}

Result<void> SearchIndex::add(Transaction &transaction, const QList<Words> &messages, MessageId upTo)
{
    Connection &connection = transaction.connection();
    QSet<QByteArray> distinct;
    for (const Words &message : messages) {
        QString text;
        for (const QByteArray &word : message.words)
            text += QString::fromUtf8(word) + u' ';
        if (!message.complete)
            text += QString::fromLatin1(incompleteWord);
        const auto added = connection.run("INSERT INTO search (rowid, words) VALUES (?, ?)", message.message.value, text);
        if (!added)
            return std::unexpected(added.error());
        distinct.unite({message.words.begin(), message.words.end()});
    }
    QByteArray fresh;
    for (const QByteArray &word : std::as_const(distinct)) {
        const auto added = connection.run("INSERT INTO search_word (word) VALUES (?) ON CONFLICT DO NOTHING", word);
        if (!added)
            return std::unexpected(added.error());
        if (*added > 0)
            fresh += word + '\n';
    }
    if (auto appended = appendWords(connection, std::move(fresh)); !appended)
        return appended;
    const auto moved = connection.run("UPDATE search_state SET last_message = max(last_message, ?) WHERE id = 1", upTo.value);
    return moved ? Result<void>() : std::unexpected(moved.error());
}

Result<void> SearchIndex::clear(Transaction &transaction)
{
    Connection &connection = transaction.connection();
    for (const auto &done : {connection.run("INSERT INTO search (search) VALUES ('delete-all')"),
                             connection.run("DELETE FROM search_word"), connection.run("DELETE FROM search_block"),
                             connection.run("UPDATE search_state SET last_message = 0 WHERE id = 1")}) {
        if (!done)
            return std::unexpected(done.error());
    }
    return {};
}

Result<SearchIndex::State> SearchIndex::state(Connection &connection)
{
    const auto last = lastIndexed(connection);
    if (!last)
        return std::unexpected(last.error());
    auto counts = connection.select("SELECT count(*) FILTER (WHERE id <= ?), count(*) FILTER (WHERE id > ?) FROM message", *last, *last)
                      .first([](const Row &row) { return State{row.number(0), row.number(1)}; });
    if (!counts)
        return std::unexpected(counts.error());
    return counts->value_or(State());
}

Result<std::optional<QList<Uid>>> SearchIndex::candidates(Connection &connection, MailboxId mailbox,
                                                          const QList<Piece> &pieces)
{
    QList<Wanted> wanted;
    for (const Piece &piece : pieces)
        wanted.append({patternOf(piece), {}, false});
    const auto last = lastIndexed(connection);
    if (!last || wanted.isEmpty() || *last == 0)
        return last ? Result<std::optional<QList<Uid>>>(std::nullopt) : std::unexpected(last.error());
    if (auto found = findWords(connection, wanted); !found)
        return std::unexpected(found.error());
    if (std::ranges::all_of(wanted, &Wanted::tooMany))
        return std::nullopt;
    QList<qint64> messages;
    auto done = connection.select("SELECT rowid FROM search WHERE search MATCH ? LIMIT ?", matchText(wanted), mostCandidates + 1)
                    .each([&messages](const Row &row) { messages.append(row.number(0)); });
    if (!done)
        return std::unexpected(done.error());
    if (messages.size() > mostCandidates)
        return std::nullopt;
    QList<Uid> uids;
    const auto take = [&uids](const Row &row) { uids.append(Uid(row.number(0))); };
    for (const qint64 message : std::as_const(messages)) {
        done = connection.select("SELECT uid FROM mailbox_message WHERE message_id = ? AND mailbox_id = ?", message, mailbox.value)
                   .each(take);
        if (!done)
            return std::unexpected(done.error());
    }
    done = connection
               .select("SELECT uid FROM mailbox_message INDEXED BY mailbox_message_held WHERE message_id > ? AND mailbox_id = ?",
                       *last, mailbox.value)
               .each(take);
    if (!done)
        return std::unexpected(done.error());
    std::ranges::sort(uids);
    uids.erase(std::ranges::unique(uids).begin(), uids.end());
    return uids;
}

} // namespace posthorn::store
