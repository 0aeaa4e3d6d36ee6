#include "platform/store/routes.h"

#include "platform/store/ledger.h"
#include "platform/store/transaction.h"

#include <QSet>

namespace posthorn::store {

using namespace Qt::StringLiterals;

static Route routeFrom(const Row &row)
{
    const auto words = [](const QString &text) { return text.split(u' ', Qt::SkipEmptyParts); };
    return Route{.id = {row.number(0)},
                 .name = row.text(1),
                 .recipients = words(row.text(2)),
                 .senders = words(row.text(3)),
                 .host = row.text(4),
                 .port = quint16(row.number(5)),
                 .tls = row.text(6),
                 .mechanism = row.text(7),
                 .user = row.text(8),
                 .secret = row.text(9),
                 .tokenCommand = row.text(10)};
}

Result<QList<Route>> Routes::list(Connection &connection)
{
    QList<Route> routes;
    auto done = connection
                    .select("SELECT id, name, recipients, senders, host, port, tls, mechanism, user_name, secret, "
                            "token_command FROM route ORDER BY name")
                    .each([&](const Row &row) { routes.append(routeFrom(row)); });
    if (!done)
        return std::unexpected(done.error());
    return routes;
}

Result<Route> Routes::get(Connection &connection, const QString &name)
{
    auto route = connection
                     .select("SELECT id, name, recipients, senders, host, port, tls, mechanism, user_name, secret, "
                             "token_command FROM route WHERE name = ?",
                             name)
                     .first(routeFrom);
    if (!route)
        return std::unexpected(route.error());
    if (!*route)
        return fail(ErrorKind::NotFound, u"There is no route “%1”"_s.arg(name.left(100)));
    return std::move(**route);
}

// A domain's mail can take one way only.
static Result<void> checkAgainst(const Route &route, const Route &other)
{
    const auto both = [](const QStringList &a, const QStringList &b) {
        return QSet<QString>(a.begin(), a.end()).intersect({b.begin(), b.end()});
    };
    if (other.id == route.id)
        return {};
    if (other.name == route.name)
        return fail(ErrorKind::Exists, u"There is a route “%1” already"_s.arg(route.name));
    const auto twice = both(route.recipients, other.recipients) + both(route.senders, other.senders);
    if (!twice.isEmpty())
        return fail(ErrorKind::Exists, u"Mail of %1 takes the route “%2” already"_s.arg(*twice.begin(), other.name));
    return {};
}

static Result<void> checkAll(Connection &connection, const Route &route)
{
    const auto others = Routes::list(connection);
    if (!others)
        return std::unexpected(others.error());
    for (const Route &other : *others) {
        if (const auto fits = checkAgainst(route, other); !fits)
            return fits;
    }
    return {};
}

Result<RouteId> Routes::add(Transaction &transaction, const Route &route)
{
    Connection &connection = transaction.connection();
    if (const auto fits = checkAll(connection, route); !fits)
        return std::unexpected(fits.error());
    const auto id = connection.ledger()->next(connection, Counter::Route);
    if (!id)
        return std::unexpected(id.error());
    auto done = connection.run("INSERT INTO route (id, name, recipients, senders, host, port, tls, mechanism, user_name, "
                               "secret, token_command) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                               *id, route.name, route.recipients.join(u' '), route.senders.join(u' '), route.host,
                               route.port, route.tls, route.mechanism, route.user, route.secret, route.tokenCommand);
    if (!done)
        return std::unexpected(done.error());
    transaction.changes.routesChanged = true;
    return RouteId{*id};
}

static Result<void> altered(Transaction &transaction, const Result<qint64> &rows)
{
    if (!rows)
        return std::unexpected(rows.error());
    if (*rows == 0)
        return fail(ErrorKind::NotFound, u"There is no such route"_s);
    transaction.changes.routesChanged = true;
    return {};
}

Result<void> Routes::update(Transaction &transaction, const Route &route)
{
    Connection &connection = transaction.connection();
    if (const auto fits = checkAll(connection, route); !fits)
        return std::unexpected(fits.error());
    return altered(transaction,
                   connection.run("UPDATE route SET name = ?, recipients = ?, senders = ?, host = ?, port = ?, tls = ?, "
                                  "mechanism = ?, user_name = ?, secret = ?, token_command = ? WHERE id = ?",
                                  route.name, route.recipients.join(u' '), route.senders.join(u' '), route.host,
                                  route.port, route.tls, route.mechanism, route.user, route.secret, route.tokenCommand,
                                  route.id.value));
}

// The queue runner reads the routes anew; an entry whose route is gone goes by the domains there as well.
Result<void> Routes::remove(Transaction &transaction, const Route &route)
{
    auto freed = transaction.connection().run("UPDATE queue SET route = 0 WHERE route = ?", route.id.value);
    if (!freed)
        return std::unexpected(freed.error());
    return altered(transaction, transaction.connection().run("DELETE FROM route WHERE id = ?", route.id.value));
}

} // namespace posthorn::store
