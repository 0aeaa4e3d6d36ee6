#include "language/imap/partial_range.h"

#include "language/imap/lexer.h"

#include <algorithm>
#include <tuple>

namespace posthorn::imap {

std::pair<qsizetype, qsizetype> PartialRange::within(qsizetype count) const
{
    const qsizetype begin = std::min<qsizetype>(qsizetype(first) - 1, count), end = std::min<qsizetype>(last, count);
    return fromEnd ? std::pair(count - end, count - begin) : std::pair(begin, end);
}

QByteArray PartialRange::text() const
{
    const QByteArray sign = fromEnd ? "-" : "";
    return sign + QByteArray::number(first) + ':' + sign + QByteArray::number(last);
}

Result<PartialRange> parsePartialRange(Lexer &lexer)
{
    PartialRange range;
    range.fromEnd = lexer.take('-');
    const auto one = lexer.nzNumber();
    if (!one)
        return std::unexpected(one.error());
    if (auto colon = lexer.expect(':'); !colon)
        return std::unexpected(colon.error());
    if (range.fromEnd) {
        if (auto minus = lexer.expect('-'); !minus)
            return std::unexpected(minus.error());
    }
    const auto other = lexer.nzNumber();
    if (!other)
        return std::unexpected(other.error());
    std::tie(range.first, range.last) = std::minmax(*one, *other);
    return range;
}

} // namespace posthorn::imap
