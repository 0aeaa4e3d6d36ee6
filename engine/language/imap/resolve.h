// From the numbers a client gives to UIDs, as far as it knows of messages (RFC 9051 §6.4.9, §9 sequence-set).
#pragma once

#include "language/imap/commands.h"
#include "language/imap/number_set.h"

namespace posthorn::imap {

// Ascending, joined, each range beginning and ending with a message. UIDs that are not there are left out; a sequence
// number that is not there makes it nullopt. "$" is the saved search result either way.
[[nodiscard]] std::optional<QList<UidRange>> resolve(const Session &session, const NumberSet &set, Numbering numbering);

} // namespace posthorn::imap
