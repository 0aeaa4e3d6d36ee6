#include "platform/store/accounts.h"

#include "platform/store/directory_rows.h"
#include "platform/store/ledger.h"
#include "platform/store/mailboxes.h"
#include "platform/store/removal.h"
#include "platform/store/sharing.h"
#include "platform/store/trace.h"
#include "platform/store/transaction.h"

#include <QDateTime>

namespace posthorn::store {

using namespace Qt::StringLiterals;

static Account accountFrom(const Row &row)
{
    return Account{.id = {row.number(0)},
                   .domain = {row.number(1)},
                   .address = row.text(2),
                   .displayName = row.text(3),
                   .credential = row.octets(4),
                   .quotaOctets = row.number(5),
                   .usedOctets = row.number(6),
                   .enabled = row.number(7) != 0,
                   .administrator = row.number(8) != 0,
                   .pop3KeepDays = int(row.number(9)),
                   .forwardTo = row.text(10).split(u',', Qt::SkipEmptyParts),
                   .forwardKeep = row.number(11) != 0,
                   .minuteLimit = int(row.number(12)),
                   .dayLimit = int(row.number(13)),
                   .quotaMessages = row.number(15),
                   .usedMessages = row.number(16),
                   .shared = row.number(14) != 0};
}

// The account's domain, by its id or its address; the two must agree.
static Result<DomainId> domainFor(Connection &connection, const Account &account)
{
    const auto id = domainOf(connection, account.address);
    if (!id)
        return id;
    if (account.domain && account.domain != *id)
        return fail(ErrorKind::Invalid, u"The address is of another domain"_s);
    return id;
}

static Result<void> makeFirstMailboxes(Transaction &transaction, AccountId id)
{
    static const QList<std::pair<QString, QByteArray>> first{{u"INBOX"_s, {}},         {u"Drafts"_s, "\\Drafts"_ba},
                                                             {u"Sent"_s, "\\Sent"_ba}, {u"Trash"_s, "\\Trash"_ba},
                                                             {u"Junk"_s, "\\Junk"_ba}, {u"Archive"_s, "\\Archive"_ba}};
    for (const auto &[name, use] : first) {
        if (auto made = Mailboxes::create(transaction, id, name, use); !made)
            return std::unexpected(made.error());
        if (auto subscribed = Mailboxes::subscribe(transaction, id, name, true); !subscribed)
            return subscribed;
    }
    return {};
}

Result<AccountId> Accounts::addAccount(Transaction &transaction, const Account &account)
{
    Connection &connection = transaction.connection();
    if (auto valid = checkAddress(account.address); !valid)
        return std::unexpected(valid.error());
    const auto domain = domainFor(connection, account);
    if (!domain)
        return std::unexpected(domain.error());
    if (auto isFree = checkFree(connection, account.address); !isFree)
        return std::unexpected(isFree.error());
    const auto id = connection.ledger()->next(connection, Counter::Account);
    if (!id)
        return std::unexpected(id.error());
    auto done = connection.run("INSERT INTO account (id, domain_id, address, display_name, credential, quota_octets, "
                               "used_octets, enabled, administrator, pop3_keep_days, forward_to, forward_keep, minute_limit, "
                               "day_limit, shared, quota_messages) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                               *id, domain->value, account.address, account.displayName, account.credential,
                               account.quotaOctets, account.enabled, account.administrator, account.pop3KeepDays,
                               account.forwardTo.join(u','), account.forwardKeep, account.minuteLimit, account.dayLimit,
                               account.shared, account.quotaMessages);
    if (!done)
        return std::unexpected(done.error());
    transaction.changes.directoryChanged = true;
    if (auto made = makeFirstMailboxes(transaction, {*id}); !made)
        return std::unexpected(made.error());
    return AccountId{*id};
}

Result<QList<Account>> Accounts::accounts(Connection &connection)
{
    if (auto settled = connection.settle(); !settled)
        return std::unexpected(settled.error());
    QList<Account> accounts;
    auto done = connection
                    .select("SELECT id, domain_id, address, display_name, credential, quota_octets, used_octets, "
                            "enabled, administrator, pop3_keep_days, forward_to, forward_keep, minute_limit, day_limit, "
                            "shared, quota_messages, used_messages FROM account ORDER BY address")
                    .each([&](const Row &row) { accounts.append(accountFrom(row)); });
    if (!done)
        return std::unexpected(done.error());
    return accounts;
}

Result<std::optional<Account>> Accounts::account(Connection &connection, const QString &address)
{
    if (auto settled = connection.settle(); !settled)
        return std::unexpected(settled.error());
    return connection
        .select("SELECT id, domain_id, address, display_name, credential, quota_octets, used_octets, enabled, "
                "administrator, pop3_keep_days, forward_to, forward_keep, minute_limit, day_limit, shared, quota_messages, used_messages FROM account WHERE address = ?",
                address)
        .first(accountFrom);
}

Result<std::optional<Account>> Accounts::account(Connection &connection, AccountId id)
{
    if (auto settled = connection.settle(); !settled)
        return std::unexpected(settled.error());
    return connection
        .select("SELECT id, domain_id, address, display_name, credential, quota_octets, used_octets, enabled, "
                "administrator, pop3_keep_days, forward_to, forward_keep, minute_limit, day_limit, shared, quota_messages, used_messages FROM account WHERE id = ?",
                id.value)
        .first(accountFrom);
}

Result<void> Accounts::updateAccount(Transaction &transaction, const Account &account)
{
    Connection &connection = transaction.connection();
    if (auto settled = connection.settle(); !settled)
        return settled;
    auto done = connection.run("UPDATE account SET display_name = ?, quota_octets = ?, enabled = ?, administrator = ?, "
                               "pop3_keep_days = ?, forward_to = ?, forward_keep = ?, minute_limit = ?, day_limit = ?, quota_messages = ? "
                               "WHERE id = ?",
                               account.displayName, account.quotaOctets, account.enabled, account.administrator,
                               account.pop3KeepDays, account.forwardTo.join(u','), account.forwardKeep,
                               account.minuteLimit, account.dayLimit, account.quotaMessages, account.id.value);
    if (!done)
        return std::unexpected(done.error());
    if (*done == 0)
        return fail(ErrorKind::NotFound, u"No such account"_s);
    connection.ledger()->forget(account.id);
    transaction.changes.directoryChanged = true;
    return {};
}

Result<void> Accounts::setCredential(Transaction &transaction, AccountId id, const QByteArray &credential)
{
    auto done = transaction.connection().run("UPDATE account SET credential = ? WHERE id = ?", credential, id.value);
    if (!done)
        return std::unexpected(done.error());
    if (*done == 0)
        return fail(ErrorKind::NotFound, u"No such account"_s);
    transaction.changes.directoryChanged = true;
    return {};
}

static Result<void> removeKnown(Transaction &transaction, const Account &account, const QString &by)
{
    Connection &connection = transaction.connection();
    if (auto removed = removeMailboxes(transaction, account.id, by); !removed)
        return removed;
    if (auto settled = connection.settle(); !settled)
        return settled;
    if (auto done = connection.run("DELETE FROM account WHERE id = ?", account.id.value); !done)
        return std::unexpected(done.error());
    if (auto done = Sharing::forgetAccount(transaction, account.id, account.address); !done)
        return done;
    connection.ledger()->forget(account.id);
    transaction.changes.directoryChanged = true;
    return Trace::add(transaction, {.at = QDateTime::currentMSecsSinceEpoch(),
                                    .journey = "account-" + QByteArray::number(account.id.value),
                                    .step = Step::Removed,
                                    .recipient = account.address.toUtf8(),
                                    .size = account.usedOctets,
                                    .text = u"Account with all its mail removed by "_s + by});
}

Result<void> Accounts::removeAccount(Transaction &transaction, const QString &address, const QString &by)
{
    const auto known = account(transaction, address);
    if (!known)
        return std::unexpected(known.error());
    if (!*known)
        return fail(ErrorKind::NotFound, u"No such account"_s);
    return removeKnown(transaction, **known, by);
}

static Result<void> removeContents(Transaction &transaction, DomainId domain, const QString &name, const QString &by)
{
    const auto all = Accounts::accounts(transaction);
    if (!all)
        return std::unexpected(all.error());
    for (const Account &account : *all) {
        if (account.domain != domain)
            continue;
        if (auto removed = removeKnown(transaction, account, by); !removed)
            return removed;
    }
    const auto aliases = Accounts::aliases(transaction);
    if (!aliases)
        return std::unexpected(aliases.error());
    for (const Alias &alias : *aliases) {
        if (!alias.address.endsWith(u'@' + name))
            continue;
        if (auto removed = Accounts::removeAlias(transaction, alias.address); !removed)
            return removed;
    }
    return {};
}

Result<void> Accounts::removeDomain(Transaction &transaction, const QString &name, bool withContents, const QString &by)
{
    Connection &connection = transaction.connection();
    const auto id = connection.select("SELECT id FROM domain WHERE name = ?", name).number();
    if (!id)
        return std::unexpected(id.error());
    if (!*id)
        return fail(ErrorKind::NotFound, u"No such domain"_s);
    const auto used = connection
                          .select("SELECT EXISTS (SELECT 1 FROM account WHERE domain_id = ?) OR EXISTS (SELECT 1 FROM "
                                  "alias WHERE substr(address, instr(address, '@') + 1) = ?)",
                                  **id, name)
                          .number();
    if (!used)
        return std::unexpected(used.error());
    if (used->value_or(0) != 0 && !withContents)
        return fail(ErrorKind::Denied, u"The domain has accounts or aliases"_s);
    const auto shared = connection.select("SELECT count(*) FROM domain WHERE alias_of = ?", name).number();
    if (!shared)
        return std::unexpected(shared.error());
    if (shared->value_or(0) != 0)
        return fail(ErrorKind::Denied, u"Another domain shares this one's accounts"_s);
    if (auto removed = removeContents(transaction, {**id}, name, by); !removed)
        return removed;
    if (auto done = connection.run("DELETE FROM dkim_key WHERE domain = ?", name); !done)
        return std::unexpected(done.error());
    if (auto done = connection.run("DELETE FROM domain WHERE id = ?", **id); !done)
        return std::unexpected(done.error());
    transaction.changes.directoryChanged = true;
    return Trace::add(transaction, {.at = QDateTime::currentMSecsSinceEpoch(),
                                    .journey = "domain-" + QByteArray::number(**id),
                                    .step = Step::Removed,
                                    .recipient = name.toUtf8(),
                                    .text = u"Domain removed by "_s + by});
}

} // namespace posthorn::store
