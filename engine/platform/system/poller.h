// Tells which of many sockets can be read or written. On Linux one epoll descriptor stands for all of them, so a thread
// that holds ten thousand idle connections costs its event loop one; elsewhere each socket has Qt notifiers.
// Lives on one thread with an event loop.
#pragma once

#include "platform/system/sockets.h"

#include <QObject>

#include <functional>
#include <memory>

namespace posthorn::system {

class Poller : public QObject
{
    Q_OBJECT
public:
    enum Event : quint8 { Readable = 1, Writable = 2, Failed = 4 };
    enum class Way { Fastest, Notifiers };

    // `ready` gets the tag of add() and a mask of events. It may add, watch and remove any socket. Readable is said
    // again and again as long as it is so. Failed is told unasked where the system can; a read or a write shows it too.
    using Ready = std::function<void(quint64 tag, quint8 events)>;
    struct Round
    {
        std::function<void()> before; // it is known what is ready, and not told yet
        std::function<void()> after;  // all of it has been told
    };
    explicit Poller(Ready ready, Round round = {}, Way way = Way::Fastest);
    ~Poller() override;

    // False: out of resources.
    bool add(Socket socket, quint64 tag, quint8 interest);
    void watch(Socket socket, quint64 tag, quint8 interest);
    // Before the socket is closed or given away.
    void remove(Socket socket);

    struct Backend;

private:
    std::unique_ptr<Backend> m_backend;
};

} // namespace posthorn::system
