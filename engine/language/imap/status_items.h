// What STATUS can tell (RFC 9051 §6.3.11; SIZE: RFC 8438; APPENDLIMIT: RFC 7889; MAILBOXID: RFC 8474;
// DELETED-STORAGE: RFC 9208).
#pragma once

#include "language/imap/needs.h"

namespace posthorn::imap {

enum class StatusItem { Messages, UidNext, UidValidity, Unseen, Deleted, Size, Recent, HighestModSeq, AppendLimit, MailboxId, DeletedStorage };

// By name in any case.
[[nodiscard]] std::optional<StatusItem> statusItem(QByteArrayView name);
// What is to be asked for these items.
[[nodiscard]] StatusMailbox statusNeed(const QString &name, const QList<StatusItem> &items);
// "* STATUS INBOX (MESSAGES 3)" CRLF
void appendStatus(QByteArray &out, const QString &name, const MailboxStatus &status, const QList<StatusItem> &items,
                  bool utf8, qint64 appendLimit);

} // namespace posthorn::imap
