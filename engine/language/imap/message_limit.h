// MESSAGELIMIT (RFC 9738): how many messages one command works on. FETCH, STORE, SEARCH, MOVE and UID EXPUNGE take the
// newest of more, from the highest down, and tell the lowest UID they came to: the client goes on below. COPY, APPEND,
// SORT, THREAD and FETCH with PARTIAL do all or nothing, and refuse. EXPUNGE, CLOSE and STATUS must know no limit (§3.1);
// ESEARCH, which the RFC does not name, has none.
#pragma once

#include "language/imap/needs.h"
#include "language/imap/reply.h"

namespace posthorn::imap {

class SelectedView;
class Session;

// `uids` here: as resolve() gives them.
[[nodiscard]] bool isOverLimit(const Session &session, qint64 messages);
[[nodiscard]] bool isOverLimit(const Session &session, const QList<UidRange> &uids);
// The messages that a search looks at: those which the sets at the top of its key leave. What else it asks of them
// makes them no fewer.
[[nodiscard]] QList<UidRange> searchedBy(const SearchKey &key, const SelectedView &view);

// Leaves the newest of them, as many as may be. The lowest UID of those when some had to go, else 0.
[[nodiscard]] Uid cutToLimit(const Session &session, QList<UidRange> &uids);
// How a command ends that was cut to `lowest` and up; as `reply` when that is 0. A reply has room for one code, so where
// it brings its own the limit is told before it (§3.1).
[[nodiscard]] Reply withLimit(Session &session, Uid lowest, Reply reply);
// How one ends that does all or nothing.
[[nodiscard]] Reply overLimit(const Session &session);

} // namespace posthorn::imap
