// How TLS has to be on the way to a domain: what the settings say, what the domain asks for by MTA-STS (RFC 8461), and what
// its servers' TLSA records say (DANE, RFC 7672).
#pragma once

#include "service/relay/router.h"
#include "service/relay/sts_policies.h"

namespace posthorn::relay {

// By the name of the server; those that were not asked for are not in it.
using TlsaAnswers = QHash<QByteArray, net::DnsAnswer>;

// Each hop gets what its TLS has to be. Those that may not be used are taken out; if none is left, `problem` says why.
// Where TLSA records are, they decide alone (RFC 7672 §2.2.3, RFC 8461 §2).
// `required`: REQUIRETLS; the names of the servers have to be proven as well (RFC 8689 §4.2.1).
[[nodiscard]] Route decideTls(Route route, TlsPolicy base, const FoundSts &sts, const TlsaAnswers &tlsa,
                              bool required = false);

// Lives on the resolver's thread.
class TlsGuide : public QObject
{
    Q_OBJECT
public:
    TlsGuide(store::Store *store, net::Resolver &resolver, QObject *parent);

    void setOptions(const std::shared_ptr<const Options> &options);
    using Done = std::function<void(const Route &)>;
    void guide(const QByteArray &domain, const Route &route, store::Transport transport, Done done);

private:
    struct Work;
    void askTlsa(const std::shared_ptr<Work> &work);
    void askTlsaOf(const std::shared_ptr<Work> &work, const Hop &hop);
    void askTlsaAt(const std::shared_ptr<Work> &work, const Hop &hop, QByteArrayList names);

    net::Resolver &m_resolver;
    StsPolicies m_sts;
    std::shared_ptr<const Options> m_options;
};

} // namespace posthorn::relay
