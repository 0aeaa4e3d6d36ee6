// Bounce Address Tag Validation (draft-levine-smtp-batv): our own senders get a tag that only we can make, so that a bounce
// of mail that somebody else sent in our name can be told.
//     prvs=KDDDSSSSSS=user@domain     K: number of the key; DDD: last day it holds; SSSSSS: of a keyed hash
#pragma once

#include "core/result.h"
#include "language/smtp/path.h"

namespace posthorn::trust {

inline constexpr qint64 batvDays = 7;

[[nodiscard]] bool isBatv(QByteArrayView localPart);
[[nodiscard]] smtp::Address batvTag(const smtp::Address &sender, const QByteArray &key, qint64 seconds);
// The address without its tag. Invalid: the tag is not ours, or too old.
[[nodiscard]] Result<smtp::Address> batvUntag(const smtp::Address &address, const QByteArray &key, qint64 seconds);

} // namespace posthorn::trust
