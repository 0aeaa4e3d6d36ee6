#include "platform/net/resolver.h"

#include "platform/system/clock.h"

#include <QFile>

#include <algorithm>
#include <memory>

namespace posthorn::net {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype mostKept = 20'000;
constexpr qint64 leastTime = 5'000, mostTime = 3'600'000; // ms an answer is kept, whatever its TTL
constexpr qint64 negativeTime = 60'000; // NXDOMAIN and no data, where nobody tells; failures are not kept
constexpr qint64 choiceTime = 30'000;   // ms; name servers change with the network

// Where a system tells its name servers; empty where it tells them otherwise.
QList<DnsClient::Server> systemServers()
{
    QList<DnsClient::Server> servers;
    QFile file(u"/etc/resolv.conf"_s);
    if (!file.open(QFile::ReadOnly))
        return servers;
    for (const QByteArray &line : file.read(64 * 1024).split('\n')) {
        const QByteArrayList words = line.simplified().split(' ');
        const QHostAddress address(words.size() > 1 && words[0] == "nameserver" ? QString::fromLatin1(words[1]) : QString());
        if (!address.isNull() && servers.size() < 3)
            servers.append({address, 53});
    }
    return servers;
}

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

DnsReply replyOf(const QDnsLookup &lookup)
{
    DnsReply reply{{.status = statusOf(lookup.error()), .error = lookup.errorString()}, false, mostTime / 1000};
    DnsAnswer &answer = reply.answer;
    const auto noteTtl = [&](const auto &record) { reply.ttl = std::min<qint64>(reply.ttl, record.timeToLive()); };
    for (const auto &record : lookup.canonicalNameRecords()) {
        answer.canonical = cleanName(record.value());
        noteTtl(record);
    }
    for (const auto &record : lookup.mailExchangeRecords()) {
        answer.mx.append({record.preference(), cleanName(record.exchange())});
        noteTtl(record);
    }
    for (const auto &record : lookup.hostAddressRecords()) {
        answer.addresses.append(record.value().toString().toLatin1());
        noteTtl(record);
    }
    for (const auto &record : lookup.textRecords()) {
        answer.texts.append(record.values().join());
        noteTtl(record);
    }
    for (const auto &record : lookup.tlsAssociationRecords()) {
        answer.tlsa.append({quint8(record.usage()), quint8(record.selector()), quint8(record.matchType()), record.value()});
        noteTtl(record);
    }
    answer.authentic = lookup.isAuthenticData();
    const bool empty = answer.mx.isEmpty() && answer.addresses.isEmpty() && answer.texts.isEmpty() && answer.tlsa.isEmpty();
    if (answer.status == DnsAnswer::Status::Found && empty && lookup.type() != QDnsLookup::CNAME)
        answer.status = DnsAnswer::Status::NoData;
    if (answer.status != DnsAnswer::Status::Found)
        reply.ttl = negativeTime / 1000;
    return reply;
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
    if (both.canonical.isEmpty())
        both.canonical = v6.canonical;
    return both;
}

} // namespace

Resolver::Resolver(QObject *parent, std::chrono::milliseconds wait) : QObject(parent), m_client(this, wait) {}

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
    m_chosenAt = -1;
    m_kept.clear();
}

void Resolver::chooseServers()
{
    const qint64 now = system::realClock().steadyMs();
    if (m_chosenAt >= 0 && now - m_chosenAt < choiceTime)
        return;
    m_chosenAt = now;
    m_client.setServers(m_server.isNull() ? systemServers() : QList<DnsClient::Server>{{m_server, m_port}});
}

void Resolver::mx(const QByteArray &name, Done done)
{
    ask({DnsType::Mx, name}, std::move(done));
}

void Resolver::addresses(const QByteArray &name, Done done)
{
    if (const QHostAddress literal(QString::fromLatin1(name)); !literal.isNull()) {
        done({.status = DnsAnswer::Status::Found, .addresses = {name}});
        return;
    }
    if (name == "localhost") { // RFC 6761 §6.3
        done({.status = DnsAnswer::Status::Found, .addresses = {"127.0.0.1", "::1"}});
        return;
    }
    struct Both
    {
        DnsAnswer v6, v4;
        int missing = 2;
    };
    const auto both = std::make_shared<Both>();
    const auto known = [both, done = std::move(done)](DnsAnswer Both::*which, const DnsAnswer &answer) {
        (*both).*which = answer;
        if (--both->missing == 0)
            done(merged(both->v6, both->v4));
    };
    ask({DnsType::Aaaa, name}, [known](const DnsAnswer &v6) { known(&Both::v6, v6); });
    ask({DnsType::A, name}, [known](const DnsAnswer &v4) { known(&Both::v4, v4); });
}

void Resolver::texts(const QByteArray &name, Done done)
{
    ask({DnsType::Txt, name}, std::move(done));
}

void Resolver::alias(const QByteArray &name, Done done)
{
    ask({DnsType::Cname, name}, std::move(done));
}

void Resolver::tlsa(const QByteArray &name, Done done)
{
    ask({DnsType::Tlsa, name}, std::move(done));
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
    chooseServers();
    if (!m_client.hasServers())
        askSystem(question);
    else
        m_client.ask(question.second, question.first, [this, question](const DnsReply &reply) { answered(question, reply); });
}

// Only so many at a time, and who waits for an answer keeps others waiting.
void Resolver::askSystem(const Question &question)
{
    auto *const lookup = new QDnsLookup(this);
    lookup->setType(QDnsLookup::Type(question.first));
    lookup->setName(QString::fromLatin1(question.second));
    connect(lookup, &QDnsLookup::finished, this, [this, lookup, question] {
        lookup->deleteLater();
        answered(question, replyOf(*lookup));
    });
    lookup->lookup();
}

void Resolver::answered(const Question &question, const DnsReply &reply)
{
    if (reply.answer.status != DnsAnswer::Status::Failed)
        keep(question, reply);
    for (const Done &done : m_asking.take(question))
        done(reply.answer);
}

void Resolver::keep(const Question &question, const DnsReply &reply)
{
    const qint64 now = system::realClock().steadyMs();
    if (m_kept.size() >= mostKept)
        m_kept.removeIf([now](const auto &pair) { return pair.value().until <= now; });
    if (m_kept.size() >= mostKept)
        m_kept.clear();
    m_kept.insert(question, {reply.answer, now + std::clamp(reply.ttl * 1000, leastTime, mostTime)});
}

} // namespace posthorn::net
