#include "platform/system/sockets.h"

#ifdef Q_OS_WIN
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#else
#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

#include <cstring>
#include <limits>

namespace posthorn::system {

namespace {

#ifdef Q_OS_WIN
using Native = SOCKET;
using Length = int;
bool wouldBlock() { return WSAGetLastError() == WSAEWOULDBLOCK; }
bool interrupted() { return WSAGetLastError() == WSAEINTR; }
constexpr int sendFlags = 0;
#else
using Native = int;
using Length = size_t;
bool wouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK; }
bool interrupted() { return errno == EINTR; }
#ifdef MSG_NOSIGNAL
constexpr int sendFlags = MSG_NOSIGNAL;
#else
constexpr int sendFlags = 0; // macOS: SO_NOSIGPIPE is set with setNonBlocking()
#endif
#endif

Length lengthOf(qint64 octets)
{
    return Length(qMin<qint64>(octets, std::numeric_limits<int>::max()));
}

qint64 receiveWith(Socket socket, char *to, qint64 max, int flags)
{
    for (;;) {
        const auto got = ::recv(Native(socket), to, lengthOf(max), flags);
        if (got >= 0)
            return got;
        if (!interrupted())
            return wouldBlock() ? WouldBlock : Broken;
    }
}

void setOption(Socket socket, int level, int name, int value)
{
    ::setsockopt(Native(socket), level, name, reinterpret_cast<const char *>(&value), sizeof value);
}

SocketEnd endOf4(const in_addr &address, quint16 port)
{
    char text[INET_ADDRSTRLEN] = {};
    ::inet_ntop(AF_INET, &address, text, sizeof text);
    return {QByteArray(text), port, (ntohl(address.s_addr) >> 24) == 127};
}

SocketEnd endOf6(const sockaddr_in6 &end)
{
    const quint16 port = ntohs(end.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&end.sin6_addr)) {
        in_addr address;
        std::memcpy(&address, reinterpret_cast<const char *>(&end.sin6_addr) + 12, sizeof address);
        return endOf4(address, port);
    }
    char text[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(AF_INET6, &end.sin6_addr, text, sizeof text);
    QByteArray address(text);
    if (end.sin6_scope_id != 0 && IN6_IS_ADDR_LINKLOCAL(&end.sin6_addr))
        address += '%' + QByteArray::number(quint32(end.sin6_scope_id));
    return {address, port, bool(IN6_IS_ADDR_LOOPBACK(&end.sin6_addr))};
}

SocketEnd endOf(const sockaddr_storage &end)
{
    if (end.ss_family == AF_INET) {
        const auto &v4 = reinterpret_cast<const sockaddr_in &>(end);
        return endOf4(v4.sin_addr, ntohs(v4.sin_port));
    }
    if (end.ss_family == AF_INET6)
        return endOf6(reinterpret_cast<const sockaddr_in6 &>(end));
    return {};
}

void setNonBlocking(Socket socket)
{
#ifdef Q_OS_WIN
    u_long on = 1;
    ::ioctlsocket(Native(socket), FIONBIO, &on);
#else
    int on = 1;
    ::ioctl(Native(socket), FIONBIO, &on);
#ifdef SO_NOSIGPIPE
    setOption(socket, SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
#endif
}

Native acceptNonBlocking(Native listening, sockaddr_storage &end)
{
    socklen_t length = sizeof end;
#ifdef Q_OS_LINUX
    return ::accept4(listening, reinterpret_cast<sockaddr *>(&end), &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
    const Native socket = ::accept(listening, reinterpret_cast<sockaddr *>(&end), &length);
    if (socket != Native(-1)) {
        setNonBlocking(Socket(socket));
#ifndef Q_OS_WIN
        ::fcntl(socket, F_SETFD, FD_CLOEXEC);
#endif
    }
    return socket;
#endif
}

bool connecting()
{
#ifdef Q_OS_WIN
    return WSAGetLastError() == WSAEWOULDBLOCK;
#else
    return errno == EINPROGRESS || errno == EINTR;
#endif
}

QString lastError()
{
#ifdef Q_OS_WIN
    return qt_error_string(WSAGetLastError());
#else
    return qt_error_string(errno);
#endif
}

// The length of `end`, or 0 when the text is no address. A scope ("fe80::1%2") is a number.
socklen_t fillEnd(sockaddr_storage &end, const QByteArray &address, quint16 port)
{
    auto &v4 = reinterpret_cast<sockaddr_in &>(end);
    if (::inet_pton(AF_INET, address.constData(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        return sizeof v4;
    }
    auto &v6 = reinterpret_cast<sockaddr_in6 &>(end);
    const qsizetype scope = address.indexOf('%');
    if (::inet_pton(AF_INET6, address.left(scope).constData(), &v6.sin6_addr) != 1)
        return 0;
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_scope_id = scope < 0 ? 0 : address.mid(scope + 1).toUInt();
    return sizeof v6;
}

Native makeStream(int family)
{
#ifdef Q_OS_LINUX
    return ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
#else
    const Native socket = ::socket(family, SOCK_STREAM, 0);
    if (socket != Native(-1)) {
        setNonBlocking(Socket(socket));
#ifndef Q_OS_WIN
        ::fcntl(socket, F_SETFD, FD_CLOEXEC);
#endif
    }
    return socket;
#endif
}

bool outOfResources()
{
#ifdef Q_OS_WIN
    const int error = WSAGetLastError();
    return error == WSAEMFILE || error == WSAENOBUFS;
#else
    return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
#endif
}

} // namespace

Socket accept(Socket listening, SocketEnd &remote)
{
    for (int attempt = 0; attempt < 64; ++attempt) {
        sockaddr_storage end = {};
        const Native socket = acceptNonBlocking(Native(listening), end);
        if (socket != Native(-1)) {
            remote = endOf(end);
            return Socket(socket);
        }
        if (wouldBlock())
            return WouldBlock;
        if (outOfResources())
            return Broken;
    }
    return WouldBlock; // the event loop asks again
}

qint64 receive(Socket socket, char *to, qint64 max)
{
    return receiveWith(socket, to, max, 0);
}

qint64 peek(Socket socket, char *to, qint64 max)
{
    return receiveWith(socket, to, max, MSG_PEEK);
}

qint64 send(Socket socket, QByteArrayView octets)
{
    for (;;) {
        const auto taken = ::send(Native(socket), octets.data(), lengthOf(octets.size()), sendFlags);
        if (taken >= 0)
            return taken;
        if (!interrupted())
            return wouldBlock() ? WouldBlock : Broken;
    }
}

void prepareListening(Socket socket)
{
    setNonBlocking(socket);
    setOption(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    setOption(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
}

bool setReadableFrom(Socket socket, int octets)
{
#ifdef Q_OS_WIN
    Q_UNUSED(socket)
    Q_UNUSED(octets)
    return false;
#else
    return ::setsockopt(Native(socket), SOL_SOCKET, SO_RCVLOWAT, &octets, sizeof octets) == 0;
#endif
}

Socket beginConnect(const QByteArray &address, quint16 port, QString *why)
{
    sockaddr_storage end = {};
    const auto length = fillEnd(end, address, port);
    const Native socket = length > 0 ? makeStream(end.ss_family) : Native(-1);
    if (socket == Native(-1)) {
        *why = length > 0 ? lastError() : QStringLiteral("%1 is not an address").arg(QString::fromLatin1(address));
        return Broken;
    }
    if (::connect(socket, reinterpret_cast<const sockaddr *>(&end), length) != 0 && !connecting()) {
        *why = lastError();
        closeSocket(Socket(socket));
        return Broken;
    }
    setOption(Socket(socket), IPPROTO_TCP, TCP_NODELAY, 1);
    setOption(Socket(socket), SOL_SOCKET, SO_KEEPALIVE, 1);
    return Socket(socket);
}

QString connectError(Socket socket)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(Native(socket), SOL_SOCKET, SO_ERROR, reinterpret_cast<char *>(&error), &length) != 0)
        return lastError();
    return error == 0 ? QString() : qt_error_string(error);
}

void shutDownSending(Socket socket)
{
#ifdef Q_OS_WIN
    ::shutdown(Native(socket), SD_SEND);
#else
    ::shutdown(Native(socket), SHUT_WR);
#endif
}

void closeSocket(Socket socket)
{
#ifdef Q_OS_WIN
    ::closesocket(Native(socket));
#else
    ::close(Native(socket));
#endif
}

SocketEnd localEnd(Socket socket)
{
    sockaddr_storage end = {};
    socklen_t length = sizeof end;
    if (::getsockname(Native(socket), reinterpret_cast<sockaddr *>(&end), &length) != 0)
        return {};
    return endOf(end);
}

} // namespace posthorn::system
