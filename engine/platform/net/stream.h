// The octets of one connection, plain or under TLS, as Conversation sees them. Lives on its worker's thread.
#pragma once

#include "core/machine.h"
#include "platform/system/poller.h"
#include "platform/system/sockets.h"

#include <QSslConfiguration>

#include <functional>
#include <memory>

class QSslSocket;

namespace posthorn::net {

class Stream
{
public:
    virtual ~Stream() = default;
    // As system::receive() and system::send(): octets, 0 (the peer closed its side), WouldBlock or Broken.
    [[nodiscard]] virtual qint64 read(char *to, qint64 max) = 0;
    [[nodiscard]] virtual qint64 write(QByteArrayView octets) = 0;
    // Taken by write(), but not by the operating system yet.
    [[nodiscard]] virtual qint64 unsent() const = 0;
    // What to be told of.
    virtual void watch(quint8 interest) = 0;
    // Nothing more will be written: begins to close. True when that is done.
    [[nodiscard]] virtual bool close() = 0;
};

// A descriptor and nothing else. Reads only when asked to, so nothing is ever read ahead of STARTTLS.
class PlainStream final : public Stream
{
public:
    // Takes the descriptor.
    PlainStream(system::Socket socket, quint64 tag, system::Poller &poller);
    ~PlainStream() override;

    [[nodiscard]] bool isGood() const { return m_watched; } // false: the poller could not take it
    [[nodiscard]] qint64 read(char *to, qint64 max) override { return system::receive(m_socket, to, max); }
    [[nodiscard]] qint64 write(QByteArrayView octets) override { return system::send(m_socket, octets); }
    [[nodiscard]] qint64 unsent() const override { return 0; }
    void watch(quint8 interest) override;
    // Throws away what the peer has sent and not seen answered: closing on it would be a reset, and could cost the peer
    // our last reply. Not done: it may be sending still; call again when there is something to read.
    [[nodiscard]] bool close() override;

    [[nodiscard]] system::Socket socket() const { return m_socket; }
    // Gives the descriptor away; this stream is of no use then.
    [[nodiscard]] system::Socket release();

private:
    system::Poller &m_poller;
    quint64 m_tag;
    system::Socket m_socket;
    quint8 m_interest = system::Poller::Readable;
    bool m_watched = false;
    bool m_closing = false;
};

// QSslSocket on the server's side.
class TlsStream final : public Stream
{
public:
    // Takes the descriptor and begins the handshake. `wake` is told what has become possible.
    TlsStream(system::Socket socket, const QSslConfiguration &configuration, std::function<void(quint8 events)> wake);
    ~TlsStream() override;

    [[nodiscard]] qint64 read(char *to, qint64 max) override;
    [[nodiscard]] qint64 write(QByteArrayView octets) override;
    [[nodiscard]] qint64 unsent() const override;
    void watch(quint8 interest) override;
    [[nodiscard]] bool close() override;

    [[nodiscard]] bool isReady() const; // the handshake is done
    [[nodiscard]] bool isGone() const;
    [[nodiscard]] TlsFacts facts() const;

private:
    struct Later
    {
        void operator()(QSslSocket *socket) const;
    };
    std::function<void(quint8)> m_wake;
    std::unique_ptr<QSslSocket, Later> m_socket;
    quint8 m_interest = system::Poller::Readable;
};

} // namespace posthorn::net
