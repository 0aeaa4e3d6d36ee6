#include "core/settings.h"

#include <QStringList>

namespace posthorn {

using namespace Qt::StringLiterals;

namespace {

QStringList splitList(QStringView text)
{
    QString spaced = text.toString();
    spaced.replace(u',', u' ').replace(u';', u' ');
    return spaced.split(u' ', Qt::SkipEmptyParts);
}

Result<Endpoint> parseEndpoint(QStringView item)
{
    const qsizetype colon = item.lastIndexOf(u':');
    bool isNumber = false;
    const uint port = colon < 0 ? 0 : item.mid(colon + 1).toUInt(&isNumber);
    QStringView host = item.left(qMax(qsizetype(0), colon));
    const bool bracketed = host.startsWith(u'[') && host.endsWith(u']');
    if (bracketed)
        host = host.mid(1, host.size() - 2);
    QHostAddress address;
    if (host == "localhost"_L1)
        address = QHostAddress(QHostAddress::LocalHost);
    else if (host == "*"_L1)
        address = QHostAddress(QHostAddress::AnyIPv6);
    else
        address = QHostAddress(host.toString());
    if (!isNumber || port > 65535 || address.isNull() || (host.contains(u':') && !bracketed)) {
        return fail(ErrorKind::Invalid,
                    u"“%1” is not an address and port; write 127.0.0.1:25, [::1]:25 or [::]:25"_s.arg(item));
    }
    return Endpoint{address.toString().toLatin1(), quint16(port)};
}

Result<QString> checkNumber(const SettingDescription &setting, const QString &value)
{
    bool isNumber = false;
    const qint64 number = value.trimmed().toLongLong(&isNumber);
    if (!isNumber || number < setting.minimum || number > setting.maximum) {
        return fail(ErrorKind::Invalid, u"%1 takes a whole number from %2 to %3 (%4)"_s.arg(setting.key)
                                            .arg(setting.minimum).arg(setting.maximum).arg(setting.unit));
    }
    return QString::number(number);
}

Result<QString> checkFlag(const SettingDescription &setting, const QString &value)
{
    const QString lower = value.trimmed().toLower();
    if (lower == "true"_L1 || lower == "yes"_L1 || lower == "on"_L1 || lower == "1"_L1)
        return u"true"_s;
    if (lower == "false"_L1 || lower == "no"_L1 || lower == "off"_L1 || lower == "0"_L1)
        return u"false"_s;
    return fail(ErrorKind::Invalid, u"%1 takes true or false"_s.arg(setting.key));
}

Result<QString> checkNetworks(const QString &value)
{
    const QStringList items = splitList(value);
    for (const QString &item : items) {
        const auto subnet = QHostAddress::parseSubnet(item);
        if (subnet.first.isNull() || subnet.second < 0)
            return fail(ErrorKind::Invalid, u"“%1” is not an address or a range such as 192.168.1.0/24"_s.arg(item));
    }
    return items.join(u", "_s);
}

Result<QString> checkEndpoints(const QString &value)
{
    const auto endpoints = parseEndpoints(value);
    if (!endpoints)
        return std::unexpected(endpoints.error());
    QStringList items;
    for (const Endpoint &endpoint : *endpoints) {
        const QString address = QString::fromLatin1(endpoint.address);
        items += (address.contains(u':') ? u"[%1]:%2"_s : u"%1:%2"_s).arg(address).arg(endpoint.port);
    }
    return items.join(u", "_s);
}

} // namespace

const SettingDescription *describeSetting(QStringView key)
{
    for (const SettingDescription &setting : settingDescriptions()) {
        if (setting.key == key)
            return &setting;
    }
    return nullptr;
}

Result<QString> checkSetting(QStringView key, const QString &value)
{
    const SettingDescription *setting = describeSetting(key);
    if (!setting)
        return fail(ErrorKind::NotFound, u"There is no setting “%1”"_s.arg(key));
    if (value.size() > 64 * 1024 || value.contains(QChar(0)) || value.contains(u'\n'))
        return fail(ErrorKind::Invalid, u"The value of %1 is too long or has line ends in it"_s.arg(key));
    switch (setting->type) {
    case SettingType::Flag: return checkFlag(*setting, value);
    case SettingType::Number: return checkNumber(*setting, value);
    case SettingType::Endpoints: return checkEndpoints(value);
    case SettingType::Host:
        if (!value.trimmed().isEmpty())
            return parseHost(value).transform([&](const Endpoint &) { return value.trimmed(); });
        return QString();
    case SettingType::Durations: return parseDurations(value).transform([&](const auto &) { return value.simplified(); });
    case SettingType::Networks: return checkNetworks(value);
    case SettingType::Choice:
        if (QString(setting->choices).split(u'|').contains(value.trimmed()))
            return value.trimmed();
        return fail(ErrorKind::Invalid, u"%1 takes one of %2"_s.arg(setting->key, setting->choices));
    case SettingType::Text:
        return setting->check ? setting->check(value) : value.trimmed();
    case SettingType::File: return value.trimmed();
    }
    return value;
}

SettingsSnapshot::SettingsSnapshot(const QHash<QString, QString> &values, QStringList *faults)
{
    for (auto it = values.begin(); it != values.end(); ++it) {
        const auto checked = checkSetting(it.key(), it.value());
        if (checked)
            m_values.insert(it.key(), *checked);
        else if (faults)
            *faults += checked.error().text;
    }
}

QString SettingsSnapshot::text(QLatin1StringView key) const
{
    const SettingDescription *setting = describeSetting(QString(key));
    Q_ASSERT(setting);
    const auto found = m_values.constFind(QString(key));
    return found != m_values.cend() ? *found : QString(setting ? setting->initial : ""_L1);
}

bool SettingsSnapshot::flag(QLatin1StringView key) const { return text(key) == "true"_L1; }

qint64 SettingsSnapshot::number(QLatin1StringView key) const { return text(key).toLongLong(); }

QList<Endpoint> SettingsSnapshot::endpoints(QLatin1StringView key) const
{
    return parseEndpoints(text(key)).value_or(QList<Endpoint>{});
}

Endpoint SettingsSnapshot::host(QLatin1StringView key) const
{
    return parseHost(text(key)).value_or(Endpoint{});
}

QList<qint64> SettingsSnapshot::durations(QLatin1StringView key) const
{
    return parseDurations(text(key)).value_or(QList<qint64>{});
}

bool SettingsSnapshot::isSet(QLatin1StringView key) const { return m_values.contains(QString(key)); }

Result<QList<Endpoint>> parseEndpoints(QStringView text)
{
    QList<Endpoint> endpoints;
    const QStringList items = splitList(text);
    for (const QString &item : items) {
        const auto endpoint = parseEndpoint(item);
        if (!endpoint)
            return std::unexpected(endpoint.error());
        endpoints += *endpoint;
    }
    return endpoints;
}

Result<Endpoint> parseHost(QStringView text)
{
    const QStringView item = text.trimmed();
    const qsizetype colon = item.lastIndexOf(u':');
    bool isNumber = false;
    const uint port = colon < 0 ? 0 : item.mid(colon + 1).toUInt(&isNumber);
    QStringView host = item.left(qMax(qsizetype(0), colon));
    const bool bracketed = host.startsWith(u'[') && host.endsWith(u']');
    if (bracketed)
        host = host.mid(1, host.size() - 2);
    if (!isNumber || port == 0 || port > 65535 || host.isEmpty() || host.size() > 255 || host.contains(u' ')
        || (host.contains(u':') && !bracketed))
        return fail(ErrorKind::Invalid, u"“%1” is not a server and port; write smtp.example.org:587"_s.arg(item));
    return Endpoint{host.toString().toLower().toUtf8(), quint16(port)};
}

Result<QList<qint64>> parseDurations(QStringView text)
{
    QList<qint64> durations;
    const QStringList items = splitList(text);
    for (const QString &item : items) {
        const qint64 unit = item.endsWith(u's') ? 1'000 : item.endsWith(u'm') ? 60'000 : item.endsWith(u'h') ? 3'600'000
                            : item.endsWith(u'd') ? 86'400'000 : 0;
        bool isNumber = false;
        const qint64 number = item.chopped(1).toLongLong(&isNumber);
        if (unit == 0 || !isNumber || number < 1 || number > 1'000'000)
            return fail(ErrorKind::Invalid, u"“%1” is not a time; write 30s, 5m, 4h or 5d"_s.arg(item));
        durations += number * unit;
    }
    return durations;
}

bool inNetworks(QStringView networks, const QByteArray &address)
{
    const QHostAddress host(QString::fromLatin1(address));
    const QStringList items = splitList(networks);
    for (const QString &item : items) {
        if (host.isInSubnet(QHostAddress::parseSubnet(item)))
            return true;
    }
    return false;
}

} // namespace posthorn
