// A control connection in memory: two ends, each on a thread of its own. Octets cross, objects never.
#pragma once

#include <QByteArray>

#include <functional>
#include <memory>

namespace posthorn::control {

class Pipe;
using PipePointer = std::shared_ptr<Pipe>;
[[nodiscard]] std::pair<PipePointer, PipePointer> joinPipes();

// One end. Thread-safe; the other end stays usable when this one is gone (it sees a closed pipe).
class Pipe
{
public:
    ~Pipe(); // closes
    void send(QByteArray octets); // dropped when closed
    [[nodiscard]] QByteArray take(); // what came since the last call
    // Octets sent and not taken by the other end yet.
    [[nodiscard]] qsizetype waiting() const;
    void close();                       // both directions; what was sent can still be taken
    [[nodiscard]] bool isClosed() const; // by either end
    // Called on the other end's thread when octets came, were taken, or the pipe was closed: post an event, no more.
    // Not called any more once an empty one is set.
    void onActivity(std::function<void()> wake);

private:
    friend std::pair<PipePointer, PipePointer> joinPipes();
    struct Shared;
    Pipe(std::shared_ptr<Shared> shared, int side) : m_shared(std::move(shared)), m_side(side) {}
    std::shared_ptr<Shared> m_shared;
    int m_side;
};

// Makes a connection to a server of this process; null when it is not running. Any thread. Server::connector() is one.
using Connector = std::function<PipePointer()>;

} // namespace posthorn::control
