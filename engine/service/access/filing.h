// A message that APPEND handed in whole, on its way into a mailbox.
#pragma once

#include "core/ids.h"
#include "platform/store/messages.h"

#include <QList>
#include <QString>

#include <memory>

namespace posthorn::delivery {
class StagedContent;
}

namespace posthorn::access {

struct Filing
{
    std::shared_ptr<delivery::StagedContent> staged; // its content's first chunks, if any
    int chunks = 0;
    store::Digest digest;
    QByteArray body;  // the rest
    QList<QByteArray> flags;
    qint64 internalDate = 0; // ms since 1970
    int internalDateOffset = 0;
    QByteArray messageId;
    QString subject;
};

// All messages of one APPEND: they are filed together, or none is.
struct Batch
{
    AccountId account; // who appends
    MailboxId mailbox;
    QString mailboxName;
    quint32 uidValidity = 0;
    QList<Filing> messages;
    MailboxId selected; // of the message that goes,
    Uid replaces = 0;   // 0: none
    QString user;
    QByteArray client;
};

} // namespace posthorn::access
