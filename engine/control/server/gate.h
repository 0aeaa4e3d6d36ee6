// The way to an object that may be gone by the time someone on another thread has something for it.
#pragma once

#include <QMutex>
#include <QObject>

#include <functional>

namespace posthorn::control {

class Gate
{
public:
    explicit Gate(QObject *target) : m_target(target) {}
    // Runs `work` on the target's thread, later; dropped when the target is gone. Any thread.
    void post(std::function<void()> work)
    {
        const QMutexLocker lock(&m_mutex);
        if (m_target)
            QMetaObject::invokeMethod(m_target, std::move(work), Qt::QueuedConnection);
    }
    // By the target, on its thread, before it goes.
    void shut()
    {
        const QMutexLocker lock(&m_mutex);
        m_target = nullptr;
    }

private:
    QMutex m_mutex;
    QObject *m_target;
};

} // namespace posthorn::control
