// The MDA: one arrived message goes, in one store transaction, into local mailboxes, the queue and the trace.
#pragma once

#include "core/counters.h"
#include "core/events.h"
#include "core/result.h"
#include "core/settings.h"
#include "platform/store/store.h"
#include "service/delivery/arrival.h"
#include "service/delivery/pace.h"
#include "service/delivery/reports.h"

#include <QHash>
#include <QList>

#include <functional>
#include <memory>

namespace posthorn::delivery {

struct Receipt
{
    MessageId message;
    int delivered = 0;
    int queued = 0;
    QList<Event> events; // to be told once it is durable
};

// Thread-safe.
class Delivery
{
public:
    struct World
    {
        store::Store *store = nullptr;
        Directory *directory = nullptr;
        EventLog *events = nullptr;
        Counters *counters = nullptr;
        std::function<SettingsPointer()> settings; // any thread
        QByteArray hostName;
    };
    explicit Delivery(World world);
    // `done` is called on the writer's thread, once durable or failed. OverQuota when a mailbox was filled meanwhile.
    void deliver(std::shared_ptr<const Arrival> arrival, std::function<void(Result<Receipt>)> done);

    // The same as part of another job, on the writer's thread.
    Result<Receipt> deliverWithin(store::Transaction &transaction, const Arrival &arrival) { return run(transaction, arrival); }
    // Tells the sender of one message what became of some of its recipients. `expireAfter` (ms): how long it is tried.
    Result<void> report(store::Transaction &transaction, Action action, const QList<ReportLine> &lines, qint64 expireAfter = 0);

private:
    struct Round;
    Result<Receipt> run(store::Transaction &transaction, const Arrival &arrival);
    Result<MailboxId> inbox(store::Transaction &transaction, AccountId account);
    Result<void> serve(Round &round, const Recipient &recipient);
    Result<void> file(Round &round, const LocalAccount &account, const smtp::RcptCommand &rcpt);

    Result<void> sendOn(Round &round, const smtp::RcptCommand &rcpt, const Onward &onward, quint8 notify);
    Result<void> turnBack(Round &round, const smtp::RcptCommand &rcpt, const Onward &onward);
    Result<void> enqueue(Round &round, const store::Entry &entry, const QString &held);
    Result<void> refuse(Round &round, const store::Entry &entry, const smtp::Reply &reply);
    Result<QByteArray> reversePathFor(Round &round, const Onward &onward);

    Result<void> beginPace(Round &round);
    Result<void> endPace(Round &round);
    Result<void> tellAdministrator(Round &round, const Crossing &crossing);
    void tell(const Arrival &arrival, const Receipt &receipt);

    const World m_world;
    QHash<AccountId, MailboxId> m_inboxes; // writer's thread only; an INBOX keeps its id as long as its account lives
};

} // namespace posthorn::delivery
