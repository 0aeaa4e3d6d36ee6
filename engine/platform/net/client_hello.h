// Finds the server name (SNI, RFC 6066 §3) in the first octets a TLS client sends, so that the certificate can be chosen
// before the handshake begins. Pure: takes a view, keeps nothing, costs linear time.
#pragma once

#include <QByteArray>

namespace posthorn::net {

inline constexpr qsizetype maxClientHello = 16 * 1024; // octets worth looking at

struct ClientHello
{
    enum class State {
        Complete,   // looked through; serverName is empty when it has none
        Incomplete, // more octets may bring the name
        NotTls,     // broken, or no ClientHello
    };
    State state = State::NotTls;
    QByteArray serverName; // lower case, letters, digits, '-', '_' and '.' only
};

[[nodiscard]] ClientHello parseClientHello(QByteArrayView octets);

} // namespace posthorn::net
