// The one door: answers the control protocol over a local socket and in memory. Lives on the engine's thread and never
// blocks it: store jobs run on the store's threads, slow ones on a small pool; answers go to a caller's number, so a late
// one for a caller that has gone is dropped.
#pragma once

#include "control/api/pipe.h"
#include "control/server/context.h"
#include "core/result.h"

#include <QObject>

#include <memory>

namespace posthorn::control {

class Server : public QObject
{
    Q_OBJECT
public:
    explicit Server(Context context, QObject *parent = nullptr);
    ~Server() override; // closes every connection, waits for what runs on the pool

    // Opens the control socket of the data directory, for its owner and administrators only. The caller holds the data
    // directory's lock: a socket left by a server that died is replaced. Unavailable: it can't be opened.
    Result<void> listen();
    // Makes connections in memory, from any thread; they are null once this server is gone.
    [[nodiscard]] Connector connector();

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace posthorn::control
