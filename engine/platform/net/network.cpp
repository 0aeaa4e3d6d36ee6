#include "platform/net/network.h"

#include "platform/net/listener.h"
#include "platform/net/worker.h"
#include "platform/system/process.h"

#include <QMetaMethod>
#include <QTimer>

#include <algorithm>
#include <mutex>
#include <vector>

namespace posthorn::net {

struct Network::Private
{
    explicit Private(Network *network) : q(network) {}

    std::optional<Arrival> hand(Arrival arrival);
    void noteWatchers();
    void takeReports(std::vector<Report> reports);
    void deliverReports();
    void workerEmpty();
    void finishShutDown();

    Network *const q;
    std::atomic<qint64> lastConversation = 0;
    std::atomic<bool> watched = false;
    std::vector<std::unique_ptr<Listener>> listeners;
    QList<ListenerState> faults;
    int maxConversations = 0;

    std::mutex reportMutex;
    std::vector<Report> reports; // guarded by reportMutex

    std::function<void()> shutDownDone;
    QTimer grace;
    int busyWorkers = 0;

    std::vector<std::unique_ptr<Worker>> workers; // last: their threads use what is above
};

// Takes the arrival to the worker with the least to do, or gives it back when descriptors would run out.
std::optional<Arrival> Network::Private::hand(Arrival arrival)
{
    if (q->conversationCount() >= maxConversations)
        return arrival;
    noteWatchers();
    const auto least = std::ranges::min_element(workers, {}, [](const auto &worker) { return worker->load(); });
    (*least)->accept(std::move(arrival));
    return std::nullopt;
}

void Network::Private::noteWatchers()
{
    static const QMetaMethod opened = QMetaMethod::fromSignal(&Network::conversationOpened);
    static const QMetaMethod closed = QMetaMethod::fromSignal(&Network::conversationClosed);
    watched.store(q->isSignalConnected(opened) || q->isSignalConnected(closed), std::memory_order_relaxed);
}

// On a worker's thread. One event for all that comes until it is handled.
void Network::Private::takeReports(std::vector<Report> more)
{
    bool notify = false;
    {
        const std::scoped_lock lock(reportMutex);
        notify = reports.empty();
        reports.insert(reports.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    }
    if (notify)
        QMetaObject::invokeMethod(q, [this] { deliverReports(); }, Qt::QueuedConnection);
}

void Network::Private::deliverReports()
{
    std::vector<Report> batch;
    {
        const std::scoped_lock lock(reportMutex);
        batch.swap(reports);
    }
    for (Report &report : batch) {
        if (report.opened)
            Q_EMIT q->conversationOpened(std::move(report.state));
        else
            Q_EMIT q->conversationClosed(std::move(report.state));
    }
}

void Network::Private::workerEmpty()
{
    if (--busyWorkers == 0)
        finishShutDown();
}

void Network::Private::finishShutDown()
{
    grace.stop();
    if (const auto done = std::exchange(shutDownDone, nullptr))
        done();
}

Network::Network(int workers, std::shared_ptr<TlsContexts> tls) : d(std::make_unique<Private>(this))
{
    // Descriptors are needed for the store, the control socket and outgoing mail as well.
    const int limit = system::descriptorLimit();
    d->maxConversations = limit - std::clamp(limit / 4, 16, 256);
    d->grace.setSingleShot(true);
    for (int i = 0; i < qMax(workers, 1); ++i) {
        d->workers.push_back(std::make_unique<Worker>(
            i + 1,
            WorkerSetting{tls, &d->lastConversation, &d->watched,
                          [this](std::vector<Report> reports) { d->takeReports(std::move(reports)); },
                          [this] {
                              QMetaObject::invokeMethod(this, [this] { d->workerEmpty(); }, Qt::QueuedConnection);
                          }}));
    }
}

// Answers may still be on their way to a worker, from a store that ends later; an ended worker ignores them. So workers
// are kept for the life of the process: a few hundred octets each.
Network::~Network()
{
    static std::mutex mutex;
    static auto &retired = *new std::vector<std::unique_ptr<Worker>>;
    d->listeners.clear();
    for (const auto &worker : d->workers)
        worker->end();
    const std::scoped_lock lock(mutex);
    std::ranges::move(d->workers, std::back_inserter(retired));
}

Result<quint16> Network::listen(ListenerOptions options)
{
    const quint16 wanted = options.port;
    auto listener = std::make_unique<Listener>(std::move(options),
                                               [this](Arrival arrival) { return d->hand(std::move(arrival)); });
    const Result<quint16> port = listener->open();
    if (port) {
        d->listeners.push_back(std::move(listener));
    } else {
        ListenerState fault = listener->state();
        fault.port = wanted;
        fault.error = port.error().text;
        d->faults.append(fault);
    }
    return port;
}

void Network::depart(Departure departure)
{
    const auto least = std::ranges::min_element(d->workers, {}, [](const auto &worker) { return worker->load(); });
    (*least)->depart(std::move(departure));
}

void Network::unlisten(const QByteArray &name)
{
    std::erase_if(d->listeners, [&](const auto &listener) { return listener->name() == name; });
    d->faults.removeIf([&](const ListenerState &fault) { return fault.name == name; });
}

QList<ListenerState> Network::listenFaults() const { return d->faults; }

QList<ListenerState> Network::listeners() const
{
    QList<ListenerState> states;
    for (const auto &listener : d->listeners)
        states.append(listener->state());
    return states;
}

void Network::conversations(std::function<void(QList<ConversationState>)> done)
{
    struct Gathering
    {
        std::mutex mutex;
        QList<ConversationState> states;
        size_t missing = 0;
    };
    auto gathering = std::make_shared<Gathering>();
    gathering->missing = d->workers.size();
    for (const auto &worker : d->workers) {
        worker->ask([this, gathering, done](Worker &self) {
            const std::scoped_lock lock(gathering->mutex);
            gathering->states += self.states();
            if (--gathering->missing == 0)
                QMetaObject::invokeMethod(this, [gathering, done] { done(gathering->states); }, Qt::QueuedConnection);
        });
    }
}

int Network::conversationCount() const
{
    int count = 0;
    for (const auto &worker : d->workers)
        count += worker->load();
    return count;
}

void Network::close(ConversationId id)
{
    for (const auto &worker : d->workers)
        worker->ask([id](Worker &self) { self.close(id); });
}

void Network::shutDown(std::chrono::milliseconds grace, std::function<void()> done)
{
    d->listeners.clear();
    d->shutDownDone = std::move(done);
    d->busyWorkers = int(d->workers.size());
    for (const auto &worker : d->workers)
        worker->ask([](Worker &self) { self.shutDown(); });
    connect(&d->grace, &QTimer::timeout, this, [this] {
        for (const auto &worker : d->workers)
            worker->ask([](Worker &self) { self.cutAll(); });
    });
    d->grace.start(grace);
}

} // namespace posthorn::net
