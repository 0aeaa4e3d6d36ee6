#include "platform/system/process.h"

#include <QSocketNotifier>

#include <atomic>

#ifdef Q_OS_WIN
#include <windows.h>
#else
#include <csignal>
#include <fcntl.h>
#include <unistd.h>
#endif

namespace posthorn::system {

#ifdef Q_OS_WIN

struct StopSignals::Private
{
    static inline std::atomic<StopSignals *> current = nullptr;
    static inline std::atomic<bool> asked = false;

    // Called by the system on a thread of its own.
    static BOOL WINAPI handle(DWORD event)
    {
        StopSignals *const self = current.load();
        if (!self || asked.exchange(true))
            return FALSE;
        QMetaObject::invokeMethod(self, [self] { Q_EMIT self->stopRequested(); }, Qt::QueuedConnection);
        if (event == CTRL_CLOSE_EVENT || event == CTRL_LOGOFF_EVENT || event == CTRL_SHUTDOWN_EVENT)
            ::Sleep(20'000); // the process is ended when this returns
        return TRUE;
    }
};

StopSignals::StopSignals(QObject *parent) : QObject(parent), d(std::make_unique<Private>())
{
    Private::asked = false;
    Private::current = this;
    ::SetConsoleCtrlHandler(&Private::handle, TRUE);
}

StopSignals::~StopSignals()
{
    ::SetConsoleCtrlHandler(&Private::handle, FALSE);
    Private::current = nullptr;
}

#else

namespace {

std::atomic<int> pipeEnd = -1;

// A signal handler may do little more than write one octet. The handler is reset by then (SA_RESETHAND), so a second
// signal ends the process.
extern "C" void noteSignal(int)
{
    const int saved = errno;
    const char octet = 1;
    [[maybe_unused]] const auto written = ::write(pipeEnd.load(), &octet, 1);
    errno = saved;
}

} // namespace

struct StopSignals::Private
{
    int ends[2] = {-1, -1};
    std::unique_ptr<QSocketNotifier> notifier;
    struct sigaction terminate = {}, interrupt = {};
};

StopSignals::StopSignals(QObject *parent) : QObject(parent), d(std::make_unique<Private>())
{
    if (::pipe(d->ends) != 0)
        qFatal("No descriptors left for the stop signals");
    for (int end : d->ends) {
        ::fcntl(end, F_SETFD, FD_CLOEXEC);
        ::fcntl(end, F_SETFL, O_NONBLOCK);
    }
    pipeEnd = d->ends[1];
    d->notifier = std::make_unique<QSocketNotifier>(d->ends[0], QSocketNotifier::Read);
    connect(d->notifier.get(), &QSocketNotifier::activated, this, [this] {
        char octets[16];
        if (::read(d->ends[0], octets, sizeof octets) > 0)
            Q_EMIT stopRequested();
    });
    struct sigaction action = {};
    action.sa_handler = &noteSignal;
    action.sa_flags = SA_RESTART | int(SA_RESETHAND);
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGTERM, &action, &d->terminate);
    ::sigaction(SIGINT, &action, &d->interrupt);
}

StopSignals::~StopSignals()
{
    ::sigaction(SIGTERM, &d->terminate, nullptr);
    ::sigaction(SIGINT, &d->interrupt, nullptr);
    d->notifier.reset();
    pipeEnd = -1;
    ::close(d->ends[0]);
    ::close(d->ends[1]);
}

#endif

} // namespace posthorn::system
