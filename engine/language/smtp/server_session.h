// What ServerMachine is made of: one session's state, what commands do with it, and what answers do.
// Everything that changes it is in server_session.cpp (input, answers, ends), server_commands.cpp, server_content.cpp
// and server_auth.cpp.
#pragma once

#include "language/smtp/commands.h"
#include "language/smtp/content_gatherer.h"
#include "language/smtp/line_reader.h"
#include "language/smtp/need_queue.h"
#include "language/smtp/parse.h"

namespace posthorn::smtp {

class ServerSession
{
public:
    explicit ServerSession(ServerConfig config);

    // --- for the machine (server_session.cpp)
    void start(bool tls);
    void receive(QByteArrayView bytes);
    void tlsStarted();
    void peerClosed();
    void timedOut();
    void shutDown();
    void answer(NeedId id, Answer answer);
    [[nodiscard]] std::optional<Need> nextNeed() { return m_needs.next(); }
    [[nodiscard]] QByteArray takeOutput();
    [[nodiscard]] std::chrono::milliseconds patience() const;
    [[nodiscard]] bool hungry() const;
    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] const QString &userName() const { return m_user; }

    // --- for the command table
    [[nodiscard]] Offer offer() const { return {m_config, m_tls, m_mail.smtpUtf8, m_authenticated}; }
    void refuseSyntax(const Reply &reply);
    void helo(HelloArguments hello) { greet(hello, false); }
    void ehlo(HelloArguments hello) { greet(hello, true); }
    void mail(MailCommand mail);
    void rcpt(RcptCommand rcpt);
    void data(NoArguments);
    void bdat(BdatArguments chunk);
    void burl(BurlArguments burl);
    void rset(NoArguments);
    void noop(AnyArguments);
    void help(AnyArguments);
    void vrfy(AnyArguments);
    void quit(AnyArguments);
    void startTls(NoArguments);
    void auth(const AuthArguments &auth);
    void notImplemented(AnyArguments);
    void wrongProtocol(AnyArguments);

private:
    enum class Asked { Welcome, Sender, Recipient, Content, Url, EndOfMail, Sasl };
    // What is all here, and answered once the service has taken its pieces; of what a URL names more is asked for then.
    enum class Ending { None, Url, Chunk, Mail };

    // server_session.cpp
    void run();
    void keepRest();
    [[nodiscard]] bool isReadingContent() const { return m_state == State::Content && m_ending == Ending::None; }
    [[nodiscard]] bool takeLine();
    void refuseLine(LineReader::Outcome outcome, QByteArrayView line);
    [[nodiscard]] qsizetype lineLimit() const;
    void judged(Judgement judgement);
    void welcomed(Judgement &judgement);
    template<typename T>
    void ask(Asked asked, T what)
    {
        m_asked = asked;
        m_needs.ask(std::move(what));
    }
    void say(const Reply &reply) { reply.appendTo(m_output); }
    void refuse(const Reply &reply);
    void refuseJunk(const Reply &reply);
    void abortMail();
    void end();
    void endWith(const Reply &reply);
    void endLosing(const Reply &reply);

    // server_commands.cpp
    void command(QByteArrayView line);
    [[nodiscard]] std::optional<Reply> gate(const Command &command) const;
    [[nodiscard]] Reply notOffered(const Command &command) const;
    [[nodiscard]] Reply badSequence(const Command &command) const;
    void remember(QByteArrayView line);
    void greet(const HelloArguments &hello, bool extended);
    void senderJudged(const Reply &reply);
    void recipientJudged(const Reply &reply);

    // server_content.cpp
    void beginContent(ContentReader::Framing framing);
    void takeContent();
    void takeChunk();
    void chunkEnded();
    void urlCame(const UrlOctets &octets);
    void skipChunk(QByteArrayView arguments, const Reply &reply);
    void pumpContent();
    void contentJudged(Judgement &judgement);
    void refuseMail(const Reply &reply);
    void mailJudged(const Reply &reply);

    // server_auth.cpp
    void saslLine(QByteArrayView line);
    void saslAnswered(const SaslAnswer &answer);
    void authRefused(const Reply &reply);
    void authSucceeded();

    const ServerConfig m_config;
    NeedQueue m_needs;
    QByteArray m_output;
    QByteArray m_input;       // received and not yet taken, from m_inputAt on
    qsizetype m_inputAt = 0;
    QByteArrayView m_rest;    // what run() works on
    LineReader m_lines;
    const Command *m_command = nullptr; // the last one, if it was one
    QByteArray m_line;        // and as it was said, without secrets
    State m_state = State::Greeting;
    Asked m_asked = Asked::Welcome;
    bool m_tls = false;
    bool m_extended = false;
    bool m_greeted = false;   // a good HELO or EHLO came at some time
    bool m_mayHold = true;    // all replies in m_output are of a pipelined group
    bool m_peerClosed = false;
    bool m_stopping = false;  // shutDown() waits for the end of the message
    bool m_hideLines = false; // AUTH was refused: what comes may be the password all the same
    int m_badCommands = 0;
    int m_junkCommands = 0;
    int m_refusedRecipients = 0;
    int m_transactions = 0;
    int m_authFailures = 0;

    // The transaction.
    MailCommand m_mail;       // reverse-path excepted
    int m_recipients = 0;
    bool m_mailOpen = false;  // MAIL was accepted
    bool m_anyRefused = false; // a recipient was
    std::optional<ContentGatherer> m_content;
    Ending m_ending = Ending::None;
    qint64 m_chunkLeft = 0;   // octets of the BDAT chunk to come
    qint64 m_chunkSize = 0;
    bool m_lastChunk = false;
    QByteArray m_url;         // of BURL
    std::optional<Reply> m_skipReply; // the chunk is dropped and then answered so
    State m_skipState = State::Ready; // and the session is here again

    // Authentication.
    QByteArray m_mechanism;
    QString m_user;
    std::optional<QString> m_provenUser; // the challenge that is out only carries the server's proof
    bool m_authenticated = false;
};

} // namespace posthorn::smtp
