// Framing: cuts what a client sends into commands, literals included (RFC 9051 §2.2.1, §4.3; RFC 7888), and takes the
// few inputs that are no commands: a message to append, a SASL response, the end of IDLE. Knows no command.
//
// It is asked, not asking: next() says what has come, and the machine decides what becomes of a literal. Line ends are
// CRLF; a bare LF is taken for one. In command() a literal is always "{n}" CRLF and n octets, whatever its form was.
// Time is linear in the octets fed. Memory is bounded: what is not yet read, which the machine bounds by hungry(),
// and one command of at most Limits::command octets.
#pragma once

#include <QByteArray>

namespace posthorn::imap {

class CommandReader
{
public:
    struct Limits
    {
        qsizetype line = 16 * 1024;    // octets of a command without its literals
        qsizetype literal = 16 * 1024; // octets of one literal that is read into the command
        qsizetype command = 16 * 1024; // octets of a command with its literals
    };
    struct Literal
    {
        qint64 size = 0;
        bool synchronizing = true; // the client waits for "+"
        bool binary = false;       // literal8 (RFC 3516)
    };
    enum class Event {
        More,     // nothing complete: feed more
        Literal,  // command() ends where literal() begins: accept it, stream it or drop the command
        Command,  // command() is whole; call finish() before the next
        TooLong,  // the line is over its limit: command() is its beginning; drop the command
        Malformed, // a literal whose size can't be read, or a NUL: drop the command
    };

    void setLimits(const Limits &limits) { m_limits = limits; }
    void feed(QByteArrayView bytes);
    // Octets fed and not yet read.
    [[nodiscard]] qsizetype buffered() const { return m_input.size() - m_at; }
    // Forgets all that was fed and read.
    void clear();

    [[nodiscard]] Event next();
    [[nodiscard]] QByteArrayView command() const { return m_command; }
    [[nodiscard]] const Literal &literal() const { return m_literal; }
    // True when the literal is within the limits.
    [[nodiscard]] bool literalFits() const;
    // The literal becomes part of the command.
    void acceptLiteral();
    // The literal is handed out by takeContent(), and is empty as part of the command.
    void streamLiteral();
    // At most `most` octets of the streamed literal; empty: more must be fed, or contentLeft() is 0.
    [[nodiscard]] QByteArray takeContent(qsizetype most);
    [[nodiscard]] qint64 contentLeft() const { return m_content; }
    // Ends the command: a whole one is forgotten. Of one that is not, what the client sends of it anyway is skipped:
    // a literal it does not wait for, and the line to its end. A literal it waits for will not come.
    void finish();
    // Octets skipped since a command was last complete: the machine ends a session that only sends such.
    [[nodiscard]] qint64 skipped() const { return m_skipped; }

    enum class Line { More, Whole, TooLong };
    // One line that is no command, without its line end. TooLong: its rest is skipped.
    [[nodiscard]] Line takeLine(QByteArray &line, qsizetype most);

private:
    enum class Phase { Line, TooLong, Deciding, Content, Literal, Whole, SkipLine, SkipLiteral };

    Event readLine();
    Event lineDone(qsizetype end, qsizetype next);
    bool readLiteral();
    bool skipLiteral();
    bool skipLine();
    void consume(qsizetype octets);
    bool findLiteral(QByteArrayView line);

    Limits m_limits;
    QByteArray m_input;
    qsizetype m_at = 0;      // of m_input: read up to here
    qsizetype m_scanned = 0; // of m_input: no line end before this
    QByteArray m_command;
    qsizetype m_lineOctets = 0; // of m_command that are not in literals
    Literal m_literal;
    qint64 m_left = 0;    // of a literal being read or skipped
    qint64 m_content = 0; // of a literal being streamed
    qint64 m_skipped = 0;
    Phase m_phase = Phase::Line;
    bool m_malformed = false;
};

} // namespace posthorn::imap
