// The trace: every message's journey and every refusal, step by step, kept for a set time and searchable.
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QList>
#include <QString>

namespace posthorn::store {

class Connection;
class Transaction;

enum class Step {
    Received,  // a message was accepted
    Delivered, // it is in a mailbox
    Queued,    // it is a queue entry
    Refused,   // mail was refused
    Judged,    // checks had something to say
    Removed,   // by whom, in `text`
    Sent,
    Failed,
    Delayed,
    Held,
    Released,
    Submitted, // by IMAP APPEND or import
    Denied,    // a connection, sign-in or command was refused that was no mail
};

struct TraceRow
{
    qint64 id = 0;
    qint64 at = 0;      // ms since 1970
    QByteArray journey; // one message's key, given when it arrives; or the conversation's, for refusals
    Step step = Step::Received;
    QByteArray client; // address, with HELO name: "192.0.2.1 (mail.example.org)"
    QByteArray tls;    // "TLSv1.3" or empty
    QString user;      // signed in as
    QByteArray sender;
    QByteArray recipient;
    QByteArray messageId; // the Message-ID field
    QString subject;
    qint64 size = 0;
    qint64 mailbox = 0; // Delivered
    qint64 uid = 0;     // Delivered
    qint64 message = 0; // MessageId
    QString text;       // the reply given, the reason, the mailbox name
};

struct TraceFilter
{
    QString text; // each word is found in client, user, sender, recipient, Message-ID, subject, journey or text
    qint64 since = 0, until = 0; // ms since 1970; 0: open
    int limit = 500;             // newest first
    qint64 beforeId = 0;
};

// How much mail a day has brought, as far as it was counted.
struct DayTally
{
    qint64 since = 0;  // when the day began, ms since 1970
    qint64 lastId = 0; // the last row that was counted
    qint64 accepted = 0, delivered = 0, refused = 0;
};

class Trace
{
public:
    static Result<void> add(Transaction &, const TraceRow &);
    // What matches, with all the other steps of its journeys (so there may be more than `limit`).
    static Result<QList<TraceRow>> search(Connection &, const TraceFilter &);
    // The whole journey of one key, oldest first.
    static Result<QList<TraceRow>> journey(Connection &, const QByteArray &journey);
    // Brings a tally up to date for the day that began at `since`; looks only at rows that it has not counted.
    static Result<DayTally> tally(Connection &, DayTally tally, qint64 since);
    // Removes rows older than `before` (ms since 1970), at most `limit`; true when there may be more.
    static Result<bool> prune(Transaction &, qint64 before, int limit);
    static QLatin1StringView nameOf(Step);
};

} // namespace posthorn::store
