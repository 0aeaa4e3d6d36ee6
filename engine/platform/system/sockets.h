// Operations on stream sockets that Qt's classes don't offer or make dear. All sockets given here are non-blocking.
// The only place with the operating system's socket calls.
#pragma once

#include <QByteArray>
#include <QString>

namespace posthorn::system {

using Socket = qintptr; // what QTcpServer::incomingConnection() hands out

// What receive(), peek() and send() return instead of a number of octets.
inline constexpr qint64 WouldBlock = -1; // nothing to be had, or no room, now
inline constexpr qint64 Broken = -2;     // reset, timed out or unusable

// Up to `max` octets into `to`. 0: the peer has closed its side.
[[nodiscard]] qint64 receive(Socket socket, char *to, qint64 max);
// The same, leaving the octets where they are.
[[nodiscard]] qint64 peek(Socket socket, char *to, qint64 max);
// How many octets were taken, 0 or more. Never raises a signal.
[[nodiscard]] qint64 send(Socket socket, QByteArrayView octets);

// Begins to connect to an address and port; the socket becomes writable when that is decided. Broken: it can't be tried,
// and `why` says for people why not.
[[nodiscard]] Socket beginConnect(const QByteArray &address, quint16 port, QString *why);
// Once it is decided: empty when connected, else for people what went wrong.
[[nodiscard]] QString connectError(Socket socket);

// Sets non-blocking, no-delay and keep-alive; sockets accepted from it have all three.
void prepareListening(Socket socket);
// Tells the system to call the socket readable from this many octets on. False where that can't be had.
bool setReadableFrom(Socket socket, int octets);
void shutDownSending(Socket socket);
void closeSocket(Socket socket);

struct SocketEnd
{
    QByteArray address; // "192.0.2.1", "2001:db8::1"; IPv4-mapped ones as IPv4, link-local ones with their scope
    quint16 port = 0;
    bool loopback = false;
};

// The next connection that waits at a listening socket, WouldBlock, or Broken: out of descriptors or memory, so ask again
// later. Connections that broke while they waited are passed over.
[[nodiscard]] Socket accept(Socket listening, SocketEnd &remote);
// Address "" when the socket is of no use any more.
[[nodiscard]] SocketEnd localEnd(Socket socket);

} // namespace posthorn::system
