// server.*, session.*, log.*
#include "control/server/desk.h"
#include "control/server/rows.h"
#include "control/server/server_topics.h"
#include "platform/store/store.h"
#include "platform/system/data_directory.h"

#include <QHostInfo>

#include <algorithm>

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

QLatin1StringView nameOf(store::Health health)
{
    switch (health) {
    case store::Health::Good: return "good"_L1;
    case store::Health::LowSpace: return "low-space"_L1;
    case store::Health::Full: return "full"_L1;
    case store::Health::ReadOnly: return "read-only"_L1;
    case store::Health::Corrupt: return "corrupt"_L1;
    case store::Health::Closed: return "closed"_L1;
    }
    return {};
}

QString hostName(const Desk &desk)
{
    const QString set = desk.settings()->text("server.name"_L1);
    return set.isEmpty() ? QHostInfo::localHostName() : set;
}

QJsonObject tallyJson(const store::DayTally &today)
{
    return {{u"accepted"_s, today.accepted}, {u"delivered"_s, today.delivered}, {u"refused"_s, today.refused}};
}

// What status asks the store for.
struct StatusReading
{
    qint64 queued = 0;
    store::DayTally today;
    store::Findings found;
};

Result<StatusReading> readStatus(store::Connection &connection, const store::DayTally &known, qint64 midnight)
{
    const auto queued = store::Queue::count(connection);
    if (!queued)
        return std::unexpected(queued.error());
    const auto today = store::Trace::tally(connection, known, midnight);
    if (!today)
        return std::unexpected(today.error());
    const auto found = store::Maintenance::findings(connection);
    return found ? Result<StatusReading>({*queued, *today, *found}) : std::unexpected(found.error());
}

// Two may be asked at once, around midnight: the day never goes back.
void keepTally(Desk &desk, const store::DayTally &today)
{
    if (today.since >= desk.today.since)
        desk.today = today;
}

QJsonObject storeJson(const Desk &desk)
{
    return {{u"health"_s, nameOf(desk.context.store->health())},
            {u"octets"_s, desk.context.store->databaseOctets()},
            {u"freeOctets"_s, system::freeOctets(desk.context.dataDirectory)}};
}

// What a check found is not well, though the store goes on taking mail.
QJsonObject withFindings(QJsonObject store, const store::Findings &found)
{
    if (found.faults > 0 && store.value("health"_L1) == "good"_L1)
        store.insert("health"_L1, "faulty"_L1);
    store.insert("faults"_L1, found.faults);
    store.insert("firstFault"_L1, found.first);
    return store;
}

QJsonArray certificatesJson(const Desk &desk)
{
    QJsonArray certificates;
    if (desk.context.tls) {
        for (const net::CertificateFacts &facts : desk.context.tls->facts())
            certificates += toJson(facts);
    }
    return certificates;
}

bool isSame(const net::ListenerState &listener, const QByteArray &name, const Endpoint &endpoint)
{
    // "::" is heard on every address of either kind where the system allows it.
    const bool everywhere = endpoint.address == "::" && listener.address == QHostAddress(QHostAddress::Any);
    return listener.name == name && (endpoint.port == 0 || listener.port == endpoint.port)
           && (everywhere || listener.address == QHostAddress(QString::fromLatin1(endpoint.address)));
}

QJsonObject serviceJson(const QString &name, const QString &address, quint16 port, const net::ListenerState *listener)
{
    const bool listening = listener && listener->listening;
    QString error = listener ? listener->error : QString();
    if (!address.isEmpty() && !listening && error.isEmpty())
        error = u"not open; the log says why"_s;
    return {{u"name"_s, name},           {u"address"_s, address},
            {u"port"_s, listener ? listener->port : port}, {u"listening"_s, listening},
            {u"error"_s, error},         {u"connections"_s, listener ? listener->connections : 0}};
}

} // namespace

QJsonArray serviceStates(const Desk &desk)
{
    auto listeners = desk.context.network ? desk.context.network->listeners() : QList<net::ListenerState>{};
    if (desk.context.network)
        listeners += desk.context.network->listenFaults();
    const SettingsPointer settings = desk.settings();
    QJsonArray states;
    for (const SettingDescription &setting : settingDescriptions()) {
        if (setting.type != SettingType::Endpoints || !setting.key.endsWith(".listen"_L1))
            continue;
        const QString name = QString(setting.key).section(u'.', 0, 0);
        const QList<Endpoint> endpoints = settings->endpoints(setting.key);
        if (endpoints.isEmpty())
            states += serviceJson(name, {}, 0, nullptr);
        for (const Endpoint &endpoint : endpoints) {
            const auto found = std::ranges::find_if(listeners, [&](const net::ListenerState &listener) {
                return isSame(listener, name.toLatin1(), endpoint);
            });
            states += serviceJson(name, QString::fromLatin1(endpoint.address), endpoint.port,
                                  found == listeners.end() ? nullptr : &*found);
        }
    }
    return states;
}

void deed::serverStatus(Desk &desk, const Call &call)
{
    const Context &context = desk.context;
    QJsonObject status{{u"version"_s, QStringLiteral(POSTHORN_VERSION)},
                       {u"startedAt"_s, context.startedAt.toMSecsSinceEpoch()},
                       {u"uptimeSeconds"_s, context.startedAt.secsTo(QDateTime::currentDateTimeUtc())},
                       {u"hostName"_s, hostName(desk)},
                       {u"dataDirectory"_s, context.dataDirectory},
                       {u"services"_s, serviceStates(desk)},
                       {u"connections"_s, context.network ? context.network->conversationCount() : 0},
                       {u"counters"_s, countersJson(*context.counters)},
                       {u"messagesToday"_s, tallyJson(desk.today)},
                       {u"certificates"_s, certificatesJson(desk)}};
    // A store in trouble must not hide the rest.
    const qint64 midnight = QDateTime::fromMSecsSinceEpoch(context.clock->wallMs()).date().startOfDay().toMSecsSinceEpoch();
    const auto job = [known = desk.today, midnight](store::Connection &connection) { return readStatus(connection, known, midnight); };
    context.store->read<StatusReading>(job, [call, status, store = storeJson(desk), found = desk.found, gate = desk.gate,
                                             &desk](const Result<StatusReading> &reading) mutable {
        status.insert("store"_L1, withFindings(store, found ? *found : reading ? reading->found : store::Findings{}));
        status.insert("queued"_L1, reading ? QJsonValue(reading->queued) : QJsonValue());
        if (reading) {
            status.insert("messagesToday"_L1, tallyJson(reading->today));
            gate->post([&desk, today = reading->today] { keepTally(desk, today); });
        }
        call.answer(status);
    });
}

// The answer goes out before the connections are closed.
void deed::serverStop(Desk &desk, const Call &call)
{
    call.answer(QJsonObject{});
    desk.gate->post([&desk] {
        if (desk.context.stop)
            desk.context.stop();
    });
}

void deed::sessionList(Desk &desk, const Call &call)
{
    if (!desk.context.network) {
        call.answer(QJsonObject{{u"sessions"_s, QJsonArray()}});
        return;
    }
    desk.context.network->conversations([call](const QList<net::ConversationState> &sessions) {
        QJsonArray list;
        for (const net::ConversationState &session : sessions)
            list += toJson(session);
        call.answer(QJsonObject{{u"sessions"_s, list}});
    });
}

void deed::sessionClose(Desk &desk, const Call &call)
{
    const ConversationId id{call.id("id"_L1)};
    if (!desk.context.network) {
        call.answer(fail(ErrorKind::NotFound, u"There is no such session"_s));
        return;
    }
    desk.context.network->conversations([call, id, &desk, gate = desk.gate](const QList<net::ConversationState> &sessions) {
        gate->post([call, id, sessions, &desk] {
            const auto same = [id](const net::ConversationState &session) { return session.id == id; };
            if (std::none_of(sessions.begin(), sessions.end(), same)) {
                call.answer(fail(ErrorKind::NotFound, u"There is no such session"_s));
                return;
            }
            desk.context.network->close(id);
            call.answer(QJsonObject{});
        });
    });
}

void deed::logTail(Desk &desk, const Call &call)
{
    const QString name = call.text("level"_L1);
    const auto level = name.isEmpty() ? Level::Detail : levelNamed(name);
    if (!level) {
        call.answer(fail(ErrorKind::Invalid, u"A level is detail, notice, warning or failure"_s));
        return;
    }
    const qint64 limit = call.number("limit"_L1, 200, 1, 5'000);
    QJsonArray events;
    for (const auto &[number, event] : desk.context.events->since(call.id("after"_L1), 5'000)) {
        if (levelOf(event.kind) >= *level)
            events += eventJson(number, event);
    }
    while (events.size() > limit)
        events.removeFirst();
    call.answer(QJsonObject{{u"events"_s, events}});
}

} // namespace posthorn::control
