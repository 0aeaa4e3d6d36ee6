// What an engine is made of. For engine*.cpp only.
#pragma once

#include "engine.h"

#include "control/server/server.h"
#include "core/counters.h"
#include "platform/net/network.h"
#include "platform/net/tls_contexts.h"
#include "platform/store/store.h"
#include "platform/system/data_directory.h"
#include "platform/system/log_file.h"
#include "policy/auth/authenticator.h"
#include "service/access/search_indexer.h"
#include "service/access/world.h"
#include "service/delivery/delivery.h"
#include "service/intake/intake.h"
#include "service/relay/relay.h"

#include <QMutex>
#include <QTimer>

#include <atomic>
#include <optional>

namespace posthorn {

using namespace Qt::StringLiterals;

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

struct Engine::Private
{
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
    static constexpr ServiceRow services[] = {
        {"smtp"_L1, "smtp.listen"_L1, Protocol::Smtp, false, "421 4.7.0 Too many connections, please try again later\r\n"},
        {"submission"_L1, "submission.listen"_L1, Protocol::Submission, false, "421 4.7.0 Too many connections\r\n"},
        {"submissions"_L1, "submissions.listen"_L1, Protocol::Submission, true, ""},
        {"imap"_L1, "imap.listen"_L1, Protocol::Imap, false, "* BYE [UNAVAILABLE] Too many connections\r\n"},
        {"imaps"_L1, "imaps.listen"_L1, Protocol::Imap, true, ""},
        {"pop3"_L1, "pop3.listen"_L1, Protocol::Pop3, false, "-ERR [SYS/TEMP] Too many connections\r\n"},
        {"pop3s"_L1, "pop3s.listen"_L1, Protocol::Pop3, true, ""},
    };

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

} // namespace posthorn
