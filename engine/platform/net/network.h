// The network side as a whole: listeners, workers and their conversations. Built and asked by the engine's thread.
#pragma once

#include "core/result.h"
#include "platform/net/departure.h"
#include "platform/net/session.h"
#include "platform/net/tls_contexts.h"

#include <QHostAddress>
#include <QList>
#include <QObject>

#include <chrono>
#include <functional>
#include <memory>

namespace posthorn::net {

// A connection ended before there was a session to tell of it, and why; any thread.
using RefusalObserver = std::function<void(const Peer &, const QString &why)>;
using SessionFactory = std::function<std::unique_ptr<Session>(const Peer &)>; // called on a worker's thread

struct ListenerOptions
{
    QByteArray name;         // "imaps"
    QHostAddress address;
    quint16 port = 0;        // 0: any free port
    bool implicitTls = false;
    int maxConnections = 10'000;          // of this listener; more get `busyReply` and are closed
    int maxConnectionsPerAddress = 2'000; // loopback is exempt
    QByteArray busyReply;                 // "421 4.7.0 Too many connections\r\n"
    SessionFactory factory;
    RefusalObserver refused;
};

struct ListenerState
{
    QByteArray name;
    QHostAddress address;
    quint16 port = 0; // the real one
    bool listening = false;
    QString error;
    int connections = 0;
};

// A live conversation, for lists.
struct ConversationState
{
    ConversationId id;
    QLatin1StringView protocol;
    QLatin1StringView state;
    QString user;
    Peer peer;
    QByteArray tls;       // "TLSv1.3" or empty
    qint64 startedAt = 0; // ms since 1970
    qint64 bytesIn = 0, bytesOut = 0;
};

class Network : public QObject
{
    Q_OBJECT
public:
    // `workers` event loops on threads of their own.
    Network(int workers, std::shared_ptr<TlsContexts> tls);
    ~Network() override;

    // Starts listening; returns the real port. Exists when the port is taken, Denied when it may not be opened.
    Result<quint16> listen(ListenerOptions options);
    // Begins a connection. Its session is told when that fails; it is dropped untold when the network is shutting down.
    void depart(Departure departure); // any thread
    // Stops all listeners of that name; live conversations go on.
    void unlisten(const QByteArray &name);
    [[nodiscard]] QList<ListenerState> listeners() const;
    // Those that could not be opened, and why, until unlisten().
    [[nodiscard]] QList<ListenerState> listenFaults() const;

    // Collects from all workers; `done` runs on this object's thread.
    void conversations(std::function<void(QList<ConversationState>)> done);
    [[nodiscard]] int conversationCount() const; // cheap, any thread
    void close(ConversationId id); // by an administrator's word
    // Stops accepting, tells every machine shutDown(), cuts what is left after `grace`, then calls `done`.
    void shutDown(std::chrono::milliseconds grace, std::function<void()> done);

Q_SIGNALS:
    void conversationOpened(posthorn::net::ConversationState state);
    void conversationClosed(posthorn::net::ConversationState state);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace posthorn::net
