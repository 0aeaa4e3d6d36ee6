#include "engine.h"

#include "control/server/server.h"
#include "core/counters.h"
#include "platform/crypto/hash.h"
#include "platform/crypto/self_signed.h"
#include "platform/net/network.h"
#include "platform/net/resolver.h"
#include "platform/net/tls_contexts.h"
#include "platform/store/maintenance.h"
#include "platform/store/secrets.h"
#include "platform/store/store.h"
#include "platform/store/trace.h"
#include "platform/store/transaction.h"
#include "platform/system/data_directory.h"
#include "platform/system/log_file.h"
#include "platform/system/process.h"
#include "policy/auth/authenticator.h"
#include "service/access/search_indexer.h"
#include "service/access/world.h"
#include "service/delivery/delivery.h"
#include "service/intake/intake.h"
#include "service/relay/relay.h"

#include <QDir>
#include <QFile>
#include <QHostInfo>
#include <QMutex>
#include <QThread>
#include <QTimer>

#include <atomic>
#include <optional>

namespace posthorn {

using namespace Qt::StringLiterals;

namespace {

enum class Protocol { Smtp, Submission, Imap, Pop3 };

struct ServiceRow
{
    QLatin1StringView name;
    QLatin1StringView setting;
    Protocol protocol;
    bool implicitTls;
    QByteArrayView busy;
};

// All services: a listener setting and what speaks there.
constexpr ServiceRow services[] = {
    {"smtp"_L1, "smtp.listen"_L1, Protocol::Smtp, false, "421 4.7.0 Too many connections, please try again later\r\n"},
    {"submission"_L1, "submission.listen"_L1, Protocol::Submission, false, "421 4.7.0 Too many connections\r\n"},
    {"submissions"_L1, "submissions.listen"_L1, Protocol::Submission, true, ""},
    {"imap"_L1, "imap.listen"_L1, Protocol::Imap, false, "* BYE [UNAVAILABLE] Too many connections\r\n"},
    {"imaps"_L1, "imaps.listen"_L1, Protocol::Imap, true, ""},
    {"pop3"_L1, "pop3.listen"_L1, Protocol::Pop3, false, "-ERR [SYS/TEMP] Too many connections\r\n"},
    {"pop3s"_L1, "pop3s.listen"_L1, Protocol::Pop3, true, ""},
};

constexpr std::chrono::seconds stopGrace{5};
constexpr qint64 dayMs = 24ll * 60 * 60 * 1000;

// The settings in force, for any thread.
class CurrentSettings
{
public:
    [[nodiscard]] SettingsPointer get() const
    {
        const QMutexLocker lock(&m_mutex);
        return m_snapshot;
    }
    void set(SettingsPointer snapshot)
    {
        const QMutexLocker lock(&m_mutex);
        m_snapshot = std::move(snapshot);
    }

private:
    mutable QMutex m_mutex;
    SettingsPointer m_snapshot = std::make_shared<const SettingsSnapshot>();
};

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

struct Engine::Private
{
    explicit Private(Engine *engine) : q(engine) {}

    Result<void> openStore();
    Result<void> readSettings();
    Result<void> setUpTls();
    void refreshTls();
    void tellCertificates();
    [[nodiscard]] net::CertificateSource ownCertificate() const;
    Result<QList<net::CertificateSource>> certificateSources();
    Result<void> makeOwnCertificate(const QString &file);
    void buildServices();
    Result<void> openListeners();
    void startRelay();
    void tellOwnPorts();
    Result<void> openService(const ServiceRow &service);
    std::unique_ptr<net::Session> makeSession(const ServiceRow &service, const net::Peer &peer);
    void settingsChanged();
    void startTimers();
    void prune();
    void tearDown();
    control::Context controlContext();
    auth::Authenticator::Options authOptions() const;
    [[nodiscard]] QByteArray pretenceSecret();
    [[nodiscard]] QByteArray hostName() const;
    void tell(Event event) { events.emitEvent(std::move(event)); }

    Engine *q;
    EngineOptions options;
    EventLog events;
    Counters counters;
    CurrentSettings settings;
    QDateTime startedAt;
    bool running = false;
    bool stopping = false;
    QList<net::CertificateSource> certificatesInUse;
    bool standIn = false; // the own certificate serves for one that can't be read

    // Built from top to bottom, torn down from bottom to top.
    std::optional<system::DataLock> lock;
    std::unique_ptr<system::LogFile> logFile;
    std::unique_ptr<store::Store> store;
    std::shared_ptr<net::TlsContexts> tls;
    std::unique_ptr<delivery::Directory> directory;
    std::unique_ptr<auth::Authenticator> authenticator;
    std::unique_ptr<delivery::Delivery> delivery;
    std::unique_ptr<intake::Refusals> refusals;
    std::unique_ptr<access::IndexCache> indexes;
    access::NoticeBoard notices;
    std::unique_ptr<access::SearchIndexer> indexer;
    access::DropLocks drops;
    intake::World intakeWorld;
    access::World accessWorld;
    std::unique_ptr<net::Network> network;
    std::unique_ptr<relay::Relay> relay;
    std::atomic<relay::Relay *> relaying = nullptr; // for the writer's thread
    std::unique_ptr<control::Server> control;
    QList<OpenPort> ports;
    std::unique_ptr<QObject> timers;
};

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

Result<void> Engine::Private::makeOwnCertificate(const QString &file)
{
    const QString folder = QFileInfo(file).path();
    if (const auto made = system::makePrivateDirectory(folder); !made)
        return made;
    const auto pair = crypto::makeSelfSigned(QString::fromUtf8(hostName()), {u"localhost"_s}, 3650);
    if (!pair)
        return std::unexpected(pair.error());
    if (const auto written = crypto::writePem(*pair, file); !written)
        return written;
    Event event{EventKind::CertificateMade};
    event.with(EventField::Name, hostName()).with(EventField::File, file);
    tell(std::move(event));
    return {};
}

Result<QList<net::CertificateSource>> Engine::Private::certificateSources()
{
    const SettingsPointer now = settings.get();
    net::CertificateSource initial{{}, now->text("tls.certificate"_L1), now->text("tls.key"_L1),
                                   now->text("tls.key_password"_L1)};
    if (initial.certificateFile.isEmpty()) {
        initial = ownCertificate();
        if (!QFile::exists(initial.certificateFile)) {
            if (const auto made = makeOwnCertificate(initial.certificateFile); !made)
                return std::unexpected(made.error());
        }
    }
    QList<net::CertificateSource> sources{initial};
    const auto domains = store->readNow<QList<store::Domain>>(store::Accounts::domains);
    if (!domains)
        return std::unexpected(domains.error());
    for (const store::Domain &domain : *domains) {
        if (!domain.certificateFile.isEmpty())
            sources += {domain.name.toLatin1(), domain.certificateFile, domain.keyFile, {}};
    }
    return sources;
}

net::CertificateSource Engine::Private::ownCertificate() const
{
    return {{}, options.dataDirectory + u"/tls/self-signed.pem"_s, {}, {}};
}

// A certificate that can't be read is told and never keeps mail out: the own one stands in for it until it can be.
Result<void> Engine::Private::setUpTls()
{
    if (!tls)
        tls = std::make_shared<net::TlsContexts>();
    auto sources = certificateSources();
    if (!sources)
        return std::unexpected(sources.error());
    if (*sources == certificatesInUse)
        return {};
    certificatesInUse = *sources;
    standIn = !tls->setSources(*sources) && !tls->forName({}).handle;
    tellCertificates();
    if (!standIn)
        return {};
    sources->front() = ownCertificate();
    if (!QFile::exists(sources->front().certificateFile)) {
        if (const auto made = makeOwnCertificate(sources->front().certificateFile); !made)
            return made;
    }
    (void)tls->setSources(*sources); // the others' faults are told
    return {};
}

void Engine::Private::refreshTls()
{
    if (standIn) {
        const auto sources = certificateSources();
        if (!sources || !QFile::exists(sources->front().certificateFile))
            return;
        certificatesInUse.clear();
        (void)setUpTls();
    } else if (tls->refresh()) {
        Event event{EventKind::CertificateLoaded};
        event.with(EventField::Reason, u"the file changed"_s);
        tell(std::move(event));
    }
}

void Engine::Private::tellCertificates()
{
    for (const net::CertificateFacts &facts : tls->facts()) {
        Event event{facts.error.isEmpty() ? EventKind::CertificateLoaded : EventKind::CertificateFailed};
        event.with(EventField::Name, facts.serverName).with(EventField::File, facts.file)
            .with(EventField::Reason, facts.error);
        tell(std::move(event));
    }
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
