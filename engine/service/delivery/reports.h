// Delivery status notifications (RFC 3461 to 3464): who gets one, and what it says to people.
#pragma once

#include "language/smtp/reply.h"
#include "platform/store/queue.h"
#include "service/delivery/arrival.h"

namespace posthorn::delivery {

// RFC 3464 §2.3.3
enum class Action {
    Failed,
    Delayed,
    Relayed,   // to a server that does not report (RFC 3461 §5.2.2)
    Delivered, // into a mailbox here
    Expanded,  // to all that the address stands for
};

// Does the sender want to hear of it? Never of a report (RFC 3464 §2): there is no bounce of a bounce.
[[nodiscard]] bool wantsReport(const store::Entry &entry, Action action);
// NOTIFY for the next one when an address leads to `count` others (RFC 3461 §5.2.7): success of several is told here, by
// one report that it was expanded.
[[nodiscard]] quint8 notifyPassedOn(quint8 notify, qsizetype count);

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
    smtp::Address to;        // the sender, as people know it
    QList<ReportLine> lines; // of one message; not empty
    QByteArray hostName;     // ours
    qint64 at = 0;           // ms since 1970
    qint64 expireAfter = 0;  // ms
    QByteArray original;     // header of the message, or all of it
    bool wholeOriginal = false;
};

// The report as a message that has arrived here, with the null reverse-path and without recipients.
[[nodiscard]] Arrival makeReport(const ReportFacts &facts);

} // namespace posthorn::delivery
