// Topics: what a client may watch. All have the same shape, so that one fold serves every list in a window:
//   snapshot  {"items": [{"id": "...", ...}, ...], "values": {...}}    replaces all that was known
//   delta     {"set": [items, new or altered], "removed": ["id", ...], "values": {those that changed}}
// Each notification carries the topic's revision; a delta follows the revision before it. Deltas are gathered and sent
// about four times a second at most. A client that reads slowly gets a snapshot again in place of the deltas it missed.
//
//   sessions   items: live conversations as in session.list, at most 2,000; values: total
//   queue      items: entries as in queue.list, the first 1,000; values: total
//   log        items: events as in log.tail, id the running number, ascending; values: lost (events left out)
//   counters   values: as "counters" of server.status, with connections
//   mailboxes  items: "kind" is "domain", "account" or "alias", otherwise as in their lists; ids "account/12"
#pragma once

#include "core/result.h"

#include <QJsonArray>
#include <QJsonObject>

#include <span>

namespace posthorn::control {

[[nodiscard]] std::span<const QLatin1StringView> topics();
[[nodiscard]] bool isTopic(QStringView name);

// A notification as the client hands it on.
struct TopicUpdate
{
    QString topic;
    qint64 revision = 0;
    bool snapshot = false; // `set` is all there is
    QJsonArray set;
    QStringList removed; // ids
    QJsonObject values;
};

[[nodiscard]] QJsonObject toJson(const TopicUpdate &update); // the notification's params
[[nodiscard]] Result<TopicUpdate> topicUpdate(const QJsonObject &parameters);

} // namespace posthorn::control
