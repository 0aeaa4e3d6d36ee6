#include "platform/net/worker.h"

#include "platform/system/clock.h"

#include <QCoreApplication>
#include <QEvent>

namespace posthorn::net {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype readBuffer = 64 * 1024;
constexpr std::chrono::milliseconds tickTime{1000};

QEvent::Type inboxEvent()
{
    static const auto type = QEvent::Type(QEvent::registerEventType());
    return type;
}

} // namespace

void post(const Address &to, std::function<void(Session &)> deliver)
{
    if (to.worker)
        to.worker->post(to.conversation, std::move(deliver));
}

void Worker::Inbox::clear()
{
    arrivals.clear();
    departures.clear();
    posts.clear();
    tasks.clear();
}

Worker::Worker(int number, WorkerSetting setting) : m_setting(std::move(setting))
{
    m_thread.setObjectName(u"net-%1"_s.arg(number));
    moveToThread(&m_thread);
    m_thread.start();
    ask([](Worker &self) { self.setUp(); });
}

Worker::~Worker() = default;

void Worker::end()
{
    ask([](Worker &self) { self.tearDown(); });
    m_thread.wait();
    const std::scoped_lock lock(m_mutex);
    m_setting = {};
    m_inbox = {};
}

void Worker::setUp()
{
    m_poller = std::make_unique<system::Poller>(
        [this](quint64 tag, quint8 events) { ready(ConversationId{qint64(tag)}, events); },
        // What was posted before a client spoke is heard before it: who asks for news has all that there are.
        system::Poller::Round{.before = [this] { drain(false); }, .after = [this] { endRound(); }});
    m_timer = std::make_unique<QTimer>();
    connect(m_timer.get(), &QTimer::timeout, this, [this] { tick(); });
    m_around.worker = this;
    m_around.poller = m_poller.get();
    m_around.tls = m_setting.tls.get();
    m_around.buffer = QByteArray(readBuffer, Qt::Uninitialized);
    m_around.watched = m_setting.watched;
    m_around.report = [this](bool opened, ConversationState state) {
        m_reports.push_back({opened, std::move(state)});
    };
}

void Worker::tearDown()
{
    {
        const std::scoped_lock lock(m_mutex);
        m_ended = true;
    }
    cutAll();
    m_conversations.clear();
    m_timer.reset();
    m_poller.reset();
    m_around = {};
    endRound();
    m_thread.quit();
    const std::scoped_lock lock(m_mutex); // all of the above comes before what end() does
}

template<typename Add>
void Worker::put(Add add)
{
    bool notify = false;
    {
        const std::scoped_lock lock(m_mutex);
        if (m_ended)
            return;
        add(m_inbox);
        notify = !std::exchange(m_noticed, true);
    }
    if (notify)
        QCoreApplication::postEvent(this, new QEvent(inboxEvent()));
}

void Worker::accept(Arrival arrival)
{
    m_load.fetch_add(1, std::memory_order_relaxed);
    put([&](Inbox &inbox) { inbox.arrivals.push_back(std::move(arrival)); });
}

void Worker::depart(Departure departure)
{
    m_load.fetch_add(1, std::memory_order_relaxed);
    put([&](Inbox &inbox) { inbox.departures.push_back(std::move(departure)); });
}

void Worker::post(ConversationId to, std::function<void(Session &)> deliver)
{
    put([&](Inbox &inbox) { inbox.posts.emplace_back(to, std::move(deliver)); });
}

void Worker::ask(std::function<void(Worker &)> task)
{
    put([&](Inbox &inbox) { inbox.tasks.push_back(std::move(task)); });
}

bool Worker::event(QEvent *event)
{
    if (event->type() != inboxEvent())
        return QObject::event(event);
    drain(true);
    endRound();
    return true;
}

// Takes all there is, when the event comes and before what the sockets have; but then no tasks, for one of them takes
// the poller down. Vectors change places, so that their memory is kept.
void Worker::drain(bool forEvent)
{
    {
        const std::scoped_lock lock(m_mutex);
        if (forEvent)
            m_noticed = false;
        if (m_inbox.isEmpty())
            return;
        std::swap(m_inbox, m_batch);
        if (!forEvent)
            std::swap(m_inbox.tasks, m_batch.tasks); // their event is on its way
    }
    // Moved out: a task may end up in here again.
    Inbox batch = std::exchange(m_batch, {});
    for (const auto &task : batch.tasks)
        task(*this);
    for (Arrival &arrival : batch.arrivals)
        open(std::move(arrival));
    for (Departure &departure : batch.departures)
        open(std::move(departure));
    for (auto &[to, answer] : batch.posts)
        deliver(to, answer);
    // Several answers for one conversation leave in one piece.
    for (const ConversationId id : std::exchange(m_answered, {}))
        ready(id, 0);
    batch.clear();
    m_batch = std::move(batch);
}

void Worker::endRound()
{
    if (!m_reports.empty())
        m_setting.report(std::exchange(m_reports, {}));
}

template<typename Link>
void Worker::open(Link link)
{
    if (!m_poller || m_shuttingDown) {
        m_load.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    const ConversationId id{m_setting.lastConversation->fetch_add(1, std::memory_order_relaxed) + 1};
    auto &conversation = m_conversations[id.value];
    conversation = std::make_unique<Conversation>(id, std::move(link), m_around);
    if (!m_timer->isActive())
        m_timer->start(tickTime);
    conversation->begin();
    removeIfOver(id);
}

void Worker::deliver(ConversationId to, const std::function<void(Session &)> &answer)
{
    const auto it = m_conversations.find(to.value);
    Session *const session = it == m_conversations.end() ? nullptr : it->second->session();
    if (!session)
        return; // gone: nobody waits for it
    answer(*session);
    if (m_answered.empty() || m_answered.back() != to)
        m_answered.push_back(to);
}

void Worker::ready(ConversationId id, quint8 events)
{
    const auto it = m_conversations.find(id.value);
    if (it == m_conversations.end())
        return;
    it->second->turn(events);
    removeIfOver(id);
}

void Worker::removeIfOver(ConversationId id)
{
    const auto it = m_conversations.find(id.value);
    if (it == m_conversations.end() || !it->second->isOver())
        return;
    m_conversations.erase(it);
    removed();
}

void Worker::removed()
{
    m_load.fetch_sub(1, std::memory_order_relaxed);
    if (!m_conversations.empty())
        return;
    if (m_timer)
        m_timer->stop();
    if (m_shuttingDown)
        m_setting.empty();
}

template<typename Visit>
void Worker::visitAll(Visit visit)
{
    std::vector<ConversationId> over;
    for (const auto &[id, conversation] : m_conversations) {
        visit(*conversation);
        if (conversation->isOver())
            over.push_back({id});
    }
    for (const ConversationId id : over)
        removeIfOver(id);
}

void Worker::tick()
{
    const qint64 at = system::realClock().steadyMs();
    visitAll([at](Conversation &conversation) { conversation.tick(at); });
    endRound();
}

QList<ConversationState> Worker::states() const
{
    QList<ConversationState> states;
    states.reserve(qsizetype(m_conversations.size()));
    for (const auto &[id, conversation] : m_conversations)
        states.append(conversation->state());
    return states;
}

void Worker::close(ConversationId id)
{
    const auto it = m_conversations.find(id.value);
    if (it == m_conversations.end())
        return;
    it->second->close();
    removeIfOver(id);
}

void Worker::shutDown()
{
    m_shuttingDown = true;
    if (m_conversations.empty()) {
        m_setting.empty();
        return;
    }
    visitAll([](Conversation &conversation) { conversation.shutDown(); });
}

void Worker::cutAll()
{
    visitAll([](Conversation &conversation) { conversation.cut(); });
}

} // namespace posthorn::net
