#include "service/relay/sts_policies.h"

#include "platform/store/tls_policies.h"

#include <QDateTime>

#include <algorithm>

namespace posthorn::relay {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 failurePause = 300'000; // ms before a policy that can't be fetched is asked for again (RFC 8461 §3.3)
constexpr qint64 dayMs = 86'400'000;
constexpr qint64 shortestWait = 1'000, longestWait = 3'600'000; // ms, of the timer
constexpr qsizetype mostRenewed = 20;  // at a time
constexpr qint64 loadPause = 2'000; // ms, when the store could not be read

qint64 wallNow()
{
    return QDateTime::currentMSecsSinceEpoch();
}

// RFC 8460 §4.3.2.1
QString troubleOf(const Error &error)
{
    return error.kind == ErrorKind::Denied    ? u"sts-webpki-invalid"_s
           : error.kind == ErrorKind::Invalid ? u"sts-policy-invalid"_s
                                              : u"sts-policy-fetch-error"_s;
}

} // namespace

StsPolicies::StsPolicies(store::Store *store, net::Resolver &resolver, QObject *parent)
    : QObject(parent), m_store(store), m_resolver(resolver), m_https(resolver, this), m_renewing(this)
{
    m_renewing.setSingleShot(true);
    connect(&m_renewing, &QTimer::timeout, this, [this] { renewDue(); });
    load();
}

// Nobody is answered before: a policy that is kept may be all there is against an attacker.
void StsPolicies::load()
{
    m_store->read<QList<store::KeptTlsPolicy>>(store::TlsPolicies::all, [this](const Result<QList<store::KeptTlsPolicy>> &all) {
        QMetaObject::invokeMethod(this, [this, all] {
            if (all)
                loaded(*all);
            else
                QTimer::singleShot(loadPause, this, [this] { load(); });
        }, Qt::QueuedConnection);
    });
}

void StsPolicies::loaded(const QList<store::KeptTlsPolicy> &policies)
{
    m_loaded = true;
    for (const store::KeptTlsPolicy &one : policies) {
        if (const auto policy = trust::parseStsPolicy(one.text))
            m_kept.insert(one.domain.toLatin1(), {*policy, one.id, one.text, one.fetchedAt, one.expiresAt, 0, 0, {}});
    }
    renewBy(wallNow() + shortestWait);
    for (const QByteArray &domain : m_asking.keys())
        lookUp(domain);
}

void StsPolicies::find(const QByteArray &domain, Done done)
{
    QList<Done> &waiting = m_asking[domain];
    waiting.append(std::move(done));
    if (waiting.size() == 1 && m_loaded)
        lookUp(domain);
}

void StsPolicies::lookUp(const QByteArray &domain)
{
    m_resolver.texts("_mta-sts." + domain, [this, domain](const net::DnsAnswer &answer) { announced(domain, answer); });
}

// What is kept holds until it expires, whatever DNS says: who can take the record away must not take the policy away (§5.1).
void StsPolicies::announced(const QByteArray &domain, const net::DnsAnswer &answer)
{
    const auto id = trust::stsRecordId(answer.texts);
    const qint64 now = wallNow();
    if (const auto known = m_kept.find(domain); known != m_kept.end())
        known->askedAt = now;
    const Kept kept = m_kept.value(domain);
    const bool valid = kept.expiresAt > now;
    // A policy that is the same is fetched again each day, so that it does not run out (§10.2).
    const bool fresh = valid && kept.id == id.value_or(QByteArray())
                       && now - kept.fetchedAt < std::min(dayMs, kept.policy.maxAge * 500);
    const bool failedLately = kept.failedAt && now - kept.failedAt < failurePause;
    if (!id || fresh || failedLately)
        tell(domain);
    else
        fetch(domain, *id);
}

void StsPolicies::fetch(const QByteArray &domain, const QByteArray &id)
{
    net::HttpsRequest request;
    request.host = "mta-sts." + domain;
    request.port = m_options->stsPort;
    request.path = "/.well-known/mta-sts.txt";
    request.authorities = m_options->authorities;
    m_https.get(request, [this, domain, id](const Result<net::HttpsDocument> &document) { fetched(domain, id, document); });
}

void StsPolicies::fetched(const QByteArray &domain, const QByteArray &id, const Result<net::HttpsDocument> &document)
{
    if (!document)
        return failed(domain, troubleOf(document.error()));
    const auto policy = trust::parseStsPolicy(document->octets);
    if (!policy || document->mediaType != "text/plain")
        return failed(domain, u"sts-policy-invalid"_s);
    const qint64 now = wallNow();
    keep(domain, {*policy, id, document->octets, now, now + policy->maxAge * 1000, 0, 0, {}});
    renewBy(trust::stsRenewalAt(*policy, now, 0));
    tell(domain);
}

void StsPolicies::failed(const QByteArray &domain, const QString &trouble)
{
    Kept &kept = m_kept[domain];
    kept.failedAt = wallNow();
    kept.trouble = trouble;
    tell(domain);
}

void StsPolicies::keep(const QByteArray &domain, const Kept &kept)
{
    m_kept.insert(domain, kept);
    const store::KeptTlsPolicy row{QString::fromLatin1(domain), kept.id, kept.text, kept.fetchedAt, kept.expiresAt};
    m_store->write<bool>(
        [row](store::Transaction &transaction) -> Result<bool> {
            for (const auto &done : {store::TlsPolicies::prune(transaction, row.fetchedAt), store::TlsPolicies::keep(transaction, row)}) {
                if (!done)
                    return std::unexpected(done.error());
            }
            return true;
        },
        [](const Result<bool> &) {}); // it is in memory, and fetched again if need be
}

void StsPolicies::renewBy(qint64 due)
{
    const std::chrono::milliseconds wait(std::clamp(due - wallNow(), shortestWait, longestWait));
    if (!m_renewing.isActive() || m_renewing.remainingTimeAsDuration() > wait)
        m_renewing.start(wait);
}

void StsPolicies::renewDue()
{
    const qint64 now = wallNow();
    qint64 next = now + longestWait;
    if (!m_options || !m_options->mtaSts)
        return renewBy(next);
    QList<QByteArray> due;
    for (auto it = m_kept.cbegin(); it != m_kept.cend(); ++it) {
        if (it->expiresAt <= now || it->policy.mode == trust::StsPolicy::Mode::None)
            continue;
        const qint64 at = trust::stsRenewalAt(it->policy, it->fetchedAt, it->askedAt);
        if (at > now || due.size() >= mostRenewed)
            next = std::min(next, at);
        else
            due.append(it.key());
    }
    for (const QByteArray &domain : std::as_const(due))
        find(domain, [](const FoundSts &) {});
    renewBy(due.isEmpty() ? next : std::min(next, now + failurePause));
}

void StsPolicies::tell(const QByteArray &domain)
{
    const Kept kept = m_kept.value(domain);
    FoundSts found;
    found.trouble = kept.trouble;
    found.found = kept.expiresAt > wallNow() && kept.policy.mode != trust::StsPolicy::Mode::None;
    if (found.found) {
        found.policy = kept.policy;
        found.text = kept.text;
    }
    for (const Done &done : m_asking.take(domain))
        done(found);
}

} // namespace posthorn::relay
