// One event loop on a thread of its own, with its conversations. What other threads want of it goes into an inbox; a
// full pass of the inbox costs one event, however much is in it.
#pragma once

#include "platform/net/arrival.h"
#include "platform/net/conversation.h"

#include <QObject>
#include <QThread>
#include <QTimer>

#include <mutex>
#include <unordered_map>
#include <vector>

namespace posthorn::net {

struct Report
{
    bool opened = false;
    ConversationState state;
};

// What the network gives all its workers; outlives them.
struct WorkerSetting
{
    std::shared_ptr<TlsContexts> tls;
    std::atomic<qint64> *lastConversation = nullptr;
    const std::atomic<bool> *watched = nullptr;
    std::function<void(std::vector<Report>)> report; // called on the worker's thread
    std::function<void()> empty;                     // shutting down, and the last conversation is over
};

class Worker : public QObject, public Letterbox
{
    Q_OBJECT
public:
    Worker(int number, WorkerSetting setting);
    ~Worker() override;
    // Cuts the conversations and ends the thread; the last call. Any other call is ignored from then on.
    void end();

    // Any thread.
    void accept(Arrival arrival);
    void depart(Departure departure);
    void post(ConversationId to, std::function<void(Session &)> deliver) override;
    void ask(std::function<void(Worker &)> task);
    [[nodiscard]] int load() const { return m_load.load(std::memory_order_relaxed); } // conversations, waiting ones too

    // Its own thread, from a task.
    [[nodiscard]] QList<ConversationState> states() const;
    void close(ConversationId id);
    void shutDown(); // goodbye to all, and to those that still come
    void cutAll();

protected:
    bool event(QEvent *event) override;

private:
    struct Inbox
    {
        std::vector<Arrival> arrivals;
        std::vector<Departure> departures;
        std::vector<std::pair<ConversationId, std::function<void(Session &)>>> posts;
        std::vector<std::function<void(Worker &)>> tasks;
        [[nodiscard]] bool isEmpty() const { return arrivals.empty() && departures.empty() && posts.empty() && tasks.empty(); }
        void clear();
    };

    template<typename Add>
    void put(Add add);
    void setUp();
    void tearDown();
    void drain(bool forEvent);
    void endRound();
    template<typename Link>
    void open(Link link);
    void deliver(ConversationId to, const std::function<void(Session &)> &answer);
    void ready(ConversationId id, quint8 events);
    void tick();
    void removeIfOver(ConversationId id);
    void removed();
    template<typename Visit>
    void visitAll(Visit visit);

    using Table = std::unordered_map<qint64, std::unique_ptr<Conversation>>;
    WorkerSetting m_setting;
    QThread m_thread;
    std::atomic<int> m_load = 0;

    std::mutex m_mutex; // of the standard library: ThreadSanitizer can't see into Qt's
    Inbox m_inbox;            // guarded by m_mutex
    bool m_noticed = false;   // guarded: an event is on its way
    bool m_ended = false;     // guarded: nothing is taken any more

    // The thread's own.
    Inbox m_batch;
    std::vector<ConversationId> m_answered;
    std::vector<Report> m_reports;
    Surroundings m_around;
    std::unique_ptr<system::Poller> m_poller;
    std::unique_ptr<QTimer> m_timer;
    Table m_conversations;
    bool m_shuttingDown = false;
};

} // namespace posthorn::net
