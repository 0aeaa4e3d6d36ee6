#include "control/server/topic_board.h"

#include "control/api/messages.h"

#include <algorithm>

namespace posthorn::control {

using namespace Qt::StringLiterals;

void Topic::set(const QString &id, const QJsonObject &item)
{
    const auto found = m_items.constFind(id);
    if (found != m_items.cend() && *found == item)
        return;
    m_items.insert(id, item);
    m_changed.insert(id, true);
}

void Topic::remove(const QString &id)
{
    if (m_items.remove(id))
        m_changed.insert(id, false);
}

void Topic::replaceAll(const Items &items)
{
    for (const QString &id : m_items.keys()) {
        if (!items.contains(id))
            remove(id);
    }
    for (auto it = items.begin(); it != items.end(); ++it)
        set(it.key(), it.value());
    setReady();
}

void Topic::setValue(const QString &name, const QJsonValue &value)
{
    if (m_values.value(name) == value)
        return;
    m_values.insert(name, value);
    m_changedValues.insert(name, value);
}

void Topic::clear()
{
    m_items.clear();
    m_values = {};
    m_changed.clear();
    m_changedValues = {};
    m_ready = false;
}

TopicUpdate Topic::snapshot() const
{
    TopicUpdate update{QString(m_name), m_revision, true, {}, {}, m_values};
    for (const QJsonObject &item : m_items)
        update.set += item;
    return update;
}

TopicUpdate Topic::takeChanges()
{
    TopicUpdate update{QString(m_name), m_revision, false, {}, {}, std::exchange(m_changedValues, {})};
    for (auto it = m_changed.cbegin(); it != m_changed.cend(); ++it) {
        if (it.value())
            update.set += m_items.value(it.key());
        else
            update.removed += it.key();
    }
    m_changed.clear();
    if (!update.set.isEmpty() || !update.removed.isEmpty() || !update.values.isEmpty())
        update.revision = ++m_revision;
    return update;
}

TopicBoard::TopicBoard(std::vector<std::unique_ptr<Topic>> topics, Callers callers) : m_callers(std::move(callers))
{
    for (auto &topic : topics)
        m_entries.push_back({std::move(topic), {}});
    m_timer.setInterval(beatTime);
    connect(&m_timer, &QTimer::timeout, this, &TopicBoard::beat);
}

TopicBoard::~TopicBoard()
{
    for (Entry &entry : m_entries) {
        if (!entry.subscribers.isEmpty())
            entry.topic->stop();
    }
}

TopicBoard::Entry *TopicBoard::find(const QString &topic)
{
    const auto found = std::ranges::find_if(m_entries, [&](const Entry &entry) { return entry.topic->name() == topic; });
    return found == m_entries.end() ? nullptr : &*found;
}

bool TopicBoard::subscribe(quint64 caller, const QString &topic)
{
    Entry *entry = find(topic);
    if (!entry)
        return false;
    if (entry->subscribers.isEmpty())
        entry->topic->start();
    else
        tell(*entry); // what changed so far is in the newcomer's snapshot; the others are told first
    entry->subscribers.insert(caller, true);
    if (!m_timer.isActive())
        m_timer.start();
    QMetaObject::invokeMethod(this, [this, topic] { tell(*find(topic)); }, Qt::QueuedConnection);
    return true;
}

void TopicBoard::drop(Entry &entry, quint64 caller)
{
    if (entry.subscribers.remove(caller) && entry.subscribers.isEmpty())
        entry.topic->stop();
}

void TopicBoard::unsubscribe(quint64 caller, const QString &topic)
{
    if (Entry *entry = find(topic))
        drop(*entry, caller);
}

void TopicBoard::callerGone(quint64 caller)
{
    for (Entry &entry : m_entries)
        drop(entry, caller);
}

void TopicBoard::beat()
{
    bool watched = false;
    for (Entry &entry : m_entries) {
        if (entry.subscribers.isEmpty())
            continue;
        watched = true;
        entry.topic->beat();
        tell(entry);
    }
    if (!watched)
        m_timer.stop();
}

void TopicBoard::tell(Entry &entry)
{
    if (!entry.topic->isReady() || entry.subscribers.isEmpty())
        return;
    const qint64 before = entry.topic->revision();
    const TopicUpdate changes = entry.topic->takeChanges();
    QByteArray delta, snapshot; // made when first needed
    const auto lineOf = [](const TopicUpdate &update) { return toLine(Notification{u"topic"_s, toJson(update)}); };
    const QList<quint64> callers = entry.subscribers.keys();
    for (const quint64 caller : callers) {
        if (m_callers.waiting(caller) > patientOctets) {
            if (changes.revision != before)
                entry.subscribers[caller] = true; // it will need all of it again
        } else if (entry.subscribers.value(caller)) {
            if (snapshot.isEmpty())
                snapshot = lineOf(entry.topic->snapshot());
            entry.subscribers[caller] = false;
            m_callers.send(caller, snapshot);
        } else if (changes.revision != before) {
            if (delta.isEmpty())
                delta = lineOf(changes);
            m_callers.send(caller, delta);
        }
    }
}

} // namespace posthorn::control
