// What somebody may do with a mailbox, as one mask (RFC 4314 §2.1).
#pragma once

#include "core/flags.h"

#include <QByteArray>
#include <QByteArrayView>

#include <optional>

namespace posthorn {

using Rights = quint16;

namespace right {
inline constexpr Rights Lookup = 1;           // l: LIST shows it
inline constexpr Rights Read = 2;             // r: SELECT, STATUS
inline constexpr Rights KeepSeen = 4;         // s: \Seen
inline constexpr Rights Write = 8;            // w: flags other than \Seen and \Deleted
inline constexpr Rights Insert = 16;          // i: APPEND, COPY into it
inline constexpr Rights Post = 32;            // p: send mail to it
inline constexpr Rights CreateMailboxes = 64; // k: below it
inline constexpr Rights DeleteMailbox = 128;  // x
inline constexpr Rights DeleteMessages = 256; // t: \Deleted
inline constexpr Rights Expunge = 512;        // e
inline constexpr Rights Administer = 1024;    // a: SETACL and its kin
inline constexpr Rights All = 2047;
inline constexpr Rights Owners = Lookup | Administer; // never taken from whose mailbox it is
inline constexpr Rights Any = Lookup | Read | Insert | CreateMailboxes | DeleteMailbox | Administer; // for MYRIGHTS
} // namespace right

// "lrswi": letters in any order. The obsolete c stands for k and x, d for t and e (§2.1.1). Nothing: an unknown letter.
[[nodiscard]] std::optional<Rights> rightsFromText(QByteArrayView letters);
// In the order of "lrswipkxtea"; `obsolete`: with c and d where they belong.
[[nodiscard]] QByteArray rightsText(Rights rights, bool obsolete = false);
// The flags that may be set and cleared (§4).
[[nodiscard]] Flags flagsAllowedBy(Rights rights);

} // namespace posthorn
