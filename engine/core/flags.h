// Message flags as one mask: system flags in the low bits, the mailbox's keywords above them (RFC 9051 §2.3.2).
#pragma once

#include <QByteArray>
#include <QList>

namespace posthorn {

using Flags = quint64;

namespace flag {
inline constexpr Flags Seen = 1;
inline constexpr Flags Answered = 2;
inline constexpr Flags Flagged = 4;
inline constexpr Flags Deleted = 8;
inline constexpr Flags Draft = 16;
inline constexpr Flags System = 31;
inline constexpr int firstKeywordBit = 8;
inline constexpr int maxKeywords = 54; // a mailbox's keywords, bits 8 to 61; the store's integers are signed
} // namespace flag

// The keywords of a mailbox, in the order of their bits: keywords[0] is bit 8.
using Keywords = QList<QByteArray>;

} // namespace posthorn
