// What was refused, kept in trace and log: "why was my mail refused" is asked more often than anything else.
#pragma once

#include "core/events.h"
#include "language/smtp/needs.h"
#include "platform/store/store.h"
#include "platform/store/trace.h"
#include "policy/filter/check.h"

#include <QHash>
#include <QMutex>

#include <atomic>

namespace posthorn::intake {

// Thread-safe. An attack must not fill the store: beyond `maxWaiting` rows not yet written, refusals go to the log only.
// It must be there until the store has written, or is closed.
class Refusals
{
public:
    Refusals(store::Store &store, EventLog &events) : m_store(store), m_events(events) {}
    void add(const filter::Facts &facts, const smtp::Refused &refused);
    // Before there was a session, of whatever protocol. Who comes again and again is told of once a minute.
    void addConnection(const QByteArray &client, const QByteArray &protocol, const QString &why);

private:
    void keep(store::TraceRow row);

    static constexpr int maxWaiting = 1'000;
    store::Store &m_store;
    EventLog &m_events;
    std::atomic<int> m_waiting = 0;
    QMutex m_mutex;
    QHash<QByteArray, qint64> m_told; // when, by client and protocol; guarded by m_mutex
};

} // namespace posthorn::intake
