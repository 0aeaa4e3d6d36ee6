// The Sender Rewriting Scheme (Shevek, "The Sender Rewriting Scheme", 2004): who sends another domain's mail on does so in his own
// name, for that domain's SPF record does not know him, and a bounce still finds its way back.
//     SRS0=hash=time=domain=user@forwarder     the first one to send it on
//     SRS1=hash=first-forwarder==hash=time=domain=user@forwarder     all others: bounces skip those between
#pragma once

#include "core/result.h"
#include "language/smtp/path.h"

namespace posthorn::trust {

inline constexpr qint64 longestSrsAge = 21; // days

[[nodiscard]] bool isSrs(QByteArrayView localPart);
// `seconds` since 1970. A sender that has no place in one (the null reverse-path, an address literal, one that would be
// too long for any path) stays as it is.
[[nodiscard]] smtp::Address srsForward(const smtp::Address &sender, const QByteArray &domain, const QByteArray &key, qint64 seconds);
// Who stands behind an address that srsForward() made with this key. Invalid: somebody else made it, or it is too old.
[[nodiscard]] Result<smtp::Address> srsReverse(const smtp::Address &address, const QByteArray &key, qint64 seconds);

} // namespace posthorn::trust
