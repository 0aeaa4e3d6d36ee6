// route.*
#include "control/api/providers.h"
#include "control/api/values.h"
#include "control/server/desk.h"
#include "control/server/route_rules.h"
#include "core/settings.h"
#include "platform/store/store.h"
#include "platform/system/command.h"

#include <QJsonArray>
#include <QRegularExpression>

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

const QString direct = u"direct"_s, usual = u"usual"_s; // names that no route may have

Result<QStringList> checkDomains(const QStringList &given)
{
    QStringList domains;
    for (const QString &one : given.join(u' ').split(u' ', Qt::SkipEmptyParts)) {
        const bool below = one.startsWith(u'.');
        const auto domain = checkDomain(below ? one.sliced(1) : one);
        if (!domain)
            return std::unexpected(domain.error());
        domains += below ? u'.' + *domain : *domain;
    }
    domains.sort();
    domains.removeDuplicates();
    return domains;
}

Result<void> fillHost(store::Route &route, const QString &text)
{
    if (text.trimmed().isEmpty() || text == direct) {
        route.host.clear();
        route.port = 0;
        return {};
    }
    const auto host = parseHost(text);
    if (!host)
        return std::unexpected(host.error());
    route.host = QString::fromUtf8(host->address);
    route.port = host->port;
    return {};
}

// What the provider wants; what is given besides wins.
Result<void> fillProvider(store::Route &route, const Call &call)
{
    const auto provider = providerNamed(call.text("provider"_L1));
    if (!provider)
        return fail(ErrorKind::NotFound, u"There is no provider “%1” in the list"_s.arg(call.text("provider"_L1).left(40)));
    const auto host = provider->hostIn(call.text("region"_L1));
    if (!host)
        return std::unexpected(host.error());
    route.host = *host;
    route.port = provider->port;
    route.tls = provider->tls;
    return {};
}

Result<void> checkName(const QString &name)
{
    static const QRegularExpression good(u"^[a-z0-9][a-z0-9._-]{0,62}$"_s);
    if (!good.match(name).hasMatch() || name == direct || name == usual)
        return fail(ErrorKind::Invalid, u"A route's name is made of small letters, digits and hyphens, and is not “direct” or “usual”"_s);
    return {};
}

Result<void> checkSignIn(const store::Route &route)
{
    static const QStringList mechanisms{u"PLAIN"_s, u"LOGIN"_s, u"SCRAM-SHA-256"_s, u"XOAUTH2"_s};
    if (!route.mechanism.isEmpty() && !mechanisms.contains(route.mechanism))
        return fail(ErrorKind::Invalid, u"A way to sign in is %1 or auto"_s.arg(mechanisms.join(u", "_s)));
    const bool token = !route.tokenCommand.isEmpty(), byToken = route.mechanism == "XOAUTH2"_L1;
    if (byToken && !token)
        return fail(ErrorKind::Invalid, u"XOAUTH2 needs a command that prints the token"_s);
    if (token && !byToken && !route.mechanism.isEmpty())
        return fail(ErrorKind::Invalid, u"A command that prints tokens goes with XOAUTH2 only"_s);
    if (token) {
        if (const auto words = system::splitCommand(route.tokenCommand); !words)
            return std::unexpected(words.error());
    }
    if (route.user.isEmpty() && (token || !route.secret.isEmpty()))
        return fail(ErrorKind::Invalid, u"A password or a token needs a user name beside it"_s);
    if (!route.user.isEmpty() && !token && route.secret.isEmpty())
        return fail(ErrorKind::Invalid, u"A user name needs a password, or a command that prints a token"_s);
    if (!route.user.isEmpty() && route.tls == "may"_L1)
        return fail(ErrorKind::Invalid, u"With a user name, encryption is encrypt, verify or tls: else anybody on the way could read the password"_s);
    return {};
}

Result<void> checkRoute(store::Route &route)
{
    static const QStringList tls{u"none"_s, u"may"_s, u"encrypt"_s, u"verify"_s, u"tls"_s};
    if (const auto name = checkName(route.name); !name)
        return name;
    if (route.host.isEmpty()) {
        if (!route.user.isEmpty())
            return fail(ErrorKind::Invalid, u"A route to the recipients' own servers signs in nowhere"_s);
        route.tls.clear();
        return {};
    }
    if (route.tls.isEmpty())
        route.tls = route.port == 465 ? u"tls"_s : route.user.isEmpty() ? u"may"_s : u"verify"_s;
    if (!tls.contains(route.tls))
        return fail(ErrorKind::Invalid, u"Encryption is %1"_s.arg(tls.join(u", "_s)));
    return checkSignIn(route);
}

void answerWithRoute(Desk &desk, const Call &call, WriteJob job)
{
    answerByWriting(desk, call, std::move(job), EventKind::RouteChanged, call.text("name"_L1));
}

} // namespace

QJsonObject toJson(const store::Route &route)
{
    const QString host = route.host.contains(u':') ? u'[' + route.host + u']' : route.host;
    return {{u"name"_s, route.name},
            {u"recipients"_s, QJsonArray::fromStringList(route.recipients)},
            {u"senders"_s, QJsonArray::fromStringList(route.senders)},
            {u"host"_s, route.host.isEmpty() ? QString() : host + u':' + QString::number(route.port)},
            {u"tls"_s, route.tls},
            {u"auth"_s, route.mechanism},
            {u"user"_s, route.user},
            {u"hasSecret"_s, !route.secret.isEmpty()},
            {u"tokenCommand"_s, route.tokenCommand}};
}

Result<void> fillRoute(store::Route &route, const Call &call)
{
    if (call.has("provider"_L1)) {
        if (const auto filled = fillProvider(route, call); !filled)
            return filled;
    }
    if (call.has("host"_L1)) {
        if (const auto filled = fillHost(route, call.text("host"_L1)); !filled)
            return filled;
    }
    const auto take = [&](QLatin1StringView name, QString &into) {
        if (call.has(name))
            into = call.text(name).trimmed();
    };
    const auto takeDomains = [&](QLatin1StringView name, QStringList &into) -> Result<void> {
        if (!call.has(name))
            return {};
        const auto domains = checkDomains(call.list(name));
        if (!domains)
            return std::unexpected(domains.error());
        into = *domains;
        return {};
    };
    if (const auto taken = takeDomains("recipients"_L1, route.recipients); !taken)
        return taken;
    if (const auto taken = takeDomains("senders"_L1, route.senders); !taken)
        return taken;
    take("tls"_L1, route.tls);
    take("user"_L1, route.user);
    take("tokenCommand"_L1, route.tokenCommand);
    take("auth"_L1, route.mechanism);
    route.mechanism = route.mechanism.toUpper();
    if (route.mechanism == "AUTO"_L1)
        route.mechanism.clear();
    if (call.has("secret"_L1))
        route.secret = call.text("secret"_L1);
    if (route.user.isEmpty() && call.has("user"_L1))
        route.secret.clear();
    return checkRoute(route);
}

Result<RouteNames> RouteNames::read(store::Connection &connection)
{
    const auto routes = store::Routes::list(connection);
    if (!routes)
        return std::unexpected(routes.error());
    RouteNames names;
    for (const store::Route &route : *routes)
        names.m_names.insert(route.id, route.name);
    return names;
}

QString RouteNames::nameOf(RouteId id) const
{
    return id == store::routeDirect ? direct : m_names.value(id);
}

Result<RouteId> RouteNames::named(const QString &name) const
{
    if (name == direct)
        return store::routeDirect;
    if (name == usual)
        return store::routeByDomain;
    const RouteId id = m_names.key(name);
    return id ? Result<RouteId>(id) : fail(ErrorKind::NotFound, u"There is no route “%1”"_s.arg(name.left(100)));
}

void deed::routeList(Desk &desk, const Call &call)
{
    answerByReading(desk, call, [](store::Connection &connection) -> Result<QJsonValue> {
        const auto routes = store::Routes::list(connection);
        if (!routes)
            return std::unexpected(routes.error());
        QJsonArray list;
        for (const store::Route &route : *routes)
            list += toJson(route);
        return QJsonObject{{u"routes"_s, list}};
    });
}

void deed::routeAdd(Desk &desk, const Call &call)
{
    store::Route route{.name = call.text("name"_L1).trimmed()};
    if (!call.has("host"_L1) && !call.has("provider"_L1))
        return call.refuse({ErrorKind::Invalid, u"A route needs a provider, or a host: HOST:PORT or direct"_s, {}});
    if (const auto filled = fillRoute(route, call); !filled)
        return call.refuse(filled.error());
    answerWithRoute(desk, call, [route](store::Transaction &transaction) -> Result<QJsonValue> {
        const auto added = store::Routes::add(transaction, route);
        return added ? Result<QJsonValue>(toJson(route)) : std::unexpected(added.error());
    });
}

void deed::routeUpdate(Desk &desk, const Call &call)
{
    answerWithRoute(desk, call, [call](store::Transaction &transaction) -> Result<QJsonValue> {
        auto route = store::Routes::get(transaction, call.text("name"_L1).trimmed());
        if (!route)
            return std::unexpected(route.error());
        if (const auto filled = fillRoute(*route, call); !filled)
            return std::unexpected(filled.error());
        const auto kept = store::Routes::update(transaction, *route);
        return kept ? Result<QJsonValue>(toJson(*route)) : std::unexpected(kept.error());
    });
}

void deed::routeRemove(Desk &desk, const Call &call)
{
    answerWithRoute(desk, call, [name = call.text("name"_L1).trimmed()](store::Transaction &transaction) -> Result<QJsonValue> {
        const auto route = store::Routes::get(transaction, name);
        if (!route)
            return std::unexpected(route.error());
        const auto removed = store::Routes::remove(transaction, *route);
        return removed ? Result<QJsonValue>(QJsonObject{}) : std::unexpected(removed.error());
    });
}

void deed::routeTest(Desk &desk, const Call &call)
{
    const auto test = desk.context.testRoute;
    if (!test)
        return call.refuse({ErrorKind::Unavailable, u"Nothing is sent here"_s, {}});
    const auto found = [call, test](const Result<store::Route> &route) {
        if (!route)
            return call.refuse(route.error());
        if (route->host.isEmpty())
            return call.refuse({ErrorKind::Invalid, u"This route goes to the recipients' own servers; there is no single one to be tested"_s, {}});
        test(*route, [call](bool good, const QJsonArray &steps, const QByteArray &dialogue) {
            call.answer(QJsonObject{{u"good"_s, good}, {u"steps"_s, steps}, {u"dialogue"_s, QString::fromUtf8(dialogue)}});
        });
    };
    desk.context.store->read<store::Route>(
        [name = call.text("name"_L1).trimmed()](store::Connection &connection) { return store::Routes::get(connection, name); }, found);
}

} // namespace posthorn::control
