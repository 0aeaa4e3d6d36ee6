#include "platform/net/listener.h"

namespace posthorn::net {

using namespace Qt::StringLiterals;

namespace {

constexpr int backlog = 1024;
constexpr std::chrono::milliseconds pauseTime{200}; // without descriptors or memory

Error listenError(QAbstractSocket::SocketError error, const QString &text, const ListenerOptions &options)
{
    const QString where = u"%1, port %2"_s.arg(options.address.toString()).arg(options.port);
    switch (error) {
    case QAbstractSocket::AddressInUseError:
        return {ErrorKind::Exists, u"Another program listens on %1"_s.arg(where), text, -1};
    case QAbstractSocket::SocketAccessError:
        return {ErrorKind::Denied, u"This user may not listen on %1"_s.arg(where), text, -1};
    case QAbstractSocket::SocketAddressNotAvailableError:
        return {ErrorKind::NotFound, u"This computer has no address %1"_s.arg(options.address.toString()), text, -1};
    default:
        return {ErrorKind::Unavailable, u"Can't listen on %1"_s.arg(where), text, -1};
    }
}

} // namespace

Listener::Listener(ListenerOptions options, Hand hand)
    : m_reception(std::make_shared<Reception>(std::move(options))), m_hand(std::move(hand))
{
    setListenBacklogSize(backlog);
    // QTcpServer has paused itself by then. Out of descriptors, asking at once again would spin; those that wait are
    // kept by the system.
    connect(this, &QTcpServer::acceptError, this, [this] {
        m_error = errorString();
        m_pause.start(pauseTime);
    });
    m_pause.setSingleShot(true);
    connect(&m_pause, &QTimer::timeout, this, [this] { resumeAccepting(); });
}

Result<quint16> Listener::open()
{
    const ListenerOptions &options = m_reception->options;
    if (!listen(options.address, options.port)) {
        m_error = errorString();
        return std::unexpected(listenError(serverError(), m_error, options));
    }
    system::prepareListening(socketDescriptor());
    return serverPort();
}

ListenerState Listener::state() const
{
    const ListenerOptions &options = m_reception->options;
    return {options.name, options.address, serverPort(), isListening(), m_pause.isActive() ? m_error : QString(),
            m_reception->seated()};
}

void Listener::incomingConnection(qintptr descriptor)
{
    const system::SocketEnd remote = system::remoteEnd(descriptor);
    if (remote.address.isEmpty()) { // gone already
        system::closeSocket(descriptor);
        return;
    }
    system::setNonBlocking(descriptor);
    const system::SocketEnd local = system::localEnd(descriptor);
    Peer peer{remote.address, remote.port, local.address, local.port, remote.loopback,
              m_reception->options.implicitTls};
    if (!m_reception->admit(peer)) {
        refuse(Arrival(descriptor, std::move(peer), nullptr));
        return;
    }
    if (auto back = m_hand(Arrival(descriptor, std::move(peer), m_reception)))
        refuse(std::move(*back));
}

void Listener::refuse(Arrival arrival) const
{
    const ListenerOptions &options = m_reception->options;
    const system::Socket socket = arrival.takeSocket();
    if (!options.implicitTls && !options.busyReply.isEmpty()) // a new socket has room for a line
        Q_UNUSED(system::send(socket, options.busyReply));
    system::closeSocket(socket);
}

} // namespace posthorn::net
