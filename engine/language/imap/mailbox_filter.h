// Mailboxes by what they are, not by one name (RFC 5465 §6, RFC 7377 §2.2): what NOTIFY and ESEARCH are about.
#pragma once

#include "language/imap/arguments.h"

#include <QStringList>

namespace posthorn::imap {

struct MailboxFilter
{
    enum class Kind { Selected, SelectedDelayed, Inboxes, Personal, Subscribed, Subtree, SubtreeOne, Mailboxes };
    static constexpr qsizetype maxNames = 5'000;

    Kind kind = Kind::Personal;
    QStringList names; // of Subtree, SubtreeOne and Mailboxes

    [[nodiscard]] bool isOfSelected() const { return kind == Kind::Selected || kind == Kind::SelectedDelayed; }
    // Whether a mailbox is meant that is not found by being selected.
    [[nodiscard]] bool covers(const QString &name, bool subscribed) const;

    // "subtree (Lists Work)"; a fault of `arguments` when it is none.
    [[nodiscard]] static MailboxFilter parse(Arguments &arguments);
};

} // namespace posthorn::imap
