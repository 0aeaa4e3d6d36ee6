// The SEARCH program (RFC 9051 §6.4.4, RFC 3501 §6.4.4; RETURN: RFC 4731, 5182; MODSEQ: RFC 7162; OLDER and YOUNGER:
// RFC 5032; SAVEDBEFORE and its kin: RFC 8514) as a value.
#pragma once

#include "language/imap/needs.h"
#include "language/imap/number_set.h"

#include <QList>

#include <functional>
#include <optional>

namespace posthorn::imap {

class Lexer;

struct ReturnOptions
{
    bool given = false; // RETURN was there, with an empty list too: answer with ESEARCH
    bool minimum = false, maximum = false, all = false, count = false, save = false;

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
    bool usesModSeq = false;  // the answer tells MODSEQ (RFC 7162 §3.1.5)
};

inline constexpr int maxSearchDepth = 200;
inline constexpr int maxSearchKeys = 2'000;

// All arguments of SEARCH, to their end. An error of kind NotFound means an unknown charset: NO [BADCHARSET ...]; every
// other is BAD.
[[nodiscard]] Result<SearchProgram> parseSearchProgram(Lexer &lexer);

// The UIDs that a set stands for now, ascending; nullopt when it names messages that are not there.
using SetResolver = std::function<std::optional<QList<UidRange>>(const NumberSet &set, bool isUids)>;

// Puts the UIDs into program.key. False when a set could not be resolved.
[[nodiscard]] bool resolveSets(SearchProgram &program, const SetResolver &resolver);

} // namespace posthorn::imap
