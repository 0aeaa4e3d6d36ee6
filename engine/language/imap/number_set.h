// A sequence-set (RFC 9051 §9) as the client wrote it: ranges of numbers, "*" not yet known, or "$" (RFC 5182).
#pragma once

#include "core/ids.h"
#include "core/result.h"

#include <QByteArray>
#include <QList>

namespace posthorn::imap {

class UidMap;

class NumberSet
{
public:
    static constexpr quint32 star = 0; // no number is 0

    // As much of `text` as is a set, its end in *stop; without `stop` all of it must be one.
    [[nodiscard]] static Result<NumberSet> parse(QByteArrayView text, qsizetype *stop = nullptr);
    // All numbers above or below one. Unlike "6:*", above 5 there may be none.
    [[nodiscard]] static NumberSet above(quint32 number);
    [[nodiscard]] static NumberSet below(quint32 number);

    [[nodiscard]] bool isSaved() const { return m_saved; } // "$"
    [[nodiscard]] bool hasStar() const;
    [[nodiscard]] quint32 largest() const; // without "*"; 0: none
    // As written: not sorted, either end may be `star`.
    [[nodiscard]] const QList<UidRange> &ranges() const { return m_ranges; }
    // With "*" as `highest`: ascending, what overlaps or touches joined. "*" is nothing when `highest` is 0.
    [[nodiscard]] QList<UidRange> resolved(quint32 highest) const;

    bool operator==(const NumberSet &) const = default;

private:
    QList<UidRange> m_ranges;
    bool m_saved = false;
};

// Sorted; what overlaps or touches is joined.
[[nodiscard]] QList<UidRange> merged(QList<UidRange> ranges);
// Sequence numbers as UIDs; numbers beyond the last message are left out.
[[nodiscard]] QList<UidRange> uidsOfNumbers(const QList<UidRange> &numbers, const UidMap &messages);
// UIDs cut to those that are there.
[[nodiscard]] QList<UidRange> narrowed(const QList<UidRange> &uids, const UidMap &messages);
// Of ranges that each begin and end with a message: how many messages there are, and those at the positions [begin, end)
// among them.
[[nodiscard]] qsizetype countOf(const QList<UidRange> &uids, const UidMap &messages);
[[nodiscard]] QList<UidRange> partOf(const QList<UidRange> &uids, qsizetype begin, qsizetype end, const UidMap &messages);
// "1:5,7"
[[nodiscard]] QByteArray setText(const QList<UidRange> &ranges);
[[nodiscard]] bool containsNumber(const QList<UidRange> &ascending, quint32 number);

} // namespace posthorn::imap
