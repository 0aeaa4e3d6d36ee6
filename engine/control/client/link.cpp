#include "control/client/link.h"

#include "control/api/values.h"

#include <QFileInfo>
#include <QLocalSocket>
#include <QPointer>

namespace posthorn::control {

using namespace Qt::StringLiterals;

LocalLink::LocalLink(const QString &dataDirectory, QObject *parent) : Link(parent), m_directory(dataDirectory) {}

LocalLink::~LocalLink() { close(); }

void LocalLink::open()
{
    close();
    m_socket = new QLocalSocket(this);
    // What is told later is told of a socket that may be given up by then.
    const auto isMine = [this, socket = QPointer(m_socket)] { return socket && socket == m_socket; };
    connect(m_socket, &QLocalSocket::connected, this, [this, isMine] {
        if (isMine())
            Q_EMIT opened();
    }, Qt::QueuedConnection);
    connect(m_socket, &QLocalSocket::readyRead, this, [this] { Q_EMIT received(m_socket->readAll()); });
    connect(m_socket, &QLocalSocket::disconnected, this, [this] { fail(ErrorKind::Unavailable, u"The server closed the connection"_s); });
    connect(m_socket, &QLocalSocket::errorOccurred, this, [this, isMine](QLocalSocket::LocalSocketError error) {
        if (!isMine())
            return;
        if (error == QLocalSocket::SocketAccessError)
            fail(ErrorKind::Denied, u"You may not look after the server on %1"_s.arg(m_directory));
        else if (error == QLocalSocket::ServerNotFoundError || error == QLocalSocket::ConnectionRefusedError)
            fail(ErrorKind::NotFound, u"No server is running on %1"_s.arg(m_directory));
        else
            fail(ErrorKind::Unavailable, m_socket->errorString());
    }, Qt::QueuedConnection);
    m_socket->connectToServer(socketName(m_directory));
}

void LocalLink::send(const QByteArray &octets)
{
    if (m_socket)
        m_socket->write(octets);
}

void LocalLink::close()
{
    if (!m_socket)
        return;
    m_socket->disconnect(this);
    m_socket->disconnectFromServer(); // sends what waits
    m_socket->deleteLater();
    m_socket = nullptr;
}

void LocalLink::fail(ErrorKind kind, const QString &reason)
{
    if (!m_socket)
        return;
    if (const QByteArray last = m_socket->isOpen() ? m_socket->readAll() : QByteArray(); !last.isEmpty())
        Q_EMIT received(last);
    close();
    m_trouble = kind;
    Q_EMIT closed(reason);
}

MemoryLink::MemoryLink(Connector connector, QObject *parent) : Link(parent), m_connector(std::move(connector)) {}

MemoryLink::~MemoryLink() { close(); }

QString MemoryLink::name() const { return u"this program"_s; }

void MemoryLink::open()
{
    close();
    m_pipe = m_connector ? m_connector() : nullptr;
    m_trouble = m_pipe ? ErrorKind::Unavailable : ErrorKind::NotFound;
    if (!m_pipe) {
        QMetaObject::invokeMethod(this, [this] {
            if (!m_pipe)
                Q_EMIT closed(u"The server is not running"_s);
        }, Qt::QueuedConnection);
        return;
    }
    m_pipe->onActivity([this] { QMetaObject::invokeMethod(this, [this] { take(); }, Qt::QueuedConnection); });
    QMetaObject::invokeMethod(this, [this, pipe = std::weak_ptr(m_pipe)] {
        if (m_pipe && pipe.lock() == m_pipe) {
            Q_EMIT opened();
            take();
        }
    }, Qt::QueuedConnection);
}

void MemoryLink::send(const QByteArray &octets)
{
    if (m_pipe)
        m_pipe->send(octets);
}

void MemoryLink::close()
{
    if (!m_pipe)
        return;
    m_pipe->onActivity({});
    m_pipe->close();
    m_pipe.reset();
}

void MemoryLink::take()
{
    if (!m_pipe)
        return;
    const PipePointer pipe = m_pipe;
    const bool ended = pipe->isClosed(); // asked first: what came before the end is taken below
    if (const QByteArray octets = pipe->take(); !octets.isEmpty())
        Q_EMIT received(octets);
    if (ended && m_pipe == pipe) {
        close();
        Q_EMIT closed(u"The server closed the connection"_s);
    }
}

} // namespace posthorn::control
