#include "control/server/desk.h"

#include "control/api/methods.h"

#include <algorithm>

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

struct DeedRow
{
    QLatin1StringView method;
    Deed deed;
};

constexpr DeedRow deeds[] = {
    {"server.status"_L1, deed::serverStatus},   {"server.stop"_L1, deed::serverStop},
    {"server.methods"_L1, deed::serverMethods}, {"domain.list"_L1, deed::domainList},
    {"domain.add"_L1, deed::domainAdd},         {"domain.update"_L1, deed::domainUpdate},
    {"domain.remove"_L1, deed::domainRemove},   {"account.list"_L1, deed::accountList},
    {"account.add"_L1, deed::accountAdd},       {"account.update"_L1, deed::accountUpdate},
    {"account.passwd"_L1, deed::accountPasswd}, {"account.remove"_L1, deed::accountRemove},
    {"alias.list"_L1, deed::aliasList},         {"alias.add"_L1, deed::aliasAdd},
    {"alias.update"_L1, deed::aliasUpdate},     {"alias.remove"_L1, deed::aliasRemove},
    {"dkim.list"_L1, deed::dkimList},           {"dkim.add"_L1, deed::dkimAdd},
    {"dkim.activate"_L1, deed::dkimActivate},   {"dkim.retire"_L1, deed::dkimRetire},
    {"dkim.remove"_L1, deed::dkimRemove},
    {"settings.list"_L1, deed::settingsList},   {"settings.get"_L1, deed::settingsGet},
    {"settings.set"_L1, deed::settingsSet},     {"settings.unset"_L1, deed::settingsUnset},
    {"queue.list"_L1, deed::queueList},         {"queue.show"_L1, deed::queueShow},
    {"queue.retry"_L1, deed::queueRetry},       {"queue.hold"_L1, deed::queueHold},
    {"queue.release"_L1, deed::queueRelease},   {"queue.remove"_L1, deed::queueRemove},
    {"trace.search"_L1, deed::traceSearch},     {"trace.journey"_L1, deed::traceJourney},
    {"session.list"_L1, deed::sessionList},     {"session.close"_L1, deed::sessionClose},
    {"log.tail"_L1, deed::logTail},             {"backup.make"_L1, deed::backupMake},
    {"search.state"_L1, deed::searchState},     {"search.rebuild"_L1, deed::searchRebuild},
    {"store.check"_L1, deed::storeCheck},       {"store.export"_L1, deed::storeExport},
    {"store.import"_L1, deed::storeImport},     {"topic.subscribe"_L1, deed::topicSubscribe},
    {"topic.unsubscribe"_L1, deed::topicUnsubscribe}, {"tls.list"_L1, deed::tlsList},
    {"tls.report"_L1, deed::tlsReport},         {"suppression.list"_L1, deed::suppressionList},
    {"suppression.add"_L1, deed::suppressionAdd},
    {"suppression.remove"_L1, deed::suppressionRemove},
    {"queue.route"_L1, deed::queueRoute},
    {"route.list"_L1, deed::routeList},         {"route.add"_L1, deed::routeAdd},
    {"route.update"_L1, deed::routeUpdate},     {"route.remove"_L1, deed::routeRemove},
    {"route.test"_L1, deed::routeTest},         {"shared.add"_L1, deed::sharedAdd},
    {"mailbox.list"_L1, deed::mailboxList},     {"mailbox.add"_L1, deed::mailboxAdd},
    {"mailbox.update"_L1, deed::mailboxUpdate},
    {"mailbox.share"_L1, deed::mailboxShare},   {"mailbox.unshare"_L1, deed::mailboxUnshare},
    {"group.list"_L1, deed::groupList},         {"group.add"_L1, deed::groupAdd},
    {"group.update"_L1, deed::groupUpdate},     {"group.remove"_L1, deed::groupRemove},
};

} // namespace

Deed deedOf(QStringView method)
{
    const auto found = std::ranges::find_if(deeds, [&](const DeedRow &row) { return row.method == method; });
    return found == std::end(deeds) ? nullptr : found->deed;
}

void answerByReading(Desk &desk, const Call &call, ReadJob job)
{
    desk.context.store->read<QJsonValue>(std::move(job),
                                         [call](Result<QJsonValue> result) { call.answer(std::move(result)); });
}

void answerByWriting(Desk &desk, const Call &call, WriteJob job, EventKind kind, const QString &name,
                     std::function<void(Desk &)> then)
{
    // The desk outlives what its gate lets through, the log outlives the store.
    const auto done = [call, kind, name, then = std::move(then), gate = desk.gate, log = desk.context.events,
                       &desk](Result<QJsonValue> result) {
        if (result && log)
            log->emitEvent(deedEvent(call, kind, name));
        if (result && then)
            gate->post([then, &desk] { then(desk); });
        call.answer(std::move(result));
    };
    desk.context.store->write<QJsonValue>(std::move(job), done);
}

void answerFromPool(Desk &desk, const Call &call, std::function<Result<QJsonValue>()> job)
{
    desk.pool.start([call, job = std::move(job)] { call.answer(job()); });
}

Event deedEvent(const Call &call, EventKind kind, const QString &name)
{
    Event event{kind};
    event.with(EventField::Detail, call.method()).with(EventField::Name, name).with(EventField::By, call.by());
    return event;
}

void tell(const Desk &desk, Event event)
{
    if (desk.context.events)
        desk.context.events->emitEvent(std::move(event));
}

void deed::serverMethods(Desk &, const Call &call)
{
    QJsonArray all, topicNames;
    for (const Method &method : methods())
        all += toJson(method);
    for (const QLatin1StringView topic : topics())
        topicNames += topic;
    call.answer(QJsonObject{{u"methods"_s, all}, {u"topics"_s, topicNames}});
}

void deed::topicSubscribe(Desk &desk, const Call &call)
{
    if (!desk.topics->subscribe(call.caller(), call.text("topic"_L1))) {
        call.answer(fail(ErrorKind::NotFound, u"There is no topic “%1”"_s.arg(call.text("topic"_L1).left(40))));
        return;
    }
    call.answer(QJsonObject{});
}

void deed::topicUnsubscribe(Desk &desk, const Call &call)
{
    desk.topics->unsubscribe(call.caller(), call.text("topic"_L1));
    call.answer(QJsonObject{});
}

} // namespace posthorn::control
