// Mailboxes as one account sees them: its own, and those of others that are open to it (RFC 4314, RFC 2342). Who may do
// what is decided here and nowhere else.
//
// "Other Users/anna@example.org/Work" is Anna's mailbox "Work"; "Shared/office@example.org/INBOX" is that of an account
// that nobody signs in to. All other names are the account's own.
#pragma once

#include "platform/store/mailboxes.h"

namespace posthorn::store {

struct Reached
{
    Mailbox mailbox;
    Rights rights = 0;
    QString name; // as the account sees it
    bool isOwn = true;
    bool hasChildren = false; // filled in by who wants to know

    AccountId reader; // whose \Seen it is; none: the mailbox's

    [[nodiscard]] Hand hand() const { return {flagsAllowedBy(rights), reader}; }
};

struct Listing
{
    QList<Reached> mailboxes;
    QStringList lostSubscriptions; // subscribed names without a mailbox that can be seen
};

struct Group
{
    QString name;        // lower case; "group:" and this is its identifier
    QStringList members; // addresses of accounts
};

class Sharing
{
public:
    static const QString otherUsers, shared; // the names above what is not one's own, with their '/'
    static const QString anyone, groupPrefix;

    // Denied: it can be seen, but some right in `needed` is missing. NotFound: there is none, or it must look like that.
    static Result<Reached> find(Connection &, AccountId who, const QString &name, Rights needed);
    static Result<Reached> get(Connection &, AccountId who, MailboxId, Rights needed);
    static Result<Listing> list(Connection &, AccountId who); // that LIST shows
    static Result<bool> hasChildren(Connection &, AccountId who, const Reached &); // among those
    // Mailboxes of others that `who` can reach in any way, as ids.
    static Result<QList<MailboxId>> opened(Connection &, AccountId who);

    static Result<MailboxId> create(Transaction &, AccountId who, const QString &name, const QByteArray &specialUse);
    static Result<void> remove(Transaction &, AccountId who, const QString &name, const QString &by);
    static Result<void> rename(Transaction &, AccountId who, const QString &from, const QString &to);

    // The list, with the owner in it.
    static Result<QList<AclEntry>> acl(Connection &, const Mailbox &mailbox);
    enum class Change { Replace, Add, Remove };
    // NotFound: no such account or group. Denied: "anonymous". TooLarge: the list is full.
    static Result<void> setRights(Transaction &, MailboxId, const QString &identifier, Change, Rights);
    // As it is kept: in lower case, of an account, group or "anyone" that is there.
    static Result<QString> properIdentifier(Connection &, const QString &identifier);
    static Result<bool> isOwner(Connection &, const Mailbox &, const QString &properIdentifier);

    static Result<QList<Group>> groups(Connection &);
    // Makes it, or replaces its members. Invalid: not a name. NotFound: a member is no account here.
    static Result<void> setGroup(Transaction &, const Group &);
    static Result<void> removeGroup(Transaction &, const QString &name); // and its rights
    static Result<void> forgetAccount(Transaction &, AccountId, const QString &address);
};

} // namespace posthorn::store
