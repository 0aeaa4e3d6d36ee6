// Events of notice level and up as lines on standard error, written by a thread of their own: whoever emits an event never
// waits for a terminal or a pipe that nobody reads.
#pragma once

#include "core/events.h"

#include <QMutex>
#include <QThread>
#include <QWaitCondition>

namespace posthorn::app {

class ErrorLog : public QThread
{
    Q_OBJECT
public:
    explicit ErrorLog(EventLog &log);
    ~ErrorLog() override; // writes what waits

protected:
    void run() override;

private:
    static constexpr qsizetype maxWaiting = 10'000; // lines; more are counted and left out
    EventLog &m_log;
    int m_subscription = 0;
    QMutex m_mutex;
    QWaitCondition m_woken;
    QList<QByteArray> m_waiting;
    qint64 m_lost = 0;
    bool m_ending = false;
};

} // namespace posthorn::app
