// Mailbox names as LIST and LSUB see them: patterns with % and *, and the tree that '/' makes of names
// (RFC 9051 §6.3.9, RFC 3501 §6.3.8, RFC 5258).
#pragma once

#include "language/imap/needs.h"

#include <QString>
#include <QStringView>

namespace posthorn::imap {

inline constexpr QChar hierarchySeparator = u'/';

// '*' matches anything, '%' anything without a separator. INBOX matches in any case. Cost: at most the product of the
// two lengths.
[[nodiscard]] bool matchesPattern(QStringView pattern, QStringView name);

// One name of the tree.
struct ListedName
{
    QString name;
    QByteArray specialUse;
    bool exists = false;     // a mailbox, or a level the store knows
    bool selectable = false;
    bool subscribed = false;
    bool hasChildren = false;
    bool hasSubscribedBelow = false;
    Rights rights = 0;
};

// All names with their parents, INBOX first, then by name: parents before children. Levels that only exist as parents
// and subscriptions without a mailbox are there with exists false.
[[nodiscard]] QList<ListedName> nameTree(const MailboxList &mailboxes);

} // namespace posthorn::imap
