#include "control/api/providers.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

static void openResource()
{
    Q_INIT_RESOURCE(providers);
}

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

constexpr auto regionMark = "{region}"_L1;

QStringList texts(const QJsonValue &value)
{
    QStringList list;
    for (const QJsonValue &one : value.toArray())
        list += one.toString();
    return list;
}

Provider providerFrom(const QJsonObject &object)
{
    const auto text = [&](QLatin1StringView key) { return object.value(key).toString(); };
    return {text("id"_L1),   text("name"_L1), text("host"_L1), quint16(object.value("port"_L1).toInt()),
            text("tls"_L1),  texts(object.value("auth"_L1)),   text("user"_L1),
            text("hint"_L1), texts(object.value("regions"_L1))};
}

QString faultOf(const Provider &provider)
{
    const QStringList tls{u"tls"_s, u"verify"_s}, auth{u"PLAIN"_s, u"LOGIN"_s, u"SCRAM-SHA-256"_s, u"XOAUTH2"_s};
    const auto known = [&](const QString &mechanism) { return auth.contains(mechanism); };
    if (provider.id.isEmpty() || provider.name.isEmpty() || provider.user.isEmpty() || provider.hint.isEmpty())
        return u"something is empty"_s;
    if (provider.host.isEmpty() || provider.port == 0)
        return u"it has no server"_s;
    if (!tls.contains(provider.tls))
        return u"it has no good TLS"_s; // a password is shown to it
    if (provider.auth.isEmpty() || !std::ranges::all_of(provider.auth, known))
        return u"it has no way to sign in that we know"_s;
    if (provider.host.contains(regionMark) == provider.regions.isEmpty())
        return u"its regions are not in its server's name"_s;
    return {};
}

QList<Provider> compiledIn()
{
    openResource();
    QFile file(u":/posthorn/providers.json"_s);
    return file.open(QFile::ReadOnly) ? parseProviders(file.readAll()).value_or(QList<Provider>()) : QList<Provider>();
}

} // namespace

Result<QString> Provider::hostIn(const QString &region) const
{
    if (regions.isEmpty())
        return region.isEmpty() ? Result<QString>(host) : fail(ErrorKind::Invalid, u"%1 has no regions"_s.arg(name));
    if (!regions.contains(region))
        return fail(ErrorKind::Invalid, u"%1 needs one of its regions: %2"_s.arg(name, regions.join(u", "_s)));
    return QString(host).replace(regionMark, region);
}

const QList<Provider> &providers()
{
    static const QList<Provider> all = compiledIn();
    return all;
}

std::optional<Provider> providerNamed(const QString &id)
{
    const auto found = std::ranges::find(providers(), id, &Provider::id);
    return found == providers().end() ? std::nullopt : std::optional(*found);
}

Result<QList<Provider>> parseProviders(const QByteArray &json)
{
    QJsonParseError error;
    const QJsonDocument document = QJsonDocument::fromJson(json, &error);
    if (error.error != QJsonParseError::NoError)
        return fail(ErrorKind::Invalid, u"The list of providers can't be read"_s, error.errorString());
    QList<Provider> all;
    for (const QJsonValue &value : document.object().value("providers"_L1).toArray()) {
        const Provider provider = providerFrom(value.toObject());
        if (const QString fault = faultOf(provider); !fault.isEmpty())
            return fail(ErrorKind::Invalid, u"The list of providers can't be read"_s, u"%1: %2"_s.arg(provider.id, fault));
        if (std::ranges::contains(all, provider.id, &Provider::id))
            return fail(ErrorKind::Invalid, u"The list of providers can't be read"_s, u"%1 is there twice"_s.arg(provider.id));
        all += provider;
    }
    return all;
}

} // namespace posthorn::control
