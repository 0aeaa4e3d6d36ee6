// One listening socket on the engine's thread. Hands descriptors to the workers; touches none itself but to say "busy".
// QTcpServer binds and listens, no more: its own accepting spins when descriptors run out (it takes the error for one of
// those that pass, and asks again at once).
#pragma once

#include "platform/net/arrival.h"

#include <QSocketNotifier>
#include <QTcpServer>
#include <QTimer>

#include <optional>

namespace posthorn::net {

class Listener : public QObject
{
    Q_OBJECT
public:
    // `hand` takes an admitted connection, or returns it when the server as a whole is full.
    using Hand = std::function<std::optional<Arrival>(Arrival)>;
    Listener(ListenerOptions options, Hand hand);

    Result<quint16> open();
    [[nodiscard]] ListenerState state() const;
    [[nodiscard]] const QByteArray &name() const { return m_reception->options.name; }

private:
    void acceptAll();
    void arrived(system::Socket socket, const system::SocketEnd &remote);
    void refuse(Arrival arrival) const;

    QTcpServer m_server;
    std::unique_ptr<QSocketNotifier> m_notifier;
    std::shared_ptr<Reception> m_reception;
    Hand m_hand;
    QTimer m_pause;
};

} // namespace posthorn::net
