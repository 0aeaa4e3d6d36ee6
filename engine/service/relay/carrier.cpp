#include "service/relay/carrier.h"

namespace posthorn::relay {

using namespace Qt::StringLiterals;

namespace {

TlsPolicy policyOf(const QString &tls)
{
    return tls == "none"_L1 ? TlsPolicy::None : tls == "may"_L1 ? TlsPolicy::May
           : tls == "encrypt"_L1 ? TlsPolicy::Encrypt : TlsPolicy::Verify;
}

} // namespace

Carrier carrierFrom(const store::Route &route)
{
    Carrier carrier;
    if (route.host.isEmpty())
        return carrier;
    carrier.key = "(route " + QByteArray::number(route.id.value) + ')';
    carrier.host = {route.host.toUtf8(), route.port};
    carrier.implicitTls = route.tls == "tls"_L1;
    carrier.tls = policyOf(route.tls);
    carrier.user = route.user.toUtf8();
    carrier.password = route.secret.toUtf8();
    carrier.mechanism = route.mechanism.toUtf8();
    carrier.tokenCommand = route.tokenCommand;
    return carrier;
}

RouteTable::RouteTable(const QList<store::Route> &routes)
{
    for (const store::Route &route : routes) {
        const auto carrier = std::make_shared<const Carrier>(carrierFrom(route));
        m_carriers.insert(route.id, carrier);
        for (const QString &domain : route.recipients)
            m_recipients.insert(domain.toLatin1(), carrier);
        for (const QString &domain : route.senders)
            m_senders.insert(domain.toLatin1(), carrier);
    }
}

CarrierPointer RouteTable::choose(RouteId chosen, const QByteArray &recipientDomain, const QByteArray &senderDomain) const
{
    if (chosen == store::routeDirect)
        return m_direct;
    if (const auto own = m_carriers.value(chosen))
        return own;
    if (const auto byRecipient = find(m_recipients, recipientDomain))
        return byRecipient;
    return find(m_senders, senderDomain);
}

CarrierPointer RouteTable::find(const Domains &domains, const QByteArray &domain)
{
    if (domains.isEmpty() || domain.isEmpty())
        return nullptr;
    if (const auto exact = domains.value(domain))
        return exact;
    if (const auto own = domains.value('.' + domain))
        return own;
    for (qsizetype dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.', dot + 1)) {
        if (const auto below = domains.value(domain.sliced(dot)))
            return below;
    }
    return nullptr;
}

} // namespace posthorn::relay
