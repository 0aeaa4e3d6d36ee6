#include "language/imap/output.h"

#include <algorithm>

namespace posthorn::imap {

void appendFlagNames(QByteArray &out, Flags flags, const Keywords &keywords, bool recent)
{
    const qsizetype start = out.size();
    const auto add = [&](QByteArrayView name) {
        if (out.size() > start)
            out += ' ';
        out += name;
    };
    if (flags & flag::Answered)
        add("\\Answered");
    if (flags & flag::Flagged)
        add("\\Flagged");
    if (flags & flag::Deleted)
        add("\\Deleted");
    if (flags & flag::Seen)
        add("\\Seen");
    if (flags & flag::Draft)
        add("\\Draft");
    if (flags >> flag::firstKeywordBit) {
        for (qsizetype i = 0; i < keywords.size(); ++i) {
            if (flags & (Flags(1) << (flag::firstKeywordBit + i)))
                add(keywords[i]);
        }
    }
    if (recent)
        add("\\Recent");
}

QList<UidRange> rangesFrom(const QList<UidRange> &ranges, Uid first)
{
    auto at = std::lower_bound(ranges.cbegin(), ranges.cend(), first,
                               [](const UidRange &range, Uid uid) { return range.last < uid; });
    QList<UidRange> left(at, ranges.cend());
    if (!left.isEmpty())
        left.first().first = std::max(left.first().first, first);
    return left;
}

void addUid(QList<UidRange> &ranges, Uid uid)
{
    if (!ranges.isEmpty() && ranges.last().last + 1 == uid)
        ranges.last().last = uid;
    else
        ranges += UidRange{uid, uid};
}

QList<UidRange> rangesOf(QList<Uid> uids)
{
    std::ranges::sort(uids);
    QList<UidRange> ranges;
    for (const Uid uid : std::as_const(uids)) {
        if (ranges.isEmpty() || ranges.last().last < uid)
            addUid(ranges, uid);
    }
    return ranges;
}

} // namespace posthorn::imap
