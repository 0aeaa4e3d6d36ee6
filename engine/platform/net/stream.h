// The octets of one connection, plain or under TLS, as Conversation sees them. Lives on its worker's thread.
#pragma once

#include "platform/system/poller.h"
#include "platform/system/sockets.h"

namespace posthorn::net {

class Stream
{
public:
    virtual ~Stream() = default;
    // As system::receive() and system::send(): octets, 0 (the peer closed its side), WouldBlock or Broken.
    [[nodiscard]] virtual qint64 read(char *to, qint64 max) = 0;
    // After WouldBlock, the same octets must be offered again; there may be more of them then.
    [[nodiscard]] virtual qint64 write(QByteArrayView octets) = 0;
    // There is more to be read already, of which the poller knows nothing.
    [[nodiscard]] virtual bool hasMore() const { return false; }
    // What to be told of.
    virtual void watch(quint8 interest) = 0;
    // Nothing more will be written. Throws away what the peer has sent and not seen answered: to close on it would be a
    // reset, and could cost the peer our last reply. False: it may be sending still; call again when there is something
    // to read.
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
    [[nodiscard]] system::Socket socket() const { return m_socket; }
    [[nodiscard]] qint64 read(char *to, qint64 max) override { return system::receive(m_socket, to, max); }
    [[nodiscard]] qint64 write(QByteArrayView octets) override { return system::send(m_socket, octets); }
    void watch(quint8 interest) override;
    [[nodiscard]] bool close() override;

private:
    system::Poller &m_poller;
    quint64 m_tag;
    system::Socket m_socket;
    quint8 m_interest = system::Poller::Readable;
    bool m_watched = false;
    bool m_closing = false;
};

} // namespace posthorn::net
