// Where mail for a domain goes (RFC 5321 §5.1, RFC 7505): mail servers by preference, equal ones shuffled, with their
// addresses.
#pragma once

#include "language/smtp/reply.h"
#include "platform/net/resolver.h"
#include "platform/store/tls_policies.h"
#include "policy/trust/dane.h"
#include "service/relay/options.h"

#include <functional>

class QRandomGenerator;

namespace posthorn::relay {

// How TLS has to be with a server, and who asks for it.
struct HopTls
{
    TlsPolicy policy = TlsPolicy::May;
    QByteArray source;               // "DANE", "MTA-STS", "policy" (the settings); empty: nobody
    QList<trust::TlsaRecord> tlsa;   // in place of certificate authorities
    QByteArray base;                 // the name that those are of (RFC 7672 §2.2.3); empty: the server's
    QString countAs;                 // what it counts as in TLS reports (RFC 8460); empty: not counted
    QByteArray policyText;           // for those
    bool trial = false;              // a policy that is only being tried: a bad certificate is counted, and no more
};

struct Hop
{
    QByteArray name; // the server's, for TLS and for people
    QByteArray address;
    quint16 port = 0;
    bool authentic = false; // its addresses are signed
    HopTls tls;
    QByteArray canonical;   // the name that the server's stands for; empty: itself
};

struct Route
{
    QList<Hop> hops;    // in the order to try them; empty: `problem` says why
    smtp::Reply problem; // 5xx: for good
    bool authentic = false; // the names of the servers are signed
    QByteArray domain;      // whose servers they are; empty: a smart host
    QList<store::TlsResult> troubles; // to be counted for TLS reports
};

struct MxHost
{
    int preference = 0;
    QByteArray name;
    net::DnsAnswer answer; // its addresses
};

// By preference; equal ones in an order of chance, so that they share the load (RFC 5321 §5.1).
[[nodiscard]] QList<MxHost> shareLoad(QList<MxHost> hosts, QRandomGenerator &dice);

using IsSelf = std::function<bool(const QByteArray &name, const QByteArray &address, quint16 port)>;

// By preference; those that are as good as or worse than ourselves are left out, for they would only send it back.
[[nodiscard]] Route routeFrom(QList<MxHost> hosts, quint16 port, const IsSelf &isSelf);

// Lives on the resolver's thread.
class Router
{
public:
    Router(net::Resolver &resolver, IsSelf isSelf) : m_resolver(resolver), m_isSelf(std::move(isSelf)) {}
    using Done = std::function<void(const Route &)>;
    // A domain in its ASCII form, or an address literal in brackets.
    void routeDomain(const QByteArray &domain, quint16 port, Done done);
    // One server by its name or address (smart host).
    void routeHost(const QByteArray &name, quint16 port, Done done);

private:
    void mxKnown(const QByteArray &domain, quint16 port, const net::DnsAnswer &answer, const Done &done);
    void findAddresses(QList<MxHost> hosts, quint16 port, const Done &done);

    net::Resolver &m_resolver;
    IsSelf m_isSelf;
};

} // namespace posthorn::relay
