// The topics there are.
#pragma once

#include "control/server/context.h"
#include "control/server/gate.h"
#include "control/server/topic_board.h"

#include <QMutex>

#include <atomic>

namespace posthorn::control {

// What commits changed since it was last looked at. The store's writer notes it, the engine's thread looks.
struct Noted
{
    std::atomic<bool> queue = false;
    std::atomic<bool> directory = false;
    std::atomic<bool> wantsUsage = false;
    QMutex mutex;
    QHash<qint64, std::pair<qint64, qint64>> usage; // account -> octets, messages
};

[[nodiscard]] std::vector<std::unique_ptr<Topic>> makeTopics(const Context &context, const std::shared_ptr<Gate> &gate,
                                                             const std::shared_ptr<Noted> &noted);

// "counters" of server.status
[[nodiscard]] QJsonObject countersJson(const Counters &counters);

} // namespace posthorn::control
