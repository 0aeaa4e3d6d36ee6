#include "platform/system/log_file.h"

#include "platform/system/data_directory.h"

#include <utility>

namespace posthorn::system {

LogFile::LogFile(const QString &path, EventLog &log, Level level, QObject *parent)
    : QObject(parent), m_file(path), m_log(log)
{
    m_timer.setInterval(250);
    connect(&m_timer, &QTimer::timeout, this, &LogFile::flush);
    m_timer.start();
    m_subscription = log.subscribe([this, level](qint64, const Event &event) {
        if (levelOf(event.kind) < level)
            return;
        const QMutexLocker lock(&m_mutex);
        if (m_waiting.size() < maxWaiting)
            m_waiting += event;
        else
            ++m_dropped;
    });
}

LogFile::~LogFile()
{
    m_log.unsubscribe(m_subscription);
    flush();
}

void LogFile::renew()
{
    m_file.close();
    const QString before = m_file.fileName() + QStringLiteral(".1");
    QFile::remove(before);
    QFile::rename(m_file.fileName(), before);
}

void LogFile::flush()
{
    QList<Event> events;
    qint64 dropped = 0;
    {
        const QMutexLocker lock(&m_mutex);
        events = std::exchange(m_waiting, {});
        dropped = std::exchange(m_dropped, 0);
    }
    if (events.isEmpty())
        return;
    if (!m_file.isOpen()) {
        if (!m_file.open(QIODevice::WriteOnly | QIODevice::Append))
            return;
        (void)makePrivateFile(m_file.fileName());
    }
    QByteArray text;
    for (const Event &event : std::as_const(events))
        text += toLine(event) + '\n';
    if (dropped > 0)
        text += "(" + QByteArray::number(dropped) + " events came too fast and were left out)\n";
    m_file.write(text);
    m_file.flush();
    if (m_file.size() > maxOctets)
        renew();
}

} // namespace posthorn::system
