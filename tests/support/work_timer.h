// How much work the thread has done, not how long it took: what a test costs is the same on a busy machine.
#pragma once

#include <QElapsedTimer>

#ifdef Q_OS_UNIX
#include <ctime>
#endif

namespace posthorn::test {

class WorkTimer
{
public:
    [[nodiscard]] qint64 microseconds() const { return now() - m_start; }
    [[nodiscard]] qint64 milliseconds() const { return microseconds() / 1'000; }

private:
    static qint64 now()
    {
#ifdef Q_OS_UNIX
        timespec spent = {};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
        return qint64(spent.tv_sec) * 1'000'000 + spent.tv_nsec / 1'000;
#else
        static const QElapsedTimer clock = [] {
            QElapsedTimer made;
            made.start();
            return made;
        }();
        return clock.nsecsElapsed() / 1'000;
#endif
    }
    qint64 m_start = now();
};

} // namespace posthorn::test
