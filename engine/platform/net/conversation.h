// The driver: moves octets and time between one connection and one session. Written once for all protocols; knows
// nothing of any. Lives on its worker's thread, is owned by the worker and thrown away when isOver().
#pragma once

#include "platform/net/arrival.h"
#include "platform/net/deflate_stream.h"
#include "platform/net/departure.h"
#include "platform/net/network.h"
#include "platform/net/session.h"
#include "platform/net/stream.h"
#include "platform/net/tls_stream.h"

#include <optional>

namespace posthorn::net {

// What conversations of one worker share.
struct Surroundings
{
    Letterbox *worker = nullptr;
    system::Poller *poller = nullptr;
    const TlsContexts *tls = nullptr;
    QByteArray buffer; // for reading; used within one call only
    const std::atomic<bool> *watched = nullptr; // somebody wants reports
    std::function<void(bool opened, ConversationState)> report;
};

class Conversation
{
public:
    Conversation(ConversationId id, Arrival arrival, Surroundings &around);
    Conversation(ConversationId id, Departure departure, Surroundings &around);
    ~Conversation();

    // Each of these may end the conversation; none of them destroys it.
    void begin();
    void turn(quint8 events); // something can be read or written, or (0) the session was given an answer
    void tick(qint64 now);    // each second or so
    void shutDown();          // the server is stopping: the machine says goodbye when it can
    void close();             // an administrator's word: the machine says goodbye now
    void cut();               // no goodbye
    void failHandshake(const QString &why);

    [[nodiscard]] bool isOver() const { return m_phase == Phase::Over; }
    [[nodiscard]] Session *session() const { return m_session.get(); }
    [[nodiscard]] ConversationState state() const;

private:
    enum class Phase {
        Connecting,
        Handshake,
        Talk,
        Linger,    // the session is over, the peer has not taken everything yet
        Over,
    };

    void beginConnect();
    void connected();
    void beginTls();
    void handshake();
    void openSession(const TlsFacts *facts);
    void startSession(const TlsFacts *facts);
    void failLink(LinkStep step, const QString &why);
    void read();
    void receive(qint64 octets);
    void pauseReading();
    void pump();
    void settle();
    void queue(QByteArray output);
    void flush();
    void dropEarlyOctets();
    void peerClosed();
    void finish();
    void endSession();
    void report(bool opened);
    void tickTalk(qint64 now);
    [[nodiscard]] qint64 waiting() const;
    [[nodiscard]] bool wantsInput() const;
    [[nodiscard]] bool wantsTls() const;
    [[nodiscard]] bool wantsDeflate() const;

    Surroundings &m_around;
    ConversationId m_id;
    std::optional<Arrival> m_arrival;     // taken, or
    std::optional<Departure> m_departure; // begun by us
    Peer m_peer;
    std::unique_ptr<PlainStream> m_plain; // until TLS begins
    std::unique_ptr<TlsStream> m_tls;     // from then on
    std::unique_ptr<DeflateStream> m_deflate; // on top of whichever
    Stream *m_stream = nullptr;           // whichever it is
    std::unique_ptr<Session> m_session;
    TlsFacts m_facts;
    QByteArray m_output; // not taken by the stream yet, from m_taken on
    qsizetype m_taken = 0;
    qint64 m_startedAt = 0;
    qint64 m_bytesIn = 0, m_bytesOut = 0;
    qint64 m_since = 0;      // when the wait began that patience() limits
    qint64 m_heard = 0;      // octets since then
    qint64 m_deadline = 0;   // of Handshake, Linger and closing
    qint64 m_delivered = 0;  // octets of output the system had taken when last looked
    qint64 m_progress = 0;   // when that changed
    Phase m_phase = Phase::Talk;
    bool m_started = false; // the machine
    bool m_readPaused = false;
    bool m_peerClosed = false;
    bool m_closing = false;
};

} // namespace posthorn::net
