#include "platform/store/search_index.h"

#include "platform/store/transaction.h"

#include <QSet>

#include <algorithm>

namespace posthorn::store {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype blockOctets = 256 * 1024;
constexpr qsizetype mostMatchingWords = 1'000; // a piece in more of them rules out too little to be worth it
constexpr qsizetype mostPairs = 100;           // of words that have the pieces of a needle

// These stand for "nothing can be ruled out". Letters and digits, as the index's tokenizer wants them; should a message
// have one by chance, it is looked into once too often.
const QByteArray incompleteWord = "0incomplete0message0"_ba;
const QByteArray pairlessWord = "0pairless0message0"_ba;

// A pair is one word to the tokenizer; what is between is in no word.
const QByteArray pairMark = "\xee\x80\x80"_ba; // U+E000

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

QString quoted(const QByteArray &word) { return u'"' + QString::fromUtf8(word) + u'"'; }

QString anyOf(const QByteArrayList &words)
{
    QStringList any;
    for (const QByteArray &word : words)
        any += quoted(word);
    return u'(' + any.join(u" OR "_s) + u')';
}

QString placed(const QString &expression, SearchIndex::Where where)
{
    switch (where) {
    case SearchIndex::Where::Head: return u"head : ("_s + expression + u')';
    case SearchIndex::Where::Body: return u"body : ("_s + expression + u')';
    case SearchIndex::Where::Anywhere: break;
    }
    return u'(' + expression + u')';
}

// One question under way. What it finds is gathered in `answer`.
class Asking
{
public:
    Asking(Connection &connection, const SearchIndex::Question &question) : m_connection(connection), m_question(question) {}
    // False: the index does not help.
    Result<bool> ask(const QList<Wanted> &wanted);
    SearchIndex::Answer answer;

private:
    Result<bool> askPieces(const QList<Wanted> &wanted);
    Result<bool> askPair(const QByteArrayList &firsts, const QByteArrayList &seconds);
    Result<bool> gather(const QString &expression, QList<qint64> &into, qint64 last);
    Result<qint64> commonSince(const QByteArray &word);

    Connection &m_connection;
    const SearchIndex::Question &m_question;
};

// Appends the messages up to `last`; false when there are too many.
Result<bool> Asking::gather(const QString &expression, QList<qint64> &into, qint64 last)
{
    const qsizetype most = into.size() + m_question.most;
    auto done = m_connection
                    .select("SELECT rowid FROM search WHERE search MATCH ? AND rowid BETWEEN ? AND ? LIMIT ?", expression,
                            m_question.first.value, std::min(last, m_question.last.value), m_question.most + 1)
                    .each([&into](const Row &row) { into.append(row.number(0)); });
    return done ? Result<bool>(into.size() <= most) : std::unexpected(done.error());
}

Result<bool> Asking::askPieces(const QList<Wanted> &wanted)
{
    QStringList all;
    for (const Wanted &one : wanted) {
        if (!one.tooMany && one.words.isEmpty())
            return true; // nobody has it
        if (!one.tooMany)
            all += anyOf(one.words);
    }
    const QString expression = placed(all.join(u" AND "_s), m_question.where);
    if (m_question.form == SearchIndex::Form::Word)
        return gather(expression + u" NOT "_s + quoted(incompleteWord), answer.sure, m_question.last.value);
    return gather(expression, answer.may, m_question.last.value);
}

// The message from which on the word is common; 0: it is not.
Result<qint64> Asking::commonSince(const QByteArray &word)
{
    const auto since = m_connection.select("SELECT common_since FROM search_word WHERE word = ?", word).number();
    return since ? Result<qint64>(since->value_or(0)) : std::unexpected(since.error());
}

Result<bool> Asking::askPair(const QByteArrayList &firsts, const QByteArrayList &seconds)
{
    QByteArrayList pairs;
    QStringList rare; // both words, in whatever order
    for (const QByteArray &first : firsts) {
        for (const QByteArray &second : seconds) {
            const auto one = commonSince(first), two = commonSince(second);
            if (!one || !two)
                return std::unexpected(!one ? one.error() : two.error());
            const QString both = u'(' + quoted(first) + u" AND "_s + quoted(second) + u')';
            if (*one == 0 || *two == 0) {
                rare += both;
                continue;
            }
            pairs += first + pairMark + second;
            // Those that came before the pair was kept.
            if (auto done = gather(placed(both, m_question.where), answer.may, std::max(*one, *two)); !done || !*done)
                return done;
        }
    }
    if (!rare.isEmpty()) {
        if (auto done = gather(placed(rare.join(u" OR "_s), m_question.where), answer.may, m_question.last.value); !done || !*done)
            return done;
    }
    if (auto done = gather(quoted(pairlessWord), answer.may, m_question.last.value); !done || !*done)
        return done;
    if (pairs.isEmpty())
        return true;
    return gather(placed(anyOf(pairs), m_question.where) + u" NOT "_s + quoted(incompleteWord), answer.sure, m_question.last.value);
}

Result<bool> Asking::ask(const QList<Wanted> &wanted)
{
    if (auto done = gather(quoted(incompleteWord), answer.may, m_question.last.value); !done || !*done)
        return done;
    const bool isPair = m_question.form == SearchIndex::Form::Pair && wanted.size() == 2 && !wanted[0].tooMany && !wanted[1].tooMany
                        && wanted[0].words.size() * wanted[1].words.size() <= mostPairs;
    auto done = isPair ? askPair(wanted[0].words, wanted[1].words) : askPieces(wanted);
    std::ranges::sort(answer.may);
    answer.may.erase(std::ranges::unique(answer.may).begin(), answer.may.end());
    return done;
}

// How many messages of a batch have each word, and which words were common before it.
class WordCount
{
public:
    void count(const SearchIndex::Words &message)
    {
        QSet<QByteArray> words(message.head.words.begin(), message.head.words.end());
        words.unite({message.body.words.begin(), message.body.words.end()});
        for (const QByteArray &word : std::as_const(words))
            ++m_words[word].messages;
    }
    // Gives the words that are new, a line each.
    Result<QByteArray> write(Connection &connection, MessageId upTo, int common);
    [[nodiscard]] QString textOf(const SearchIndex::Section &section) const;

private:
    struct Word
    {
        qint64 messages = 0;
        bool isCommon = false;
    };
    QHash<QByteArray, Word> m_words;
};

Result<QByteArray> WordCount::write(Connection &connection, MessageId upTo, int common)
{
    QByteArray fresh;
    for (auto it = m_words.begin(); it != m_words.end(); ++it) {
        const auto known = connection.select("SELECT messages, common_since FROM search_word WHERE word = ?", it.key())
                               .first([](const Row &row) { return std::pair(row.number(0), row.number(1)); });
        if (!known)
            return std::unexpected(known.error());
        it->isCommon = *known && (*known)->second > 0;
        if (it->isCommon)
            continue; // counted enough
        const qint64 messages = it->messages + (*known ? (*known)->first : 0);
        const qint64 since = messages >= common ? upTo.value : 0;
        const auto done = *known ? connection.run("UPDATE search_word SET messages = ?, common_since = ? WHERE word = ?", messages, since, it.key())
                                 : connection.run("INSERT INTO search_word (word, messages, common_since) VALUES (?, ?, ?)", it.key(), messages, since);
        if (!done)
            return std::unexpected(done.error());
        if (!*known)
            fresh += it.key() + '\n';
    }
    return fresh;
}

QString WordCount::textOf(const SearchIndex::Section &section) const
{
    QByteArray text;
    for (const QByteArray &word : section.words)
        text += word + ' ';
    for (const QByteArray &pair : section.pairs) {
        const qsizetype space = pair.indexOf(' ');
        const QByteArray first = pair.first(space), second = pair.sliced(space + 1);
        if (m_words.value(first).isCommon && m_words.value(second).isCommon)
            text += first + pairMark + second + ' ';
    }
    return QString::fromUtf8(text);
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

Result<void> SearchIndex::add(Transaction &transaction, const QList<Words> &messages, MessageId upTo, int common)
{
    Connection &connection = transaction.connection();
    WordCount words;
    for (const Words &message : messages)
        words.count(message);
    auto fresh = words.write(connection, upTo, common);
    if (!fresh)
        return std::unexpected(fresh.error());
    if (auto appended = appendWords(connection, std::move(*fresh)); !appended)
        return appended;
    for (const Words &message : messages) {
        QString head = words.textOf(message.head);
        if (!message.complete)
            head += QString::fromLatin1(incompleteWord) + u' ';
        if (!message.allPairs)
            head += QString::fromLatin1(pairlessWord);
        const auto added = connection.run("INSERT INTO search (rowid, head, body) VALUES (?, ?, ?)", message.message.value, head,
                                          words.textOf(message.body));
        if (!added)
            return std::unexpected(added.error());
    }
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

Result<std::optional<SearchIndex::Answer>> SearchIndex::ask(Connection &connection, const Question &question)
{
    QList<Wanted> wanted;
    for (const Piece &piece : question.pieces)
        wanted.append({patternOf(piece), {}, false});
    const auto last = lastIndexed(connection);
    if (!last)
        return std::unexpected(last.error());
    if (wanted.isEmpty() || *last == 0)
        return std::nullopt;
    if (auto found = findWords(connection, wanted); !found)
        return std::unexpected(found.error());
    if (std::ranges::all_of(wanted, &Wanted::tooMany))
        return std::nullopt;
    Asking asking(connection, question);
    asking.answer.indexed = MessageId{*last};
    const auto helped = asking.ask(wanted);
    if (!helped)
        return std::unexpected(helped.error());
    return *helped ? std::optional(std::move(asking.answer)) : std::nullopt;
}

} // namespace posthorn::store
