#include "hosted_engine.h"

#include "control/server/server.h"

#include <QMutex>

namespace posthorn {

// The connector of the server that runs now, for the GUI's thread.
struct HostedEngine::Shared
{
    QMutex mutex;
    control::Connector connector;

    void set(control::Connector now)
    {
        const QMutexLocker lock(&mutex);
        connector = std::move(now);
    }
};

HostedEngine::HostedEngine(EngineOptions options, QObject *parent)
    : QObject(parent), m_options(std::move(options)), m_engine(new Engine), m_shared(std::make_shared<Shared>())
{
    m_engine->moveToThread(&m_thread);
    connect(&m_thread, &QThread::finished, m_engine, &QObject::deleteLater);
    connect(m_engine, &Engine::stopped, this, [this] {
        m_running = false;
        Q_EMIT stopped();
    });
    m_thread.setObjectName(QStringLiteral("engine"));
    m_thread.start();
}

HostedEngine::~HostedEngine()
{
    m_shared->set(nullptr);
    m_thread.quit(); // the engine's end is its clean stop
    m_thread.wait();
}

void HostedEngine::start()
{
    QMetaObject::invokeMethod(m_engine, [this] {
        const auto result = m_engine->start(m_options);
        if (result)
            m_shared->set(m_engine->controlServer()->connector());
        QMetaObject::invokeMethod(this, [this, result] {
            m_running = result.has_value();
            if (result)
                Q_EMIT started();
            else
                Q_EMIT failed(result.error().text);
        });
    });
}

void HostedEngine::stop()
{
    m_shared->set(nullptr);
    QMetaObject::invokeMethod(m_engine, &Engine::stop);
}

control::Connector HostedEngine::connector() const
{
    return [shared = m_shared]() -> control::PipePointer {
        control::Connector now;
        {
            const QMutexLocker lock(&shared->mutex);
            now = shared->connector;
        }
        return now ? now() : nullptr;
    };
}

} // namespace posthorn
