// What a ClientMachine is inside: the state of one session and what each reply does to it. Everything that changes state
// is here: client_session.cpp opens and ends the session, client_mail.cpp sends a message.
#pragma once

#include "language/smtp/client_commands.h"
#include "language/smtp/dialogue.h"
#include "language/smtp/dot_stuffer.h"
#include "language/smtp/need_queue.h"
#include "language/smtp/reply_reader.h"
#include "language/smtp/sasl_client.h"
#include "language/smtp/server_offer.h"

#include <deque>

namespace posthorn::smtp {

enum class ClientState { Opening, TlsWait, SigningIn, Ready, Sending, Leaving, Over };

class ClientSession
{
public:
    explicit ClientSession(ClientConfig config) : m_config(std::move(config)) {}

    void start(bool tls);
    void receive(QByteArrayView bytes);
    void tlsStarted(const TlsFacts &facts);
    void peerClosed();
    void timedOut();
    void shutDown();
    QByteArray takeOutput() { return std::exchange(m_output, {}); }
    void outputWaiting(qsizetype waiting);
    [[nodiscard]] std::chrono::milliseconds patience() const;
    [[nodiscard]] ClientState state() const { return m_state; }
    [[nodiscard]] std::optional<ClientNeed> nextNeed() { return m_needs.next(); }
    void answer(NeedId id, ClientAnswer answer);

    // By the command table.
    void onGreeting(const Reply &reply);
    void onEhlo(const Reply &reply);
    void onHelo(const Reply &reply);
    void onStartTls(const Reply &reply);
    void onAuth(const Reply &reply);
    void onMail(const Reply &reply);
    void onRcpt(const Reply &reply);
    void onData(const Reply &reply);
    void onChunk(const Reply &reply);
    void onEnd(const Reply &reply);
    void onRset(const Reply &reply);
    void onQuit(const Reply &reply);

private:
    // A message under way.
    struct Transaction
    {
        Transaction() {} // Clang wants it said for a member of std::optional here
        OutgoingMail mail;
        QList<std::optional<RecipientOutcome>> outcomes; // one for each recipient, once it is known
        QList<qsizetype> offered;  // the recipients that are named to the server
        qsizetype named = 0;       // RCPTs sent, of `offered`
        qsizetype answered = 0;    // and answered
        QList<qsizetype> accepted;
        QList<std::pair<qsizetype, Reply>> turnedAway; // too many for one transaction (RFC 5321 §4.5.3.1.10)
        ContentScan scan;
        DotStuffer stuffer;
        qint64 sent = 0;       // octets of the content
        bool heard = false;    // a reply has come
        bool mailOk = false;
        bool streaming = false; // the content is on its way
        bool stopped = false;   // no more of it
        bool finalSent = false;
        bool ended = false;     // the server has forgotten it
        bool utf8 = false;     // SMTPUTF8 is said
        bool chunking = false; // the content goes by BDAT
    };

    void handle(const Reply &reply);
    void handleUnasked(const Reply &reply);
    void say(Verb verb, QByteArrayView line, QByteArrayView shown = {});
    void greetAgain();
    void opened();
    void beginAuth();
    void sayAuth();
    void authRefused(const Reply &reply);
    void sendResponse(const QByteArray &response);
    void becomeReady();
    [[nodiscard]] bool isUsedUp() const;
    void leave();
    void fail(const Reply &reply, bool fromServer);
    void failHere(const char *enhanced, QByteArray text);
    [[nodiscard]] QByteArray wholeDialogue() const;

    void on(OutgoingMail &mail);
    void on(Leave &);
    void on(ContentPiece &piece);
    void on(ContentScan &scan);
    void on(DerivedKey &derived);
    void on(Token &token);

    void judgeContent();
    void sendEnvelope();
    void sayMail();
    void sayRcpt();
    void proceed();
    void beginContent();
    void pumpContent();
    void sendPiece(QByteArrayView piece);
    void settle(const QList<qsizetype> &recipients, Fate fate, const Reply &reply, bool fromServer, const char *command);
    void settleRest(Fate fate, const Reply &reply, bool fromServer, const char *command);
    void settleAccepted(const Reply &reply, const char *command);
    void refuseAll(int code, const char *enhanced, const char *text);
    void abandon(const Reply &reply, bool fromServer);
    void closeTransaction();
    void settleTurnedAway();
    void tellDone();
    void distrust(Distrust what, const Reply &reply);
    [[nodiscard]] bool isConfused(const Reply &reply) const;
    [[nodiscard]] bool deniesChunks(const Reply &reply) const;
    [[nodiscard]] bool saysParameters() const;
    void keepToLimit();
    [[nodiscard]] bool isWhole() const;
    [[nodiscard]] QByteArray mailLine();
    [[nodiscard]] QByteArray rcptLine(const OutgoingRecipient &recipient) const;

    ClientConfig m_config;
    ClientState m_state = ClientState::Opening;
    ServerOffer m_offer;
    ReplyReader m_replies;
    std::deque<Verb> m_pending; // commands whose replies have not come
    NeedQueueOf<ClientNeed> m_needs;
    QByteArray m_output;
    qsizetype m_waiting = 0; // octets the driver still has of it
    std::optional<SaslClient> m_sasl;
    std::optional<Transaction> m_mail;
    int m_mails = 0; // done in this session
    int m_transactions = 0; // MAILs said in this session
    Dialogue m_opening, m_dialogue;
    Distrust m_distrust; // found in this session
    QByteArray m_token;
    std::optional<Reply> m_refusal; // of a token
    bool m_tls = false;
    bool m_signedIn = false;
    bool m_stopping = false; // QUIT when the mail under way is done
};

} // namespace posthorn::smtp
