// What is kept of TLS with other servers: policies that domains publish (MTA-STS, RFC 8461), and what became of each
// day's connections (TLS reports, RFC 8460).
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QList>
#include <QString>

namespace posthorn::store {

class Connection;
class Transaction;

struct KeptTlsPolicy
{
    QString domain;
    QByteArray id;        // of the TXT record that announced it
    QByteArray text;      // the policy file
    qint64 fetchedAt = 0; // ms since 1970
    qint64 expiresAt = 0;
};

// Connections alike.
struct TlsResult
{
    qint64 day = 0; // since 1970, UTC
    QString domain;
    QString policy; // "sts", "tlsa" or "no-policy-found"
    QString result; // "starttls-not-supported" and the like; empty: success
    QString mx;
    QString address; // the server's
    QByteArray policyText; // lines
    qint64 sessions = 0;
};

class TlsPolicies
{
public:
    static Result<QList<KeptTlsPolicy>> all(Connection &);
    static Result<void> keep(Transaction &, const KeptTlsPolicy &);
    static Result<void> prune(Transaction &, qint64 now); // those that have expired

    static Result<void> count(Transaction &, const QList<TlsResult> &);
    // Of the days before `day`, by day and domain.
    static Result<QList<TlsResult>> results(Connection &, qint64 before);
    static Result<void> forget(Transaction &, qint64 day, const QString &domain);
};

} // namespace posthorn::store
