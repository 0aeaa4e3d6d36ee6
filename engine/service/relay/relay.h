// MTA-out: sends what is in the queue. The front of the queue runner and its thread.
#pragma once

#include "core/events.h"
#include "core/settings.h"
#include "platform/net/network.h"
#include "platform/store/routes.h"
#include "platform/store/store.h"
#include "service/delivery/delivery.h"
#include "service/relay/probe.h"

#include <memory>

namespace posthorn::relay {

struct World
{
    store::Store *store = nullptr;
    net::Network *network = nullptr;
    delivery::Delivery *delivery = nullptr;
    delivery::Directory *directory = nullptr;
    EventLog *events = nullptr;
    std::function<SettingsPointer()> settings; // any thread
    QByteArray hostName;
    bool sends = true; // false: the queue is looked after, and nothing leaves
};

class Relay
{
public:
    explicit Relay(World world); // reads the queue and begins
    ~Relay();                    // after the network is gone

    // Any thread.
    void committed(const store::Committed &committed);
    void settingsChanged();
    void sendTlsReports(); // now, and not when the day is over
    // Tries a route without sending anything; `done` runs on the runner's thread.
    void test(const store::Route &route, std::function<void(const ProbeReport &)> done);
    // In a write job: the sender's report on entries that somebody takes off the queue. `text`: why.
    [[nodiscard]] Result<void> reportRemoval(store::Transaction &transaction, const QList<store::Entry> &entries,
                                             const QString &text) const;
    void reload(); // the queue was changed by other means than its own
    // Where mail comes in: what goes there would come back.
    void setOwnPorts(const QList<quint16> &ports);
    // Nothing new is begun when it returns; connections end with the network.
    void stop();
    // Once the network is shut down: until all that other servers have taken is written down.
    void finish();

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace posthorn::relay
