// Running numbers since the start, cheap enough for every message. Any thread.
#pragma once

#include <QtTypes>

#include <atomic>

namespace posthorn {

struct Counters
{
    std::atomic<qint64> messagesAccepted = 0;
    std::atomic<qint64> messagesDelivered = 0; // one for each mailbox it went to
    std::atomic<qint64> messagesQueued = 0;    // one for each entry
    std::atomic<qint64> messagesRefused = 0;
    std::atomic<qint64> recipientsRefused = 0;
    std::atomic<qint64> signIns = 0;
    std::atomic<qint64> signInFailures = 0;
    std::atomic<qint64> octetsReceived = 0;
};

} // namespace posthorn
