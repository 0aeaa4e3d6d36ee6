// Paths and mailboxes of the SMTP envelope (RFC 5321 §4.1.2, RFC 6531 §3.3).
#pragma once

#include "core/result.h"

#include <QByteArray>

namespace posthorn::smtp {

// local-part@domain. The local part is kept without its quotes, the domain in lower case: A-labels for an IDN in ASCII,
// U-labels are turned into A-labels; an address literal keeps its brackets ("[192.0.2.1]", "[IPv6:...]").
struct Address
{
    QByteArray localPart;
    QByteArray domain; // empty only for <Postmaster> (RFC 5321 §4.1.1.3) and for the null reverse-path

    [[nodiscard]] bool isNull() const { return localPart.isEmpty() && domain.isEmpty(); }
    [[nodiscard]] bool isLiteral() const { return domain.startsWith('['); }
    [[nodiscard]] bool needsUtf8() const; // the local part is not ASCII
    // As it is written between < and >, quoted where needed; empty for the null reverse-path.
    [[nodiscard]] QByteArray toString() const;
    bool operator==(const Address &) const = default;
};

// A whole path with its angle brackets at `text`; source routes ("@a,@b:") are read and dropped (RFC 5321 App. C).
// `utf8` allows SMTPUTF8 addresses. On success `*rest` is what follows the path. Limits of RFC 5321 §4.5.3.1:
// local part 64 octets, domain 255, path 256 (longer is an error of kind TooLarge).
[[nodiscard]] Result<Address> parsePath(QByteArrayView text, bool utf8, QByteArrayView *rest);
// The same without brackets: "user@example.org".
[[nodiscard]] Result<Address> parseAddress(QByteArrayView text, bool utf8 = true);

} // namespace posthorn::smtp
