#include "language/imap/number_set.h"

#include "language/imap/output.h"
#include "language/imap/uid_map.h"

#include <algorithm>
#include <charconv>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

// One seq-number: nz-number or "*" as 0. Null when there is none.
const char *readNumber(const char *at, const char *end, quint32 &number)
{
    if (at != end && *at == '*') {
        number = 0;
        return at + 1;
    }
    if (at == end || *at < '1' || *at > '9')
        return nullptr;
    const auto result = std::from_chars(at, end, number);
    return result.ec == std::errc() ? result.ptr : nullptr;
}

} // namespace

Result<NumberSet> NumberSet::parse(QByteArrayView text, qsizetype *stop)
{
    NumberSet set;
    const char *at = text.data();
    const char *const end = at + text.size();
    if (text.startsWith('$')) {
        set.m_saved = true;
        ++at;
    } else {
        for (;;) {
            UidRange range;
            const char *next = readNumber(at, end, range.first);
            range.last = range.first;
            if (next && next != end && *next == ':')
                next = readNumber(at = next + 1, end, range.last);
            if (!next)
                return parseError(u"Not a sequence set"_s, at - text.data());
            set.m_ranges += range;
            at = next;
            if (at == end || *at != ',')
                break;
            ++at;
        }
    }
    if (stop)
        *stop = at - text.data();
    else if (at != end)
        return parseError(u"Not a sequence set"_s, at - text.data());
    return set;
}

NumberSet NumberSet::above(quint32 number)
{
    NumberSet set;
    if (number < quint32(-1))
        set.m_ranges += UidRange{number + 1, quint32(-1)};
    return set;
}

NumberSet NumberSet::below(quint32 number)
{
    NumberSet set;
    if (number > 1)
        set.m_ranges += UidRange{1, number - 1};
    return set;
}

bool NumberSet::hasStar() const
{
    return std::any_of(m_ranges.begin(), m_ranges.end(),
                       [](const UidRange &range) { return range.first == star || range.last == star; });
}

quint32 NumberSet::largest() const
{
    quint32 largest = 0;
    for (const UidRange &range : m_ranges)
        largest = std::max({largest, range.first, range.last});
    return largest;
}

QList<UidRange> NumberSet::resolved(quint32 highest) const
{
    QList<UidRange> ranges;
    ranges.reserve(m_ranges.size());
    for (const UidRange &range : m_ranges) {
        const quint32 first = range.first == star ? highest : range.first;
        const quint32 last = range.last == star ? highest : range.last;
        if (first != 0 && last != 0)
            ranges += UidRange{std::min(first, last), std::max(first, last)};
    }
    return merged(std::move(ranges));
}

QList<UidRange> uidsOfNumbers(const QList<UidRange> &numbers, const UidMap &messages)
{
    QList<UidRange> uids;
    uids.reserve(numbers.size());
    const quint64 count = quint64(messages.count());
    for (const UidRange &range : numbers) {
        const quint64 last = std::min<quint64>(range.last, count);
        if (range.first >= 1 && range.first <= last)
            uids += UidRange{messages.at(qsizetype(range.first) - 1), messages.at(qsizetype(last) - 1)};
    }
    return uids;
}

QList<UidRange> narrowed(const QList<UidRange> &uids, const UidMap &messages)
{
    QList<UidRange> there;
    const Uid highest = messages.last();
    for (const UidRange &range : uids) {
        if (range.first > highest)
            break;
        const qsizetype first = messages.lowerBound(range.first);
        const qsizetype after = range.last >= highest ? messages.count() : messages.lowerBound(range.last + 1);
        if (first < after)
            there += UidRange{messages.at(first), messages.at(after - 1)};
    }
    return there;
}

qsizetype countOf(const QList<UidRange> &uids, const UidMap &messages)
{
    qsizetype count = 0;
    for (const UidRange &range : uids)
        count += messages.indexOf(range.last) - messages.indexOf(range.first) + 1;
    return count;
}

QList<UidRange> partOf(const QList<UidRange> &uids, qsizetype begin, qsizetype end, const UidMap &messages)
{
    QList<UidRange> part;
    qsizetype at = 0; // position of the first of the range
    for (const UidRange &range : uids) {
        const qsizetype first = messages.indexOf(range.first);
        const qsizetype size = messages.indexOf(range.last) - first + 1;
        const qsizetype from = std::max(begin - at, qsizetype(0)), to = std::min(end - at, size);
        if (from < to)
            part += UidRange{messages.at(first + from), messages.at(first + to - 1)};
        at += size;
    }
    return part;
}

QByteArray setText(const QList<UidRange> &ranges)
{
    QByteArray text;
    for (const UidRange &range : ranges) {
        if (!text.isEmpty())
            text += ',';
        appendNumber(text, range.first);
        if (range.last == range.first)
            continue;
        text += ':';
        appendNumber(text, range.last);
    }
    return text;
}

QList<UidRange> merged(QList<UidRange> ranges)
{
    if (!std::is_sorted(ranges.cbegin(), ranges.cend()))
        std::sort(ranges.begin(), ranges.end());
    qsizetype kept = 0;
    for (qsizetype i = 0; i < ranges.size(); ++i) {
        if (kept > 0 && ranges[i].first <= quint64(ranges[kept - 1].last) + 1)
            ranges[kept - 1].last = std::max(ranges[kept - 1].last, ranges[i].last);
        else
            ranges[kept++] = ranges[i];
    }
    ranges.resize(kept);
    return ranges;
}

bool containsNumber(const QList<UidRange> &ascending, quint32 number)
{
    const auto at = std::lower_bound(ascending.cbegin(), ascending.cend(), number,
                                     [](const UidRange &range, quint32 wanted) { return range.last < wanted; });
    return at != ascending.cend() && at->first <= number;
}

} // namespace posthorn::imap
