// What the methods work with. Engine thread, but for what a job given to a store or pool thread captures by value.
#pragma once

#include "control/server/call.h"
#include "control/server/context.h"
#include "control/server/topic_board.h"
#include "platform/store/maintenance.h"
#include "platform/store/trace.h"
#include "platform/store/transaction.h"

#include <QThreadPool>

#include <optional>

namespace posthorn::control {

struct Desk
{
    Context context;
    std::shared_ptr<Gate> gate;
    QThreadPool pool;
    store::DayTally today; // as of the last status
    std::optional<store::Findings> found; // by the last check since the start; before it counts what the store has kept
    std::unique_ptr<TopicBoard> topics;

    [[nodiscard]] SettingsPointer settings() const
    {
        return context.settings ? context.settings() : std::make_shared<const SettingsSnapshot>();
    }
};

using Deed = void (*)(Desk &desk, const Call &call);
// The function that does a method; null: no such method.
[[nodiscard]] Deed deedOf(QStringView method);

using ReadJob = std::function<Result<QJsonValue>(store::Connection &)>;
using WriteJob = std::function<Result<QJsonValue>(store::Transaction &)>;
// On a reader's thread; what it returns is the answer.
void answerByReading(Desk &desk, const Call &call, ReadJob job);
// On the writer's thread. After the commit an event of `kind` tells of the deed done to `name`, `then` runs on the
// engine's thread, and the answer goes. Without a commit it is the error, alone.
void answerByWriting(Desk &desk, const Call &call, WriteJob job, EventKind kind, const QString &name,
                     std::function<void(Desk &)> then = {});
// On the pool, for what takes long.
void answerFromPool(Desk &desk, const Call &call, std::function<Result<QJsonValue>()> job);

// An event that names the method, what it was done to, and who did it.
[[nodiscard]] Event deedEvent(const Call &call, EventKind kind, const QString &name);
void tell(const Desk &desk, Event event); // any thread

// The services' states as server.status tells them: open listeners, and those that should be and are not.
[[nodiscard]] QJsonArray serviceStates(const Desk &desk);

namespace deed {
void serverStatus(Desk &, const Call &);
void serverStop(Desk &, const Call &);
void serverMethods(Desk &, const Call &);
void domainList(Desk &, const Call &);
void domainAdd(Desk &, const Call &);
void domainUpdate(Desk &, const Call &);
void domainRemove(Desk &, const Call &);
void accountList(Desk &, const Call &);
void accountAdd(Desk &, const Call &);
void accountUpdate(Desk &, const Call &);
void accountPasswd(Desk &, const Call &);
void accountRemove(Desk &, const Call &);
void aliasList(Desk &, const Call &);
void aliasAdd(Desk &, const Call &);
void aliasUpdate(Desk &, const Call &);
void aliasRemove(Desk &, const Call &);
void sharedAdd(Desk &, const Call &);
void mailboxList(Desk &, const Call &);
void mailboxAdd(Desk &, const Call &);
void mailboxUpdate(Desk &, const Call &);
void mailboxShare(Desk &, const Call &);
void mailboxUnshare(Desk &, const Call &);
void groupList(Desk &, const Call &);
void groupAdd(Desk &, const Call &);
void groupUpdate(Desk &, const Call &);
void groupRemove(Desk &, const Call &);
void dkimList(Desk &, const Call &);
void dkimAdd(Desk &, const Call &);
void dkimActivate(Desk &, const Call &);
void dkimRetire(Desk &, const Call &);
void dkimRemove(Desk &, const Call &);
void settingsList(Desk &, const Call &);
void settingsGet(Desk &, const Call &);
void settingsSet(Desk &, const Call &);
void settingsUnset(Desk &, const Call &);
void queueList(Desk &, const Call &);
void queueShow(Desk &, const Call &);
void queueRetry(Desk &, const Call &);
void queueHold(Desk &, const Call &);
void queueRelease(Desk &, const Call &);
void queueRemove(Desk &, const Call &);
void suppressionList(Desk &, const Call &);
void suppressionAdd(Desk &, const Call &);
void suppressionRemove(Desk &, const Call &);
void queueRoute(Desk &, const Call &);
void routeList(Desk &, const Call &);
void routeAdd(Desk &, const Call &);
void routeUpdate(Desk &, const Call &);
void routeRemove(Desk &, const Call &);
void routeTest(Desk &, const Call &);
void traceSearch(Desk &, const Call &);
void traceJourney(Desk &, const Call &);
void sessionList(Desk &, const Call &);
void sessionClose(Desk &, const Call &);
void logTail(Desk &, const Call &);
void backupMake(Desk &, const Call &);
void searchState(Desk &, const Call &);
void searchRebuild(Desk &, const Call &);
void storeCheck(Desk &, const Call &);
void storeExport(Desk &, const Call &);
void storeImport(Desk &, const Call &);
void tlsList(Desk &, const Call &);
void tlsReport(Desk &, const Call &);
void topicSubscribe(Desk &, const Call &);
void topicUnsubscribe(Desk &, const Call &);
} // namespace deed

} // namespace posthorn::control
