// The state of one POP3 session and what each command does with it. All that alters the state is in dialogue*.cpp.
#pragma once

#include "language/pop3/commands.h"
#include "language/pop3/dot_writer.h"
#include "language/pop3/line_reader.h"
#include "language/pop3/maildrop.h"

#include <deque>
#include <optional>
#include <utility>

namespace posthorn::pop3 {

class Dialogue
{
public:
    explicit Dialogue(ServerConfig config) : m_config(std::move(config)) {}

    void start(const TlsFacts *tls);
    void receive(QByteArrayView bytes);
    void tlsStarted(const TlsFacts &facts);
    void peerClosed();
    void timedOut();
    void shutDown();
    void answer(NeedId id, Answer answer);
    void outputWaiting(qsizetype waiting);
    [[nodiscard]] std::optional<Need> nextNeed();
    [[nodiscard]] QByteArray takeOutput();
    [[nodiscard]] std::chrono::milliseconds patience() const;
    [[nodiscard]] bool hungry() const;
    [[nodiscard]] bool wantsTls() const { return m_mode == Mode::StartingTls; }
    [[nodiscard]] bool finished() const { return m_mode == Mode::Closed; }
    [[nodiscard]] QLatin1StringView stateName() const;
    [[nodiscard]] const QString &userName() const { return m_user; }

    // The commands, as the table names them.
    void capa(QByteArrayView argument);
    void stls(QByteArrayView argument);
    void user(QByteArrayView argument);
    void pass(QByteArrayView argument);
    void auth(QByteArrayView argument);
    void apop(QByteArrayView argument);
    void utf8(QByteArrayView argument);
    void lang(QByteArrayView argument);
    void stat(QByteArrayView argument);
    void list(QByteArrayView argument);
    void uidl(QByteArrayView argument);
    void retr(QByteArrayView argument);
    void top(QByteArrayView argument);
    void dele(QByteArrayView argument);
    void rset(QByteArrayView argument);
    void noop(QByteArrayView argument);
    void last(QByteArrayView argument);
    void quit(QByteArrayView argument);

private:
    enum class Mode {
        Command,     // a line is the next command
        Sasl,        // a line is a response to a challenge
        Waiting,     // for the answer of a need
        Listing,     // LIST or UIDL, line by line while little output waits
        Sending,     // RETR or TOP, piece by piece while little output waits
        Updating,    // QUIT was said: for the answer of Update
        StartingTls,
        Closed,
    };
    enum class Listed { Sizes, UniqueIds };

    // Does what can be done now: lines, a listing, a message, as long as little output waits.
    void run();
    [[nodiscard]] bool readLine();
    [[nodiscard]] qsizetype lineLimit() const;
    void tooLong();
    void dispatch(QByteArrayView line);
    [[nodiscard]] QByteArray forTheLog(const Command *command, QByteArrayView line) const;
    void saslResponse(QByteArrayView line);
    [[nodiscard]] bool isOutputLow() const;

    void ok(QByteArrayView text);
    void refuse(QByteArrayView text);
    // Refuses and tells the log; too much of it ends the session.
    void junk(QByteArrayView text);
    void giveUp(QByteArrayView text);
    void close();

    NeedId ask(What what);
    void wait(What what);
    void authenticated(const SaslAnswer &answer);
    void openDrop();
    void opened(Drop drop);
    void updated();
    void failed(const Failure &failure);

    // The message that a command names (from 1 up), or none after a refusal.
    [[nodiscard]] std::optional<qsizetype> named(QByteArrayView argument);
    void listing(QByteArrayView argument, Listed what);
    void continueListing();
    void beginSending(qsizetype index, qint64 lines);
    void askPiece();
    void sendPiece(const Piece &piece);

    const ServerConfig m_config;
    Mode m_mode = Mode::Command;
    State m_state = State::Authorization;
    Surroundings m_around;
    LineReader m_lines;
    QByteArray m_output;
    qsizetype m_waitingOutput = 0; // taken from us, not yet taken by the peer
    bool m_peerGone = false;
    bool m_shuttingDown = false;
    std::deque<Need> m_needs;
    NeedId m_lastId = 0;
    NeedId m_waitingFor = 0;
    QByteArray m_line; // the command, as far as log and trace may know it
    int m_commands = 0; // before sign-in
    int m_bad = 0;
    int m_authFailures = 0;

    QString m_user;
    QByteArray m_givenName;    // USER's, until PASS
    bool m_proven = false;     // right, but for the client's response to the server's proof
    bool m_nearSecrets = false;
    bool m_utf8 = false;
    bool m_dropOpen = false;   // asked for, and not given back

    Maildrop m_drop;
    Listed m_listed = Listed::Sizes;
    qsizetype m_index = 0;     // listed next, or being sent
    bool m_isWhole = false;    // RETR, not TOP
    qsizetype m_last = 0;      // the highest number that was read or marked, of LAST
    DotWriter m_writer;
    qint64 m_offset = 0;
};

} // namespace posthorn::pop3
