// The ESEARCH response (RFC 4731 §3.2, RFC 9051 §7.3.4): what SEARCH, SORT and ESEARCH tell with RETURN.
#pragma once

#include "language/imap/search_parse.h"
#include "language/imap/task.h"

namespace posthorn::imap {

struct SearchResult
{
    QByteArray correlator;   // TAG "a1" MAILBOX INBOX UIDVALIDITY 7
    bool uids = false;       // else sequence numbers
    QList<quint32> numbers;  // in the order they are told
    ModSeq highest = 0;      // 0: not told
    QList<int> relevancy = {}; // of the numbers
};

// Nothing when the options only save.
void appendSearchResult(QByteArray &out, const ReturnOptions &returns, const SearchResult &result);

// Those of the results that are saved, and whose highest MODSEQ is told: with MIN, MAX and PARTIAL but nothing that looks
// at all, only they (RFC 5182 §2.4, RFC 7162 §3.1.10, RFC 9394 §3.1).
[[nodiscard]] QList<Uid> shownOf(const ReturnOptions &returns, const QList<Uid> &found);

// NO [BADCHARSET ...]: what was to be saved is nothing then.
[[nodiscard]] TaskPointer refuseCharset(const ReturnOptions &returns);

} // namespace posthorn::imap
