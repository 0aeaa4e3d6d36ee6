// The engine on a thread of its own, for the tray app.
#pragma once

#include "control/api/pipe.h"
#include "engine.h"

#include <QObject>
#include <QThread>

namespace posthorn {

// Lives on the GUI's thread; every function returns at once.
class HostedEngine : public QObject
{
    Q_OBJECT
public:
    explicit HostedEngine(EngineOptions options, QObject *parent = nullptr);
    ~HostedEngine() override; // stops the engine and waits for it, seconds at most

    void start();
    void stop();
    [[nodiscard]] bool isRunning() const { return m_running; }
    // Connections to it; null while it is stopped.
    [[nodiscard]] control::Connector connector() const;

Q_SIGNALS:
    void started();
    void failed(const QString &why);
    void stopped();

private:
    struct Shared;
    EngineOptions m_options;
    QThread m_thread;
    Engine *m_engine; // on m_thread
    std::shared_ptr<Shared> m_shared;
    bool m_running = false;
};

} // namespace posthorn
