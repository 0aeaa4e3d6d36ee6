#include "platform/store/trace.h"

#include "platform/store/transaction.h"

#include <QMap>
#include <QSet>

#include <algorithm>
#include <array>

namespace posthorn::store {

using namespace Qt::StringLiterals;

static constexpr qsizetype maxWord = 1'000; // octets kept of each text
static constexpr int wordCount = 8;

QLatin1StringView Trace::nameOf(Step step)
{
    static constexpr std::array names{"received"_L1, "delivered"_L1, "queued"_L1,   "refused"_L1,
                                      "judged"_L1,   "removed"_L1,   "sent"_L1,     "failed"_L1,
                                      "delayed"_L1,  "held"_L1,      "released"_L1, "submitted"_L1,
                                      "denied"_L1};
    return names.at(size_t(step));
}

static void appendWord(QByteArray &words, QByteArrayView word)
{
    if (word.size() > maxWord)
        word = word.first(maxWord);
    words += word;
    const qsizetype start = words.size() - word.size();
    for (qsizetype i = start; i < words.size(); ++i) {
        if (words.at(i) == '\n' || words.at(i) == '\0')
            words[i] = ' ';
    }
    words += '\n';
}

static QByteArray wordsOf(const TraceRow &row)
{
    QByteArray words;
    words.reserve(512);
    for (const QByteArrayView word : {QByteArrayView(row.client), QByteArrayView(row.tls)})
        appendWord(words, word);
    appendWord(words, row.user.toUtf8());
    for (const QByteArrayView word :
         {QByteArrayView(row.sender), QByteArrayView(row.recipient), QByteArrayView(row.messageId)})
        appendWord(words, word);
    appendWord(words, row.subject.toUtf8());
    appendWord(words, row.text.toUtf8());
    return words;
}

Result<void> Trace::add(Transaction &transaction, const TraceRow &row)
{
    auto done = transaction.connection().run("INSERT INTO trace (at, step, journey, size, mailbox_id, uid, message_id, "
                                             "words) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                                             row.at, int(row.step), row.journey, row.size, row.mailbox, row.uid,
                                             row.message, wordsOf(row));
    return done ? Result<void>() : std::unexpected(done.error());
}

static TraceRow traceFrom(const Row &row)
{
    TraceRow trace{.id = row.number(0),
                   .at = row.number(1),
                   .journey = row.octets(3),
                   .step = Step(row.number(2)),
                   .size = row.number(4),
                   .mailbox = row.number(5),
                   .uid = row.number(6),
                   .message = row.number(7)};
    const auto words = row.octets(8).split('\n');
    if (words.size() <= wordCount)
        return trace;
    trace.client = words.at(0);
    trace.tls = words.at(1);
    trace.user = QString::fromUtf8(words.at(2));
    trace.sender = words.at(3);
    trace.recipient = words.at(4);
    trace.messageId = words.at(5);
    trace.subject = QString::fromUtf8(words.at(6));
    trace.text = QString::fromUtf8(words.at(7));
    return trace;
}

static QString pattern(const QString &word)
{
    QString escaped = word;
    for (const QChar c : {u'\\', u'%', u'_'})
        escaped.replace(c, QString(u'\\') + c);
    return u'%' + escaped + u'%';
}

// Whoever looks for a subject wants to know where the message went, and that step does not name the subject. A full
// page does not reach back behind its last match, where the next page begins.
static Result<QList<TraceRow>> wholeJourneys(Connection &connection, QList<TraceRow> matches, int limit)
{
    const qint64 from = matches.size() >= limit ? matches.back().id : 0;
    QSet<QByteArray> seen;
    QMap<qint64, TraceRow> byId;
    for (const TraceRow &match : std::as_const(matches)) {
        byId.insert(match.id, match);
        if (match.journey.isEmpty() || seen.contains(match.journey))
            continue;
        seen.insert(match.journey);
        const auto steps = Trace::journey(connection, match.journey);
        if (!steps)
            return std::unexpected(steps.error());
        for (const TraceRow &step : *steps) {
            if (step.id >= from)
                byId.insert(step.id, step);
        }
    }
    matches = byId.values();
    std::ranges::reverse(matches);
    return matches;
}

Result<QList<TraceRow>> Trace::search(Connection &connection, const TraceFilter &filter)
{
    QString sql = u"SELECT id, at, step, journey, size, mailbox_id, uid, message_id, words FROM trace WHERE id < ? "
                  "AND at >= ? AND at <= ?"_s;
    constexpr qint64 last = std::numeric_limits<qint64>::max();
    QList<QVariant> values{toVariant(filter.beforeId > 0 ? filter.beforeId : last), toVariant(filter.since),
                           toVariant(filter.until > 0 ? filter.until : last)};
    const auto words = filter.text.simplified()
                           .split(u' ', Qt::SkipEmptyParts)
                           .first(qMin<qsizetype>(16, filter.text.simplified().split(u' ', Qt::SkipEmptyParts).size()));
    for (const QString &word : words) {
        sql += u" AND (CAST(words AS TEXT) LIKE ? ESCAPE '\\' OR CAST(journey AS TEXT) LIKE ? ESCAPE '\\')"_s;
        values << toVariant(pattern(word)) << toVariant(pattern(word));
    }
    sql += u" ORDER BY id DESC LIMIT ?"_s;
    values << toVariant(qMax(1, filter.limit));
    QList<TraceRow> rows;
    auto done = connection.queryText(sql, values).each([&](const Row &row) { rows.append(traceFrom(row)); });
    if (!done)
        return std::unexpected(done.error());
    if (words.isEmpty() || rows.isEmpty())
        return rows;
    return wholeJourneys(connection, std::move(rows), filter.limit);
}

Result<QList<TraceRow>> Trace::journey(Connection &connection, const QByteArray &journey)
{
    QList<TraceRow> rows;
    auto done = connection
                    .select("SELECT id, at, step, journey, size, mailbox_id, uid, message_id, words FROM trace "
                            "WHERE journey = ? ORDER BY id",
                            journey)
                    .each([&](const Row &row) { rows.append(traceFrom(row)); });
    if (!done)
        return std::unexpected(done.error());
    return rows;
}

// From the oldest on, and no further than the first that is young enough: ids ascend with time but for a clock put
// back.
Result<bool> Trace::prune(Transaction &transaction, qint64 before, int limit)
{
    Connection &connection = transaction.connection();
    qint64 last = 0;
    auto done = connection.select("SELECT id, at FROM trace ORDER BY id LIMIT ?", limit).each([&](const Row &row) {
        if (row.number(1) >= before)
            return false;
        last = row.number(0);
        return true;
    });
    if (!done)
        return std::unexpected(done.error());
    if (last == 0)
        return false;
    const auto removed = connection.run("DELETE FROM trace WHERE id <= ?", last);
    if (!removed)
        return std::unexpected(removed.error());
    return *removed >= limit;
}

} // namespace posthorn::store
