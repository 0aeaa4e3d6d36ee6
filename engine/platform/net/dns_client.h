// Asks name servers: by UDP from ports that can't be foreseen, and by TCP where an answer is too long for that. Those who
// wait for a server that does not answer keep nobody else waiting. Lives on one thread with an event loop.
#pragma once

#include "platform/net/dns_message.h"

#include <QHash>
#include <QHostAddress>
#include <QObject>
#include <QTimer>
#include <QUdpSocket>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <vector>

class QTcpSocket;

namespace posthorn::net {

class DnsClient : public QObject
{
    Q_OBJECT
public:
    struct Server
    {
        QHostAddress address;
        quint16 port = 53;
        bool operator==(const Server &) const = default;
    };
    using Done = std::function<void(const DnsReply &)>; // called once, later
    static constexpr std::chrono::milliseconds defaultWait{1'500};

    // A question is asked three times, the last time by TCP; `wait` is what it waits the first time, then twice as long.
    explicit DnsClient(QObject *parent = nullptr, std::chrono::milliseconds wait = defaultWait);
    ~DnsClient() override;

    // In the order to ask them.
    void setServers(const QList<Server> &servers);
    [[nodiscard]] bool hasServers() const { return !m_servers.isEmpty(); }
    void ask(const QByteArray &name, DnsType type, Done done);

private:
    // A socket asks only so many questions: one that stays open makes its port known.
    struct Channel
    {
        std::unique_ptr<QUdpSocket> socket;
        Server server;
        int asked = 0;
        int open = 0;
    };
    struct Query
    {
        QByteArray name;
        DnsType type = DnsType::A;
        Done done;
        QByteArray question; // as it is sent; empty: the name can't be asked for
        int tries = 0;
        bool young = true;
        qint64 deadline = 0; // steady ms
        Server server;     // asked last
        Channel *channel = nullptr;
        QTcpSocket *tcp = nullptr;
        bool cutOff = false; // its answer by UDP was: that by TCP counts
        QByteArray heard; // by TCP
    };

    void begin(Query query);
    void age(Query &query);
    void feed();
    void feedSoon();
    void send(quint16 id, Query &query);
    void leaveChannel(Query &query);
    [[nodiscard]] Channel *channelTo(const Server &server);
    void read(QUdpSocket *socket);
    void heard(const Server &from, const QByteArray &octets);
    void judge(quint16 id, Query &query, const DnsReply &reply, bool byTcp);
    void cutOff(quint16 id, Query &query);
    void askByTcp(quint16 id, Query &query);
    void sendByUdp(quint16 id, Query &query, qint64 wait);
    void leaveTcp(Query &query);
    void failedByTcp(quint16 id, Query &query);
    void feedTcp();
    void readTcp(quint16 id);
    void setDeadline(quint16 id, Query &query, qint64 wait);
    void late();
    void again(quint16 id, Query &query, const QString &why);
    void finish(quint16 id, const DnsReply &reply);

    const qint64 m_wait;
    QList<Server> m_servers;
    qsizetype m_first = 0; // of m_servers: the one to ask first
    QHash<quint16, std::shared_ptr<Query>> m_queries;
    std::deque<Query> m_waiting;
    std::deque<std::pair<qint64, std::weak_ptr<Query>>> m_begun; // since when
    std::deque<std::pair<quint16, std::weak_ptr<Query>>> m_forTcp; // last tries, asked by UDP while too many are by TCP
    std::vector<std::unique_ptr<Channel>> m_channels;
    std::set<std::pair<qint64, quint16>> m_deadlines;
    int m_young = 0;
    int m_byTcp = 0;
    bool m_feedComes = false;
    QTimer m_timer, m_ageing;
};

} // namespace posthorn::net
