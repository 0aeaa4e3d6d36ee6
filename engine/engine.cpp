#include "engine_private.h"

#include "platform/crypto/hash.h"
#include "platform/net/resolver.h"
#include "platform/store/maintenance.h"
#include "platform/store/secrets.h"
#include "platform/store/trace.h"
#include "platform/store/transaction.h"
#include "platform/system/process.h"

#include <QHostInfo>
#include <QThread>

namespace posthorn {

namespace {

constexpr std::chrono::seconds stopGrace{5};
constexpr qint64 dayMs = 24ll * 60 * 60 * 1000;

// "::" is every address of either kind, on systems without IPv6 too, unless "0.0.0.0" is listed beside it.
QHostAddress listenAddress(const Endpoint &endpoint, const QList<Endpoint> &all)
{
    if (endpoint.address == "::" && !all.contains(Endpoint{"0.0.0.0"_ba, endpoint.port}))
        return QHostAddress(QHostAddress::Any);
    return QHostAddress(QString::fromLatin1(endpoint.address));
}

QByteArray healthText(store::Health health)
{
    switch (health) {
    case store::Health::Good: return "good";
    case store::Health::LowSpace: return "low on disk space";
    case store::Health::Full: return "disk full";
    case store::Health::ReadOnly: return "read-only";
    case store::Health::Corrupt: return "damaged";
    case store::Health::Closed: return "closed";
    }
    return "unknown";
}

} // namespace

Engine::Engine(QObject *parent) : QObject(parent), d(std::make_unique<Private>(this)) {}

Engine::~Engine() { d->tearDown(); }

bool Engine::isRunning() const { return d->running; }
QList<OpenPort> Engine::ports() const { return d->ports; }
EventLog &Engine::events() { return d->events; }
control::Server *Engine::controlServer() { return d->control.get(); }

QByteArray Engine::Private::hostName() const
{
    const QString set = settings.get()->text("server.name"_L1);
    if (!set.isEmpty())
        return set.toUtf8();
    const QString local = QHostInfo::localHostName();
    return local.isEmpty() ? QByteArray("localhost") : local.toUtf8();
}

Result<void> Engine::Private::openStore()
{
    auto opened = store::Store::open({.directory = options.dataDirectory});
    if (!opened)
        return std::unexpected(opened.error());
    store = std::move(*opened);
    store->onHealth([this](store::Health health, const QString &why) {
        if (health == store::Health::Closed)
            return; // as it should be: the server stops
        Event event{EventKind::StoreHealth};
        event.with(EventField::Value, healthText(health)).with(EventField::Reason, why);
        tell(std::move(event));
    });
    return {};
}

Result<void> Engine::Private::readSettings()
{
    using Values = QHash<QString, QString>;
    auto values = store->readNow<Values>(store::Settings::all);
    if (!values)
        return std::unexpected(values.error());
    values->insert(options.overrides);
    QStringList faults;
    settings.set(std::make_shared<const SettingsSnapshot>(*values, &faults));
    store->setMinFreeOctets(settings.get()->number("store.min_free_space"_L1));
    for (const QString &fault : std::as_const(faults)) {
        Event event{EventKind::SettingInvalid};
        event.with(EventField::Reason, fault);
        tell(std::move(event));
    }
    return {};
}

auth::Authenticator::Options Engine::Private::authOptions() const
{
    auth::Authenticator::Options authOptions;
    authOptions.iterations = int(settings.get()->number("auth.iterations"_L1));
    authOptions.refuseAfter = int(settings.get()->number("auth.max_failures"_L1));
    return authOptions;
}

// What an unknown user's salt is made of. Those who are known keep theirs over a restart, so the others must as well.
QByteArray Engine::Private::pretenceSecret()
{
    static constexpr auto name = "unknown-users"_L1;
    const QByteArray known = directory->snapshot()->secret(name);
    if (!known.isEmpty())
        return known;
    return store->writeNow<QByteArray>([](store::Transaction &transaction) {
        return store::Secrets::keep(transaction, name, crypto::randomBytes(32));
    }).value_or(QByteArray());
}

void Engine::Private::buildServices()
{
    const auto lookup = [this](const QString &user, const std::function<void(Result<auth::Account>)> &done) {
        const auto account = directory->snapshot()->account(user);
        if (!account || !account->enabled || account->shared) {
            done(fail(ErrorKind::NotFound, u"No such account"_s));
            return;
        }
        const auto credential = auth::fromText(account->credential);
        if (!credential)
            done(std::unexpected(credential.error()));
        else
            done(auth::Account{account->id, account->address, *credential});
    };
    auth::Authenticator::Options signingIn = authOptions();
    signingIn.pretenceSecret = pretenceSecret();
    authenticator = std::make_unique<auth::Authenticator>(lookup, std::move(signingIn));
    delivery = std::make_unique<delivery::Delivery>(delivery::Delivery::World{
        store.get(), directory.get(), &events, &counters, [this] { return settings.get(); }, hostName()});
    refusals = std::make_unique<intake::Refusals>(*store, events);
    indexes = std::make_unique<access::IndexCache>(*store);
    indexer = std::make_unique<access::SearchIndexer>(*store);
    indexer->setEnabled(settings.get()->flag("search.index"_L1));
    const auto current = [this] { return settings.get(); };
    intakeWorld = {store.get(), delivery.get(), directory.get(), authenticator.get(), &events, &counters,
                   filter::allChecks(), current, hostName(), refusals.get()};
    accessWorld = {store.get(), directory.get(), authenticator.get(), indexes.get(), &notices, &drops, &events, &counters, current,
                   hostName()};
    store->onCommitted([this](const store::Committed &committed) {
        directory->committed(committed);
        indexes->committed(committed);
        notices.committed(committed);
        indexer->committed(committed);
        if (relay::Relay *const runner = relaying.load())
            runner->committed(committed);
        if (committed.directoryChanged)
            QMetaObject::invokeMethod(q, [this] { if (running) (void)setUpTls(); }, Qt::QueuedConnection);
    });
}

std::unique_ptr<net::Session> Engine::Private::makeSession(const ServiceRow &service, const net::Peer &peer)
{
    const bool tlsAvailable = tls->isAvailable() && !service.implicitTls;
    switch (service.protocol) {
    case Protocol::Smtp: return intake::makeSession(intakeWorld, smtp::Role::Mx, peer, tlsAvailable);
    case Protocol::Submission: return intake::makeSession(intakeWorld, smtp::Role::Submission, peer, tlsAvailable);
    case Protocol::Imap: return access::makeImapSession(accessWorld, peer, tlsAvailable);
    case Protocol::Pop3: return access::makePop3Session(accessWorld, peer, tlsAvailable);
    }
    return nullptr;
}

void Engine::Private::startRelay()
{
    relay = std::make_unique<relay::Relay>(relay::World{store.get(), network.get(), delivery.get(), directory.get(), &events,
                                                        [this] { return settings.get(); }, hostName(), options.listeners});
    relaying = relay.get();
}

// The ports where mail from other servers comes in.
void Engine::Private::tellOwnPorts()
{
    QList<quint16> own;
    for (const OpenPort &port : std::as_const(ports)) {
        if (port.service == "smtp")
            own += port.port;
    }
    relay->setOwnPorts(own);
}

Result<void> Engine::Private::openService(const ServiceRow &service)
{
    if (!options.listeners)
        return {};
    const SettingsPointer now = settings.get();
    const QByteArray name(service.name.data(), service.name.size());
    const QList<Endpoint> endpoints = now->endpoints(service.setting);
    for (const Endpoint &endpoint : endpoints) {
        const auto port = network->listen(
            {.name = name, .address = listenAddress(endpoint, endpoints), .port = endpoint.port,
             .implicitTls = service.implicitTls,
             .maxConnections = int(now->number("server.max_connections"_L1)),
             .maxConnectionsPerAddress = int(now->number("server.max_connections_per_address"_L1)),
             .busyReply = service.busy.toByteArray(),
             .factory = [this, &service](const net::Peer &peer) { return makeSession(service, peer); },
             .refused = [this, name](const net::Peer &peer, const QString &why) {
                 refusals->addConnection(peer.address, name, why);
             }});
        Event event{port ? EventKind::ListenerOpened : EventKind::ListenerFailed};
        event.with(EventField::Name, name).with(EventField::Address, endpoint.address)
            .with(EventField::Port, qint64(port.value_or(endpoint.port)));
        if (!port)
            event.with(EventField::Reason, port.error().text);
        tell(std::move(event));
        if (port)
            ports += {name, endpoint.address, *port};
        else if (options.allListeners)
            return fail(port.error().kind, u"%1: %2"_s.arg(service.name, port.error().text));
    }
    return {};
}

Result<void> Engine::Private::openListeners()
{
    for (const ServiceRow &service : services) {
        if (const auto opened = openService(service); !opened)
            return opened;
    }
    return {};
}

void Engine::Private::settingsChanged()
{
    const SettingsPointer before = settings.get();
    if (!readSettings())
        return;
    const SettingsPointer now = settings.get();
    const auto differs = [&](QLatin1StringView key) { return before->text(key) != now->text(key); };
    directory->setSeparator(now->text("address.separator"_L1));
    authenticator->setOptions(authOptions());
    if (differs("tls.certificate"_L1) || differs("tls.key"_L1) || differs("tls.key_password"_L1))
        (void)setUpTls();
    const bool limits = differs("server.max_connections"_L1) || differs("server.max_connections_per_address"_L1);
    for (const ServiceRow &service : services) {
        if (!limits && !differs(service.setting))
            continue;
        const QByteArray name(service.name.data(), service.name.size());
        network->unlisten(name);
        ports.removeIf([&](const OpenPort &port) { return port.service == name; });
        (void)openService(service); // a failure is told as an event; the other services go on
    }
    tellOwnPorts();
    indexer->setEnabled(settings.get()->flag("search.index"_L1));
    for (const SettingDescription &setting : settingDescriptions()) {
        if (setting.room == "Sending"_L1 && differs(setting.key)) {
            relay->settingsChanged();
            break;
        }
    }
}

control::Context Engine::Private::controlContext()
{
    control::Context context;
    context.store = store.get();
    context.network = network.get();
    context.tls = tls.get();
    context.authenticator = authenticator.get();
    context.events = &events;
    context.counters = &counters;
    context.dataDirectory = options.dataDirectory;
    context.startedAt = startedAt;
    context.settings = [this] { return settings.get(); };
    context.isOverridden = [this](const QString &key) { return options.overrides.contains(key); };
    context.settingsChanged = [this] { settingsChanged(); };
    context.stop = [this] { q->stop(); };
    context.sendTlsReports = [this] { relay->sendTlsReports(); };
    context.testRoute = [this](const store::Route &route, const control::Context::Tested &done) {
        relay->test(route, [done](const relay::ProbeReport &report) {
            QJsonArray steps;
            for (const relay::ProbeStep &step : report.steps)
                steps += QJsonObject{{u"good"_s, step.good}, {u"text"_s, step.text}};
            done(report.good, steps, report.dialogue);
        });
    };
    context.reportRemoval = [this](store::Transaction &transaction, const QList<store::Entry> &entries, const QString &why) {
        return relay->reportRemoval(transaction, entries, why);
    };
    context.queueChanged = [this] { relay->reload(); };
    context.searchIndexCleared = [this] { indexer->setEnabled(settings.get()->flag("search.index"_L1)); };
    return context;
}

void Engine::Private::prune()
{
    const qint64 before = QDateTime::currentMSecsSinceEpoch() - settings.get()->number("trace.keep_days"_L1) * dayMs;
    store->write<bool>([before](store::Transaction &transaction) { return store::Trace::prune(transaction, before, 2000); },
                       [this](const Result<bool> &more) {
                           if (more.value_or(false))
                               QMetaObject::invokeMethod(q, [this] { if (store) prune(); }, Qt::QueuedConnection);
                       });
}

void Engine::Private::startTimers()
{
    timers = std::make_unique<QObject>();
    auto *certificates = new QTimer(timers.get());
    QObject::connect(certificates, &QTimer::timeout, timers.get(), [this] { refreshTls(); });
    certificates->start(std::chrono::seconds(20));
    auto *pruning = new QTimer(timers.get());
    QObject::connect(pruning, &QTimer::timeout, timers.get(), [this] { prune(); });
    pruning->start(std::chrono::hours(1));
}

Result<void> Engine::start(const EngineOptions &options)
{
    d->options = options;
    d->startedAt = QDateTime::currentDateTimeUtc();
    system::raiseDescriptorLimit();
    net::Resolver::askForSignatures();
    if (const auto made = system::makePrivateDirectory(options.dataDirectory); !made)
        return made;
    auto lock = system::DataLock::take(options.dataDirectory);
    if (!lock)
        return std::unexpected(lock.error());
    d->lock.emplace(std::move(*lock));
    const auto started = [&]() -> Result<void> {
        if (const auto opened = d->openStore(); !opened)
            return opened;
        if (const auto read = d->readSettings(); !read)
            return read;
        if (d->settings.get()->flag("log.file"_L1))
            d->logFile = std::make_unique<system::LogFile>(options.dataDirectory + u"/posthorn.log"_s, d->events,
                                                           Level::Notice);
        d->directory = std::make_unique<delivery::Directory>(*d->store, d->settings.get()->text("address.separator"_L1));
        if (const auto loaded = d->directory->load(); !loaded)
            return loaded;
        if (const auto loaded = d->directory->loadSuppressions(); !loaded)
            return loaded;
        d->buildServices();
        if (const auto tls = d->setUpTls(); !tls)
            return tls;
        const int workers = int(d->settings.get()->number("server.workers"_L1));
        d->network = std::make_unique<net::Network>(workers > 0 ? workers : qMax(1, QThread::idealThreadCount()), d->tls);
        d->startRelay();
        if (const auto listening = d->openListeners(); !listening)
            return listening;
        d->tellOwnPorts();
        d->control = std::make_unique<control::Server>(d->controlContext());
        return options.controlSocket ? d->control->listen() : Result<void>{};
    }();
    if (!started) {
        d->tearDown();
        return started;
    }
    d->startTimers();
    d->running = true;
    d->tell(Event{EventKind::ServerReady});
    return {};
}

void Engine::stop()
{
    if (!d->running || d->stopping)
        return;
    d->stopping = true;
    d->tell(Event{EventKind::ServerStopping});
    d->relay->stop();
    d->network->shutDown(stopGrace, [this] {
        const auto finish = [this] {
            d->tearDown();
            Q_EMIT stopped();
        };
        QMetaObject::invokeMethod(this, finish, Qt::QueuedConnection); // not from within the network that it takes down
    });
}

void Engine::Private::tearDown()
{
    running = false;
    timers.reset();
    control.reset();
    if (relay)
        relay->stop();
    network.reset();
    if (relay)
        relay->finish();
    authenticator.reset();
    if (indexer)
        indexer->stop();
    store.reset(); // its jobs still know the services below
    relaying = nullptr;
    relay.reset();
    indexes.reset();
    indexer.reset();
    refusals.reset();
    delivery.reset();
    directory.reset();
    tls.reset();
    certificatesInUse.clear(); // the next start reads them anew
    standIn = false;
    logFile.reset();
    lock.reset();
    ports.clear();
    stopping = false;
}

} // namespace posthorn
