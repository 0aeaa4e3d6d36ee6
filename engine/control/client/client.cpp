#include "control/client/client.h"

#include "control/api/messages.h"

#include <QHash>
#include <QPointer>
#include <QTimer>

namespace posthorn::control {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr auto firstPause = 250ms, longestPause = 5'000ms, openDeadline = 10'000ms;

} // namespace

struct Client::Private
{
    struct Call
    {
        QPointer<QObject> context;
        Answered answered;
        QTimer *deadline = nullptr;
    };
    struct Subscription
    {
        QString topic;
        QPointer<QObject> context;
        Updated updated;
    };

    explicit Private(Client *client) : q(client) {}

    void opened();
    void lost(const QString &reason);
    void retryLater();
    void setState(State now);
    void received(const QByteArray &octets);
    void handle(const Response &response);
    void handle(const Notification &notification);
    void finish(qint64 id, Result<QJsonValue> result);
    void failAll(const QString &reason);
    void send(qint64 id, const QString &method, const QJsonObject &parameters);
    void tellServer(const QString &method, const QString &topic);
    [[nodiscard]] bool isWatched(const QString &topic) const;

    Client *q;
    std::unique_ptr<Link> link;
    State state = State::Closed;
    LineSplitter lines{maxAnswerOctets};
    QTimer retry, openTimer;
    std::chrono::milliseconds pause = firstPause;
    qint64 lastId = 0;
    QHash<qint64, Call> calls;
    int lastSubscription = 0;
    QMap<int, Subscription> subscriptions;
    QHash<QString, qint64> revisions; // of topics whose snapshot came
};

Client::Client(std::unique_ptr<Link> link, QObject *parent) : QObject(parent), d(std::make_unique<Private>(this))
{
    d->link = std::move(link);
    d->retry.setSingleShot(true);
    d->openTimer.setSingleShot(true);
    connect(&d->retry, &QTimer::timeout, this, &Client::open);
    connect(&d->openTimer, &QTimer::timeout, this, [this] {
        d->link->close();
        d->lost(u"The server does not answer"_s);
    });
    connect(d->link.get(), &Link::opened, this, [this] { d->opened(); });
    connect(d->link.get(), &Link::closed, this, [this](const QString &reason) { d->lost(reason); });
    connect(d->link.get(), &Link::received, this, [this](const QByteArray &octets) { d->received(octets); });
}

Client::~Client()
{
    d->link->disconnect(this);
    d->link->close();
}

Client::State Client::state() const { return d->state; }
QString Client::linkName() const { return d->link->name(); }

void Client::open()
{
    if (d->state == State::Connected)
        return;
    d->retry.stop();
    d->setState(State::Connecting);
    d->openTimer.start(openDeadline);
    d->link->open();
}

void Client::close()
{
    d->retry.stop();
    d->openTimer.stop();
    d->link->close();
    d->pause = firstPause;
    d->setState(State::Closed);
    d->failAll(u"The connection was closed"_s);
}

void Client::Private::setState(State now)
{
    if (std::exchange(state, now) != now)
        Q_EMIT q->stateChanged(now);
}

void Client::Private::opened()
{
    openTimer.stop();
    pause = firstPause;
    lines = LineSplitter(maxAnswerOctets);
    revisions.clear();
    QStringList watched;
    for (const Subscription &subscription : std::as_const(subscriptions)) {
        if (!watched.contains(subscription.topic))
            watched += subscription.topic;
    }
    for (const QString &topic : std::as_const(watched))
        tellServer(u"topic.subscribe"_s, topic);
    setState(State::Connected);
    Q_EMIT q->connected();
}

void Client::Private::lost(const QString &reason)
{
    openTimer.stop();
    if (state == State::Closed)
        return;
    setState(State::Connecting);
    failAll(reason);
    retryLater();
    Q_EMIT q->disconnected(reason);
}

void Client::Private::retryLater()
{
    retry.start(pause);
    pause = std::min(pause * 2, longestPause);
}

// Later, in case the answer comes from within the caller's own function.
void Client::Private::failAll(const QString &reason)
{
    const QList<qint64> ids = calls.keys();
    for (const qint64 id : ids) {
        QMetaObject::invokeMethod(q, [this, id, reason] { finish(id, fail(ErrorKind::Unavailable, reason)); },
                                  Qt::QueuedConnection);
    }
}

void Client::Private::received(const QByteArray &octets)
{
    bool good = lines.append(octets);
    const QPointer<Client> alive(q);
    while (const auto line = good && alive && state == State::Connected ? lines.next() : std::nullopt) {
        const auto message = parseServerLine(*line);
        good = message.has_value();
        if (good)
            std::visit([this](const auto &value) { handle(value); }, *message);
    }
    if (alive && !good) {
        link->close();
        lost(u"The server's answer can't be read"_s);
    }
}

void Client::Private::handle(const Response &response)
{
    if (response.id.isDouble())
        finish(response.id.toInteger(), response.result);
}

void Client::Private::handle(const Notification &notification)
{
    const auto update = topicUpdate(notification.parameters);
    if (notification.method != "topic"_L1 || !update || !isWatched(update->topic))
        return;
    if (!update->snapshot && revisions.value(update->topic, -1) + 1 != update->revision) {
        if (revisions.remove(update->topic)) // something was missed: begin again
            tellServer(u"topic.subscribe"_s, update->topic);
        return;
    }
    revisions.insert(update->topic, update->revision);
    const QList<int> ids = subscriptions.keys();
    const QPointer<Client> alive(q);
    for (const int id : ids) {
        const auto found = alive ? subscriptions.constFind(id) : subscriptions.cend();
        if (!alive)
            return;
        if (found == subscriptions.cend() || found->topic != update->topic)
            continue;
        const Subscription subscription = *found;
        if (subscription.context)
            subscription.updated(*update);
        else
            q->unsubscribe(id);
    }
}

void Client::Private::finish(qint64 id, Result<QJsonValue> result)
{
    const auto found = calls.find(id);
    if (found == calls.end())
        return;
    const Call call = std::move(*found);
    calls.erase(found);
    delete call.deadline;
    if (call.context && call.answered)
        call.answered(std::move(result));
}

void Client::Private::send(qint64 id, const QString &method, const QJsonObject &parameters)
{
    const QByteArray line = toLine(Request{id, method, parameters});
    if (state == State::Connected && line.size() <= maxLineOctets) {
        link->send(line);
        return;
    }
    Error error{ErrorKind::Unavailable, u"There is no connection to the server"_s, {}};
    if (line.size() > maxLineOctets)
        error = {ErrorKind::TooLarge, u"The request is too large"_s, {}};
    QMetaObject::invokeMethod(q, [this, id, error] { finish(id, std::unexpected(error)); }, Qt::QueuedConnection);
}

void Client::call(const QString &method, const QJsonObject &parameters, QObject *context, Answered answered,
                  std::chrono::milliseconds deadline)
{
    const qint64 id = ++d->lastId;
    Private::Call &call = d->calls[id];
    call.context = context;
    call.answered = std::move(answered);
    if (deadline > 0ms) {
        call.deadline = new QTimer(this);
        call.deadline->setSingleShot(true);
        connect(call.deadline, &QTimer::timeout, this, [this, id] {
            d->calls[id].deadline->deleteLater(); // it is the one that is calling
            d->calls[id].deadline = nullptr;
            d->finish(id, fail(ErrorKind::Unavailable, u"The server did not answer in time"_s));
        });
        call.deadline->start(deadline);
    }
    d->send(id, method, parameters);
}

// No matter when the connection is gone: opened() subscribes again.
void Client::Private::tellServer(const QString &method, const QString &topic)
{
    if (state != State::Closed)
        link->send(toLine(Request{QJsonValue(QJsonValue::Undefined), method, {{u"topic"_s, topic}}}));
}

bool Client::Private::isWatched(const QString &topic) const
{
    return std::ranges::any_of(subscriptions, [&](const Subscription &one) { return one.topic == topic; });
}

int Client::subscribe(const QString &topic, QObject *context, Updated updated)
{
    Q_ASSERT(isTopic(topic));
    d->subscriptions.insert(++d->lastSubscription, {topic, context, std::move(updated)});
    if (isConnected())
        d->tellServer(u"topic.subscribe"_s, topic);
    return d->lastSubscription;
}

void Client::unsubscribe(int subscription)
{
    const auto found = d->subscriptions.constFind(subscription);
    if (found == d->subscriptions.cend())
        return;
    const QString topic = found->topic;
    d->subscriptions.erase(found);
    if (!d->isWatched(topic) && isConnected())
        d->tellServer(u"topic.unsubscribe"_s, topic);
}

} // namespace posthorn::control
