#include "platform/net/resolver.h"

#include "platform/system/clock.h"

#include <algorithm>
#include <memory>

namespace posthorn::net {

namespace {

constexpr qsizetype mostKept = 20'000;
constexpr qint64 leastTime = 5'000, mostTime = 3'600'000; // ms an answer is kept, whatever its TTL
constexpr qint64 negativeTime = 60'000; // NXDOMAIN and no data; failures are not kept

DnsAnswer::Status statusOf(QDnsLookup::Error error)
{
    return error == QDnsLookup::NoError         ? DnsAnswer::Status::Found
           : error == QDnsLookup::NotFoundError ? DnsAnswer::Status::NoName
                                                : DnsAnswer::Status::Failed;
}

QByteArray cleanName(const QString &name)
{
    QByteArray clean = name.toLower().toLatin1();
    if (clean.endsWith('.'))
        clean.chop(1);
    return clean;
}

// Both kinds of address as one answer: what was found counts, then what may be found later.
DnsAnswer merged(const DnsAnswer &v6, const DnsAnswer &v4)
{
    DnsAnswer both = v4;
    both.addresses = v6.addresses + v4.addresses;
    using Status = DnsAnswer::Status;
    if (!both.addresses.isEmpty())
        both.status = Status::Found;
    else if (v6.status == Status::Failed || v4.status == Status::Failed)
        both.status = Status::Failed;
    else
        both.status = v6.status == Status::NoName && v4.status == Status::NoName ? Status::NoName : Status::NoData;
    if (both.error.isEmpty())
        both.error = v6.error;
    both.authentic = v6.authentic && v4.authentic;
    return both;
}

} // namespace

void Resolver::askForSignatures()
{
    const QByteArray options = qgetenv("RES_OPTIONS");
    if (!options.contains("trust-ad"))
        qputenv("RES_OPTIONS", (options + " trust-ad").trimmed());
}

void Resolver::setServer(const QHostAddress &address, quint16 port)
{
    if (m_server == address && m_port == port)
        return;
    m_server = address;
    m_port = port;
    m_kept.clear();
}

void Resolver::mx(const QByteArray &name, Done done)
{
    ask({QDnsLookup::MX, name}, std::move(done));
}

void Resolver::addresses(const QByteArray &name, Done done)
{
    if (const QHostAddress literal(QString::fromLatin1(name)); !literal.isNull()) {
        done({DnsAnswer::Status::Found, {}, {name}, {}});
        return;
    }
    if (name == "localhost") { // RFC 6761 §6.3
        done({DnsAnswer::Status::Found, {}, {"127.0.0.1", "::1"}, {}});
        return;
    }
    ask({QDnsLookup::AAAA, name}, [this, name, done = std::move(done)](const DnsAnswer &v6) {
        ask({QDnsLookup::A, name}, [v6, done](const DnsAnswer &v4) { done(merged(v6, v4)); });
    });
}

void Resolver::texts(const QByteArray &name, Done done)
{
    ask({QDnsLookup::TXT, name}, std::move(done));
}

void Resolver::tlsa(const QByteArray &name, Done done)
{
    ask({QDnsLookup::TLSA, name}, std::move(done));
}

void Resolver::ask(const Question &question, Done done)
{
    const auto kept = m_kept.constFind(question);
    if (kept != m_kept.cend() && kept->until > system::realClock().steadyMs()) {
        const DnsAnswer answer = kept->answer; // what is called may ask again
        done(answer);
        return;
    }
    QList<Done> &waiting = m_asking[question];
    waiting.append(std::move(done));
    if (waiting.size() > 1)
        return;
    auto *const lookup = new QDnsLookup(this);
    lookup->setType(QDnsLookup::Type(question.first));
    lookup->setName(QString::fromLatin1(question.second));
    if (!m_server.isNull())
        lookup->setNameserver(m_server, m_port);
    connect(lookup, &QDnsLookup::finished, this, [this, lookup, question] {
        lookup->deleteLater();
        answered(question, *lookup);
    });
    lookup->lookup();
}

void Resolver::answered(const Question &question, const QDnsLookup &lookup)
{
    Kept kept{{statusOf(lookup.error()), {}, {}, lookup.errorString()}, 0};
    quint32 ttl = mostTime / 1000;
    for (const auto &record : lookup.mailExchangeRecords()) {
        kept.answer.mx.append({record.preference(), cleanName(record.exchange())});
        ttl = std::min(ttl, record.timeToLive());
    }
    for (const auto &record : lookup.hostAddressRecords()) {
        kept.answer.addresses.append(record.value().toString().toLatin1());
        ttl = std::min(ttl, record.timeToLive());
    }
    for (const auto &record : lookup.textRecords()) {
        kept.answer.texts.append(record.values().join());
        ttl = std::min(ttl, record.timeToLive());
    }
    for (const auto &record : lookup.tlsAssociationRecords()) {
        kept.answer.tlsa.append({quint8(record.usage()), quint8(record.selector()), quint8(record.matchType()), record.value()});
        ttl = std::min(ttl, record.timeToLive());
    }
    kept.answer.authentic = lookup.isAuthenticData();
    const bool empty = kept.answer.mx.isEmpty() && kept.answer.addresses.isEmpty() && kept.answer.texts.isEmpty()
                       && kept.answer.tlsa.isEmpty();
    if (kept.answer.status == DnsAnswer::Status::Found && empty)
        kept.answer.status = DnsAnswer::Status::NoData;
    if (kept.answer.status != DnsAnswer::Status::Failed) {
        if (m_kept.size() >= mostKept)
            m_kept.clear();
        const qint64 time = empty ? negativeTime : std::clamp(qint64(ttl) * 1000, leastTime, mostTime);
        kept.until = system::realClock().steadyMs() + time;
        m_kept.insert(question, kept);
    }
    for (const Done &done : m_asking.take(question))
        done(kept.answer);
}

} // namespace posthorn::net
