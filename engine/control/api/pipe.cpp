#include "control/api/pipe.h"

#include <QMutex>

namespace posthorn::control {

struct Pipe::Shared
{
    QMutex mutex;
    QByteArray inbox[2];
    std::function<void()> wake[2];
    bool closed = false;

    void wakeUp(int side) // with the mutex held, so that nobody is woken after onActivity({})
    {
        if (wake[side])
            wake[side]();
    }
};

std::pair<PipePointer, PipePointer> joinPipes()
{
    const auto shared = std::make_shared<Pipe::Shared>();
    return {PipePointer(new Pipe(shared, 0)), PipePointer(new Pipe(shared, 1))};
}

Pipe::~Pipe()
{
    onActivity({});
    close();
}

void Pipe::send(QByteArray octets)
{
    const QMutexLocker lock(&m_shared->mutex);
    QByteArray &inbox = m_shared->inbox[1 - m_side];
    if (m_shared->closed || octets.isEmpty())
        return;
    if (!inbox.isEmpty()) {
        inbox += octets;
        return;
    }
    inbox = std::move(octets);
    m_shared->wakeUp(1 - m_side);
}

QByteArray Pipe::take()
{
    const QMutexLocker lock(&m_shared->mutex);
    QByteArray octets = std::exchange(m_shared->inbox[m_side], {});
    if (!octets.isEmpty())
        m_shared->wakeUp(1 - m_side);
    return octets;
}

qsizetype Pipe::waiting() const
{
    const QMutexLocker lock(&m_shared->mutex);
    return m_shared->inbox[1 - m_side].size();
}

void Pipe::close()
{
    const QMutexLocker lock(&m_shared->mutex);
    if (std::exchange(m_shared->closed, true))
        return;
    m_shared->wakeUp(1 - m_side);
}

bool Pipe::isClosed() const
{
    const QMutexLocker lock(&m_shared->mutex);
    return m_shared->closed;
}

void Pipe::onActivity(std::function<void()> wake)
{
    const QMutexLocker lock(&m_shared->mutex);
    m_shared->wake[m_side] = std::move(wake);
}

} // namespace posthorn::control
