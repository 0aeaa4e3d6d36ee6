// OBJECTID (RFC 8474): names that stay for as long as the thing is there, and are never given again.
#pragma once

#include "core/ids.h"

#include <QByteArray>

namespace posthorn::imap {

[[nodiscard]] inline QByteArray objectId(MailboxId mailbox)
{
    return "F" + QByteArray::number(mailbox.value);
}

// All copies of a message have the same.
[[nodiscard]] inline QByteArray objectId(MessageId message)
{
    return "M" + QByteArray::number(message.value);
}

// Id 0 when it can be none of ours.
[[nodiscard]] inline MessageId messageOf(const QByteArray &objectId)
{
    const MessageId message{objectId.startsWith('M') ? objectId.sliced(1).toLongLong() : 0};
    return message.value > 0 && imap::objectId(message) == objectId ? message : MessageId{};
}

} // namespace posthorn::imap
