#include "control/server/server.h"

#include "control/api/messages.h"
#include "control/api/methods.h"
#include "control/api/values.h"
#include "control/server/channel.h"
#include "control/server/desk.h"
#include "control/server/server_topics.h"

#include <QFile>
#include <QFileInfo>
#include <QLocalServer>
#include <QLocalSocket>

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxCallers = 64;
constexpr int maxPending = 256;                   // requests of one caller under way
constexpr qint64 maxWaiting = 8 * 1024 * 1024;    // octets a caller may leave untaken
const QString administrator = u"administrator"_s; // whoever could open the socket

} // namespace

// The server's place for other threads: the connector knows this, not the server.
struct Reception
{
    QMutex mutex;
    QObject *server = nullptr;
    std::function<void(PipePointer)> accept; // server's thread
};

struct Server::Private
{
    struct Caller
    {
        std::unique_ptr<Channel> channel;
        LineSplitter lines{maxLineOctets};
        Right right = Right::Owner;
        int pending = 0;
    };

    void accept(std::unique_ptr<Channel> channel);
    void received(quint64 id, const QByteArray &octets);
    void handleLine(quint64 id, const QByteArray &line);
    void handle(quint64 id, const Request &request);
    void reply(quint64 id, const QJsonValue &requestId, Result<QJsonValue> result);
    void send(quint64 id, const QByteArray &line);
    void drop(quint64 id);
    [[nodiscard]] qint64 waiting(quint64 id) const;
    void noteCommits();

    Server *q = nullptr;
    Desk desk;
    std::shared_ptr<Noted> noted = std::make_shared<Noted>();
    std::shared_ptr<Reception> reception = std::make_shared<Reception>();
    QLocalServer listener;
    quint64 lastCaller = 0;
    std::map<quint64, Caller> callers;
};

Server::Server(Context context, QObject *parent) : QObject(parent), d(std::make_unique<Private>())
{
    d->q = this;
    d->desk.context = std::move(context);
    d->desk.gate = std::make_shared<Gate>(this);
    d->desk.pool.setMaxThreadCount(2);
    d->desk.topics = std::make_unique<TopicBoard>(
        makeTopics(d->desk.context, d->desk.gate, d->noted),
        TopicBoard::Callers{[this](quint64 caller) { return d->waiting(caller); },
                            [this](quint64 caller, const QByteArray &line) { d->send(caller, line); }});
    d->reception->server = this;
    d->reception->accept = [this](PipePointer pipe) { d->accept(std::make_unique<PipeChannel>(std::move(pipe))); };
    d->listener.setSocketOptions(QLocalServer::UserAccessOption);
    connect(&d->listener, &QLocalServer::newConnection, this, [this] {
        while (QLocalSocket *socket = d->listener.nextPendingConnection())
            d->accept(std::make_unique<SocketChannel>(socket));
    });
    d->noteCommits();
}

Server::~Server()
{
    d->desk.gate->shut();
    {
        const QMutexLocker lock(&d->reception->mutex);
        d->reception->server = nullptr;
        d->reception->accept = {};
    }
    d->listener.close();
    for (auto &[id, caller] : d->callers)
        caller.channel->close();
    d->desk.topics.reset();
    d->callers.clear();
    d->desk.pool.clear();
    d->desk.pool.waitForDone();
}

Result<void> Server::listen()
{
    const QString name = socketName(d->desk.context.dataDirectory);
    QLocalServer::removeServer(name);
    if (d->listener.listen(name))
        return {};
    return fail(ErrorKind::Unavailable, u"The control socket can't be opened: %1"_s.arg(d->listener.errorString()), name);
}

Connector Server::connector()
{
    return [reception = d->reception]() -> PipePointer {
        const QMutexLocker lock(&reception->mutex);
        if (!reception->server)
            return nullptr;
        auto [ours, theirs] = joinPipes();
        QMetaObject::invokeMethod(reception->server, [reception, ours] {
            if (reception->accept) // the server's own thread: it is there if this runs
                reception->accept(ours);
        }, Qt::QueuedConnection);
        return theirs;
    };
}

void Server::Private::noteCommits()
{
    if (!desk.context.store)
        return;
    desk.context.store->onCommitted([noted = noted](const store::Committed &committed) {
        if (committed.queueChanged)
            noted->queue = true;
        if (committed.directoryChanged)
            noted->directory = true;
        if (committed.usage.isEmpty() || !noted->wantsUsage)
            return;
        const QMutexLocker lock(&noted->mutex);
        for (const store::UsageNote &usage : committed.usage)
            noted->usage.insert(usage.account.value, {usage.octets, usage.messages});
    });
}

void Server::Private::accept(std::unique_ptr<Channel> channel)
{
    if (callers.size() >= size_t(maxCallers)) {
        channel->close();
        channel.release()->deleteLater();
        return;
    }
    const quint64 id = ++lastCaller;
    Channel *opened = channel.get();
    callers[id].channel = std::move(channel);
    QObject::connect(opened, &Channel::received, q, [this, id](const QByteArray &octets) { received(id, octets); });
    QObject::connect(opened, &Channel::closed, q, [this, id] { drop(id); });
    opened->begin();
}

void Server::Private::drop(quint64 id)
{
    const auto found = callers.find(id);
    if (found == callers.end())
        return;
    Channel *channel = found->second.channel.release();
    callers.erase(found);
    desk.topics->callerGone(id);
    channel->disconnect(q);
    channel->close();
    channel->deleteLater(); // it may be the one that is calling
}

void Server::Private::received(quint64 id, const QByteArray &octets)
{
    auto found = callers.find(id);
    if (found == callers.end())
        return;
    if (!found->second.lines.append(octets)) {
        send(id, toLine(BadRequest{QJsonValue::Null, -32600, u"The line is longer than %1 octets"_s.arg(maxLineOctets)}));
        drop(id);
        return;
    }
    while (const auto line = found->second.lines.next()) {
        handleLine(id, *line);
        found = callers.find(id); // it may have been dropped
        if (found == callers.end())
            return;
    }
}

void Server::Private::handleLine(quint64 id, const QByteArray &line)
{
    const auto request = parseRequest(line);
    if (request)
        handle(id, *request);
    else
        send(id, toLine(request.error()));
}

void Server::Private::handle(quint64 id, const Request &request)
{
    const auto refuse = [&](const Error &error) { reply(id, request.id, std::unexpected(error)); };
    Caller &caller = callers.at(id);
    ++caller.pending;
    const Method *method = findMethod(request.method);
    const Deed deed = deedOf(request.method);
    if (!method || !deed)
        return refuse({ErrorKind::NotFound, u"There is no method “%1”"_s.arg(request.method), {}});
    if (method->right > caller.right)
        return refuse({ErrorKind::Denied, u"Only the owner may do this"_s, {}});
    if (caller.pending > maxPending)
        return refuse({ErrorKind::Unavailable, u"Too many requests are under way"_s, {}});
    if (const auto checked = checkParameters(*method, request.parameters); !checked)
        return refuse(checked.error());
    deed(desk, Call(desk.gate, request.method, request.parameters, administrator, id,
                    [this, id, requestId = request.id](Result<QJsonValue> result) {
                        reply(id, requestId, std::move(result));
                    }));
}

void Server::Private::reply(quint64 id, const QJsonValue &requestId, Result<QJsonValue> result)
{
    const auto found = callers.find(id);
    if (found == callers.end())
        return;
    --found->second.pending;
    if (requestId.isUndefined())
        return;
    QByteArray line = toLine(Response{requestId, std::move(result)});
    if (line.size() > maxAnswerOctets)
        line = toLine(Response{requestId, fail(ErrorKind::TooLarge, u"The answer is too large; ask for less at a time"_s)});
    send(id, line);
}

qint64 Server::Private::waiting(quint64 id) const
{
    const auto found = callers.find(id);
    return found == callers.end() ? 0 : found->second.channel->waiting();
}

// One answer may be large, but who doesn't take the earlier ones is cut.
void Server::Private::send(quint64 id, const QByteArray &line)
{
    const auto found = callers.find(id);
    if (found == callers.end())
        return;
    if (found->second.channel->waiting() > maxWaiting)
        drop(id);
    else
        found->second.channel->send(line);
}

} // namespace posthorn::control
