// trace.*
#include "control/server/desk.h"
#include "control/server/rows.h"
#include "platform/store/store.h"

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

QJsonValue stepsJson(const QList<store::TraceRow> &rows)
{
    QJsonArray steps;
    for (const store::TraceRow &row : rows)
        steps += toJson(row);
    return QJsonObject{{u"steps"_s, steps}};
}

} // namespace

void deed::traceSearch(Desk &desk, const Call &call)
{
    store::TraceFilter filter;
    filter.text = call.text("text"_L1).left(1'000);
    filter.since = call.number("since"_L1, 0, 0, std::numeric_limits<qint64>::max());
    filter.until = call.number("until"_L1, 0, 0, std::numeric_limits<qint64>::max());
    filter.limit = int(call.number("limit"_L1, 500, 1, 5'000));
    filter.beforeId = call.id("before"_L1);
    answerByReading(desk, call, [filter](store::Connection &connection) -> Result<QJsonValue> {
        return store::Trace::search(connection, filter).transform(stepsJson);
    });
}

void deed::traceJourney(Desk &desk, const Call &call)
{
    const QByteArray journey = call.text("journey"_L1).toUtf8();
    answerByReading(desk, call, [journey](store::Connection &connection) -> Result<QJsonValue> {
        const auto steps = store::Trace::journey(connection, journey);
        if (steps && steps->isEmpty())
            return fail(ErrorKind::NotFound, u"There is no journey %1"_s.arg(QString::fromUtf8(journey.left(100))));
        return steps.transform(stepsJson);
    });
}

} // namespace posthorn::control
