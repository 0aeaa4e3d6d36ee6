// From the store's rows to FETCH's.
#pragma once

#include "language/imap/needs.h"
#include "platform/store/messages.h"

namespace posthorn::access {

[[nodiscard]] store::Columns columnsFor(const imap::FetchWants &wants);
[[nodiscard]] imap::FetchedRow joined(store::StoredRow &&row, const MessageMark &mark);

} // namespace posthorn::access
