// Who carries mail on from here: a server that takes it for others (smart host), or the recipients' own servers.
#pragma once

#include "core/ids.h"
#include "core/settings.h"
#include "platform/store/routes.h"

#include <QHash>

#include <memory>

namespace posthorn::relay {

enum class TlsPolicy { None, May, Encrypt, Verify };

struct Carrier
{
    QByteArray key; // "(smart-host)", "(route 3)": no domain looks like it; empty: the recipients' own servers
    Endpoint host;  // port 0: the recipients' own servers
    bool implicitTls = false;
    TlsPolicy tls = TlsPolicy::May;
    QByteArray user, password;
    QByteArray mechanism; // the only one to sign in by; empty: the strongest one
    QString tokenCommand; // prints what XOAUTH2 takes in place of the password
    bool operator==(const Carrier &) const = default;
};

using CarrierPointer = std::shared_ptr<const Carrier>;

[[nodiscard]] Carrier carrierFrom(const store::Route &route);

// Whose mail takes which route. A value; pure.
class RouteTable
{
public:
    RouteTable() = default;
    explicit RouteTable(const QList<store::Route> &routes);

    // Whoever chose a route for this entry is heard first, then the recipient's domain, then the sender's; of a domain the
    // longest part that a route names. Null: no route says anything of it.
    [[nodiscard]] CarrierPointer choose(RouteId chosen, const QByteArray &recipientDomain, const QByteArray &senderDomain) const;

private:
    // ".example.org" stands for example.org and all below it.
    using Domains = QHash<QByteArray, CarrierPointer>;
    [[nodiscard]] static CarrierPointer find(const Domains &domains, const QByteArray &domain);

    QHash<RouteId, CarrierPointer> m_carriers;
    Domains m_recipients, m_senders;
    CarrierPointer m_direct = std::make_shared<const Carrier>();
};

} // namespace posthorn::relay
