// Counts what became of TLS with other servers, and tells their domains once a day (RFC 8460). Lives on the resolver's
// thread.
#pragma once

#include "platform/net/https_client.h"
#include "platform/store/tls_policies.h"
#include "policy/trust/tls_report.h"
#include "service/delivery/delivery.h"
#include "service/relay/router.h"

#include <QHash>
#include <QTimer>

namespace posthorn::relay {

struct LinkFailure;

// What a connection that came to nothing counts as (§4.3); empty: TLS had no part in it.
[[nodiscard]] QString tlsResultOf(const LinkFailure &failure, const HopTls &tls);
// The same for a certificate that would not have done, in OpenSSL's words.
[[nodiscard]] QString tlsResultOf(const QString &certificateFault);

class TlsReports : public QObject
{
    Q_OBJECT
public:
    struct World
    {
        store::Store *store = nullptr;
        delivery::Delivery *delivery = nullptr;
        delivery::Directory *directory = nullptr;
        QByteArray hostName;
    };
    TlsReports(World world, net::Resolver &resolver, QObject *parent);

    void setOptions(const std::shared_ptr<const Options> &options) { m_options = options; }
    void count(store::TlsResult result); // its day is today
    // What was counted goes to the store. `then` is called when all of it is there, or can't be.
    void flush(std::function<void()> then = {});
    void sendDue();                      // of the days that are over
    void sendAll();                      // of today as well

private:
    using Group = QList<store::TlsResult>; // of one day and domain
    void send(qint64 before);
    void sendOne(const Group &group);
    void addressed(const Group &group, const net::DnsAnswer &answer);
    void upload(const Group &group, const trust::TlsReportTargets &targets);
    void fileAll(const Group &group, const QList<QByteArray> &addresses);
    Result<bool> file(store::Transaction &transaction, const Group &group, const QList<QByteArray> &addresses) const;
    [[nodiscard]] delivery::Arrival compose(const Group &group, const QByteArray &address) const;

    const World m_world;
    net::Resolver &m_resolver;
    net::HttpsClient m_https;
    std::shared_ptr<const Options> m_options;
    QSet<QString> m_uploading; // days and domains
    QHash<QString, store::TlsResult> m_counted;
    QTimer m_flushing, m_sending;
};

} // namespace posthorn::relay
