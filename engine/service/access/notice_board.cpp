#include "service/access/notice_board.h"

#include "platform/store/metadata.h"
#include "platform/store/store.h"
#include "service/access/imap_service.h"

#include <algorithm>
#include <utility>

namespace posthorn::access {

namespace {

using Kind = imap::Notice::Kind;

struct Signed
{
    imap::Notice notice;
    ConversationId origin; // who knows of it already
};

QList<QByteArray> annotatedFor(const MailboxChange &change, AccountId account)
{
    QList<QByteArray> entries = change.annotated;
    if (change.annotator != account)
        entries.removeIf(store::Metadata::isPrivate);
    return entries;
}

// What became of messages is told to its author as well: the totals of another mailbox are news to him.
void addNotices(QList<Signed> &notices, const MailboxChange &change, const QString &name, AccountId account)
{
    const bool isAnothers = change.reader && change.reader != account; // \Seen of somebody else's own
    imap::Notice messages{.kind = Kind::Messages, .mailbox = change.mailbox, .name = name,
                          .appended = !change.appended.isEmpty(), .expunged = !change.expunged.isEmpty(),
                          .altered = !change.altered.isEmpty() && !isAnothers};
    if (messages.appended || messages.expunged || messages.altered)
        notices += Signed{std::move(messages), {}};
    QList<QByteArray> entries = annotatedFor(change, account);
    if (!entries.isEmpty())
        notices += Signed{{.kind = Kind::Annotated, .mailbox = change.mailbox, .name = name, .entries = std::move(entries)}, change.origin};
}

imap::Notice noticeOf(const NameChange &change)
{
    static constexpr Kind kinds[] = {Kind::Created, Kind::Removed, Kind::Renamed, Kind::Subscribed, Kind::Unsubscribed};
    return {.kind = kinds[size_t(change.kind)], .name = change.place.name, .oldName = change.oldName};
}

void post(const net::Address &watcher, const QList<Signed> &notices)
{
    net::post(watcher, [notices, self = watcher.conversation](net::Session &session) {
        auto &machine = static_cast<imap::ServerMachine &>(session.machine());
        for (const Signed &one : notices) {
            if (one.origin != self)
                machine.noticed(one.notice);
        }
    });
}

} // namespace

void NoticeBoard::watch(AccountId account, const net::Address &watcher)
{
    const QMutexLocker lock(&m_mutex);
    m_watchers[account].insert(watcher.conversation, {watcher, {}});
}

void NoticeBoard::unwatch(AccountId account, ConversationId watcher)
{
    const QMutexLocker lock(&m_mutex);
    forget(account, watcher);
    const auto watchers = m_watchers.find(account);
    if (watchers == m_watchers.end())
        return;
    watchers->remove(watcher);
    if (watchers->isEmpty())
        m_watchers.erase(watchers);
}

void NoticeBoard::forget(AccountId account, ConversationId watcher)
{
    const auto takeFrom = [&](auto &index, auto key) {
        if (auto who = index.find(key); who != index.end() && who->remove(watcher) && who->isEmpty())
            index.erase(who);
    };
    const Others others = of(account, watcher).others;
    for (auto it = others.names.cbegin(); it != others.names.cend(); ++it)
        takeFrom(m_byMailbox, it.key());
    for (const AccountId owner : others.owners)
        takeFrom(m_byOwner, owner);
}

void NoticeBoard::know(AccountId account, ConversationId watcher, Others others)
{
    const QMutexLocker lock(&m_mutex);
    if (!m_watchers.contains(account) || !m_watchers[account].contains(watcher))
        return;
    forget(account, watcher);
    for (auto it = others.names.cbegin(); it != others.names.cend(); ++it)
        m_byMailbox[it.key()].insert(watcher, account);
    for (const AccountId owner : std::as_const(others.owners))
        m_byOwner[owner].insert(watcher, account);
    m_watchers[account][watcher].others = std::move(others);
}

void NoticeBoard::tellOwn(const store::Committed &committed) const
{
    QHash<AccountId, QList<Signed>> notices;
    for (const NameChange &change : committed.names) {
        if (m_watchers.contains(change.place.account))
            notices[change.place.account] += Signed{noticeOf(change), change.origin};
    }
    for (const MailboxChange &change : committed.mailboxes) {
        const auto place = committed.places.constFind(change.mailbox);
        if (place != committed.places.constEnd() && m_watchers.contains(place->account))
            addNotices(notices[place->account], change, place->name, place->account);
    }
    for (auto of = notices.cbegin(); of != notices.cend(); ++of) {
        const Watchers watchers = m_watchers.value(of.key());
        for (const Watcher &watcher : watchers)
            post(watcher.address, *of);
    }
}

void NoticeBoard::tellOthers(const store::Committed &committed) const
{
    for (const MailboxChange &change : committed.mailboxes) {
        const Who who = m_byMailbox.value(change.mailbox);
        for (auto it = who.cbegin(); it != who.cend(); ++it) {
            const Watcher watcher = of(it.value(), it.key());
            QList<Signed> notices;
            addNotices(notices, change, watcher.others.names.value(change.mailbox), it.value());
            post(watcher.address, notices);
        }
    }
}

void NoticeBoard::tellOfServer(const MailboxChange &change) const
{
    for (auto account = m_watchers.cbegin(); account != m_watchers.cend(); ++account) {
        const QList<QByteArray> entries = annotatedFor(change, account.key());
        for (const Watcher &watcher : *account) {
            if (!entries.isEmpty())
                post(watcher.address, {Signed{{.kind = Kind::Annotated, .entries = entries}, change.origin}});
        }
    }
}

// Rights or names of what others have may have changed: what that means for each watcher, its service finds out.
void NoticeBoard::askToLook(const store::Committed &committed) const
{
    const auto look = [](const net::Address &watcher) {
        net::post(watcher, [](net::Session &session) { static_cast<ImapSession &>(session).service().lookAtOthers(); });
    };
    const bool all = committed.groupsChanged || std::ranges::any_of(committed.mailboxes, &MailboxChange::rightsChanged);
    if (all) {
        for (const Watchers &watchers : m_watchers) {
            for (const Watcher &watcher : watchers)
                look(watcher.address);
        }
        return;
    }
    Who who;
    for (const NameChange &change : committed.names)
        who.insert(m_byOwner.value(change.place.account));
    for (auto it = who.cbegin(); it != who.cend(); ++it)
        look(of(it.value(), it.key()).address);
}

void NoticeBoard::committed(const store::Committed &committed)
{
    const QMutexLocker lock(&m_mutex);
    if (m_watchers.isEmpty())
        return;
    tellOwn(committed);
    tellOthers(committed);
    for (const MailboxChange &change : committed.mailboxes) {
        if (!change.mailbox && !change.annotated.isEmpty())
            tellOfServer(change);
    }
    askToLook(committed);
}

} // namespace posthorn::access
