// The composition root: builds all, connects all, owns all threads. One Engine is one server on one data directory.
#pragma once

#include "core/events.h"
#include "core/result.h"
#include "core/settings.h"

#include <QHash>
#include <QList>
#include <QObject>
#include <QString>

#include <functional>
#include <memory>

namespace posthorn {

namespace control { class Server; }

struct EngineOptions
{
    QString dataDirectory;                 // made when missing, owner-only
    QHash<QString, QString> overrides;     // --set KEY=VALUE: win over kept settings, are not kept
    bool controlSocket = true;             // listen for posthornd's subcommands and the panel
    bool listeners = true;                 // false: no mail service is opened, whatever the settings say
    bool allListeners = true;              // false: a port that can't be had is told, and the rest goes on
};

struct OpenPort
{
    QByteArray service; // "imaps"
    QByteArray address;
    quint16 port = 0;
};

// Lives on the thread that makes it (the engine's thread: headless the main thread, in the tray app one of its own);
// that thread needs an event loop.
class Engine : public QObject
{
    Q_OBJECT
public:
    explicit Engine(QObject *parent = nullptr);
    ~Engine() override; // stops at once if stop() was not waited for

    // Opens the store and the ports. Errors are for people: "The data folder is in use by process 4711."
    Result<void> start(const EngineOptions &options);
    // No new work, 421 and BYE to the rest, done within seconds; then stopped() is emitted.
    void stop();
    [[nodiscard]] bool isRunning() const;

    [[nodiscard]] QList<OpenPort> ports() const;
    [[nodiscard]] EventLog &events();
    // The control protocol without a socket: see control/server. Valid while running.
    [[nodiscard]] control::Server *controlServer();

Q_SIGNALS:
    void stopped();

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace posthorn
