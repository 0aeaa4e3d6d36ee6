#include "platform/net/stream.h"

#include <QSslCipher>
#include <QSslSocket>

#include <array>

namespace posthorn::net {

using system::Poller;

namespace {

constexpr qint64 tlsReadBuffer = 64 * 1024;
constexpr qint64 tlsWriteBuffer = 256 * 1024;

QByteArray versionName(QSsl::SslProtocol protocol)
{
    switch (protocol) {
    case QSsl::TlsV1_2:
        return "TLSv1.2";
    case QSsl::TlsV1_3:
        return "TLSv1.3";
    default:
        return "TLS";
    }
}

} // namespace

PlainStream::PlainStream(system::Socket socket, quint64 tag, Poller &poller)
    : m_poller(poller), m_tag(tag), m_socket(socket), m_watched(poller.add(socket, tag, m_interest))
{
}

PlainStream::~PlainStream()
{
    if (const system::Socket socket = release(); socket >= 0)
        system::closeSocket(socket);
}

void PlainStream::watch(quint8 interest)
{
    if (interest == m_interest || m_socket < 0)
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

system::Socket PlainStream::release()
{
    if (m_socket >= 0 && m_watched)
        m_poller.remove(m_socket);
    return std::exchange(m_socket, -1);
}

void TlsStream::Later::operator()(QSslSocket *socket) const
{
    socket->disconnect();
    socket->abort();
    socket->deleteLater(); // it may be the one that is calling
}

TlsStream::TlsStream(system::Socket socket, const QSslConfiguration &configuration, std::function<void(quint8)> wake)
    : m_wake(std::move(wake)), m_socket(new QSslSocket)
{
    QSslSocket *const s = m_socket.get();
    s->setSslConfiguration(configuration);
    s->setReadBufferSize(tlsReadBuffer);
    if (!s->setSocketDescriptor(socket)) {
        system::closeSocket(socket);
        return;
    }
    QObject::connect(s, &QSslSocket::encrypted, s, [this] { m_wake(Poller::Readable | Poller::Writable); });
    QObject::connect(s, &QSslSocket::readyRead, s, [this] {
        if (m_interest & Poller::Readable)
            m_wake(Poller::Readable);
    });
    QObject::connect(s, &QSslSocket::encryptedBytesWritten, s, [this] {
        if (m_interest & Poller::Writable)
            m_wake(Poller::Writable);
    });
    // One word for every end: what is still there can be read, then read() says how it ended.
    QObject::connect(s, &QSslSocket::disconnected, s, [this] { m_wake(Poller::Readable); });
    QObject::connect(s, &QSslSocket::errorOccurred, s, [this] { m_wake(Poller::Readable); });
    s->startServerEncryption();
}

TlsStream::~TlsStream() = default;

qint64 TlsStream::read(char *to, qint64 max)
{
    const qint64 got = m_socket->read(to, max);
    if (got > 0)
        return got;
    if (!isGone())
        return system::WouldBlock;
    return m_socket->error() == QAbstractSocket::RemoteHostClosedError ? 0 : system::Broken;
}

qint64 TlsStream::write(QByteArrayView octets)
{
    if (isGone())
        return system::Broken;
    const qint64 room = tlsWriteBuffer - unsent();
    if (room <= 0)
        return system::WouldBlock;
    const qint64 taken = m_socket->write(octets.data(), qMin<qint64>(octets.size(), room));
    if (taken < 0)
        return system::Broken;
    m_socket->flush(); // now, not when the event loop comes round
    return taken;
}

qint64 TlsStream::unsent() const
{
    return m_socket->bytesToWrite() + m_socket->encryptedBytesToWrite();
}

void TlsStream::watch(quint8 interest)
{
    const bool again = (interest & Poller::Readable) && !(m_interest & Poller::Readable);
    m_interest = interest;
    // What came meanwhile was announced already, and will not be again.
    if (again && (m_socket->bytesAvailable() > 0 || isGone()))
        QMetaObject::invokeMethod(m_socket.get(), [this] { m_wake(Poller::Readable); }, Qt::QueuedConnection);
}

bool TlsStream::close()
{
    if (m_socket->state() == QAbstractSocket::ConnectedState)
        m_socket->disconnectFromHost();
    return isGone();
}

bool TlsStream::isReady() const
{
    return m_socket->isEncrypted();
}

bool TlsStream::isGone() const
{
    return m_socket->state() == QAbstractSocket::UnconnectedState;
}

TlsFacts TlsStream::facts() const
{
    return {versionName(m_socket->sessionProtocol()), m_socket->sessionCipher().name().toLatin1(), {}, {}};
}

} // namespace posthorn::net
