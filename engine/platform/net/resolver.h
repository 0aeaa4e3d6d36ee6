// Names to addresses and mail servers, with answers kept for as long as they may be (RFC 1035). Lives on one thread with
// an event loop; nothing here waits.
#pragma once

#include "platform/net/dns_client.h"

#include <QDnsLookup>

namespace posthorn::net {

class Resolver : public QObject
{
    Q_OBJECT
public:
    explicit Resolver(QObject *parent = nullptr, std::chrono::milliseconds wait = DnsClient::defaultWait); // see DnsClient
    // Once, before there are threads: DnsAnswer::authentic is false else, for the C library hides it from those who don't
    // ask (resolv.conf(5), trust-ad). Whoever uses it has to know whether the name server is to be believed.
    static void askForSignatures();
    using Done = std::function<void(const DnsAnswer &)>; // called once, perhaps at once
    // A null address: the system's own name servers.
    void setServer(const QHostAddress &address, quint16 port);
    void mx(const QByteArray &name, Done done);
    void addresses(const QByteArray &name, Done done);
    void texts(const QByteArray &name, Done done);
    void alias(const QByteArray &name, Done done); // CNAME; Found: it is one, and `canonical` says of what
    void tlsa(const QByteArray &name, Done done); // "_25._tcp.mx.example.org"

private:
    using Question = std::pair<DnsType, QByteArray>;
    struct Kept
    {
        DnsAnswer answer;
        qint64 until = 0; // steady ms
    };
    void ask(const Question &question, Done done);
    void chooseServers();
    void askSystem(const Question &question);
    void answered(const Question &question, const DnsReply &reply);
    void keep(const Question &question, const DnsReply &reply);

    DnsClient m_client;
    QHostAddress m_server;
    quint16 m_port = 53;
    qint64 m_chosenAt = -1; // steady ms; when the system was last asked for its name servers
    QHash<Question, Kept> m_kept;
    QHash<Question, QList<Done>> m_asking;
};

} // namespace posthorn::net
