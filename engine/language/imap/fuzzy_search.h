// Inexact search (RFC 6203), simple and honest: a text is found when all its words are there, in any order and in any
// form of a few that English has ("break", "breaks", "breaking"). How well a message fits is told from what is really there:
// 100 for the text as it was given; else 90 when all its words are as they were given, and less for each that is not, down to 40.
#pragma once

#include "language/imap/needs.h"

#include <QHash>

#include <optional>

namespace posthorn::imap {

// One inexact text key of a search.
struct FuzzyKey
{
    SearchKey exact;         // the text as it was given
    QList<SearchKey> words;  // each word as it was given
    SearchKey loose;         // what is searched for

    static constexpr qsizetype maxWords = 10; // more of them must be there as they were given

    [[nodiscard]] static FuzzyKey of(const SearchKey &key);
};

// Puts together what a few exact searches find among the results.
class RelevancyScorer
{
public:
    static constexpr qsizetype maxSearches = 60;

    RelevancyScorer(QList<FuzzyKey> keys, QList<Uid> found);
    // The next search to be made; nullopt: that is all.
    [[nodiscard]] std::optional<SearchKey> next() const;
    void found(const QList<Uid> &uids);
    // 1 to 100, of each result
    [[nodiscard]] QHash<Uid, int> scores() const;

private:
    enum class Part { Exact, Word, Loose };
    struct Question { Part part; qsizetype key; SearchKey search; };

    QList<FuzzyKey> m_keys;
    QList<Uid> m_found;
    QList<Question> m_questions;
    qsizetype m_at = 0;
    struct Tally { bool exact = false, loose = false; int words = 0; };
    QHash<Uid, QList<Tally>> m_tallies; // one for each key
};

} // namespace posthorn::imap
