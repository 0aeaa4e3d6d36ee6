// Changes of the flags of very many messages at once ("mark all as read"). Such a change is durable and told as soon as
// one row says it; the messages' own rows follow in the background, or when somebody has to alter them by SQL. Whoever
// reads marks sees it carried out.
#pragma once

#include "core/change.h"
#include "core/result.h"

namespace posthorn::store {

class Connection;

struct FlagChange
{
    UidRange uids;
    Flags keep = 0, put = 0; // new flags are (flags & keep) | put
    ModSeq modSeq = 0;       // greater than any the messages have
};

[[nodiscard]] Result<void> keepFlagChange(Connection &, MailboxId, const FlagChange &);
// Marks as their rows have them become what they are.
[[nodiscard]] Result<void> applyFlagChanges(Connection &, MailboxId, QList<MessageMark> &marks);
[[nodiscard]] Result<bool> hasFlagChanges(Connection &, MailboxId);
// Before a mailbox's rows are altered or copied by SQL that looks at flags or MODSEQs.
[[nodiscard]] Result<void> carryOutFlagChanges(Connection &, MailboxId);
// In the background, some at a time. False: nothing is left.
[[nodiscard]] Result<bool> carryOutSomeFlagChanges(Connection &);

} // namespace posthorn::store
