// MTA-STS policies of domains (RFC 8461): found by DNS, fetched by HTTPS, kept until they expire. Lives on the resolver's
// thread.
#pragma once

#include "platform/net/https_client.h"
#include "platform/store/store.h"
#include "platform/store/tls_policies.h"
#include "policy/trust/mta_sts.h"
#include "service/relay/options.h"

#include <QHash>
#include <QTimer>

namespace posthorn::relay {

struct FoundSts
{
    trust::StsPolicy policy;
    QByteArray text; // the policy file
    QString trouble; // a newer one, or any, could not be had; in the words of RFC 8460 §4.3
    bool found = false;
};

class StsPolicies : public QObject
{
    Q_OBJECT
public:
    StsPolicies(store::Store *store, net::Resolver &resolver, QObject *parent);

    void setOptions(std::shared_ptr<const Options> options) { m_options = std::move(options); }
    using Done = std::function<void(const FoundSts &)>; // called once, perhaps at once
    void find(const QByteArray &domain, Done done);

private:
    struct Kept
    {
        trust::StsPolicy policy;
        QByteArray id, text;
        qint64 fetchedAt = 0, expiresAt = 0; // ms since 1970; expiresAt 0: there is none
        qint64 askedAt = 0;  // its record was last asked for
        qint64 failedAt = 0; // the last attempt to fetch it came to nothing
        QString trouble;
    };
    void renewBy(qint64 due);
    void renewDue();
    void load();
    void loaded(const QList<store::KeptTlsPolicy> &policies);
    void lookUp(const QByteArray &domain);
    void announced(const QByteArray &domain, const net::DnsAnswer &answer);
    void fetch(const QByteArray &domain, const QByteArray &id);
    void fetched(const QByteArray &domain, const QByteArray &id, const Result<net::HttpsDocument> &document);
    void failed(const QByteArray &domain, const QString &trouble);
    void keep(const QByteArray &domain, const Kept &kept);
    void tell(const QByteArray &domain);

    store::Store *const m_store;
    net::Resolver &m_resolver;
    net::HttpsClient m_https;
    std::shared_ptr<const Options> m_options;
    QHash<QByteArray, Kept> m_kept;
    QHash<QByteArray, QList<Done>> m_asking;
    QTimer m_renewing;
    bool m_loaded = false;
};

} // namespace posthorn::relay
