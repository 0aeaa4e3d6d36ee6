// The one shape of every protocol: a class that takes bytes and answers, and gives bytes and needs.
// It knows no socket, clock, store or log. The driver (platform/net/conversation.h) moves bytes and time;
// a service answers its needs, which each protocol defines as a variant of its own (needs.h beside it).
#pragma once

#include <QByteArray>
#include <QString>

#include <chrono>

namespace posthorn {

using NeedId = quint64; // counts from 1 in each conversation; an answer names the need it is for

// What is known of a TLS session, told once the handshake is done.
struct TlsFacts
{
    QByteArray protocol; // "TLSv1.3"
    QByteArray cipher;   // "TLS_AES_256_GCM_SHA384"
    QByteArray serverName;
    QByteArray certificateHash; // tls-server-end-point (RFC 5929 §4); empty when it can't be had
    QByteArray exporter;        // tls-exporter (RFC 9266 §2); empty where a session's keys don't make it unique
    [[nodiscard]] bool canBind() const { return !certificateHash.isEmpty() || !exporter.isEmpty(); }
};

class Machine
{
public:
    virtual ~Machine() = default;

    // Called once; `tls` is set when the connection began with TLS (implicit TLS).
    virtual void start(const TlsFacts *tls) = 0;
    // Takes any number of octets, cut anywhere. Called only while hungry().
    virtual void receive(QByteArrayView bytes) = 0;
    // The TLS handshake that wantsTls() asked for is done.
    virtual void tlsStarted(const TlsFacts &facts) = 0;
    virtual void peerClosed() = 0;
    // patience() ran out with nothing received.
    virtual void timedOut() = 0;
    // The server is stopping: finish what is under way (or refuse it) and say so: 421, BYE, -ERR.
    virtual void shutDown() = 0;

    // Output ready to be written, in order; empties the machine's buffer.
    virtual QByteArray takeOutput() = 0;
    // The driver has `waiting` octets not yet taken by the peer. Machines with big answers ask for the next piece
    // only while this is small.
    virtual void outputWaiting(qsizetype waiting) { Q_UNUSED(waiting) }
    // How long this state may wait for the peer; zero or less: wait for ever.
    [[nodiscard]] virtual std::chrono::milliseconds patience() const = 0;
    // False: stop reading from the peer (a need is not answered yet, or output piles up).
    [[nodiscard]] virtual bool hungry() const = 0;
    // True once: after the output is written, start TLS. Octets already received are dropped by the driver.
    [[nodiscard]] virtual bool wantsTls() const = 0;
    // True, and stays so: after the output is written, all octets of both sides are compressed (RFC 4978).
    [[nodiscard]] virtual bool wantsDeflate() const { return false; }
    // True: write what is left and close.
    [[nodiscard]] virtual bool finished() const = 0;
    // One word for lists: "greeting", "mail", "selected".
    [[nodiscard]] virtual QLatin1StringView stateName() const = 0;
    // Who signed in, or empty.
    [[nodiscard]] virtual QString userName() const { return {}; }
};

} // namespace posthorn
