// Checks of what people type, for server, command line and forms alike.
#pragma once

#include "core/result.h"

#include <QString>

namespace posthorn::control {

// The domain as A-labels in lower case ("münchen.example" -> "xn--mnchen-3ya.example"). Invalid with a sentence.
[[nodiscard]] Result<QString> checkDomain(const QString &text);
// local@domain in lower case, the domain as A-labels. The local part is a dot-atom, UTF-8 allowed (RFC 6532), of at most
// 64 octets: what needs quotes is no address for a person here.
[[nodiscard]] Result<QString> checkAddress(const QString &text);
// "500M", "2 GiB", "1048576" to octets; K, M, G and T count by 1024. Invalid: no size.
[[nodiscard]] Result<qint64> parseOctets(const QString &text);
// "1.5 GiB"
[[nodiscard]] QString octetsText(qint64 octets);
// Where a server keeps its data when nobody says otherwise: /var/lib/posthorn for root on Linux, else a folder of the user.
[[nodiscard]] QString defaultDataDirectory();
// The control socket's name for QLocalServer and QLocalSocket: DIRECTORY/control.sock; one in the user's runtime folder
// when that path is too long for a socket; on Windows a pipe named after the directory.
[[nodiscard]] QString socketName(const QString &dataDirectory);

} // namespace posthorn::control
