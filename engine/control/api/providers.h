// What providers want of programs that send mail through them (resources/providers.json), for server, command line and
// forms alike.
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QList>
#include <QString>
#include <QStringList>

#include <optional>

namespace posthorn::control {

struct Provider
{
    QString id;   // "gmail"
    QString name; // for people
    QString host; // "smtp.gmail.com"; with "{region}" in it when there are regions
    quint16 port = 0;
    QString tls;       // as a route has it: "tls", "verify"
    QStringList auth;  // SASL mechanisms
    QString user;      // what to give as user name, for people
    QString hint;      // what else has to be known, for people
    QStringList regions;

    // Invalid: it has regions, and this is none of them; or it has none.
    [[nodiscard]] Result<QString> hostIn(const QString &region) const;
    [[nodiscard]] bool wantsToken() const { return auth == QStringList{QStringLiteral("XOAUTH2")}; }
};

// Compiled in.
[[nodiscard]] const QList<Provider> &providers();
[[nodiscard]] std::optional<Provider> providerNamed(const QString &id);
// Invalid: not what it should be; the detail says what.
[[nodiscard]] Result<QList<Provider>> parseProviders(const QByteArray &json);

} // namespace posthorn::control
