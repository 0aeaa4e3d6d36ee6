// The log as a file: lines are gathered from any thread and written by the thread that owns this object; at 10 MiB the
// file becomes posthorn.log.1 and a new one is begun. A disk that is full costs log lines, never mail.
#pragma once

#include "core/events.h"

#include <QFile>
#include <QMutex>
#include <QObject>
#include <QTimer>

namespace posthorn::system {

class LogFile : public QObject
{
    Q_OBJECT
public:
    // Subscribes to `log`, which must outlive this object, for events of `level` and up.
    LogFile(const QString &path, EventLog &log, Level level, QObject *parent = nullptr);
    ~LogFile() override;

private:
    static constexpr qint64 maxOctets = 10 * 1024 * 1024;
    static constexpr qsizetype maxWaiting = 10'000;
    void flush();
    void renew();

    QFile m_file;
    EventLog &m_log;
    int m_subscription = 0;
    QMutex m_mutex;
    QList<Event> m_waiting;
    qint64 m_dropped = 0;
    QTimer m_timer;
};

} // namespace posthorn::system
