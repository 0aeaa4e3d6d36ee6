// Addresses in header fields (RFC 5322 §3.4, obsolete syntax of §4.4, UTF-8 of RFC 6532).
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QList>

namespace posthorn::message {

// One entry of an address list as IMAP's ENVELOPE wants it (RFC 9051 §7.5.2). A group starts with an entry
// whose `groupStart` is set (its name in localPart) and ends with one whose `groupEnd` is set.
struct Address
{
    QByteArray displayName; // unquoted, unfolded, encoded words left as they are
    QByteArray route;       // obsolete source route, "@a,@b"
    QByteArray localPart;   // unquoted
    QByteArray domain;      // empty when missing
    bool groupStart = false;
    bool groupEnd = false;

    bool operator==(const Address &) const = default;
};

// Reads as much as can be made sense of; never fails. At most `limit` entries are returned; every group that starts
// in the list also ends in it. No octet of the result is NUL, CR or LF. A comment after an address without a display
// name serves as one ("joe@example.org (Joe)").
[[nodiscard]] QList<Address> parseAddressList(QByteArrayView field, qsizetype limit = 10'000);

// One addr-spec and nothing else (RFC 5322 §3.4.1 without the obsolete forms, UTF-8 by RFC 6532): the local part a
// dot-atom or quoted string of at most 64 octets, the domain of at most 255 a host name (internationalized or not)
// or an address literal in brackets. Anything else is an error with its offset.
[[nodiscard]] Result<Address> parseAddrSpec(QByteArrayView text);

// The local part quoted when it must be, with '@' and the domain if there is one. No display name.
[[nodiscard]] QByteArray formatAddrSpec(const Address &address);

// As in a header field: the display name as atoms, quoted, or as encoded words (RFC 2047) when it is not ASCII.
// A list is folded so that lines stay under 78 octets where addresses allow that. `firstLineRoom` is what the first
// line still has room for.
[[nodiscard]] QByteArray formatAddress(const Address &address);
[[nodiscard]] QByteArray formatAddressList(const QList<Address> &addresses, qsizetype firstLineRoom = 70);

// A domain in the form the DNS and comparisons want: lower case, U-labels (UTF-8) as A-labels (RFC 5890). Null when
// it is not a host name. An address literal is only lowered.
[[nodiscard]] QByteArray domainToAscii(QByteArrayView domain);

// The same with A-labels shown as UTF-8; what can't be shown safely stays as it is.
[[nodiscard]] QByteArray domainToUnicode(QByteArrayView domain);

} // namespace posthorn::message
