// A server on a real store in a temporary folder, and a client in memory.
#pragma once

#include "control/client/client.h"
#include "control/server/server.h"
#include "platform/store/maintenance.h"
#include "platform/store/store.h"
#include "support/patience.h"

#include <QSignalSpy>
#include <QTemporaryDir>

#include <optional>

namespace posthorn::control {

using namespace Qt::StringLiterals;

struct House
{
    House()
    {
        open();
        meet();
    }
    // A new client, for the server that is open.
    void meet()
    {
        client = std::make_unique<Client>(std::make_unique<MemoryLink>(server->connector()));
        QSignalSpy connected(client.get(), &Client::connected);
        client->open();
        ok = connected.wait(test::longEnough);
    }
    ~House()
    {
        client.reset();
        server.reset();
        store.reset();
    }

    void open()
    {
        store = std::move(*store::Store::open({.directory = folder.path()}));
        Context context;
        context.store = store.get();
        context.events = &events;
        context.counters = &counters;
        context.dataDirectory = folder.path();
        context.startedAt = QDateTime::currentDateTimeUtc();
        context.clock = &clock;
        readSettings();
        context.settings = [this] { return settings; };
        context.isOverridden = [](const QString &key) { return key == u"server.workers"; };
        context.settingsChanged = [this] {
            readSettings();
            ++timesChanged;
        };
        context.stop = [this] { stopped = true; };
        server = std::make_unique<Server>(context);
    }
    void readSettings()
    {
        using Values = QHash<QString, QString>;
        Values values = store->readNow<Values>(store::Settings::all).value_or(Values{});
        values.insert(u"auth.iterations"_s, u"4096"_s);
        settings = std::make_shared<const SettingsSnapshot>(values);
    }

    Result<QJsonValue> call(const QString &method, const QJsonObject &parameters = {})
    {
        std::optional<Result<QJsonValue>> answer;
        client->call(method, parameters, [&](Result<QJsonValue> result) { answer = std::move(result); });
        if (!test::waitFor([&] { return answer.has_value(); }))
            return fail(ErrorKind::Internal, u"no answer"_s);
        return *answer;
    }
    // What fails is told by its kind's name, what works is "ok".
    QString outcome(const QString &method, const QJsonObject &parameters = {})
    {
        const auto answer = call(method, parameters);
        return answer ? u"ok"_s : QString(nameOf(answer.error().kind));
    }
    // The texts of the events of a kind, newest last: "method name by"
    QStringList told(EventKind kind)
    {
        QStringList texts;
        for (const auto &[number, event] : events.since(0, 1'000)) {
            if (event.kind == kind)
                texts += event.text(EventField::Detail) + u' ' + event.text(EventField::Name) + u' '
                         + event.text(EventField::By);
        }
        return texts;
    }

    QTemporaryDir folder;
    system::TestClock clock;
    EventLog events;
    Counters counters;
    SettingsPointer settings;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<Server> server;
    std::unique_ptr<Client> client;
    int timesChanged = 0;
    bool stopped = false;
    bool ok = false;
};

} // namespace posthorn::control
