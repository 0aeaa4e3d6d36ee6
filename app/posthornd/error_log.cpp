#include "error_log.h"

#include <cstdio>

namespace posthorn::app {

ErrorLog::ErrorLog(EventLog &log) : m_log(log)
{
    start();
    m_subscription = m_log.subscribe([this](qint64, const Event &event) {
        if (levelOf(event.kind) < Level::Notice)
            return;
        const QMutexLocker lock(&m_mutex);
        if (m_waiting.size() >= maxWaiting)
            ++m_lost;
        else
            m_waiting += toLine(event) + '\n';
        m_woken.wakeOne();
    });
}

ErrorLog::~ErrorLog()
{
    m_log.unsubscribe(m_subscription);
    {
        const QMutexLocker lock(&m_mutex);
        m_ending = true;
        m_woken.wakeOne();
    }
    if (!wait(2'000)) // nobody reads: the lines are lost, the server isn't held up
        terminate();
    wait();
}

void ErrorLog::run()
{
    QMutexLocker lock(&m_mutex);
    for (;;) {
        while (m_waiting.isEmpty() && m_lost == 0 && !m_ending)
            m_woken.wait(&m_mutex);
        if (m_waiting.isEmpty() && m_lost == 0)
            return;
        QByteArray lines = std::exchange(m_waiting, {}).join();
        if (m_lost > 0)
            lines += "(" + QByteArray::number(std::exchange(m_lost, 0)) + " lines left out)\n";
        lock.unlock();
        std::fwrite(lines.constData(), 1, size_t(lines.size()), stderr);
        std::fflush(stderr);
        lock.relock();
    }
}

} // namespace posthorn::app
