#include "language/imap/status_items.h"

#include "language/imap/object_id.h"
#include "language/imap/output.h"
#include "language/imap/quote.h"

#include <array>

namespace posthorn::imap {

namespace {

struct Named
{
    QByteArrayView name;
    StatusItem item;
};

constexpr std::array<Named, 11> table{{
    {"MESSAGES", StatusItem::Messages},
    {"UIDNEXT", StatusItem::UidNext},
    {"UIDVALIDITY", StatusItem::UidValidity},
    {"UNSEEN", StatusItem::Unseen},
    {"DELETED", StatusItem::Deleted},
    {"SIZE", StatusItem::Size},
    {"RECENT", StatusItem::Recent},
    {"HIGHESTMODSEQ", StatusItem::HighestModSeq},
    {"APPENDLIMIT", StatusItem::AppendLimit},
    {"MAILBOXID", StatusItem::MailboxId},
    {"DELETED-STORAGE", StatusItem::DeletedStorage},
}};

qint64 valueOf(const MailboxStatus &status, StatusItem item, qint64 appendLimit)
{
    switch (item) {
    case StatusItem::Messages:
        return status.messages;
    case StatusItem::UidNext:
        return status.uidNext;
    case StatusItem::UidValidity:
        return status.uidValidity;
    case StatusItem::Unseen:
        return status.unseen;
    case StatusItem::Deleted:
        return status.deleted;
    case StatusItem::Size:
        return status.size;
    case StatusItem::Recent:
        return status.recent;
    case StatusItem::HighestModSeq:
        return qint64(status.highestModSeq);
    case StatusItem::DeletedStorage:
        return status.deletedSize;
    case StatusItem::AppendLimit:
    case StatusItem::MailboxId:
        break;
    }
    return appendLimit;
}

} // namespace

std::optional<StatusItem> statusItem(QByteArrayView name)
{
    for (const Named &named : table) {
        if (named.name.compare(name, Qt::CaseInsensitive) == 0)
            return named.item;
    }
    return std::nullopt;
}

StatusMailbox statusNeed(const QString &name, const QList<StatusItem> &items)
{
    return {name, items.contains(StatusItem::DeletedStorage)};
}

void appendStatus(QByteArray &out, const QString &name, const MailboxStatus &status, const QList<StatusItem> &items,
                  bool utf8, qint64 appendLimit)
{
    out += "* STATUS ";
    appendMailbox(out, name, utf8);
    out += " (";
    bool first = true;
    for (const StatusItem item : items) {
        if (!first)
            out += ' ';
        first = false;
        out += table[size_t(item)].name;
        out += ' ';
        if (item == StatusItem::MailboxId)
            out += '(' + objectId(status.mailbox) + ')';
        else
            appendNumber(out, quint64(valueOf(status, item, appendLimit)));
    }
    out += ")\r\n";
}

} // namespace posthorn::imap
