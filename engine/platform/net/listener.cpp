#include "platform/net/listener.h"

namespace posthorn::net {

using namespace Qt::StringLiterals;

namespace {

constexpr int backlog = 1024;
constexpr int maxAccepts = 256; // in a row; the control server lives on this thread too
constexpr std::chrono::milliseconds pauseTime{200}; // without descriptors or memory

Error listenError(QAbstractSocket::SocketError error, const QString &text, const ListenerOptions &options)
{
    const QString address = options.address == QHostAddress::Any ? u"any address"_s : options.address.toString();
    const QString where = u"port %2 of %1"_s.arg(address).arg(options.port);
    switch (error) {
    case QAbstractSocket::AddressInUseError:
        return {ErrorKind::Exists, u"Another program listens on %1"_s.arg(where), text, -1};
    case QAbstractSocket::SocketAccessError:
        return {ErrorKind::Denied,
                u"This user may not listen on %1: ports below 1024 are for administrators and services"_s.arg(where), text, -1};
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
    m_server.setListenBacklogSize(backlog);
    m_pause.setSingleShot(true);
    connect(&m_pause, &QTimer::timeout, this, [this] { m_notifier->setEnabled(true); });
}

Result<quint16> Listener::open()
{
    const ListenerOptions &options = m_reception->options;
    if (!m_server.listen(options.address, options.port))
        return std::unexpected(listenError(m_server.serverError(), m_server.errorString(), options));
    m_server.pauseAccepting();
    system::prepareListening(m_server.socketDescriptor());
    m_notifier = std::make_unique<QSocketNotifier>(m_server.socketDescriptor(), QSocketNotifier::Read);
    connect(m_notifier.get(), &QSocketNotifier::activated, this, [this] { acceptAll(); });
    return m_server.serverPort();
}

ListenerState Listener::state() const
{
    const ListenerOptions &options = m_reception->options;
    return {options.name, options.address, m_server.serverPort(), m_server.isListening(),
            m_pause.isActive() ? u"Out of descriptors: new connections wait"_s : QString(), m_reception->seated()};
}

void Listener::acceptAll()
{
    for (int i = 0; i < maxAccepts; ++i) {
        system::SocketEnd remote;
        const system::Socket socket = system::accept(m_server.socketDescriptor(), remote);
        if (socket == system::Broken) {
            // Asking at once again would spin. Those that wait are kept by the system; those that live are not touched.
            m_notifier->setEnabled(false);
            m_pause.start(pauseTime);
        }
        if (socket < 0)
            return;
        arrived(socket, remote);
    }
}

void Listener::arrived(system::Socket socket, const system::SocketEnd &remote)
{
    const system::SocketEnd local = system::localEnd(socket);
    Peer peer{remote.address, remote.port, local.address, local.port, remote.loopback,
              m_reception->options.implicitTls};
    if (!m_reception->admit(peer)) {
        refuse(Arrival(socket, std::move(peer), nullptr));
        return;
    }
    if (auto back = m_hand(Arrival(socket, std::move(peer), m_reception)))
        refuse(std::move(*back));
}

void Listener::refuse(Arrival arrival) const
{
    const ListenerOptions &options = m_reception->options;
    const system::Socket socket = arrival.takeSocket();
    if (options.refused)
        options.refused(arrival.peer(), u"Too many connections"_s);
    if (!options.implicitTls && !options.busyReply.isEmpty()) // a new socket has room for a line
        (void)system::send(socket, options.busyReply);
    system::closeSocket(socket);
}

} // namespace posthorn::net
