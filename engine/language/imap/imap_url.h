// IMAP URLs (RFC 5092) as far as they name a message or a part of one, whole or relative, and what makes them
// authorized (RFC 4467 §3).
#pragma once

#include "core/result.h"
#include "language/imap/fetch_items.h"

#include <QByteArray>
#include <QString>

#include <optional>

namespace posthorn::imap {

struct Url
{
    static constexpr qsizetype maxSize = 8 * 1024; // octets

    bool hasServer = false; // "imap://user@host:port/"
    QString user;
    QByteArray host;        // without the port

    QString mailbox;        // empty: the selected one
    bool isRelative = false; // the mailbox is beside the selected one
    quint32 uidValidity = 0; // 0: any
    Uid uid = 0;             // never 0
    Section section;         // with the partial

    // ;EXPIRE=, ;URLAUTH=access:mechanism:token
    std::optional<qint64> expires; // ms since 1970
    QByteArray access;             // as written, but percent-decoded: "submit+fred", "authuser"; empty: no URLAUTH
    qsizetype rumpSize = 0;        // octets of the URL before ":mechanism:token"
    QByteArray mechanism, token;   // empty in a rump

    [[nodiscard]] bool isAuthorized() const { return !token.isEmpty(); }
};

// What the URL would be used for.
enum class UrlUse { Reading, Submitting };
// The access identifier means this user, signed in by the whole address (RFC 4467 §3). A name without a domain is of the
// domain of the URL's owner.
[[nodiscard]] bool isFor(const Url &url, const QString &user, UrlUse use);
// The URL's owner as an address: without a domain of the user's.
[[nodiscard]] QString ownerOf(const Url &url, const QString &user);
// The URL's server is one of these, in lower case.
[[nodiscard]] bool isOnServer(const Url &url, const QList<QByteArray> &names);
[[nodiscard]] Result<Url> parseUrl(QByteArrayView text);
// As it may stand in a response code: nothing but printable ASCII, and no bracket.
[[nodiscard]] QByteArray urlText(QByteArrayView url);

} // namespace posthorn::imap
