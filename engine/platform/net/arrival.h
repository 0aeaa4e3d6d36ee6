// An accepted connection on its way to a worker, and the seat it takes at its listener.
#pragma once

#include "platform/net/network.h"
#include "platform/system/sockets.h"

#include <QHash>

#include <atomic>
#include <memory>
#include <mutex>

namespace posthorn::net {

// What a listener shares with its conversations, which may outlive it. Any thread.
class Reception
{
public:
    explicit Reception(ListenerOptions options);

    const ListenerOptions options;
    // False: full, for all or for this address.
    [[nodiscard]] bool admit(const Peer &peer);
    void leave(const Peer &peer);
    [[nodiscard]] int seated() const { return m_seated.load(std::memory_order_relaxed); }

private:
    std::atomic<int> m_seated = 0;
    std::mutex m_mutex;
    QHash<QByteArray, int> m_perAddress; // loopback is not counted
};

// Move-only. Destroyed with its descriptor unless that was taken.
class Arrival
{
public:
    Arrival(system::Socket socket, Peer peer, std::shared_ptr<Reception> reception); // admitted
    ~Arrival();
    Arrival(Arrival &&other) noexcept;
    Arrival &operator=(Arrival &&) = delete;

    [[nodiscard]] system::Socket takeSocket() { return std::exchange(m_socket, -1); }
    [[nodiscard]] const Peer &peer() const { return m_peer; }
    [[nodiscard]] const ListenerOptions &options() const { return m_reception->options; }

private:
    system::Socket m_socket;
    Peer m_peer;
    std::shared_ptr<Reception> m_reception;
};

} // namespace posthorn::net
