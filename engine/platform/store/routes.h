// Ways out for mail, and whose mail takes them.
#pragma once

#include "core/ids.h"
#include "core/result.h"

#include <QByteArray>
#include <QList>
#include <QString>
#include <QStringList>

namespace posthorn::store {

class Connection;
class Transaction;

// What an entry's `route` says besides the id of a route.
inline constexpr RouteId routeByDomain{0}; // the routes' domains decide
inline constexpr RouteId routeDirect{-1};  // the recipients' own servers

struct Route
{
    RouteId id;
    QString name;           // what people call it: letters, digits, hyphens
    QStringList recipients; // domains in lower case, as A-labels; ".example.org": and all below it
    QStringList senders;    // the same
    QString host;           // empty: the recipients' own servers (MX)
    quint16 port = 0;
    QString tls;            // "none", "may", "encrypt", "verify" (STARTTLS), "tls" (from the first octet on)
    QString mechanism;      // the only SASL mechanism to be used; empty: the strongest one
    QString user;           // empty: no sign-in
    QString secret;         // never shown
    QString tokenCommand;   // prints a token in place of the secret (XOAUTH2)
};

// Functions on one connection, inside a read or write job.
class Routes
{
public:
    static Result<RouteId> add(Transaction &, const Route &); // Exists: the name, or a domain, has one
    static Result<void> update(Transaction &, const Route &); // by its id
    // Entries that were to take it go by the domains again.
    static Result<void> remove(Transaction &, const Route &);
    static Result<QList<Route>> list(Connection &); // by name
    static Result<Route> get(Connection &, const QString &name); // NotFound
};

} // namespace posthorn::store
