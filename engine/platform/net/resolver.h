// Names to addresses and mail servers, with answers kept for as long as they may be (RFC 1035). Lives on one thread with
// an event loop; nothing here waits.
#pragma once

#include <QByteArray>
#include <QDnsLookup>
#include <QHash>
#include <QHostAddress>
#include <QList>
#include <QObject>

#include <functional>

namespace posthorn::net {

struct DnsAnswer
{
    enum class Status {
        Found,
        NoName, // NXDOMAIN: there is no such name
        NoData, // the name is there, and has nothing of this kind
        Failed, // SERVFAIL, no answer, nonsense: ask again later
    };
    struct Mx
    {
        int preference = 0;
        QByteArray name; // lower case; empty: the root, that is "no mail" (RFC 7505)
    };
    Status status = Status::Failed;
    QList<Mx> mx;
    QList<QByteArray> addresses; // IPv6 first
    QString error;
    struct Tlsa
    {
        quint8 usage = 0, selector = 0, matching = 0;
        QByteArray octets;
    };
    QList<QByteArray> texts; // TXT, the strings of a record as one
    QList<Tlsa> tlsa;        // RFC 6698
    bool authentic = false;  // the name server says that it checked the signatures (AD, RFC 4035 §3.2.3)
};

class Resolver : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;
    // Once, before there are threads: DnsAnswer::authentic is false else, for the C library hides it from those who don't
    // ask (resolv.conf(5), trust-ad). Whoever uses it has to know whether the name server is to be believed.
    static void askForSignatures();
    using Done = std::function<void(const DnsAnswer &)>; // called once, perhaps at once
    // A null address: the system's own name servers.
    void setServer(const QHostAddress &address, quint16 port);
    void mx(const QByteArray &name, Done done);
    void addresses(const QByteArray &name, Done done);
    void texts(const QByteArray &name, Done done);
    void tlsa(const QByteArray &name, Done done); // "_25._tcp.mx.example.org"

private:
    using Question = std::pair<int, QByteArray>; // a QDnsLookup::Type
    struct Kept
    {
        DnsAnswer answer;
        qint64 until = 0; // steady ms
    };
    void ask(const Question &question, Done done);
    void answered(const Question &question, const QDnsLookup &lookup);

    QHostAddress m_server;
    quint16 m_port = 53;
    QHash<Question, Kept> m_kept;
    QHash<Question, QList<Done>> m_asking;
};

} // namespace posthorn::net
