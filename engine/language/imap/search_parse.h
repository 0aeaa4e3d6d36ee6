// The SEARCH program (RFC 9051 §6.4.4, RFC 3501 §6.4.4; RETURN: RFC 4731, 5182; PARTIAL: RFC 9394; MODSEQ: RFC 7162;
// OLDER and YOUNGER: RFC 5032; SAVEDBEFORE and its kin: RFC 8514; EMAILID and THREADID: RFC 8474; UIDAFTER and
// UIDBEFORE: RFC 9738) as a value; also that of SORT and THREAD (RFC 5256, 5267).
#pragma once

#include "language/imap/fuzzy_search.h"
#include "language/imap/needs.h"
#include "language/imap/number_set.h"
#include "language/imap/partial_range.h"

#include <QList>

#include <algorithm>
#include <optional>

namespace posthorn::imap {

class Lexer;

struct ReturnOptions
{
    bool given = false; // RETURN was there, with an empty list too: answer with ESEARCH
    bool minimum = false, maximum = false, all = false, count = false, save = false;
    std::optional<PartialRange> partial;
    bool relevancy = false; // RFC 6203 §4
    bool update = false; // RFC 5267 §4.3: what the result becomes is told as well

    [[nodiscard]] bool onlySaves() const { return save && !minimum && !maximum && !all && !count && !partial && !relevancy; }
    bool operator==(const ReturnOptions &) const = default;
};

struct SearchSet
{
    NumberSet set;
    bool isUids = false; // else sequence numbers

    bool operator==(const SearchSet &) const = default;
};

struct SearchProgram
{
    SearchKey key;            // each of its Uids has in `number` the index of its set, until they are resolved
    ReturnOptions returns;    // "RETURN ()" and nothing else but SAVE: `all` is set where RFC 9051 says so
    QList<SearchSet> sets;
    bool hasCharset = false;  // CHARSET was said; of SORT and THREAD, which must say it, not noted
    bool knowsCharset = true; // else nothing behind it was read
    bool usesModSeq = false;  // the answer tells MODSEQ (RFC 7162 §3.1.5)
    QList<SortCriterion> order;                                        // of SORT
    QList<FuzzyKey> fuzzy;    // the inexact keys (RFC 6203)
    ThreadAlgorithm algorithm = ThreadAlgorithm::References;           // of THREAD

    [[nodiscard]] bool sortsByRelevancy() const
    {
        return std::ranges::any_of(order, [](const SortCriterion &c) { return c.by == SortCriterion::By::Relevancy; });
    }
};

inline constexpr int maxSearchDepth = 200;
inline constexpr int maxSearchKeys = 2'000;
inline constexpr qsizetype maxSortCriteria = 20;

enum class SearchForm { Search, Sort, Thread };

// All arguments of SEARCH, SORT or THREAD, to their end.
[[nodiscard]] Result<SearchProgram> parseSearchProgram(Lexer &lexer, SearchForm form = SearchForm::Search);

} // namespace posthorn::imap
