// Writes down what became of entries: what was taken leaves the queue, what failed goes back to its sender as a report,
// the rest waits for its next attempt. One store transaction each; nothing is lost between the two.
#pragma once

#include "language/smtp/client_needs.h"
#include "platform/store/store.h"
#include "service/delivery/delivery.h"
#include "service/relay/options.h"

#include <condition_variable>
#include <mutex>

namespace posthorn::relay {

struct Settlement
{
    struct Item
    {
        EntryId id;
        std::optional<store::Entry> entry; // as it was when it was sent; an accepted one needs no second look
        smtp::RecipientOutcome outcome;    // never NotTried
    };
    QList<Item> items;
    QByteArray host; // "mx.example.org (192.0.2.1)", or empty
    QByteArray tls;  // "TLSv1.3" or empty
    QByteArray dialogue;
    bool dsn = false; // the server reports for us
};

// Thread-safe.
class Settler
{
public:
    struct World
    {
        store::Store *store = nullptr;
        delivery::Delivery *delivery = nullptr;
        EventLog *events = nullptr;
        std::function<std::shared_ptr<const Options>()> options; // any thread
    };
    explicit Settler(World world) : m_world(std::move(world)) {}
    // `done` is called on the writer's thread: true once it is durable. False: nothing was written; try again.
    void settle(std::shared_ptr<const Settlement> settlement, std::function<void(bool)> done, bool withReports = true);
    // Within a write job: reports to the senders of entries that are taken off the queue, for this reason.
    [[nodiscard]] Result<void> reportRemoval(store::Transaction &transaction, const QList<store::Entry> &entries,
                                             const QString &text) const;
    [[nodiscard]] bool isIdle() const; // nothing is under way
    // Until all that was begun is written down, or the time is over.
    void waitForAll(std::chrono::milliseconds most);

private:
    struct Round;
    Result<bool> run(store::Transaction &transaction, const Settlement &settlement, bool withReports) const;
    Result<void> accepted(Round &round, const Settlement::Item &item) const;
    Result<void> notAccepted(Round &round, const Settlement::Item &item) const;
    Result<void> ended(Round &round, const store::Entry &entry, const smtp::RecipientOutcome &outcome) const;
    Result<void> deferred(Round &round, const store::Entry &entry, const smtp::RecipientOutcome &outcome) const;
    Result<void> reportAll(Round &round) const;
    Result<void> suppress(Round &round, const store::Entry &entry, const smtp::RecipientOutcome &outcome) const;
    void tell(const Settlement &settlement) const;

    void begun();
    void finished();

    const World m_world;
    mutable std::mutex m_mutex;
    std::condition_variable m_changed;
    int m_pending = 0; // guarded by m_mutex
};

} // namespace posthorn::relay
