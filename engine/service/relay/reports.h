// Delivery status notifications (RFC 3461 to 3464): who gets one, and what it says to people.
#pragma once

#include "language/smtp/client_needs.h"
#include "platform/store/queue.h"
#include "service/delivery/delivery.h"

namespace posthorn::relay {

enum class Action { Failed, Delayed, Relayed };

// Does the sender want to hear of it? Never of a report (RFC 3464 §2): there is no bounce of a bounce.
[[nodiscard]] bool wantsReport(const store::Entry &entry, Action action);

struct ReportLine
{
    store::Entry entry;
    smtp::Reply reply;
    bool fromServer = false;
    QByteArray host; // the server that said it, or empty
};

struct ReportFacts
{
    Action action = Action::Failed;
    QList<ReportLine> lines; // of one message; not empty
    QByteArray hostName;     // ours
    qint64 at = 0;           // ms since 1970
    qint64 expireAfter = 0;  // ms
    QByteArray original;     // header of the message, or all of it
    bool wholeOriginal = false;
};

// The report as a message that has arrived here, with the null reverse-path and without recipients.
[[nodiscard]] delivery::Arrival makeReport(const ReportFacts &facts);

} // namespace posthorn::relay
