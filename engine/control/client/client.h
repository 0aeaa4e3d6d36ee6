// A client of the control protocol: calls with deadlines, topics, and a connection that mends itself.
// Lives on one thread with an event loop (the GUI's); never blocks it; every callback runs there, never from within the
// function that was given it.
#pragma once

#include "control/api/methods.h"
#include "control/api/topics.h"
#include "control/client/link.h"
#include "core/result.h"

#include <QJsonObject>
#include <QJsonValue>
#include <QObject>

#include <chrono>
#include <functional>
#include <memory>

namespace posthorn::control {

class Client : public QObject
{
    Q_OBJECT
public:
    enum class State { Closed, Connecting, Connected };
    using Answered = std::function<void(Result<QJsonValue>)>;
    using Updated = std::function<void(const TopicUpdate &)>;
    static constexpr std::chrono::milliseconds usualDeadline{30'000};

    explicit Client(std::unique_ptr<Link> link, QObject *parent = nullptr);
    ~Client() override;

    // Connects, and connects again whenever the connection is lost, waiting 0.25 to 5 s in between.
    void open();
    // No more; calls under way fail with Unavailable.
    void close();
    [[nodiscard]] State state() const;
    [[nodiscard]] bool isConnected() const { return state() == State::Connected; }
    [[nodiscard]] QString linkName() const; // see Link::name()

    // Exactly one answer: the server's, or Unavailable when there is no connection, it is lost, or the deadline passes
    // (zero: none). When `context` is gone by then, `answered` is not called.
    void call(const QString &method, const QJsonObject &parameters, QObject *context, Answered answered,
              std::chrono::milliseconds deadline = usualDeadline);
    void call(const QString &method, const QJsonObject &parameters, Answered answered,
              std::chrono::milliseconds deadline = usualDeadline)
    {
        call(method, parameters, this, std::move(answered), deadline);
    }

    // Watches a topic (control/api/topics.h) until unsubscribe(), `context`'s end or this client's: a snapshot first and
    // after each reconnection, deltas in between. Any number of subscribers share one subscription on the wire; one that
    // comes later makes all of them get a snapshot again.
    int subscribe(const QString &topic, QObject *context, Updated updated);
    int subscribe(const QString &topic, Updated updated) { return subscribe(topic, this, std::move(updated)); }
    void unsubscribe(int subscription);

Q_SIGNALS:
    void connected();
    // The connection was lost, or an attempt to make one failed. Not emitted for close().
    void disconnected(QString reason);
    void stateChanged(posthorn::control::Client::State state);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace posthorn::control
