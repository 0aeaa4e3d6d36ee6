// One message on its way into mailboxes and queue: what delivery keeps in mind meanwhile. Writer's thread.
#pragma once

#include "platform/store/transaction.h"
#include "service/delivery/delivery.h"
#include "service/delivery/pace.h"

#include <QMap>
#include <QSet>

namespace posthorn::delivery {

struct Delivery::Round
{
    store::Transaction &transaction;
    const Arrival &arrival;
    MessageId message;
    std::shared_ptr<const DirectorySnapshot> directory;
    SettingsPointer settings;
    Pace pace;
    Receipt receipt;
    QSet<AccountId> served = {}; // somebody named twice gets it once
    QSet<QByteArray> queued = {};
    QMap<Action, QList<ReportLine>> reports = {};
    QByteArray content = {}; // the whole message, if it is small, once somebody wants it

    // An entry for one recipient elsewhere, or what a report says of one here.
    [[nodiscard]] store::Entry entryFor(const smtp::RcptCommand &rcpt, const QByteArray &address) const;
    [[nodiscard]] const QByteArray &smallContent();
    void note(Action action, const store::Entry &entry, const smtp::Reply &reply = {0, {}, {}})
    {
        if (wantsReport(entry, action))
            reports[action].append({entry, reply, false, {}});
    }
};

} // namespace posthorn::delivery
