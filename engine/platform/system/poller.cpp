#include "platform/system/poller.h"

#include <QHash>
#include <QSocketNotifier>

#ifdef Q_OS_LINUX
#include <array>
#include <sys/epoll.h>
#include <unistd.h>
#endif

namespace posthorn::system {

struct Poller::Backend
{
    Backend(Ready r, Round given) : ready(std::move(r)), round(std::move(given)) {}
    virtual ~Backend() = default;
    virtual bool add(Socket socket, quint64 tag, quint8 interest) = 0;
    virtual void watch(Socket socket, quint64 tag, quint8 interest) = 0;
    virtual void remove(Socket socket) = 0;

    void beginRound() const
    {
        if (round.before)
            round.before();
    }
    void endRound() const
    {
        if (round.after)
            round.after();
    }

    Ready ready;
    Round round;
};

namespace {

// One pair of notifiers a socket.
class NotifierBackend final : public Poller::Backend
{
public:
    using Backend::Backend;
    ~NotifierBackend() override
    {
        for (const Watched &watched : std::as_const(m_sockets)) {
            delete watched.read;
            delete watched.write;
        }
    }

    bool add(Socket socket, quint64 tag, quint8 interest) override
    {
        m_sockets.insert(socket, {makeNotifier(socket, tag, QSocketNotifier::Read, Poller::Readable),
                                  makeNotifier(socket, tag, QSocketNotifier::Write, Poller::Writable)});
        watch(socket, tag, interest);
        return true;
    }

    void watch(Socket socket, quint64, quint8 interest) override
    {
        const Watched watched = m_sockets.value(socket);
        if (!watched.read)
            return;
        watched.read->setEnabled(interest & Poller::Readable);
        watched.write->setEnabled(interest & Poller::Writable);
    }

    void remove(Socket socket) override { discard(m_sockets.take(socket)); }

private:
    struct Watched
    {
        QSocketNotifier *read = nullptr, *write = nullptr;
    };

    QSocketNotifier *makeNotifier(Socket socket, quint64 tag, QSocketNotifier::Type type, quint8 event)
    {
        auto *const notifier = new QSocketNotifier(socket, type);
        notifier->setEnabled(false);
        QObject::connect(notifier, &QSocketNotifier::activated, notifier, [this, tag, event] {
            beginRound();
            ready(tag, event);
            endRound();
        });
        return notifier;
    }

    static void discard(const Watched &watched)
    {
        for (QSocketNotifier *notifier : {watched.read, watched.write}) {
            if (!notifier)
                continue;
            notifier->setEnabled(false);
            notifier->deleteLater(); // it may be the one that is calling
        }
    }

    QHash<Socket, Watched> m_sockets;
};

#ifdef Q_OS_LINUX
class EpollBackend final : public Poller::Backend
{
public:
    EpollBackend(int epoll, Poller::Ready r, Poller::Round given)
        : Backend(std::move(r), std::move(given)), m_epoll(epoll), m_notifier(epoll, QSocketNotifier::Read)
    {
        QObject::connect(&m_notifier, &QSocketNotifier::activated, &m_notifier, [this] { turn(); });
    }
    ~EpollBackend() override
    {
        m_notifier.setEnabled(false);
        ::close(m_epoll);
    }

    bool add(Socket socket, quint64 tag, quint8 interest) override
    {
        return control(EPOLL_CTL_ADD, socket, tag, interest);
    }
    void watch(Socket socket, quint64 tag, quint8 interest) override { control(EPOLL_CTL_MOD, socket, tag, interest); }
    void remove(Socket socket) override { control(EPOLL_CTL_DEL, socket, 0, 0); }

private:
    bool control(int operation, Socket socket, quint64 tag, quint8 interest) const
    {
        epoll_event event = {};
        event.events = (interest & Poller::Readable ? EPOLLIN : 0u) | (interest & Poller::Writable ? EPOLLOUT : 0u);
        event.data.u64 = tag;
        return ::epoll_ctl(m_epoll, operation, int(socket), &event) == 0;
    }

    // Several rounds a call: under load the next sockets are ready by the time these are served, and a pass of the
    // event loop costs more than asking.
    void turn()
    {
        for (int i = 0; i < maxRounds; ++i) {
            std::array<epoll_event, 128> events;
            const int count = ::epoll_wait(m_epoll, events.data(), int(events.size()), 0);
            beginRound();
            for (int k = 0; k < count; ++k)
                ready(events[size_t(k)].data.u64, maskOf(events[size_t(k)].events));
            endRound();
            if (count <= 0)
                return;
        }
    }

    static quint8 maskOf(uint32_t events)
    {
        return quint8((events & EPOLLIN ? Poller::Readable : 0) | (events & EPOLLOUT ? Poller::Writable : 0)
                      | (events & (EPOLLERR | EPOLLHUP) ? Poller::Failed : 0));
    }

    static constexpr int maxRounds = 16;
    int m_epoll;
    QSocketNotifier m_notifier;
};
#endif

std::unique_ptr<Poller::Backend> makeBackend(Poller::Ready ready, Poller::Round round, Poller::Way way)
{
#ifdef Q_OS_LINUX
    if (way == Poller::Way::Fastest) {
        if (const int epoll = ::epoll_create1(EPOLL_CLOEXEC); epoll >= 0)
            return std::make_unique<EpollBackend>(epoll, std::move(ready), std::move(round));
    }
#else
    Q_UNUSED(way)
#endif
    return std::make_unique<NotifierBackend>(std::move(ready), std::move(round));
}

} // namespace

Poller::Poller(Ready ready, Round round, Way way) : m_backend(makeBackend(std::move(ready), std::move(round), way))
{
}

Poller::~Poller() = default;

bool Poller::add(Socket socket, quint64 tag, quint8 interest)
{
    return m_backend->add(socket, tag, interest);
}

void Poller::watch(Socket socket, quint64 tag, quint8 interest)
{
    m_backend->watch(socket, tag, interest);
}

void Poller::remove(Socket socket)
{
    m_backend->remove(socket);
}

} // namespace posthorn::system
