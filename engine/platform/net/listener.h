// One listening socket on the engine's thread. Hands descriptors to the workers; touches none itself but to say "busy".
#pragma once

#include "platform/net/arrival.h"

#include <QTcpServer>
#include <QTimer>

namespace posthorn::net {

class Listener : public QTcpServer
{
    Q_OBJECT
public:
    // `hand` takes an admitted connection, or returns it when the server as a whole is full.
    using Hand = std::function<std::optional<Arrival>(Arrival)>;
    Listener(ListenerOptions options, Hand hand);

    Result<quint16> open();
    [[nodiscard]] ListenerState state() const;
    [[nodiscard]] const QByteArray &name() const { return m_reception->options.name; }

protected:
    void incomingConnection(qintptr descriptor) override;

private:
    void refuse(Arrival arrival) const;

    std::shared_ptr<Reception> m_reception;
    Hand m_hand;
    QTimer m_pause;
    QString m_error;
};

} // namespace posthorn::net
