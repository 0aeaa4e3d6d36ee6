// Cuts what the client sends into lines. CRLF ends a line; a bare LF is taken for it, as nothing can be smuggled by it here.
// Octets are looked at once; memory is bounded by what is fed at a time and one line.
#pragma once

#include <QByteArray>

namespace posthorn::pop3 {

class LineReader
{
public:
    enum class Outcome {
        More,    // no whole line yet
        Line,    // line() is one, without its end
        TooLong, // its end is there at last; the line is gone
        Endless, // very much came without an end: give up
    };

    void feed(QByteArrayView octets);
    // `limit`: octets of a line with CRLF. line() is valid until the next call of any function here.
    [[nodiscard]] Outcome next(qsizetype limit);
    [[nodiscard]] QByteArrayView line() const { return m_line; }
    // The beginning of what is not read yet.
    [[nodiscard]] QByteArrayView peek(qsizetype octets) const;
    // Forgets all.
    void clear() { *this = {}; }

private:
    [[nodiscard]] Outcome wait(qsizetype limit);

    QByteArray m_input;
    QByteArrayView m_line;
    qsizetype m_at = 0;      // what is before is read
    qsizetype m_scanned = 0; // what is before has no unread LF
    qsizetype m_skipped = 0; // octets of a line that is too long, thrown away
};

} // namespace posthorn::pop3
