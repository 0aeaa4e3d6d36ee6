// Names, identities and subscriptions of mailboxes. What is in them: mailbox_contents.cpp and its neighbours.
#include "platform/store/mailboxes.h"

#include "platform/store/ledger.h"
#include "platform/store/mailbox_names.h"
#include "platform/store/mailbox_rows.h"
#include "platform/store/removal.h"
#include "platform/store/transaction.h"

namespace posthorn::store {

using namespace Qt::StringLiterals;

static constexpr qint64 maxMailboxes = 10'000; // of an account

static Result<QHash<MailboxId, Keywords>> keywordsOf(Connection &connection, AccountId account)
{
    QHash<MailboxId, Keywords> keywords;
    auto done = connection
                    .select("SELECT keyword.mailbox_id, keyword.name FROM mailbox JOIN keyword ON "
                            "keyword.mailbox_id = mailbox.id WHERE mailbox.account_id = ? "
                            "ORDER BY keyword.mailbox_id, keyword.bit",
                            account.value)
                    .each([&](const Row &row) { keywords[{row.number(0)}].append(row.octets(1)); });
    if (!done)
        return std::unexpected(done.error());
    return keywords;
}

static Result<QSet<QString>> subscriptionsOf(Connection &connection, AccountId account)
{
    QSet<QString> names;
    auto done = connection.select("SELECT name FROM subscription WHERE account_id = ? ORDER BY name", account.value)
                    .each([&](const Row &row) { names.insert(row.text(0)); });
    if (!done)
        return std::unexpected(done.error());
    return names;
}

static Result<QHash<MailboxId, QList<AclEntry>>> aclsOf(Connection &connection, AccountId account)
{
    QHash<MailboxId, QList<AclEntry>> acls;
    auto done = connection
                    .select("SELECT acl.mailbox_id, acl.identifier, acl.rights FROM mailbox JOIN acl ON "
                            "acl.mailbox_id = mailbox.id WHERE mailbox.account_id = ? "
                            "ORDER BY acl.mailbox_id, acl.identifier",
                            account.value)
                    .each([&](const Row &row) {
                        acls[{row.number(0)}].append({row.text(1), rightsFromText(row.text(2).toLatin1()).value_or(0)});
                    });
    if (!done)
        return std::unexpected(done.error());
    return acls;
}

Result<QList<Mailbox>> Mailboxes::list(Connection &connection, AccountId account)
{
    if (auto done = connection.settle(); !done)
        return std::unexpected(done.error());
    const auto keywords = keywordsOf(connection, account);
    if (!keywords)
        return std::unexpected(keywords.error());
    const auto subscribed = subscriptionsOf(connection, account);
    if (!subscribed)
        return std::unexpected(subscribed.error());
    const auto acls = aclsOf(connection, account);
    if (!acls)
        return std::unexpected(acls.error());
    QList<Mailbox> mailboxes;
    auto done = connection
                    .select("SELECT id, account_id, name, special_use, uid_validity, uid_next, highest_mod_seq, "
                            "messages, unseen, deleted, octets, first_recent, own_seen FROM mailbox WHERE account_id = ? "
                            "ORDER BY name",
                            account.value)
                    .each([&](const Row &row) {
                        mailboxes.append(mailboxFrom(row));
                        mailboxes.last().keywords = keywords->value(mailboxes.last().id);
                        mailboxes.last().acl = acls->value(mailboxes.last().id);
                        mailboxes.last().subscribed = subscribed->contains(mailboxes.last().name);
                    });
    if (!done)
        return std::unexpected(done.error());
    return mailboxes;
}

Result<QStringList> Mailboxes::lostSubscriptions(Connection &connection, AccountId account)
{
    QStringList names;
    auto done = connection
                    .select("SELECT name FROM subscription WHERE account_id = ? AND name NOT IN "
                            "(SELECT name FROM mailbox WHERE account_id = ?) ORDER BY name",
                            account.value, account.value)
                    .each([&](const Row &row) { names.append(row.text(0)); });
    if (!done)
        return std::unexpected(done.error());
    return names;
}

Result<Mailbox> Mailboxes::find(Connection &connection, AccountId account, const QString &name)
{
    const QString proper = properName(name);
    if (Ledger *ledger = connection.ledger()) {
        const auto id = ledger->mailboxNamed(connection, account, proper);
        if (!id)
            return std::unexpected(id.error());
        return get(connection, *id);
    }
    const auto id =
        connection.select("SELECT id FROM mailbox WHERE account_id = ? AND name = ?", account.value, proper).number();
    if (!id)
        return std::unexpected(id.error());
    if (!*id)
        return fail(ErrorKind::NotFound, u"No such mailbox"_s);
    return loadMailbox(connection, {**id});
}

Result<Mailbox> Mailboxes::get(Connection &connection, MailboxId id)
{
    if (Ledger *ledger = connection.ledger())
        return ledger->mailbox(connection, id).transform([](const Mailbox *mailbox) { return *mailbox; });
    return loadMailbox(connection, id);
}

// From its parent. At the top of a shared account INBOX is that: whom it is open to, all of the account is.
static Result<void> inheritRules(Connection &connection, MailboxId id, AccountId account, const QString &name)
{
    const QString parent = name.left(std::max<qsizetype>(name.lastIndexOf(u'/'), 0));
    auto done = connection.run("INSERT INTO acl (mailbox_id, identifier, rights) SELECT ?, acl.identifier, acl.rights FROM "
                               "acl JOIN mailbox ON mailbox.id = acl.mailbox_id WHERE mailbox.account_id = ? AND "
                               "mailbox.id <> ? AND (mailbox.name = ? OR (? = '' AND mailbox.name = 'INBOX' AND EXISTS "
                               "(SELECT 1 FROM account WHERE account.id = mailbox.account_id AND shared <> 0)))",
                               id.value, account.value, id.value, parent, parent);
    if (!done)
        return std::unexpected(done.error());
    done = connection.run("UPDATE mailbox SET own_seen = ifnull((SELECT m.own_seen FROM mailbox AS m WHERE m.account_id = ? "
                          "AND m.name = ?), 0) WHERE id = ? AND ? <> ''",
                          account.value, parent, id.value, parent);
    return done ? Result<void>() : std::unexpected(done.error());
}

static Result<MailboxId> insertMailbox(Transaction &transaction, AccountId account, const QString &name,
                                       const QByteArray &specialUse)
{
    Connection &connection = transaction.connection();
    Ledger &ledger = *connection.ledger();
    const auto id = ledger.next(connection, Counter::Mailbox);
    if (!id)
        return std::unexpected(id.error());
    const auto validity = ledger.next(connection, Counter::UidValidity);
    if (!validity)
        return std::unexpected(validity.error());
    auto done = connection.run("INSERT INTO mailbox (id, account_id, name, special_use, uid_validity, uid_next, "
                               "highest_mod_seq, messages, unseen, deleted, octets, first_recent) "
                               "VALUES (?, ?, ?, ?, ?, 1, 1, 0, 0, 0, 0, 1)",
                               *id, account.value, name, specialUse, quint32(*validity));
    if (!done)
        return std::unexpected(done.error());
    if (auto inherited = inheritRules(connection, {*id}, account, name); !inherited)
        return std::unexpected(inherited.error());
    ledger.forget(MailboxId{*id});
    transaction.changes.names.append({NameChange::Kind::Created, {account, name}});
    return MailboxId{*id};
}

static Result<bool> exists(Connection &connection, AccountId account, const QString &name)
{
    const auto found =
        connection.select("SELECT 1 FROM mailbox WHERE account_id = ? AND name = ?", account.value, name).number();
    if (!found)
        return std::unexpected(found.error());
    return found->has_value();
}

static Result<void> makeParents(Transaction &transaction, AccountId account, const QString &name)
{
    for (qsizetype at = name.indexOf(u'/'); at > 0; at = name.indexOf(u'/', at + 1)) {
        const QString parent = name.first(at);
        const auto there = exists(transaction, account, parent);
        if (!there)
            return std::unexpected(there.error());
        if (*there)
            continue;
        if (auto made = insertMailbox(transaction, account, parent, {}); !made)
            return std::unexpected(made.error());
    }
    return {};
}

Result<MailboxId> Mailboxes::create(Transaction &transaction, AccountId account, const QString &name,
                                    const QByteArray &specialUse)
{
    Connection &connection = transaction.connection();
    const QString proper = properName(name);
    if (auto valid = checkName(proper); !valid)
        return std::unexpected(valid.error());
    const auto there = exists(connection, account, proper);
    if (!there)
        return std::unexpected(there.error());
    if (*there)
        return fail(ErrorKind::Exists, u"There is a mailbox of this name"_s);
    const auto owner = connection.ledger()->usage(connection, account);
    if (!owner)
        return std::unexpected(owner.error());
    const auto count = connection.select("SELECT count(*) FROM mailbox WHERE account_id = ?", account.value).number();
    if (!count)
        return std::unexpected(count.error());
    if (count->value_or(0) + proper.count(u'/') >= maxMailboxes)
        return fail(ErrorKind::TooLarge, u"There are too many mailboxes"_s);
    if (auto made = makeParents(transaction, account, proper); !made)
        return std::unexpected(made.error());
    return insertMailbox(transaction, account, proper, specialUse);
}

Result<void> Mailboxes::remove(Transaction &transaction, AccountId account, const QString &name, const QString &by)
{
    const auto mailbox = find(transaction, account, name);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    if (mailbox->name == "INBOX"_L1)
        return fail(ErrorKind::Denied, u"INBOX can't be removed"_s);
    return removeMailbox(transaction, *mailbox, by);
}

// The mailbox itself and all below it, with their new names.
static Result<QList<std::pair<MailboxId, QString>>> renamed(Connection &connection, AccountId account,
                                                            const QString &from, const QString &to)
{
    QList<std::pair<MailboxId, QString>> names;
    auto done = connection
                    .select("SELECT id, name FROM mailbox WHERE account_id = ? AND (name = ? OR "
                            "(name > ? AND name < ?)) ORDER BY name",
                            account.value, from, from + u'/', from + u'0')
                    .each([&](const Row &row) {
                        names.emplaceBack(MailboxId{row.number(0)}, to + row.text(1).sliced(from.size()));
                    });
    if (!done)
        return std::unexpected(done.error());
    return names;
}

static Result<void> giveName(Transaction &transaction, const Mailbox &mailbox, const QString &name)
{
    Connection &connection = transaction.connection();
    if (auto valid = checkName(name); !valid)
        return valid;
    auto done = connection.run("UPDATE mailbox SET name = ? WHERE id = ?", name, mailbox.id.value);
    if (!done)
        return std::unexpected(done.error());
    connection.ledger()->forget(mailbox.id);
    transaction.changes.names.append({NameChange::Kind::Renamed, {mailbox.account, name}, mailbox.name});
    if (!mailbox.subscribed)
        return {};
    // The old name stays subscribed (RFC 9051 section 6.3.7 forbids to take it away); the new one joins it.
    return Mailboxes::subscribe(transaction, mailbox.account, name, true);
}

static Result<void> renameInbox(Transaction &transaction, const Mailbox &inbox, const QString &to)
{
    const auto made = Mailboxes::create(transaction, inbox.account, to);
    if (!made)
        return std::unexpected(made.error());
    const auto moved = Mailboxes::copy(transaction, inbox.id, {}, *made, true, u"rename to "_s + to);
    return moved ? Result<void>() : std::unexpected(moved.error());
}

Result<void> Mailboxes::rename(Transaction &transaction, AccountId account, const QString &from, const QString &to)
{
    Connection &connection = transaction.connection();
    const QString target = properName(to);
    if (auto valid = checkName(target); !valid)
        return valid;
    const auto mailbox = find(connection, account, from);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    const auto there = exists(connection, account, target);
    if (!there)
        return std::unexpected(there.error());
    if (*there)
        return fail(ErrorKind::Exists, u"There is a mailbox of this name"_s);
    if (mailbox->name == "INBOX"_L1)
        return renameInbox(transaction, *mailbox, target);
    if (target.startsWith(mailbox->name + u'/'))
        return fail(ErrorKind::Invalid, u"A mailbox can't be moved into itself"_s);
    if (auto settled = connection.settle(); !settled)
        return settled;
    const auto names = renamed(connection, account, mailbox->name, target);
    if (!names)
        return std::unexpected(names.error());
    if (auto made = makeParents(transaction, account, target); !made)
        return made;
    for (const auto &[id, name] : *names) {
        const auto child = loadMailbox(connection, id);
        if (!child)
            return std::unexpected(child.error());
        if (auto given = giveName(transaction, *child, name); !given)
            return given;
    }
    return {};
}

Result<void> Mailboxes::subscribe(Transaction &transaction, AccountId account, const QString &name, bool subscribe)
{
    Connection &connection = transaction.connection();
    const QString proper = properName(name);
    if (auto valid = checkName(proper); subscribe && !valid)
        return valid;
    if (auto settled = connection.settle(); !settled)
        return settled;
    auto done =
        subscribe ? connection.run("INSERT INTO subscription (account_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
                                   account.value, proper)
                  : connection.run("DELETE FROM subscription WHERE account_id = ? AND name = ?", account.value, proper);
    if (!done)
        return std::unexpected(done.error());
    if (*done > 0) {
        const auto kind = subscribe ? NameChange::Kind::Subscribed : NameChange::Kind::Unsubscribed;
        transaction.changes.names.append({kind, {account, proper}});
    }
    if (const auto id = connection.ledger()->mailboxNamed(connection, account, proper))
        connection.ledger()->forget(*id);
    return {};
}

Result<Uid> Mailboxes::takeRecent(Transaction &transaction, MailboxId id)
{
    Connection &connection = transaction.connection();
    const auto mailbox = connection.ledger()->mailbox(connection, id);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    const Uid first = (*mailbox)->firstRecent;
    if (first >= (*mailbox)->uidNext)
        return 0;
    const auto altered = connection.ledger()->alterMailbox(connection, id);
    if (!altered)
        return std::unexpected(altered.error());
    (*altered)->firstRecent = (*altered)->uidNext;
    return first;
}

} // namespace posthorn::store
