#include "platform/net/stream.h"

#include <array>

namespace posthorn::net {

using system::Poller;

PlainStream::PlainStream(system::Socket socket, quint64 tag, Poller &poller)
    : m_poller(poller), m_tag(tag), m_socket(socket), m_watched(poller.add(socket, tag, m_interest))
{
}

PlainStream::~PlainStream()
{
    if (m_watched)
        m_poller.remove(m_socket);
    system::closeSocket(m_socket);
}

void PlainStream::watch(quint8 interest)
{
    if (interest == m_interest)
        return;
    m_interest = interest;
    m_poller.watch(m_socket, m_tag, interest);
}

bool PlainStream::close()
{
    std::array<char, 16 * 1024> rubbish;
    qint64 dropped = 0;
    for (int round = 0; round < 16; ++round) {
        const qint64 got = read(rubbish.data(), qint64(rubbish.size()));
        if (got == system::WouldBlock && dropped == 0 && !m_closing)
            return true;
        if (got == system::WouldBlock)
            break;
        if (got <= 0)
            return true;
        dropped += got;
    }
    if (!m_closing)
        system::shutDownSending(m_socket);
    m_closing = true;
    watch(Poller::Readable);
    return false;
}

} // namespace posthorn::net
