// Writing responses fast: by hand into a QByteArray.
#pragma once

#include "core/flags.h"
#include "core/ids.h"

#include <QByteArray>
#include <QList>

#include <charconv>

namespace posthorn::imap {

inline void appendNumber(QByteArray &out, quint64 number)
{
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, end - digits);
}

// "\Seen $Work \Recent", no parentheses. Bits without a keyword are left out.
void appendFlagNames(QByteArray &out, Flags flags, const Keywords &keywords, bool recent);
// What is left of ascending ranges from `first` on.
[[nodiscard]] QList<UidRange> rangesFrom(const QList<UidRange> &ranges, Uid first);
// Adds a UID above all others.
void addUid(QList<UidRange> &ranges, Uid uid);
// UIDs in any order, each any number of times.
[[nodiscard]] QList<UidRange> rangesOf(QList<Uid> uids);

} // namespace posthorn::imap
