// TLS reports (RFC 8460): what a domain is told of the TLS that connections to its mail servers had. Pure.
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>

namespace posthorn::trust {

// Connections alike, of one domain.
struct TlsCount
{
    QString policy;          // "sts", "tlsa" or "no-policy-found"
    QByteArrayList strings;  // the policy's lines
    QString result;          // §4.3; empty: success
    QString mx, address;     // the server's
    qint64 sessions = 0;
};

struct TlsReport
{
    QString organization, contact, id;
    QString domain;
    qint64 from = 0, until = 0; // seconds since 1970; both in it
    QList<TlsCount> counts;
};

// Where a domain wants its reports: rua= of the TXT record at _smtp._tls.DOMAIN (§3). Nowhere when there is not exactly one
// such record.
struct TlsReportTargets
{
    QList<QByteArray> addresses; // mailto:
    QList<QByteArray> urls;      // https:
};
[[nodiscard]] TlsReportTargets tlsReportTargets(const QList<QByteArray> &texts);

[[nodiscard]] QByteArray toJson(const TlsReport &report); // §4.4

[[nodiscard]] QByteArray gzip(const QByteArray &octets); // RFC 1952

} // namespace posthorn::trust
