// Words of a message for a search index: what can rule out that a message holds a needle, without looking into it.
// They come from the same decoded and folded text in which MessageMatcher looks, so that an index never misses what a
// scan finds, nor finds what it misses. A word is a run of letters, digits and marks; scripts written without spaces give a
// word a character; of long runs there are overlapping pieces. A pair is two words with one space between them.
#pragma once

#include "language/message/structure.h"
#include "language/message/text_search.h"

#include <QByteArrayList>
#include <QSet>

#include <functional>

namespace posthorn::message {

class WordCollector
{
public:
    static constexpr qsizetype mostWords = 20'000; // of one message
    static constexpr qsizetype mostPairs = 20'000;

    void add(QStringView folded); // goes on where the last piece ended
    void addAscii(QByteArrayView octets);
    void end(); // of a text: words do not go on in the next one

    // UTF-8, each once, in no order.
    [[nodiscard]] QByteArrayList words() const { return {m_words.begin(), m_words.end()}; }
    // "winter holiday"
    [[nodiscard]] QByteArrayList pairs() const { return {m_pairs.begin(), m_pairs.end()}; }
    // False: there was more than an index takes, and words() tells nothing of what is missing.
    [[nodiscard]] bool isComplete() const { return m_complete; }
    [[nodiscard]] bool hasAllPairs() const { return m_pairs.size() < mostPairs; }
    void giveUp() { m_complete = false; }

private:
    QByteArray keep(QStringView word);
    void cut();

    QString m_run;
    QByteArray m_before; // the word before it, when one space is between
    QSet<QByteArray> m_words;
    QSet<QByteArray> m_pairs;
    bool m_complete = true;
};

// Octets of a message from `offset`, at most `length`; empty: can't be read.
using OctetReader = std::function<QByteArray(qint64 offset, qint64 length)>;

// All that HEADER of a SEARCH looks at goes into `head`, all that BODY looks at into `body`; TEXT looks at both. Not
// complete: a text of over 4 MiB, or one that could not be read.
void collectWords(const Part &root, const OctetReader &read, WordCollector &head, WordCollector &body);

// What an index must have for a message to hold a needle: each piece in some word of the message, in the place told.
struct WordPiece
{
    enum class Place { Whole, Start, End, Inside };
    Place place = Place::Inside;
    QByteArray piece; // UTF-8

    bool operator==(const WordPiece &) const = default;
};

// Empty: an index can't help.
[[nodiscard]] QList<WordPiece> wordPieces(QStringView foldedNeedle);

// What the pieces are of the needle. A message that has the one of Word, or a pair made of the two of Pair, has the needle.
enum class NeedleForm { Other, Word, Pair };
[[nodiscard]] NeedleForm needleForm(QStringView foldedNeedle);

} // namespace posthorn::message
