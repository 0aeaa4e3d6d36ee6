#include "language/smtp/line_reader.h"

namespace posthorn::smtp {

namespace {

constexpr qsizetype longestSkip = 64 * 1024;

} // namespace

LineReader::Outcome LineReader::next(QByteArrayView &input, qsizetype limit, QByteArrayView &line)
{
    if (m_skipping && !skip(input))
        return m_skipped > longestSkip ? Outcome::Endless : Outcome::More;
    const qsizetype lf = input.indexOf('\n', m_scanned);
    if (lf < 0 && input.size() <= limit) {
        m_scanned = input.size();
        return Outcome::More;
    }
    m_scanned = 0;
    if (lf < 0 || lf == 0 || input[lf - 1] != '\r') {
        const bool bare = lf >= 0 && lf < limit;
        line = input.first(bare ? lf : limit);
        if (bare)
            input = input.sliced(lf + 1);
        m_skipping = true;
        m_skipped = 0;
        m_skippedCr = false;
        return bare ? Outcome::BadEnd : Outcome::TooLong;
    }
    line = input.first(lf - 1);
    input = input.sliced(lf + 1);
    if (lf + 1 > limit)
        return Outcome::TooLong;
    return line.contains('\r') || line.contains('\0') ? Outcome::BadText : Outcome::Line;
}

// True once a CRLF was skipped.
bool LineReader::skip(QByteArrayView &input)
{
    while (!input.isEmpty()) {
        const qsizetype lf = input.indexOf('\n');
        const bool wasCr = lf == 0 ? m_skippedCr : lf > 0 && input[lf - 1] == '\r';
        const qsizetype taken = lf < 0 ? input.size() : lf + 1;
        m_skippedCr = input[taken - 1] == '\r';
        m_skipped += taken;
        input = input.sliced(taken);
        if (lf >= 0 && wasCr) {
            m_skipping = false;
            return true;
        }
        if (m_skipped > longestSkip)
            return false;
    }
    return false;
}

} // namespace posthorn::smtp
