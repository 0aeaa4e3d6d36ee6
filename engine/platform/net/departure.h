// A connection that is to be made, on its way to a worker. Move-only.
#pragma once

#include "platform/net/session.h"
#include "platform/net/tls_trust.h"

#include <chrono>

namespace posthorn::net {

struct Departure
{
    QByteArray address; // "192.0.2.1", "2001:db8::1"
    quint16 port = 0;
    bool implicitTls = false;
    TlsGoal tls; // for implicit TLS, and for STARTTLS
    std::chrono::milliseconds connectTime{30'000};
    std::unique_ptr<Session> session;
};

} // namespace posthorn::net
