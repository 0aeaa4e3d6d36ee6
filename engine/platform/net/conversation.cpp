#include "platform/net/conversation.h"

#include "platform/system/clock.h"

namespace posthorn::net {

using namespace Qt::StringLiterals;
using system::Poller;

namespace {

constexpr qint64 handshakeTime = 30'000; // ms
constexpr qint64 lingerTime = 5'000;
constexpr qint64 stallTime = 300'000;    // a peer that takes none of our output for so long is cut
constexpr qint64 orphanTime = 600'000;   // the longest we work on for a peer that sends no more
constexpr qint64 maxWaiting = 1024 * 1024; // octets of output; the machine is not fed above it
constexpr qint64 maxEarly = 1024 * 1024;   // octets before the handshake; a peer that sends more is cut
constexpr int maxReads = 4;                // in a row, so that one busy peer does not starve the others
// A wait begins anew with every reply, or with this many octets: a peer that trickles is cut as a silent one is.
constexpr qint64 enoughHeard = 4096;

qint64 now()
{
    return system::realClock().steadyMs();
}

} // namespace

Conversation::Conversation(ConversationId id, Arrival arrival, Surroundings &around)
    : m_around(around), m_id(id), m_arrival(std::move(arrival)), m_peer(m_arrival->peer()),
      m_startedAt(system::realClock().wallMs()), m_since(now())
{
}

Conversation::Conversation(ConversationId id, Departure departure, Surroundings &around)
    : m_around(around), m_id(id), m_departure(std::move(departure)), m_session(std::move(m_departure->session)),
      m_startedAt(system::realClock().wallMs()), m_since(now())
{
    m_peer.address = m_departure->address;
    m_peer.port = m_departure->port;
    m_peer.implicitTls = m_departure->implicitTls;
}

Conversation::~Conversation()
{
    endSession();
}

void Conversation::begin()
{
    if (m_departure) {
        beginConnect();
        return;
    }
    m_plain = std::make_unique<PlainStream>(m_arrival->takeSocket(), quint64(m_id.value), *m_around.poller);
    m_stream = m_plain.get();
    if (!m_plain->isGood()) {
        m_phase = Phase::Over;
    } else if (m_arrival->options().implicitTls) {
        beginTls();
    } else {
        openSession(nullptr);
        turn(0);
    }
}

void Conversation::beginConnect()
{
    m_phase = Phase::Connecting;
    m_session->attach({m_around.worker, m_id}, m_peer);
    QString why;
    const system::Socket socket = system::beginConnect(m_departure->address, m_departure->port, &why);
    if (socket < 0) {
        failLink(LinkStep::Connect, why);
        return;
    }
    m_plain = std::make_unique<PlainStream>(socket, quint64(m_id.value), *m_around.poller);
    m_stream = m_plain.get();
    m_deadline = now() + m_departure->connectTime.count();
    if (m_plain->isGood())
        m_plain->watch(Poller::Writable);
    else
        failLink(LinkStep::Connect, QStringLiteral("out of descriptors"));
}

void Conversation::connected()
{
    if (const QString why = system::connectError(m_plain->socket()); !why.isEmpty()) {
        failLink(LinkStep::Connect, why);
        return;
    }
    const system::SocketEnd local = system::localEnd(m_plain->socket());
    m_peer.localAddress = local.address;
    m_peer.localPort = local.port;
    m_peer.loopback = local.loopback;
    m_plain->watch(Poller::Readable);
    if (m_departure->implicitTls)
        beginTls();
    else
        startSession(nullptr);
}

// We began it, and it leads nowhere.
void Conversation::failLink(LinkStep step, const QString &why)
{
    m_session->failed(step, why);
    endSession();
    m_phase = Phase::Over;
}

void Conversation::turn(quint8 events)
{
    if (m_phase == Phase::Connecting && (events & (Poller::Writable | Poller::Failed)))
        connected();
    if (m_phase == Phase::Handshake)
        handshake();
    else if (m_phase == Phase::Linger && m_stream->close())
        m_phase = Phase::Over;
    if (m_phase == Phase::Talk && (events & Poller::Failed) && !wantsInput())
        cut();
    if (m_phase == Phase::Talk && (events & Poller::Writable))
        flush();
    if (m_phase == Phase::Talk && (events & (Poller::Readable | Poller::Failed)))
        read();
    if (m_phase == Phase::Talk)
        pump();
    while (m_phase == Phase::Talk && m_stream->hasMore() && wantsInput()) {
        read();
        if (m_phase == Phase::Talk)
            pump();
    }
}

void Conversation::beginTls()
{
    m_phase = Phase::Handshake;
    m_deadline = now() + handshakeTime;
    m_readPaused = false;
    m_tls = m_departure ? std::make_unique<TlsStream>(std::move(m_plain), m_departure->tls)
                        : std::make_unique<TlsStream>(std::move(m_plain), *m_around.tls);
    m_stream = m_tls.get();
    m_stream->watch(Poller::Readable);
    if (m_departure)
        handshake(); // the client speaks first
}

void Conversation::handshake()
{
    const TlsStream::Handshake state = m_tls->handshake();
    if (state == TlsStream::Handshake::Failed && m_departure)
        failLink(LinkStep::Tls, m_tls->error());
    else if (state == TlsStream::Handshake::Failed)
        failHandshake(m_tls->error());
    if (state != TlsStream::Handshake::Done)
        return;
    m_phase = Phase::Talk;
    m_since = now();
    m_facts = m_tls->facts();
    if (m_started)
        m_session->machine().tlsStarted(m_facts);
    else if (m_session)
        startSession(&m_facts);
    else
        openSession(&m_facts);
}

// Of a client. Who asks why its mail program can't connect finds it told.
void Conversation::failHandshake(const QString &why)
{
    if (m_arrival && m_arrival->options().refused && !why.isEmpty())
        m_arrival->options().refused(m_peer, QStringLiteral("TLS failed: ") + why);
    cut();
}

void Conversation::openSession(const TlsFacts *facts)
{
    m_session = m_arrival->options().factory(m_peer);
    if (!m_session) {
        m_phase = Phase::Over;
        return;
    }
    m_session->attach({m_around.worker, m_id}, m_peer);
    startSession(facts);
}

void Conversation::startSession(const TlsFacts *facts)
{
    m_phase = Phase::Talk;
    m_started = true;
    m_since = now();
    m_session->machine().start(facts);
    report(true);
}

void Conversation::read()
{
    if (!wantsInput()) {
        pauseReading();
        return;
    }
    for (int i = 0; i < maxReads; ++i) {
        const qint64 got = m_stream->read(m_around.buffer.data(), m_around.buffer.size());
        if (got > 0)
            receive(got);
        else if (got == 0)
            peerClosed();
        else if (got == system::Broken)
            cut();
        if (got < m_around.buffer.size())
            return;
        m_session->pump();
        if (!wantsInput())
            break;
    }
}

void Conversation::receive(qint64 octets)
{
    m_bytesIn += octets;
    m_heard += octets;
    if (m_heard >= enoughHeard) {
        m_heard = 0;
        m_since = now();
    }
    m_session->machine().receive(QByteArrayView(m_around.buffer.constData(), octets));
}

void Conversation::pauseReading()
{
    m_readPaused = true;
    m_stream->watch(waiting() > 0 ? Poller::Writable : 0);
}

// Needs are handed out and output is taken until there is none: what the peer has taken may make room for more.
void Conversation::pump()
{
    for (;;) {
        m_session->machine().outputWaiting(waiting());
        m_session->pump();
        QByteArray output = m_session->machine().takeOutput();
        if (output.isEmpty())
            break;
        queue(std::move(output));
        if (m_phase != Phase::Talk)
            return;
    }
    settle();
}

// What comes next, now that nobody has anything to say.
void Conversation::settle()
{
    const Machine &machine = m_session->machine();
    const bool idle = waiting() == 0;
    if (idle && (m_closing || machine.finished() || (m_peerClosed && machine.hungry()))) {
        finish();
        return;
    }
    if (idle && wantsTls()) {
        beginTls();
        return;
    }
    if (idle && wantsDeflate()) {
        m_deflate = std::make_unique<DeflateStream>(*m_stream);
        m_stream = m_deflate.get();
    }
    if (wantsInput())
        m_readPaused = false;
    m_stream->watch((idle ? 0 : Poller::Writable) | (m_readPaused ? 0 : Poller::Readable));
}

void Conversation::queue(QByteArray output)
{
    m_since = now();
    m_heard = 0;
    if (m_output.isEmpty()) {
        m_output = std::move(output);
    } else {
        m_output.remove(0, std::exchange(m_taken, 0));
        m_output += output;
    }
    flush();
}

void Conversation::flush()
{
    if (m_output.isEmpty())
        return;
    if (wantsTls())
        dropEarlyOctets();
    while (m_phase == Phase::Talk && m_taken < m_output.size()) {
        const qint64 taken = m_stream->write(QByteArrayView(m_output).sliced(m_taken));
        if (taken == system::Broken)
            cut();
        if (taken <= 0)
            return;
        m_taken += taken;
        m_bytesOut += taken;
    }
    m_output = {};
    m_taken = 0;
}

// The reply that lets TLS begin is about to be sent. Nobody who waits for it has sent anything by now; octets that are
// here were slipped in by somebody else, or by somebody who must not be taken at his word (RFC 3207 §6).
void Conversation::dropEarlyOctets()
{
    qint64 dropped = 0;
    while (dropped <= maxEarly) {
        const qint64 got = m_stream->read(m_around.buffer.data(), m_around.buffer.size());
        if (got <= 0)
            return; // an end or a failure shows again
        dropped += got;
    }
    cut();
}

void Conversation::peerClosed()
{
    m_peerClosed = true;
    pauseReading();
    m_session->machine().peerClosed();
}

void Conversation::finish()
{
    endSession();
    m_phase = Phase::Linger;
    m_deadline = now() + lingerTime;
    if (m_stream->close())
        m_phase = Phase::Over;
}

void Conversation::cut()
{
    if (m_started && m_session && !m_peerClosed) {
        m_session->machine().peerClosed();
        m_session->pump();
    }
    endSession();
    m_phase = Phase::Over;
}

void Conversation::endSession()
{
    if (!m_session)
        return;
    report(false);
    m_session->closed();
    m_session.reset();
}

void Conversation::report(bool opened)
{
    if (m_around.watched->load(std::memory_order_relaxed))
        m_around.report(opened, state());
}

void Conversation::shutDown()
{
    if (m_phase == Phase::Handshake || m_phase == Phase::Connecting) {
        cut();
    } else if (m_phase == Phase::Talk) {
        m_session->machine().shutDown();
        turn(0);
    }
}

void Conversation::close()
{
    m_closing = true;
    m_deadline = now() + lingerTime;
    shutDown();
}

void Conversation::tick(qint64 at)
{
    if (m_phase == Phase::Talk)
        tickTalk(at);
    else if (at >= m_deadline && m_departure && m_session)
        failLink(m_phase == Phase::Connecting ? LinkStep::Connect : LinkStep::Tls, QStringLiteral("no answer in time"));
    else if (at >= m_deadline && m_phase == Phase::Handshake)
        failHandshake(QStringLiteral("no handshake in time"));
    else if (at >= m_deadline)
        cut();
}

void Conversation::tickTalk(qint64 at)
{
    const Machine &machine = m_session->machine();
    const qint64 unsent = waiting();
    if (unsent == 0 || m_bytesOut != m_delivered)
        m_progress = at;
    m_delivered = m_bytesOut;
    const bool stalled = at - m_progress >= stallTime;
    const bool orphaned = m_peerClosed && at - m_since >= orphanTime;
    if (stalled || orphaned || (m_closing && at >= m_deadline)) {
        cut();
        return;
    }
    if (m_peerClosed)
        return;
    if (m_session->tick(at))
        turn(0);
    if (m_phase != Phase::Talk)
        return;
    if (!machine.hungry()) {
        m_since = at; // it waits for us
        return;
    }
    const qint64 patience = machine.patience().count();
    if (patience > 0 && at - m_since >= patience) {
        m_since = at;
        m_session->machine().timedOut();
        turn(0);
    }
}

qint64 Conversation::waiting() const
{
    return m_output.size() - m_taken;
}

bool Conversation::wantsTls() const
{
    return !m_tls && m_session->machine().wantsTls();
}

bool Conversation::wantsDeflate() const
{
    return !m_deflate && m_session->machine().wantsDeflate();
}

bool Conversation::wantsInput() const
{
    const Machine &machine = m_session->machine();
    return !m_peerClosed && !m_closing && machine.hungry() && !machine.finished() && !wantsTls()
           && !wantsDeflate() && waiting() < maxWaiting;
}

ConversationState Conversation::state() const
{
    ConversationState state;
    state.id = m_id;
    state.peer = m_peer;
    state.tls = m_facts.protocol;
    state.startedAt = m_startedAt;
    state.bytesIn = m_bytesIn;
    state.bytesOut = m_bytesOut;
    if (m_phase == Phase::Connecting) {
        state.protocol = m_session->protocol();
        state.state = "connecting"_L1;
    } else if (m_session) {
        state.protocol = m_session->protocol();
        state.state = m_session->machine().stateName();
        state.user = m_session->machine().userName();
    } else {
        state.state = m_phase == Phase::Linger ? "closing"_L1 : "handshake"_L1;
    }
    return state;
}

} // namespace posthorn::net
