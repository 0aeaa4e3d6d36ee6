// The names of search keys (RFC 9051 §6.4.4, RFC 3501 §6.4.4 and the extensions that search_parse.h names), each with what
// follows it. NOT, OR, FUZZY and MODSEQ are not among them: they have a grammar of their own.
#pragma once

#include "language/imap/needs.h"

namespace posthorn::imap {

struct SearchKeyRow
{
    enum class Operand { None, Text, Date, Number, Keyword, Set, UidBelow, UidAbove, Header, ObjectId };

    QByteArrayView name;
    SearchKey::Op op;
    Operand operand;
    Flags flags = 0;
};

// In any case; null: there is none.
[[nodiscard]] const SearchKeyRow *findSearchKey(QByteArrayView name);

} // namespace posthorn::imap
