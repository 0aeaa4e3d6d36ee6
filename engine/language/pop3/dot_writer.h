// Message octets as a multi-line response: lines end in CRLF, leading dots are doubled (RFC 1939 §3), TOP stops after the
// header and some lines of the body. Costs a memchr a line and copies runs of good lines at once.
#pragma once

#include <QByteArray>

namespace posthorn::pop3 {

class DotWriter
{
public:
    // `bodyLines` < 0: all of it.
    explicit DotWriter(qint64 bodyLines = -1) : m_linesLeft(bodyLines) {}

    // The next octets of the message, cut anywhere. A bare LF becomes CRLF; a bare CR stays.
    void write(QByteArrayView octets, QByteArray &out);
    // The end of the last line if it had none, and the line with one dot.
    void finish(QByteArray &out);
    // TOP has all it wants; what is written now is ignored.
    [[nodiscard]] bool isDone() const { return m_inBody && m_linesLeft == 0; }

private:
    void takeHeldCr(QByteArrayView &octets, QByteArray &out);
    void endLine(bool isEmpty);

    qint64 m_linesLeft;
    bool m_lineStart = true;
    bool m_inBody = false;
    bool m_heldCr = false; // not written yet: it may belong to a CRLF
};

} // namespace posthorn::pop3
