// The state of one SMTP session and what each command does with it.
#pragma once

#include "language/smtp/commands.h"
#include "language/smtp/content_reader.h"

#include <deque>
#include <optional>
#include <set>
#include <utility>

namespace posthorn::smtp {

class Commands
{
public:
    explicit Commands(ServerConfig config) : m_config(std::move(config)) {}

    void start(const TlsFacts *tls);
    void receive(QByteArrayView bytes);
    void tlsStarted(const TlsFacts &facts);
    void peerClosed();
    void timedOut();
    void shutDown();
    void answer(NeedId id, Answer answer);
    [[nodiscard]] std::optional<Need> nextNeed();
    QByteArray takeOutput() { return std::exchange(m_output, {}); }
    [[nodiscard]] std::chrono::milliseconds patience() const;
    [[nodiscard]] bool hungry() const;
    [[nodiscard]] bool wantsTls() const { return m_mode == Mode::StartingTls; }
    [[nodiscard]] bool finished() const { return m_mode == Mode::Closed; }
    [[nodiscard]] QLatin1StringView stateName() const;
    [[nodiscard]] const QString &userName() const { return m_user; }

    // The commands, as the table names them.
    void helo(QByteArrayView argument);
    void ehlo(QByteArrayView argument);
    void startTls(QByteArrayView argument);
    void auth(QByteArrayView argument);
    void mail(QByteArrayView argument);
    void rcpt(QByteArrayView argument);
    void data(QByteArrayView argument);
    void bdat(QByteArrayView argument);
    void rset(QByteArrayView argument);
    void noop(QByteArrayView argument);
    void vrfy(QByteArrayView argument);
    void expn(QByteArrayView argument);
    void help(QByteArrayView argument);
    void quit(QByteArrayView argument);

private:
    // Which of the several things the octets that come are for.
    enum class Mode { Greeting, Command, Waiting, Sasl, Content, Counted, Skipped, EndOfMail, StartingTls, Closed };

    void run();
    bool step();
    bool readCommand();
    void dispatch(QByteArrayView line);
    bool readSasl();
    void readContent();
    void readCounted();
    void emitContent(bool all);
    void endContent();
    void maybeEnd();
    void finishMail(const Reply &reply);
    void refuseMail(const Reply &reply);
    void greet(QByteArrayView name, bool extended);
    void resetTransaction(bool tell);

    void give(const Reply &reply);
    void giveUp(const Reply &reply);
    void refuse(const Reply &reply); // give() and tell the trace
    void junk();
    NeedId ask(What what);
    void wait(NeedId id) { m_waitingFor = id, m_mode = Mode::Waiting; }
    void judged(const Judgement &judgement);
    void signedIn(const SaslAnswer &answer);
    void contentJudged(NeedId id, const Judgement &judgement);
    void saslResponse(QByteArrayView line);
    void authFailed(const Reply &reply);

    ServerConfig m_config;
    Mode m_mode = Mode::Greeting;
    State m_state = State::Connected;
    QByteArray m_input, m_output;
    qsizetype m_scanned = 0; // no LF in m_input before this
    bool m_overlong = false; // dropping the rest of a line that was too long
    std::deque<Need> m_needs;
    NeedId m_lastId = 0;
    NeedId m_waitingFor = 0;
    QByteArray m_line;       // the command being answered, for the trace
    bool m_tls = false, m_extended = false, m_shuttingDown = false, m_peerGone = false;
    QString m_user;
    int m_bad = 0, m_refusedRecipients = 0, m_authFailures = 0, m_transactions = 0;

    // The transaction.
    BodyType m_body = BodyType::SevenBit;
    bool m_smtpUtf8 = false;
    int m_recipients = 0;
    ContentReader m_reader;
    QByteArray m_content;    // read and not handed over yet
    qint64 m_size = 0;       // of the content so far
    std::set<NeedId> m_unanswered;
    qsizetype m_unansweredOctets = 0;
    std::optional<Reply> m_fault; // the content can't be taken
    bool m_contentEnded = false;
    qint64 m_chunkLeft = 0;
    bool m_lastChunk = false;
    qint64 m_chunkSize = 0;
};

} // namespace posthorn::smtp
