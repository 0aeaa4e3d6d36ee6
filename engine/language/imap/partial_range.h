// PARTIAL (RFC 9394): some of the results of a search, or of the messages of a FETCH.
#pragma once

#include "core/result.h"

#include <QByteArray>

#include <utility>

namespace posthorn::imap {

class Lexer;

// Which of the results, counted from 1, or from the last one back (RFC 9394 §3.1).
struct PartialRange
{
    bool fromEnd = false;
    quint32 first = 1, last = 1; // first <= last

    // Positions [begin, end) among `count` results.
    [[nodiscard]] std::pair<qsizetype, qsizetype> within(qsizetype count) const;
    [[nodiscard]] QByteArray text() const; // "1:100", "-1:-100"
    bool operator==(const PartialRange &) const = default;
};
[[nodiscard]] Result<PartialRange> parsePartialRange(Lexer &lexer);

} // namespace posthorn::imap
