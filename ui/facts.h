// What the server's status and settings mean, in sentences for people: can mail come in and go out, is anything open that
// should not be, is the certificate good. Pure: values in, words out.
#pragma once

#include <QDateTime>
#include <QHash>
#include <QJsonObject>
#include <QList>
#include <QString>

namespace posthorn::ui {

struct Fact
{
    enum class Grade { Good, Note, Warning, Bad };
    Grade grade = Grade::Good;
    QString text;
    QString page = {}; // where it can be changed: "settings", "accounts", ...

    bool operator==(const Fact &) const = default;
};

struct Circumstances
{
    QJsonObject status;               // server.status
    QHash<QString, QString> settings; // by key
    QStringList unsignedDomains;      // without a key that signs (DKIM)
    int held = 0, late = 0;           // in the queue: held, and there for more than a day
    QDateTime at = QDateTime::currentDateTime();
};

[[nodiscard]] QList<Fact> factsOf(const Circumstances &now);
// What smtp.trusted_networks opens.
[[nodiscard]] Fact relayFact(const QString &trusted);
// The worst of a status in one sentence, or empty: a service that can't start, a full disk, a certificate that has expired.
[[nodiscard]] QString troubleIn(const QJsonObject &status, const QDateTime &at = QDateTime::currentDateTime());

// How a mail program reaches the server, from its status.
struct ProgramAccess
{
    QString protocol;   // "IMAP"
    QString server;
    int port = 0;
    QString encryption; // "SSL/TLS" or "STARTTLS"
};
// Reading (IMAP, else POP3) and sending; empty when no service of the kind is open.
[[nodiscard]] QList<ProgramAccess> waysToRead(const QJsonObject &status);
[[nodiscard]] QList<ProgramAccess> waysToSend(const QJsonObject &status);
// True when the certificate that clients get was made by the server itself.
[[nodiscard]] bool hasOwnCertificate(const QJsonObject &status);

} // namespace posthorn::ui
