// Reads message content off the wire: finds its end, takes the stuffed dots out, and judges line ends.
//
// Only CRLF is a line end (RFC 5321 §2.3.8). A CR or LF by itself never begins a line: a dot after it is not taken out
// and it never is part of the end of the content. So "\n.\n", "\n.\r\n", "\r.\r\n" and "\r\n.\n" are content like any
// other, and nothing that follows them can pass for a command. With Normalize each lone CR or LF becomes a CRLF in what
// is given out, after dots and end were decided upon; with Refuse nothing more is given out after the first one.
#pragma once

#include <QByteArray>
#include <QByteArrayView>

namespace posthorn::smtp {

// What to do with a CR or LF that is not part of a CRLF in message content.
enum class BareLineEnd { Refuse, Normalize };

class ContentReader
{
public:
    enum class Framing {
        Dotted,  // DATA: ends with CRLF.CRLF, or with .CRLF at the very beginning
        Counted, // BDAT: the caller knows where it ends; dots mean nothing
    };

    ContentReader(Framing framing, BareLineEnd policy) : m_framing(framing), m_policy(policy) {}

    // Takes octets until the end of the content or of `in`, and returns how many. Appends the content to `out`: at most
    // two octets more than were taken, or with Normalize twice as many and two.
    qsizetype read(QByteArrayView in, QByteArray &out);
    // Counted: there is no more. A CR that waited for its LF is a lone one.
    void finish(QByteArray &out);
    // From now on only the end is looked for.
    void drop() { m_dropping = true; }

    [[nodiscard]] bool hasEnded() const { return m_state == State::End; }
    [[nodiscard]] bool sawBareLineEnd() const { return m_sawBare; }

private:
    enum class State {
        LineStart,
        Text,
        Cr,    // a CR, not given out yet
        Dot,   // a dot at the start of a line, not given out
        DotCr, // and a CR after it
        End,
    };
    struct Scan;

    void readText(Scan &scan, QByteArray &out);
    void readEdge(Scan &scan, QByteArray &out);
    void give(QByteArrayView octets, QByteArray &out) const;
    void bareLineEnd(QByteArray &out);

    Framing m_framing;
    BareLineEnd m_policy;
    State m_state = State::LineStart;
    bool m_sawBare = false;
    bool m_dropping = false;
};

} // namespace posthorn::smtp
