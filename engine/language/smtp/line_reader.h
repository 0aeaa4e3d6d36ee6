// Cuts what the client sends into command lines. Only CRLF ends a line: of what comes before it, however many LFs are in
// there, one command is made or none (RFC 5321 §2.3.8).
#pragma once

#include <QByteArrayView>

namespace posthorn::smtp {

class LineReader
{
public:
    enum class Outcome {
        More,    // no whole line yet
        Line,    // `line` is one, without its CRLF
        BadEnd,  // a LF without CR: refuse it; what follows up to the next CRLF is skipped by further calls
        BadText, // a whole line with a CR or NUL in it
        TooLong, // longer than the limit: refuse it; the rest of it is skipped
        Endless, // still no CRLF after very much was skipped: give up
    };

    // Takes the next line off `input`; `limit` is in octets with CRLF. A line to be refused is given as well, at least
    // its beginning. With More, the caller keeps what is left of
    // `input` and gives it again with more behind it; it is not looked at
    // twice.
    [[nodiscard]] Outcome next(QByteArrayView &input, qsizetype limit, QByteArrayView &line);
    void reset() { *this = {}; }

private:
    [[nodiscard]] bool skip(QByteArrayView &input);

    qsizetype m_scanned = 0; // octets at the start of the input known to have no LF
    qsizetype m_skipped = 0;
    bool m_skipping = false;
    bool m_skippedCr = false; // the last octet skipped was a CR
};

} // namespace posthorn::smtp
