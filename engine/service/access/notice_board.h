// Who wants to hear of all mailboxes that it can see, not only of the selected one (RFC 5465), and tells them. Costs an entry
// in a table for who waits, and nothing for who does not.
#pragma once

#include "core/change.h"
#include "platform/net/session.h"

#include <QHash>
#include <QMutex>
#include <QSet>

namespace posthorn::store { struct Committed; }

namespace posthorn::access {

// Thread-safe.
class NoticeBoard
{
public:
    // Mailboxes of others, by the names under which the watcher sees them, and who they are.
    struct Others
    {
        QHash<MailboxId, QString> names;
        QSet<AccountId> owners;
    };
    void watch(AccountId account, const net::Address &watcher);
    void unwatch(AccountId account, ConversationId watcher);
    // What else the watcher can see; when that may have become something else, its service is asked to lookAtOthers().
    void know(AccountId account, ConversationId watcher, Others others);
    // Writer's thread: tells the watchers.
    void committed(const store::Committed &committed);

private:
    struct Watcher
    {
        net::Address address;
        Others others;
    };
    using Watchers = QHash<ConversationId, Watcher>;
    using Who = QHash<ConversationId, AccountId>;

    void forget(AccountId account, ConversationId watcher);
    void tellOwn(const store::Committed &committed) const;
    void tellOthers(const store::Committed &committed) const;
    void tellOfServer(const MailboxChange &change) const;
    void askToLook(const store::Committed &committed) const;
    [[nodiscard]] Watcher of(AccountId account, ConversationId watcher) const { return m_watchers.value(account).value(watcher); }

    QMutex m_mutex;
    QHash<AccountId, Watchers> m_watchers;
    QHash<MailboxId, Who> m_byMailbox; // of others' mailboxes
    QHash<AccountId, Who> m_byOwner;
};

} // namespace posthorn::access
