// What the control server works on. engine.h builds it; all pointers outlive the server.
#pragma once

#include "core/counters.h"
#include "core/events.h"
#include "core/settings.h"
#include "platform/system/clock.h"

#include <QDateTime>
#include <QJsonArray>
#include <QString>

#include <functional>

namespace posthorn::store { class Store; class Transaction; struct Entry; struct Route; }
namespace posthorn::net { class Network; class TlsContexts; }
namespace posthorn::auth { class Authenticator; }

namespace posthorn::control {

struct Context
{
    store::Store *store = nullptr;
    net::Network *network = nullptr;      // engine thread
    net::TlsContexts *tls = nullptr;      // any thread
    auth::Authenticator *authenticator = nullptr; // any thread
    EventLog *events = nullptr;           // any thread
    Counters *counters = nullptr;         // any thread
    QString dataDirectory;
    QDateTime startedAt;
    const system::Clock *clock = &system::realClock(); // says which day it is

    // The settings in force. Engine thread.
    std::function<SettingsPointer()> settings;
    // Values given on the command line, which win over kept ones; setting them is refused with Denied.
    std::function<bool(const QString &key)> isOverridden;
    // The kept settings changed: build a new snapshot, move listeners, re-read certificates. Engine thread.
    std::function<void()> settingsChanged;
    // Stop the server cleanly. Engine thread; returns at once.
    std::function<void()> stop;
    // The queue was changed as a whole (import): the queue runner reads it anew. May be empty.
    std::function<void()> queueChanged;
    // TLS reports are to be sent now. May be empty.
    std::function<void()> sendTlsReports;
    // Tries a route; `done` runs on a thread of its own choosing. May be empty.
    using Tested = std::function<void(bool good, const QJsonArray &steps, const QByteArray &dialogue)>;
    std::function<void(const store::Route &, Tested done)> testRoute;
    // Within a write job: tells the senders of entries that are taken off the queue, and why. May be empty.
    std::function<Result<void>(store::Transaction &, const QList<store::Entry> &, const QString &why)> reportRemoval;
    // The index for searching was emptied. May be empty.
    std::function<void()> searchIndexCleared;
};

} // namespace posthorn::control
