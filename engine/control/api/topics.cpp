#include "control/api/topics.h"

namespace posthorn::control {

using namespace Qt::StringLiterals;

QJsonObject toJson(const TopicUpdate &update)
{
    QJsonObject parameters{{u"topic"_s, update.topic}, {u"revision"_s, update.revision}};
    if (update.snapshot) {
        parameters.insert("snapshot"_L1, QJsonObject{{u"items"_s, update.set}, {u"values"_s, update.values}});
        return parameters;
    }
    QJsonObject delta;
    if (!update.set.isEmpty())
        delta.insert("set"_L1, update.set);
    if (!update.removed.isEmpty())
        delta.insert("removed"_L1, QJsonArray::fromStringList(update.removed));
    if (!update.values.isEmpty())
        delta.insert("values"_L1, update.values);
    parameters.insert("delta"_L1, delta);
    return parameters;
}

Result<TopicUpdate> topicUpdate(const QJsonObject &parameters)
{
    TopicUpdate update;
    update.topic = parameters.value("topic"_L1).toString();
    update.revision = parameters.value("revision"_L1).toInteger();
    update.snapshot = parameters.contains("snapshot"_L1);
    if (!isTopic(update.topic) || (!update.snapshot && !parameters.value("delta"_L1).isObject()))
        return fail(ErrorKind::Invalid, u"A notification that is about no topic"_s);
    const QJsonObject body = parameters.value(update.snapshot ? "snapshot"_L1 : "delta"_L1).toObject();
    update.set = body.value(update.snapshot ? "items"_L1 : "set"_L1).toArray();
    for (const auto &id : body.value("removed"_L1).toArray())
        update.removed += id.toString();
    update.values = body.value("values"_L1).toObject();
    return update;
}

} // namespace posthorn::control
