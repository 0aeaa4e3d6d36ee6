// The settings, described once: form fields, command line, validation and documentation all come from this table.
// The engine hands out immutable snapshots; a change makes a new one.
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QHash>
#include <QHostAddress>
#include <QList>
#include <QString>

#include <memory>
#include <span>

namespace posthorn {

enum class SettingType {
    Flag,      // "true" or "false"
    Number,    // whole number from `minimum` to `maximum`, in `unit`
    Text,
    Choice,    // one of `choices`, separated by '|'
    Endpoints, // ADDRESS:PORT list, separated by commas or spaces; empty: off
    Networks,  // addresses and CIDR ranges, separated by commas or spaces
    File,      // path
    Host,      // HOST:PORT, the host a name or an address (IPv6 in brackets); empty: none
    Durations, // "1m 5m 1h 5d", units s, m, h, d; empty: none
};

struct SettingDescription
{
    QLatin1StringView key;
    SettingType type;
    QLatin1StringView initial;
    qint64 minimum = 0, maximum = 0;
    QLatin1StringView unit;    // "octets", "seconds", "days", ...
    QLatin1StringView choices;
    QLatin1StringView room;    // the page of the form: "Services", "Sign-in", ...
    bool restartNeeded = false;
    bool secret = false;       // never shown or logged
    bool advanced = false;     // one click away
    Result<QString> (*check)(const QString &value) = nullptr; // of a Text: its canonical form, or what is allowed
    QLatin1StringView label;       // for people, English; ui translates it
    QLatin1StringView explanation; // one or two sentences
};

[[nodiscard]] std::span<const SettingDescription> settingDescriptions();
[[nodiscard]] const SettingDescription *describeSetting(QStringView key);
// The value in its canonical form, or Invalid with a sentence that says what is allowed.
[[nodiscard]] Result<QString> checkSetting(QStringView key, const QString &value);

struct Endpoint
{
    QByteArray address; // "127.0.0.1", "::1", "0.0.0.0", "::"
    quint16 port = 0;
    bool operator==(const Endpoint &) const = default;
};

// A snapshot. Reading a key that is not in the table, or as another type, is a bug (asserts).
class SettingsSnapshot
{
public:
    SettingsSnapshot() = default;
    // `values`: those that differ from the initial ones. Invalid ones are left out and listed in *faults.
    explicit SettingsSnapshot(const QHash<QString, QString> &values, QStringList *faults = nullptr);

    [[nodiscard]] QString text(QLatin1StringView key) const;
    [[nodiscard]] bool flag(QLatin1StringView key) const;
    [[nodiscard]] qint64 number(QLatin1StringView key) const;
    [[nodiscard]] QList<Endpoint> endpoints(QLatin1StringView key) const;
    [[nodiscard]] Endpoint host(QLatin1StringView key) const; // port 0: none
    [[nodiscard]] QList<qint64> durations(QLatin1StringView key) const; // ms
    [[nodiscard]] bool isSet(QLatin1StringView key) const;

private:
    QHash<QString, QString> m_values;
};

using SettingsPointer = std::shared_ptr<const SettingsSnapshot>;

// "127.0.0.1:25, [::1]:25"
[[nodiscard]] Result<QList<Endpoint>> parseEndpoints(QStringView text);
// "smtp.example.org:587"
[[nodiscard]] Result<Endpoint> parseHost(QStringView text);
// In milliseconds.
[[nodiscard]] Result<QList<qint64>> parseDurations(QStringView text);
// True when the address (text form) is in the list of addresses and CIDR ranges.
[[nodiscard]] bool inNetworks(QStringView networks, const QByteArray &address);

} // namespace posthorn
