#include "platform/net/dns_client.h"

#include "platform/system/clock.h"

#include <QNetworkDatagram>
#include <QRandomGenerator>
#include <QTcpSocket>
#include <QtEndian>

#include <algorithm>

namespace posthorn::net {

using namespace Qt::StringLiterals;

namespace {

constexpr int mostTries = 3;
constexpr qint64 tcpWait = 8'000;       // ms
constexpr int mostYoung = 200;           // questions that have not waited for long: a name server's socket holds a few hundred
constexpr qsizetype mostAsked = 10'000;  // all of them
constexpr qint64 youngFor = 250;         // ms; who has no answer then keeps nobody from asking
constexpr int perSocket = 50;
constexpr int mostByTcp = 100;           // last tries at a time

qint64 now()
{
    return system::realClock().steadyMs();
}

} // namespace

DnsClient::DnsClient(QObject *parent, std::chrono::milliseconds wait)
    : QObject(parent), m_wait(wait.count()), m_timer(this), m_ageing(this)
{
    m_timer.setSingleShot(true);
    m_ageing.setSingleShot(true);
    connect(&m_ageing, &QTimer::timeout, this, [this] { feed(); });
    connect(&m_timer, &QTimer::timeout, this, [this] { late(); });
}

DnsClient::~DnsClient() = default;

void DnsClient::setServers(const QList<Server> &servers)
{
    if (m_servers == servers)
        return;
    m_servers = servers;
    m_first = 0;
}

void DnsClient::ask(const QByteArray &name, DnsType type, Done done)
{
    m_waiting.push_back({name, type, std::move(done)});
    feedSoon();
}

// Whoever is told of an answer, or asks, may be doing so from within feed().
void DnsClient::feedSoon()
{
    if (!m_waiting.empty() && !std::exchange(m_feedComes, true))
        QMetaObject::invokeMethod(this, [this] { feed(); }, Qt::QueuedConnection);
}

void DnsClient::feed()
{
    m_feedComes = false;
    while (!m_begun.empty() && m_begun.front().first + youngFor <= now()) {
        if (const auto query = m_begun.front().second.lock())
            age(*query);
        m_begun.pop_front();
    }
    while (!m_waiting.empty() && m_young < mostYoung && m_queries.size() < mostAsked) {
        Query query = std::move(m_waiting.front());
        m_waiting.pop_front();
        begin(std::move(query));
    }
    if (!m_waiting.empty() && !m_ageing.isActive())
        m_ageing.start(std::chrono::milliseconds(youngFor / 5));
}

void DnsClient::age(Query &query)
{
    m_young -= std::exchange(query.young, false) ? 1 : 0;
}

void DnsClient::begin(Query query)
{
    quint16 id = 0;
    do {
        id = quint16(QRandomGenerator::system()->generate());
    } while (m_queries.contains(id));
    query.question = dnsQuestion(id, query.name, query.type);
    const auto kept = std::make_shared<Query>(std::move(query));
    m_queries.insert(id, kept);
    m_begun.emplace_back(now(), kept);
    ++m_young;
    send(id, *kept);
}

void DnsClient::send(quint16 id, Query &query)
{
    if (query.question.isEmpty()) {
        DnsReply nobody;
        nobody.answer.status = DnsAnswer::Status::NoName;
        return finish(id, nobody);
    }
    if (m_servers.isEmpty())
        return finish(id, {.answer = {.error = u"there is no name server to ask"_s}});
    query.server = m_servers[(m_first + query.tries) % m_servers.size()];
    query.cutOff = false;
    // Name servers that limit their rate drop what comes by UDP, and answer by TCP.
    const bool isLast = ++query.tries == mostTries;
    if (isLast && m_byTcp < mostByTcp)
        return askByTcp(id, query);
    if (isLast)
        m_forTcp.emplace_back(id, m_queries.value(id));
    sendByUdp(id, query, m_wait << (query.tries - 1));
}

void DnsClient::sendByUdp(quint16 id, Query &query, qint64 wait)
{
    leaveChannel(query);
    query.channel = channelTo(query.server);
    ++query.channel->asked;
    ++query.channel->open;
    query.channel->socket->writeDatagram(query.question, query.server.address, query.server.port); // a loss is a loss
    setDeadline(id, query, wait);
}

void DnsClient::leaveChannel(Query &query)
{
    Channel *const channel = std::exchange(query.channel, nullptr);
    if (!channel || --channel->open > 0 || channel->asked < perSocket)
        return;
    channel->socket.release()->deleteLater(); // it may be telling us something just now
    std::erase_if(m_channels, [channel](const auto &one) { return one.get() == channel; });
}

DnsClient::Channel *DnsClient::channelTo(const Server &server)
{
    for (const auto &one : m_channels) {
        if (one->server == server && one->asked < perSocket)
            return one.get();
    }
    const auto &made = m_channels.emplace_back(std::make_unique<Channel>());
    made->server = server;
    made->socket = std::make_unique<QUdpSocket>();
    const bool four = server.address.protocol() == QAbstractSocket::IPv4Protocol;
    made->socket->bind(four ? QHostAddress::AnyIPv4 : QHostAddress::AnyIPv6, 0);
    connect(made->socket.get(), &QUdpSocket::readyRead, this, [this, socket = made->socket.get()] { read(socket); });
    return made.get();
}

void DnsClient::read(QUdpSocket *socket)
{
    while (socket->hasPendingDatagrams()) {
        const QNetworkDatagram datagram = socket->receiveDatagram();
        heard({datagram.senderAddress(), quint16(datagram.senderPort())}, datagram.data());
    }
}

// Only who was asked may answer, and only what was asked.
void DnsClient::heard(const Server &from, const QByteArray &octets)
{
    if (octets.size() < 2)
        return;
    const quint16 id = qFromBigEndian<quint16>(octets.constData());
    const auto query = m_queries.value(id);
    if (!query || query->cutOff || query->server.port != from.port
        || !query->server.address.isEqual(from.address, QHostAddress::TolerantConversion))
        return;
    if (const auto reply = readDnsReply(octets, id, query->name, query->type))
        judge(id, *query, *reply, false);
}

void DnsClient::judge(quint16 id, Query &query, const DnsReply &reply, bool byTcp)
{
    if (reply.truncated && byTcp)
        again(id, query, u"the name server's answer is cut off"_s);
    else if (reply.truncated)
        cutOff(id, query);
    else if (reply.answer.status == DnsAnswer::Status::Failed && query.tries < std::min<qsizetype>(m_servers.size(), mostTries))
        again(id, query, reply.answer.error); // another one may know
    else
        finish(id, reply);
}

void DnsClient::cutOff(quint16 id, Query &query)
{
    query.cutOff = true;
    if (!query.tcp)
        askByTcp(id, query);
}

void DnsClient::askByTcp(quint16 id, Query &query)
{
    query.heard.clear();
    query.tcp = new QTcpSocket(this);
    ++m_byTcp;
    connect(query.tcp, &QTcpSocket::connected, query.tcp, [tcp = query.tcp, question = query.question] {
        const quint16 size = qToBigEndian(quint16(question.size()));
        tcp->write(QByteArray(reinterpret_cast<const char *>(&size), 2) + question);
    });
    connect(query.tcp, &QTcpSocket::readyRead, this, [this, id] { readTcp(id); });
    connect(query.tcp, &QTcpSocket::errorOccurred, this, [this, id, tcp = query.tcp] {
        const auto asked = m_queries.value(id);
        if (asked && asked->tcp == tcp)
            failedByTcp(id, *asked);
    });
    setDeadline(id, query, tcpWait);
    query.tcp->connectToHost(query.server.address, query.server.port);
}

// Where it is not served, what was lost by UDP has one more chance.
void DnsClient::failedByTcp(quint16 id, Query &query)
{
    if (query.cutOff || query.tries < mostTries)
        return again(id, query, u"the name server can't be asked by TCP"_s);
    leaveTcp(query);
    sendByUdp(id, query, m_wait << (query.tries - 1));
}

void DnsClient::leaveTcp(Query &query)
{
    if (!query.tcp)
        return;
    std::exchange(query.tcp, nullptr)->deleteLater(); // it may be telling us something just now
    --m_byTcp;
    if (!m_forTcp.empty())
        QMetaObject::invokeMethod(this, [this] { feedTcp(); }, Qt::QueuedConnection);
}

// Those that have no answer yet.
void DnsClient::feedTcp()
{
    while (!m_forTcp.empty() && m_byTcp < mostByTcp) {
        const quint16 id = m_forTcp.front().first;
        const auto query = m_forTcp.front().second.lock();
        m_forTcp.pop_front();
        if (query && m_queries.value(id) == query && !query->tcp)
            askByTcp(id, *query);
    }
}

void DnsClient::readTcp(quint16 id)
{
    const auto query = m_queries.value(id);
    if (!query || !query->tcp)
        return;
    query->heard += query->tcp->readAll();
    if (query->heard.size() < 2)
        return;
    const quint16 size = qFromBigEndian<quint16>(query->heard.constData());
    if (query->heard.size() < size + 2)
        return;
    if (const auto reply = readDnsReply(query->heard.mid(2, size), id, query->name, query->type))
        judge(id, *query, *reply, true);
    else
        again(id, *query, u"the name server's answer can't be read"_s);
}

void DnsClient::setDeadline(quint16 id, Query &query, qint64 wait)
{
    m_deadlines.erase({query.deadline, id});
    query.deadline = now() + wait;
    m_deadlines.emplace(query.deadline, id);
    const auto first = std::chrono::milliseconds(std::max<qint64>(m_deadlines.begin()->first - now(), 1));
    if (!m_timer.isActive() || m_timer.remainingTimeAsDuration() > first)
        m_timer.start(first);
}

void DnsClient::late()
{
    // A busy thread comes here before it has read what arrived in time.
    QList<QUdpSocket *> sockets; // those done with live until the event loop runs again
    for (const auto &one : m_channels)
        sockets += one->socket.get();
    for (QUdpSocket *const socket : std::as_const(sockets))
        read(socket);
    while (!m_deadlines.empty() && m_deadlines.begin()->first <= now()) {
        const quint16 id = m_deadlines.begin()->second;
        const auto query = m_queries.value(id);
        again(id, *query, u"no answer from the name server"_s);
    }
    if (!m_deadlines.empty())
        m_timer.start(std::chrono::milliseconds(std::max<qint64>(m_deadlines.begin()->first - now(), 1)));
    feed();
}

void DnsClient::again(quint16 id, Query &query, const QString &why)
{
    leaveTcp(query);
    if (query.tries < mostTries)
        send(id, query);
    else
        finish(id, {.answer = {.error = why}});
}

void DnsClient::finish(quint16 id, const DnsReply &reply)
{
    const auto query = m_queries.take(id);
    m_deadlines.erase({query->deadline, id});
    leaveChannel(*query);
    leaveTcp(*query);
    age(*query);
    // It answers: it is asked first from now on.
    if (reply.answer.status != DnsAnswer::Status::Failed)
        m_first = std::max<qsizetype>(m_servers.indexOf(query->server), 0);
    query->done(reply);
    feedSoon();
}

} // namespace posthorn::net
