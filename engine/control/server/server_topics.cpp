#include "control/server/server_topics.h"

#include "control/server/route_rules.h"
#include "control/server/rows.h"
#include "platform/net/network.h"
#include "platform/store/store.h"

#include <QPointer>

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxSessions = 2'000;
constexpr int maxEntries = 1'000;
constexpr qsizetype maxAccounts = 50'000; // aliases as many
constexpr qsizetype maxEvents = 500; // of a snapshot and of each beat

class CountersTopic final : public Topic
{
public:
    explicit CountersTopic(const Context &context) : Topic("counters"_L1), m_context(context) {}
    void start() override
    {
        look();
        setReady();
    }
    void stop() override { clear(); }
    void beat() override
    {
        if (++m_beats % 4 == 0)
            look();
    }

private:
    void look()
    {
        const QJsonObject values = countersJson(*m_context.counters);
        for (auto it = values.begin(); it != values.end(); ++it)
            setValue(it.key(), it.value());
        setValue(u"connections"_s, m_context.network ? m_context.network->conversationCount() : 0);
    }
    const Context &m_context;
    int m_beats = 0;
};

class SessionsTopic final : public Topic
{
public:
    SessionsTopic(const Context &context, std::shared_ptr<Gate> gate)
        : Topic("sessions"_L1), m_context(context), m_gate(std::move(gate))
    {
    }
    void start() override
    {
        if (!m_context.network) {
            setReady();
            return;
        }
        m_watching = std::make_unique<QObject>();
        QObject::connect(m_context.network, &net::Network::conversationOpened, m_watching.get(),
                         [this](const net::ConversationState &session) { show(session); });
        QObject::connect(m_context.network, &net::Network::conversationClosed, m_watching.get(),
                         [this](const net::ConversationState &session) { remove(QString::number(session.id.value)); });
        look();
    }
    void stop() override
    {
        m_watching.reset();
        clear();
    }
    void beat() override
    {
        if (m_watching && ++m_beats % 8 == 0)
            look();
        if (m_context.network)
            setValue(u"total"_s, m_context.network->conversationCount());
    }

private:
    void show(const net::ConversationState &session)
    {
        const QString id = QString::number(session.id.value);
        if (items().size() < maxSessions || items().contains(id))
            set(id, toJson(session));
    }
    // States and octets are not told as they change.
    void look()
    {
        m_context.network->conversations([this, watching = QPointer(m_watching.get()),
                                          gate = m_gate](const QList<net::ConversationState> &sessions) {
            gate->post([this, watching, sessions] {
                if (!watching)
                    return;
                Items now;
                for (const auto &session : sessions.first(qMin(sessions.size(), maxSessions)))
                    now.insert(QString::number(session.id.value), toJson(session));
                replaceAll(now);
            });
        });
    }
    const Context &m_context;
    std::shared_ptr<Gate> m_gate;
    std::unique_ptr<QObject> m_watching;
    int m_beats = 0;
};

struct Reading
{
    QMap<QString, QJsonObject> items;
    QJsonObject values;
};

// A topic that is read from the store anew when a commit changed it, one reading at a time.
class StoredTopic : public Topic
{
public:
    using Read = Result<Reading> (*)(store::Connection &);
    StoredTopic(QLatin1StringView name, const Context &context, std::shared_ptr<Gate> gate, Read readAll,
                std::atomic<bool> &changed)
        : Topic(name), m_context(context), m_gate(std::move(gate)), m_read(readAll), m_changed(changed)
    {
    }
    void start() override
    {
        m_changed = true;
        m_reading = false;
        m_beats = 0;
        StoredTopic::beat();
    }
    void stop() override
    {
        ++m_life;
        clear();
    }
    void beat() override
    {
        const bool due = m_beats++ % 4 == 0; // once a second is enough for what may be long
        if (due && !m_reading && m_changed.exchange(false))
            read();
    }

private:
    void read()
    {
        m_reading = true;
        m_context.store->read<Reading>(m_read, [this, gate = m_gate, life = m_life](const Result<Reading> &reading) {
            gate->post([this, life, reading] { take(life, reading); }); // the gate is open as long as the topics live
        });
    }
    void take(int life, const Result<Reading> &reading)
    {
        if (life != m_life)
            return;
        m_reading = false;
        if (!reading) {
            m_changed = true; // the next beats try again
            return;
        }
        for (auto it = reading->values.begin(); it != reading->values.end(); ++it)
            setValue(it.key(), it.value());
        replaceAll(reading->items);
    }

    const Context &m_context;
    std::shared_ptr<Gate> m_gate;
    Read m_read;
    std::atomic<bool> &m_changed;
    bool m_reading = false;
    int m_life = 0;
    int m_beats = 0;
};

Result<Reading> readQueue(store::Connection &connection)
{
    const auto entries = store::Queue::list(connection, {.limit = maxEntries});
    const auto total = store::Queue::count(connection);
    const auto routes = RouteNames::read(connection);
    if (!entries || !total || !routes)
        return std::unexpected(!entries ? entries.error() : !total ? total.error() : routes.error());
    Reading reading{{}, {{u"total"_s, *total}}};
    for (const store::Entry &entry : *entries)
        reading.items.insert(QString::number(entry.id.value), toJson(entry, *routes));
    return reading;
}

void addItem(Reading &reading, const QString &kind, qint64 id, QJsonObject item)
{
    const QString name = kind + u'/' + QString::number(id);
    item.insert("kind"_L1, kind);
    item.insert("id"_L1, name);
    reading.items.insert(name, item);
}

Result<Reading> readDirectory(store::Connection &connection)
{
    const auto domains = store::Accounts::domains(connection);
    const auto accounts = store::Accounts::accounts(connection);
    const auto aliases = store::Accounts::aliases(connection);
    if (!domains || !accounts || !aliases)
        return std::unexpected(!domains ? domains.error() : !accounts ? accounts.error() : aliases.error());
    Reading reading;
    for (const store::Domain &domain : *domains)
        addItem(reading, u"domain"_s, domain.id.value, toJson(domain));
    for (const store::Account &account : accounts->first(qMin(accounts->size(), maxAccounts)))
        addItem(reading, u"account"_s, account.id.value, toJson(account));
    for (const store::Alias &alias : aliases->first(qMin(aliases->size(), maxAccounts)))
        addItem(reading, u"alias"_s, alias.id.value, toJson(alias));
    reading.values = {{u"accounts"_s, accounts->size()}, {u"aliases"_s, aliases->size()}};
    return reading;
}

class MailboxesTopic final : public StoredTopic
{
public:
    MailboxesTopic(const Context &context, std::shared_ptr<Gate> gate, std::shared_ptr<Noted> noted)
        : StoredTopic("mailboxes"_L1, context, std::move(gate), readDirectory, noted->directory), m_noted(std::move(noted))
    {
    }
    void start() override
    {
        m_noted->wantsUsage = true;
        StoredTopic::start();
    }
    void stop() override
    {
        m_noted->wantsUsage = false;
        StoredTopic::stop();
    }
    void beat() override
    {
        StoredTopic::beat();
        if (!isReady())
            return;
        QHash<qint64, std::pair<qint64, qint64>> usage;
        {
            const QMutexLocker lock(&m_noted->mutex);
            usage.swap(m_noted->usage);
        }
        for (auto it = usage.cbegin(); it != usage.cend(); ++it) {
            const QString id = u"account/%1"_s.arg(it.key());
            QJsonObject account = items().value(id);
            if (account.isEmpty())
                continue;
            account.insert("usedOctets"_L1, it.value().first);
            account.insert("usedMessages"_L1, it.value().second);
            set(id, account);
        }
    }

private:
    std::shared_ptr<Noted> m_noted;
};

// Events aren't kept here: the log has them.
class LogTopic final : public Topic
{
public:
    explicit LogTopic(const Context &context) : Topic("log"_L1), m_log(*context.events) {}
    void start() override
    {
        m_taken = 0;
        for (const auto &[number, event] : m_log.since(0, 1))
            m_taken = number;
        setReady();
    }
    void stop() override { clear(); }
    [[nodiscard]] TopicUpdate snapshot() const override
    {
        TopicUpdate update{QString(name()), revision(), true, {}, {}, {{u"lost"_s, m_lost}}};
        for (const auto &[number, event] : m_log.since(0, maxEvents)) {
            if (number <= m_taken)
                update.set += eventJson(number, event);
        }
        return update;
    }
    [[nodiscard]] TopicUpdate takeChanges() override
    {
        const auto events = m_log.since(m_taken, maxEvents);
        TopicUpdate update{QString(name()), revision(), false, {}, {}, {}};
        if (events.isEmpty())
            return update;
        if (const qint64 lost = events.first().first - m_taken - 1; lost > 0) {
            m_lost += lost;
            update.values.insert("lost"_L1, m_lost);
        }
        for (const auto &[number, event] : events)
            update.set += eventJson(number, event);
        m_taken = events.last().first;
        countRevision();
        update.revision = revision();
        return update;
    }

private:
    const EventLog &m_log;
    qint64 m_taken = 0; // number of the last event told
    qint64 m_lost = 0;
};

} // namespace

QJsonObject countersJson(const Counters &counters)
{
    return {{u"messagesAccepted"_s, counters.messagesAccepted.load()},
            {u"messagesDelivered"_s, counters.messagesDelivered.load()},
            {u"messagesQueued"_s, counters.messagesQueued.load()},
            {u"messagesRefused"_s, counters.messagesRefused.load()},
            {u"recipientsRefused"_s, counters.recipientsRefused.load()},
            {u"signIns"_s, counters.signIns.load()},
            {u"signInFailures"_s, counters.signInFailures.load()},
            {u"octetsReceived"_s, counters.octetsReceived.load()}};
}

std::vector<std::unique_ptr<Topic>> makeTopics(const Context &context, const std::shared_ptr<Gate> &gate,
                                               const std::shared_ptr<Noted> &noted)
{
    std::vector<std::unique_ptr<Topic>> topics;
    topics.push_back(std::make_unique<SessionsTopic>(context, gate));
    topics.push_back(std::make_unique<StoredTopic>("queue"_L1, context, gate, readQueue, noted->queue));
    topics.push_back(std::make_unique<LogTopic>(context));
    topics.push_back(std::make_unique<CountersTopic>(context));
    topics.push_back(std::make_unique<MailboxesTopic>(context, gate, noted));
    return topics;
}

} // namespace posthorn::control
