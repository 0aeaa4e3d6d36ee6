#include "service/relay/relay.h"

#include "service/relay/runner.h"

#include <QNetworkInterface>
#include <QThread>

#include <mutex>

namespace posthorn::relay {

namespace {

constexpr std::chrono::seconds finishTime{10};

// Brings what connections have to tell to the runner's thread; calls made in a row cost one event.
class Messenger final : public Board
{
public:
    void attach(Runner *runner)
    {
        const std::scoped_lock lock(m_mutex);
        m_runner = runner;
        m_tasks.clear();
    }
    void tell(std::function<void(Runner &)> task)
    {
        const std::scoped_lock lock(m_mutex);
        if (!m_runner)
            return;
        m_tasks.push_back(std::move(task));
        if (m_tasks.size() == 1)
            QMetaObject::invokeMethod(m_runner, [this, self = m_self.lock()] { run(); }, Qt::QueuedConnection);
    }
    void setSelf(const std::shared_ptr<Messenger> &self) { m_self = self; }

    void linkReady(quint64 link, const net::Address &address, NeedId need) override
    {
        tell([=](Runner &runner) { runner.linkReady(link, address, need); });
    }
    void mailDone(quint64 link, const QList<EntryId> &notTried, const Course &course) override
    {
        tell([=](Runner &runner) { runner.mailDone(link, notTried, course); });
    }
    void gone(const QList<EntryId> &entries) override
    {
        tell([=](Runner &runner) { runner.gone(entries); });
    }
    void settled(const std::shared_ptr<const Settlement> &settlement, bool durable) override
    {
        if (!durable)
            tell([=](Runner &runner) { runner.settled(settlement, durable); });
    }
    void counted(const store::TlsResult &result) override
    {
        tell([=](Runner &runner) { runner.counted(result); });
    }
    void wantToken(const QString &command, const QByteArray &refused, std::function<void(const Result<QByteArray> &)> done) override
    {
        tell([=](Runner &runner) { runner.wantToken(command, refused, done); });
    }
    void probed(quint64 probe, const ProbeOutcome &outcome) override
    {
        tell([=](Runner &runner) { runner.probed(probe, outcome); });
    }
    void linkClosed(quint64 link, const LinkFailure &failure) override
    {
        tell([=](Runner &runner) { runner.linkClosed(link, failure); });
    }

private:
    void run()
    {
        std::vector<std::function<void(Runner &)>> tasks;
        Runner *runner = nullptr;
        {
            const std::scoped_lock lock(m_mutex);
            tasks.swap(m_tasks);
            runner = m_runner;
        }
        for (const auto &task : tasks) {
            if (runner)
                task(*runner);
        }
    }

    std::mutex m_mutex;
    Runner *m_runner = nullptr;                       // guarded by m_mutex
    std::vector<std::function<void(Runner &)>> m_tasks; // guarded by m_mutex
    std::weak_ptr<Messenger> m_self;
};

// The settings of sending in force, for any thread.
class CurrentOptions
{
public:
    void set(std::shared_ptr<const Options> options)
    {
        const std::scoped_lock lock(m_mutex);
        m_options = std::move(options);
    }
    std::shared_ptr<const Options> get() const
    {
        const std::scoped_lock lock(m_mutex);
        return m_options;
    }

private:
    mutable std::mutex m_mutex;
    std::shared_ptr<const Options> m_options;
};

} // namespace

struct Relay::Private
{
    [[nodiscard]] bool isSelf(const QByteArray &name, const QByteArray &address, quint16 port) const;
    void readOptions()
    {
        Options now = optionsFrom(*world.settings(), world.hostName);
        now.enabled = now.enabled && world.sends;
        options->set(std::make_shared<const Options>(std::move(now)));
    }

    World world;
    std::shared_ptr<CurrentOptions> options = std::make_shared<CurrentOptions>();
    std::shared_ptr<Messenger> board = std::make_shared<Messenger>();
    std::unique_ptr<Settler> settler;
    std::shared_ptr<Signer> signer;
    mutable std::mutex portsMutex;
    QList<quint16> ownPorts; // guarded by portsMutex
    QThread thread;
    Runner *runner = nullptr; // the thread's own
};

// By name where the standard port is used; another port on this computer may well be another program.
bool Relay::Private::isSelf(const QByteArray &name, const QByteArray &address, quint16 port) const
{
    const std::scoped_lock lock(portsMutex);
    if (!ownPorts.contains(port))
        return false;
    if (name == world.hostName.toLower())
        return true;
    const QHostAddress host(QString::fromLatin1(address));
    return !host.isNull() && (host.isLoopback() || QNetworkInterface::allAddresses().contains(host));
}

Relay::Relay(World world) : d(std::make_unique<Private>())
{
    d->world = std::move(world);
    d->readOptions();
    d->board->setSelf(d->board);
    const auto options = [current = d->options] { return current->get(); };
    d->settler = std::make_unique<Settler>(Settler::World{d->world.store, d->world.delivery, d->world.events, options});
    d->signer = std::make_shared<Signer>(*d->world.store, d->world.hostName);
    d->signer->load();
    d->runner = new Runner({d->world.store, d->world.network, d->settler.get(), d->board, options,
                            [this](const QByteArray &name, const QByteArray &address, quint16 port) {
                                return d->isSelf(name, address, port);
                            },
                            d->signer, d->world.delivery, d->world.directory, d->world.hostName});
    d->thread.setObjectName(QStringLiteral("relay"));
    d->runner->moveToThread(&d->thread);
    QObject::connect(&d->thread, &QThread::finished, d->runner, &QObject::deleteLater);
    d->thread.start();
    d->board->attach(d->runner);
    d->board->tell([](Runner &runner) { runner.reload(); });
}

Relay::~Relay()
{
    d->board->attach(nullptr);
    d->thread.quit();
    d->thread.wait();
}

void Relay::committed(const store::Committed &committed)
{
    if (committed.directoryChanged)
        d->signer->load();
    if (committed.routesChanged)
        d->board->tell([](Runner &runner) { runner.routesChanged(); });
    if (!committed.entries.isEmpty())
        d->board->tell([entries = committed.entries](Runner &runner) { runner.noted(entries); });
}

void Relay::settingsChanged()
{
    d->readOptions();
    d->board->tell([](Runner &runner) { runner.optionsChanged(); });
}

void Relay::test(const store::Route &route, std::function<void(const ProbeReport &)> done)
{
    d->board->tell([carrier = std::make_shared<const Carrier>(carrierFrom(route)), done = std::move(done)](Runner &runner) {
        runner.probe(carrier, done);
    });
}

Result<void> Relay::reportRemoval(store::Transaction &transaction, const QList<store::Entry> &entries, const QString &text) const
{
    return d->settler->reportRemoval(transaction, entries, text);
}

void Relay::reload()
{
    d->board->tell([](Runner &runner) { runner.reload(); });
}

void Relay::sendTlsReports()
{
    d->board->tell([](Runner &runner) { runner.sendTlsReports(); });
}

void Relay::setOwnPorts(const QList<quint16> &ports)
{
    const std::scoped_lock lock(d->portsMutex);
    d->ownPorts = ports;
}

void Relay::stop()
{
    // Waits: the network must not be asked for anything from here on.
    QMetaObject::invokeMethod(d->runner, [runner = d->runner] { runner->stop(); }, Qt::BlockingQueuedConnection);
}

void Relay::finish()
{
    d->settler->waitForAll(finishTime);
}

} // namespace posthorn::relay
