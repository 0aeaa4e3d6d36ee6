#include "platform/net/arrival.h"

namespace posthorn::net {

Reception::Reception(ListenerOptions o) : options(std::move(o)) {}

bool Reception::admit(const Peer &peer)
{
    if (m_seated.fetch_add(1, std::memory_order_relaxed) >= options.maxConnections) {
        m_seated.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }
    if (peer.loopback)
        return true;
    const std::scoped_lock lock(m_mutex);
    int &count = m_perAddress[peer.address];
    if (count >= options.maxConnectionsPerAddress) {
        m_seated.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }
    ++count;
    return true;
}

void Reception::leave(const Peer &peer)
{
    m_seated.fetch_sub(1, std::memory_order_relaxed);
    if (peer.loopback)
        return;
    const std::scoped_lock lock(m_mutex);
    const auto it = m_perAddress.find(peer.address);
    if (it != m_perAddress.end() && --*it <= 0)
        m_perAddress.erase(it);
}

Arrival::Arrival(system::Socket socket, Peer peer, std::shared_ptr<Reception> reception)
    : m_socket(socket), m_peer(std::move(peer)), m_reception(std::move(reception))
{
}

Arrival::Arrival(Arrival &&other) noexcept
    : m_socket(std::exchange(other.m_socket, -1)), m_peer(std::move(other.m_peer)),
      m_reception(std::move(other.m_reception))
{
}

Arrival::~Arrival()
{
    if (m_reception)
        m_reception->leave(m_peer);
    if (m_socket >= 0)
        system::closeSocket(m_socket);
}

} // namespace posthorn::net
