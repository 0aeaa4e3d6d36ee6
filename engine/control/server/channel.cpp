#include "control/server/channel.h"

#include <QLocalSocket>

namespace posthorn::control {

SocketChannel::SocketChannel(QLocalSocket *socket, QObject *parent) : Channel(parent), m_socket(socket)
{
    m_socket->setParent(this);
    m_socket->setReadBufferSize(256 * 1024);
    connect(m_socket, &QLocalSocket::readyRead, this, [this] { Q_EMIT received(m_socket->readAll()); });
    connect(m_socket, &QLocalSocket::disconnected, this, &Channel::closed);
}

void SocketChannel::send(const QByteArray &octets) { m_socket->write(octets); }

qint64 SocketChannel::waiting() const { return m_socket->bytesToWrite(); }

// A client that does not read would keep the socket waiting for ever; what the system has taken still gets to it.
void SocketChannel::close()
{
    m_socket->disconnect(this);
    m_socket->flush();
    m_socket->abort();
}

void SocketChannel::begin()
{
    if (m_socket->bytesAvailable() > 0)
        Q_EMIT received(m_socket->readAll());
    if (m_socket->state() != QLocalSocket::ConnectedState)
        QMetaObject::invokeMethod(this, &Channel::closed, Qt::QueuedConnection);
}

PipeChannel::PipeChannel(PipePointer pipe, QObject *parent) : Channel(parent), m_pipe(std::move(pipe)) {}

PipeChannel::~PipeChannel() { close(); }

void PipeChannel::close()
{
    m_pipe->onActivity({});
    m_pipe->close();
}

void PipeChannel::begin()
{
    m_pipe->onActivity([this] { QMetaObject::invokeMethod(this, [this] { take(); }, Qt::QueuedConnection); });
    take();
}

void PipeChannel::take()
{
    const bool ended = m_pipe->isClosed(); // asked first: what came before the end is taken below
    if (const QByteArray octets = m_pipe->take(); !octets.isEmpty())
        Q_EMIT received(octets);
    if (ended)
        Q_EMIT closed();
}

} // namespace posthorn::control
