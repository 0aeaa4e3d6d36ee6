// Questions to a name server and its answers as octets (RFC 1035 §4). Pure.
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>

#include <optional>

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
    QByteArray canonical;    // the name that the name asked for stands for (CNAME), lower case; empty: itself
};

enum class DnsType : quint16 { A = 1, Cname = 5, Soa = 6, Mx = 15, Txt = 16, Aaaa = 28, Opt = 41, Tlsa = 52 };

struct DnsReply
{
    DnsAnswer answer;
    bool truncated = false; // ask again by TCP
    qint64 ttl = 0;         // seconds; of what is not there as well (RFC 2308 §5)
};

// Empty: nothing can have such a name. Answers of up to 1232 octets are asked for, and the AD bit (RFC 6840 §5.7).
[[nodiscard]] QByteArray dnsQuestion(quint16 id, const QByteArray &name, DnsType type);

// Nothing: it is no answer to this question. Aliases are followed within it.
[[nodiscard]] std::optional<DnsReply> readDnsReply(const QByteArray &octets, quint16 id, const QByteArray &name, DnsType type);

} // namespace posthorn::net
