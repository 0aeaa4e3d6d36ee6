// Mailboxes removed whole.
#pragma once

#include "platform/store/mailboxes.h"

namespace posthorn::store {

// With all that is in it; its contents become orphans, and a row of `mailbox_removed` tells who did it.
[[nodiscard]] Result<void> removeMailbox(Transaction &, const Mailbox &, const QString &by);
[[nodiscard]] Result<void> removeMailboxes(Transaction &, AccountId, const QString &by);

} // namespace posthorn::store
