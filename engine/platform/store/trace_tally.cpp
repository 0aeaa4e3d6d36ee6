// What a day has brought, counted from the trace: a restart does not forget it.
#include "platform/store/trace.h"

#include "platform/store/sql/connection.h"

#include <optional>

namespace posthorn::store {

using namespace Qt::StringLiterals;

namespace {

// Whether the first row after this one is of the days before: its id, else nothing.
Result<std::optional<qint64>> olderAfter(Connection &connection, qint64 id, qint64 since)
{
    return connection.select("SELECT CASE WHEN at < ? THEN id END FROM (SELECT id, at FROM trace WHERE id > ? ORDER BY id LIMIT 1)",
                             since, id).first([](const Row &row) { return row.number(0); });
}

// The last row, from `after` on, of the days before. Ids ascend with time, so that halving finds it in a few steps.
Result<qint64> lastBefore(Connection &connection, qint64 after, qint64 last, qint64 since)
{
    while (after < last) {
        const qint64 middle = after + (last - after) / 2;
        const auto older = olderAfter(connection, middle, since);
        if (!older)
            return std::unexpected(older.error());
        if (older->value_or(0) > 0)
            after = **older;
        else
            last = middle;
    }
    return after;
}

// The server's own reports came from nobody.
void count(DayTally &tally, Step step, const QByteArray &words)
{
    if (step == Step::Received && !words.startsWith('\n'))
        ++tally.accepted;
    else if (step == Step::Delivered)
        ++tally.delivered;
    else if (step == Step::Refused)
        ++tally.refused;
}

} // namespace

Result<DayTally> Trace::tally(Connection &connection, DayTally tally, qint64 since)
{
    const auto last = connection.select("SELECT max(id) FROM trace").number();
    if (!last)
        return std::unexpected(last.error());
    const qint64 lastId = last->value_or(0);
    // Rows that were all removed give their ids to later ones.
    if (tally.since != since || lastId < tally.lastId)
        tally = {.since = since, .lastId = lastId < tally.lastId ? 0 : tally.lastId};
    const auto from = lastBefore(connection, tally.lastId, lastId, since);
    if (!from)
        return std::unexpected(from.error());
    const auto read = connection.select("SELECT at, step, words FROM trace WHERE id > ? AND id <= ? AND step IN (0, 1, 3)", *from, lastId)
                          .each([&](const Row &row) {
                              if (row.number(0) >= since)
                                  count(tally, Step(row.number(1)), row.octets(2));
                          });
    if (!read)
        return std::unexpected(read.error());
    tally.lastId = lastId;
    return tally;
}

} // namespace posthorn::store
