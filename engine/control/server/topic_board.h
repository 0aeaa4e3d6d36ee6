// Who watches which topic, and the beat at which changes are told. Engine thread.
#pragma once

#include "control/api/topics.h"

#include <QHash>
#include <QMap>
#include <QObject>
#include <QTimer>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace posthorn::control {

// What is shown of one topic, and what changed since it was last told.
class Topic
{
public:
    explicit Topic(QLatin1StringView name) : m_name(name) {}
    virtual ~Topic() = default;

    [[nodiscard]] QLatin1StringView name() const { return m_name; }
    virtual void start() = 0; // the first subscriber came
    virtual void stop() = 0;  // the last one went
    virtual void beat() {}    // four times a second while someone is subscribed
    [[nodiscard]] bool isReady() const { return m_ready; } // there is something to show
    [[nodiscard]] virtual TopicUpdate snapshot() const;
    // Empty when nothing changed.
    [[nodiscard]] virtual TopicUpdate takeChanges();
    [[nodiscard]] qint64 revision() const { return m_revision; }

protected:
    using Items = QMap<QString, QJsonObject>;
    void set(const QString &id, const QJsonObject &item); // no change when it is the same as before
    void remove(const QString &id);
    void replaceAll(const Items &items);
    void setValue(const QString &name, const QJsonValue &value);
    void clear();
    void setReady() { m_ready = true; }
    void countRevision() { ++m_revision; }
    [[nodiscard]] const Items &items() const { return m_items; }

private:
    QLatin1StringView m_name;
    bool m_ready = false;
    qint64 m_revision = 0;
    Items m_items;
    QJsonObject m_values;
    QMap<QString, bool> m_changed; // id -> still there
    QJsonObject m_changedValues;
};

class TopicBoard : public QObject
{
    Q_OBJECT
public:
    static constexpr std::chrono::milliseconds beatTime{250};
    static constexpr qint64 patientOctets = 1024 * 1024; // with more waiting, a subscriber gets no deltas

    struct Callers
    {
        std::function<qint64(quint64 caller)> waiting; // octets not taken yet
        std::function<void(quint64 caller, const QByteArray &line)> send;
    };
    TopicBoard(std::vector<std::unique_ptr<Topic>> topics, Callers callers);
    ~TopicBoard() override;

    // False: no such topic. A snapshot follows, now or when there is one; again when subscribed already.
    bool subscribe(quint64 caller, const QString &topic);
    void unsubscribe(quint64 caller, const QString &topic);
    void callerGone(quint64 caller);

private:
    struct Entry
    {
        std::unique_ptr<Topic> topic;
        QHash<quint64, bool> subscribers; // true: needs a snapshot
    };
    Entry *find(const QString &topic);
    void drop(Entry &entry, quint64 caller);
    void beat();
    void tell(Entry &entry);

    std::vector<Entry> m_entries;
    Callers m_callers;
    QTimer m_timer;
};

} // namespace posthorn::control
