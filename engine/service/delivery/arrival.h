// A message that has arrived, with all that was learnt of it.
#pragma once

#include "language/message/structure.h"
#include "language/smtp/needs.h"
#include "platform/store/messages.h"
#include "service/delivery/directory.h"

#include <QByteArray>
#include <QList>

#include <memory>

namespace posthorn::delivery {

class StagedContent;

struct Recipient
{
    smtp::RcptCommand rcpt;
    Destination destination;
};

struct Arrival
{
    QByteArray journey;
    qint64 at = 0;      // ms since 1970
    QByteArray client;  // "192.0.2.1 (mail.example.org)"
    QByteArray tls;
    QString user;       // signed in as
    bool sign = false;  // of our own: may be signed in a domain's name on its way out
    bool quiet = false; // nobody is sent a report: its sender is likely not who it says
    bool written = false; // here, to tell somebody of his mail: it is filed whether or not there is room
    smtp::MailCommand mail;
    QList<Recipient> recipients;

    store::Digest digest;
    QByteArray body;       // after the header; for a small message
    std::shared_ptr<StagedContent> staged; // a big one: its body is in the store already, but for `body`, its last piece
    int stagedChunks = 0;
    QByteArray messageId;  // Message-ID field, for the trace
    QString subject;
    QString judged;        // what the checks said, for the trace; may be empty
};

// What IMAP will ask for, computed once.
[[nodiscard]] store::Digest digestOf(const message::Structure &structure);

// A key for a new journey: short, unique on this server, ascending in time.
[[nodiscard]] QByteArray newJourney();

// A message of our own, with the null reverse-path and without recipients.
[[nodiscard]] Arrival ownMessage(const QByteArray &hostName, qint64 at);
// `content` is all of it, but for Return-Path.
void fill(Arrival &arrival, const QByteArray &content);

} // namespace posthorn::delivery
