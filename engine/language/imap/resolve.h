// From the numbers a client gives to UIDs, as far as it knows of messages (RFC 9051 §6.4.9, §9 sequence-set).
#pragma once

#include "language/imap/commands.h"
#include "language/imap/search_parse.h"

#include <functional>

namespace posthorn::imap {

// Ascending, joined, each range beginning and ending with a message. UIDs that are not there are left out; a sequence
// number that is not there makes it nullopt. "$" is the saved search result either way.
[[nodiscard]] std::optional<QList<UidRange>> resolve(const Session &session, const NumberSet &set, Numbering numbering);

// The UIDs that a set stands for now, ascending; nullopt when it names messages that are not there.
using SetResolver = std::function<std::optional<QList<UidRange>>(const NumberSet &set, bool isUids)>;

// Puts the UIDs into program.key. False when a set could not be resolved.
[[nodiscard]] bool resolveSets(SearchProgram &program, const SetResolver &resolver);

} // namespace posthorn::imap
