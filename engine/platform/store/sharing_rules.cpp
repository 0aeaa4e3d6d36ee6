// Access control lists and groups as they are kept.
#include "platform/store/sharing.h"

#include "platform/store/ledger.h"
#include "platform/store/transaction.h"

#include <algorithm>

namespace posthorn::store {

using namespace Qt::StringLiterals;

static constexpr qsizetype maxEntries = 1'000;  // of a list
static constexpr qsizetype maxMembers = 10'000; // of a group
static constexpr qsizetype maxGroupName = 64;

// The address of a mailbox's owner; of a shared account nothing, for nobody is that.
static Result<QString> ownerOf(Connection &connection, const Mailbox &mailbox)
{
    const auto address = connection.select("SELECT address FROM account WHERE id = ? AND shared = 0", mailbox.account.value)
                             .first([](const Row &row) { return row.text(0); });
    if (!address)
        return std::unexpected(address.error());
    return address->value_or(QString());
}

Result<QList<AclEntry>> Sharing::acl(Connection &connection, const Mailbox &mailbox)
{
    const auto owner = ownerOf(connection, mailbox);
    if (!owner)
        return std::unexpected(owner.error());
    QList<AclEntry> acl = mailbox.acl;
    const auto own = std::ranges::find(acl, *owner, &AclEntry::identifier);
    if (own != acl.end())
        own->rights |= right::Owners;
    else if (!owner->isEmpty())
        acl.prepend({*owner, right::All});
    return acl;
}

Result<bool> Sharing::isOwner(Connection &connection, const Mailbox &mailbox, const QString &properIdentifier)
{
    return ownerOf(connection, mailbox).transform([&](const QString &owner) {
        return !owner.isEmpty() && owner == properIdentifier;
    });
}

Result<QString> Sharing::properIdentifier(Connection &connection, const QString &identifier)
{
    const QString proper = identifier.toLower();
    const QString name = proper.startsWith(u'-') ? proper.sliced(1) : proper;
    if (name == anyone)
        return proper;
    if (name == "anonymous"_L1)
        return fail(ErrorKind::Denied, u"Nobody is here without a name"_s);
    const auto known = connection
                           .select("SELECT EXISTS (SELECT 1 FROM account WHERE address = ? AND shared = 0) OR EXISTS "
                                   "(SELECT 1 FROM account_group WHERE 'group:' || name = ?)",
                                   name, name)
                           .number();
    if (!known)
        return std::unexpected(known.error());
    if (known->value_or(0) == 0)
        return fail(ErrorKind::Invalid, u"There is no account and no group of this name"_s);
    return proper;
}

static void noteRights(Transaction &transaction, const Mailbox &mailbox)
{
    transaction.connection().ledger()->forget(mailbox.id);
    transaction.changes.mailboxes.append(
        MailboxChange{.mailbox = mailbox.id, .modSeq = mailbox.highestModSeq, .rightsChanged = true});
}

static Rights changed(Rights before, Sharing::Change change, Rights rights)
{
    switch (change) {
    case Sharing::Change::Add:
        return before | rights;
    case Sharing::Change::Remove:
        return before & ~rights;
    case Sharing::Change::Replace:
        break;
    }
    return rights;
}

Result<void> Sharing::setRights(Transaction &transaction, MailboxId id, const QString &identifier, Change change,
                                Rights rights)
{
    Connection &connection = transaction.connection();
    const auto proper = properIdentifier(connection, identifier);
    if (!proper)
        return std::unexpected(proper.error());
    if (auto settled = connection.settle(); !settled)
        return settled;
    const auto mailbox = Mailboxes::get(connection, id);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    const auto owns = isOwner(connection, *mailbox, *proper);
    if (!owns)
        return std::unexpected(owns.error());
    const auto entry = std::ranges::find(mailbox->acl, *proper, &AclEntry::identifier);
    const bool isNew = entry == mailbox->acl.end();
    const Rights keeps = *owns ? right::Owners : Rights(0);
    const Rights after = changed(!isNew ? entry->rights : *owns ? right::All : Rights(0), change, rights) | keeps;
    // What is not written is nothing, but for the owner, whose is everything.
    if (isNew && mailbox->acl.size() >= maxEntries)
        return fail(ErrorKind::TooLarge, u"The access control list is full"_s);
    const auto done = after == (*owns ? right::All : Rights(0))
                          ? connection.run("DELETE FROM acl WHERE mailbox_id = ? AND identifier = ?", id.value, *proper)
                          : connection.run("INSERT INTO acl (mailbox_id, identifier, rights) VALUES (?, ?, ?) ON CONFLICT "
                                           "(mailbox_id, identifier) DO UPDATE SET rights = excluded.rights",
                                           id.value, *proper, QString::fromLatin1(rightsText(after)));
    if (!done)
        return std::unexpected(done.error());
    noteRights(transaction, *mailbox);
    return {};
}

// Takes somebody out of all lists.
static Result<void> dropIdentifier(Transaction &transaction, const QString &identifier)
{
    Connection &connection = transaction.connection();
    if (auto settled = connection.settle(); !settled)
        return settled;
    QList<MailboxId> ids;
    auto read = connection.select("SELECT DISTINCT mailbox_id FROM acl WHERE identifier IN (?, ?)", identifier, u'-' + identifier)
                    .each([&](const Row &row) { ids.append(MailboxId{row.number(0)}); });
    if (!read)
        return read;
    auto done = connection.run("DELETE FROM acl WHERE identifier IN (?, ?)", identifier, u'-' + identifier);
    if (!done)
        return std::unexpected(done.error());
    for (const MailboxId id : std::as_const(ids)) {
        if (const auto mailbox = Mailboxes::get(connection, id))
            noteRights(transaction, *mailbox);
    }
    return {};
}

Result<QList<Group>> Sharing::groups(Connection &connection)
{
    QList<Group> groups;
    auto done = connection
                    .select("SELECT account_group.name, ifnull(account.address, '') FROM account_group LEFT JOIN group_member "
                            "ON group_id = account_group.id LEFT JOIN account ON account.id = account_id "
                            "ORDER BY account_group.name, account.address")
                    .each([&](const Row &row) {
                        if (groups.isEmpty() || groups.last().name != row.text(0))
                            groups.append({row.text(0), {}});
                        if (!row.text(1).isEmpty())
                            groups.last().members += row.text(1);
                    });
    if (!done)
        return std::unexpected(done.error());
    return groups;
}

static Result<void> checkGroup(const Group &group)
{
    const bool good = !group.name.isEmpty() && group.name.size() <= maxGroupName
                      && std::ranges::all_of(group.name, [](QChar c) {
                             return c.isLower() || c.isDigit() || c == u'-' || c == u'_' || c == u'.';
                         });
    if (!good)
        return fail(ErrorKind::Invalid, u"A group's name has small letters, digits, “.”, “-” and “_”, at most %1"_s.arg(maxGroupName));
    if (group.members.size() > maxMembers)
        return fail(ErrorKind::TooLarge, u"A group has at most %1 members"_s.arg(maxMembers));
    return {};
}

static Result<qint64> groupId(Transaction &transaction, const QString &name)
{
    Connection &connection = transaction.connection();
    const auto known = connection.select("SELECT id FROM account_group WHERE name = ?", name).number();
    if (!known)
        return std::unexpected(known.error());
    if (*known)
        return **known;
    const auto id = connection.ledger()->next(connection, Counter::Group);
    if (!id)
        return id;
    auto made = connection.run("INSERT INTO account_group (id, name) VALUES (?, ?)", *id, name);
    return made ? id : made;
}

Result<void> Sharing::setGroup(Transaction &transaction, const Group &group)
{
    Connection &connection = transaction.connection();
    if (auto good = checkGroup(group); !good)
        return good;
    const auto id = groupId(transaction, group.name);
    if (!id)
        return std::unexpected(id.error());
    if (auto done = connection.run("DELETE FROM group_member WHERE group_id = ?", *id); !done)
        return std::unexpected(done.error());
    for (const QString &member : group.members) {
        const auto added = connection.run("INSERT INTO group_member (group_id, account_id) SELECT ?, id FROM account WHERE "
                                          "address = ? AND shared = 0 ON CONFLICT DO UPDATE SET group_id = excluded.group_id",
                                          *id, member);
        if (!added)
            return std::unexpected(added.error());
        if (*added == 0)
            return fail(ErrorKind::NotFound, u"There is no account %1"_s.arg(member));
    }
    transaction.changes.groupsChanged = true;
    return {};
}

Result<void> Sharing::removeGroup(Transaction &transaction, const QString &name)
{
    Connection &connection = transaction.connection();
    if (auto done = connection.run("DELETE FROM group_member WHERE group_id IN (SELECT id FROM account_group WHERE name = ?)",
                                   name); !done)
        return std::unexpected(done.error());
    auto done = connection.run("DELETE FROM account_group WHERE name = ?", name);
    if (!done)
        return std::unexpected(done.error());
    if (*done == 0)
        return fail(ErrorKind::NotFound, u"There is no group “%1”"_s.arg(name.left(100)));
    transaction.changes.groupsChanged = true;
    return dropIdentifier(transaction, groupPrefix + name);
}

Result<void> Sharing::forgetAccount(Transaction &transaction, AccountId id, const QString &address)
{
    Connection &connection = transaction.connection();
    for (const auto &done : {connection.run("DELETE FROM group_member WHERE account_id = ?", id.value),
                             connection.run("DELETE FROM seen WHERE account_id = ?", id.value),
                             connection.run("DELETE FROM metadata WHERE account_id = ?", id.value),
                             connection.run("DELETE FROM url_key WHERE account_id = ?", id.value)}) {
        if (!done)
            return std::unexpected(done.error());
    }
    return dropIdentifier(transaction, address);
}

} // namespace posthorn::store
