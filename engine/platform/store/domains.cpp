// Domains and aliases.
#include "platform/store/accounts.h"
#include "platform/store/directory_rows.h"
#include "platform/store/ledger.h"
#include "platform/store/transaction.h"

namespace posthorn::store {

using namespace Qt::StringLiterals;

static bool hasBadCharacters(QStringView text)
{
    for (const QChar c : text) {
        if (c.isSpace() || c.category() == QChar::Other_Control || c == u'<' || c == u'>' || c == u',')
            return true;
    }
    return !text.isValidUtf16();
}

Result<void> checkDomain(const QString &name)
{
    if (name.isEmpty() || name.size() > 253 || name.contains(u'@') || hasBadCharacters(name) ||
        name != name.toLower() || name.startsWith(u'.') || name.endsWith(u'.') || name.contains(".."_L1))
        return fail(ErrorKind::Invalid, u"This is no domain name"_s);
    return {};
}

Result<void> checkAddress(const QString &address)
{
    const qsizetype at = address.lastIndexOf(u'@');
    if (at < 1 || at > 64 || hasBadCharacters(address) || address != address.toLower())
        return fail(ErrorKind::Invalid, u"This is no mail address"_s);
    return checkDomain(address.sliced(at + 1));
}

Result<void> checkFree(Connection &connection, const QString &address)
{
    const auto taken = connection
                           .select("SELECT EXISTS (SELECT 1 FROM account WHERE address = ?) OR EXISTS (SELECT 1 FROM "
                                   "alias WHERE address = ?)",
                                   address, address)
                           .number();
    if (!taken)
        return std::unexpected(taken.error());
    if (taken->value_or(0) != 0)
        return fail(ErrorKind::Exists, u"The address is taken"_s);
    return {};
}

Result<DomainId> domainOf(Connection &connection, const QString &address)
{
    const auto id =
        connection.select("SELECT id FROM domain WHERE name = ?", address.sliced(address.lastIndexOf(u'@') + 1))
            .number();
    if (!id)
        return std::unexpected(id.error());
    if (!*id)
        return fail(ErrorKind::NotFound, u"No such domain"_s);
    return DomainId{**id};
}

static Domain domainFrom(const Row &row)
{
    return {{row.number(0)}, row.text(1), row.text(2), row.text(3), row.text(4), row.text(5), int(row.number(6)),
            int(row.number(7))};
}

// A domain alias names a domain that is none itself, so that resolving one takes one step.
static Result<void> checkAliasOf(Connection &connection, const Domain &domain)
{
    if (domain.aliasOf.isEmpty())
        return {};
    const auto found = connection.select("SELECT alias_of = '' FROM domain WHERE name = ?", domain.aliasOf).number();
    if (!found)
        return std::unexpected(found.error());
    if (!*found || **found == 0 || domain.aliasOf == domain.name)
        return fail(ErrorKind::Invalid, u"The domain it stands for must be a domain of its own here"_s);
    const auto stands = connection.select("SELECT count(*) FROM domain WHERE alias_of = ?", domain.name).number();
    if (!stands)
        return std::unexpected(stands.error());
    if (stands->value_or(0) != 0)
        return fail(ErrorKind::Invalid, u"Another domain stands for this one"_s);
    return {};
}

Result<DomainId> Accounts::addDomain(Transaction &transaction, const Domain &domain)
{
    Connection &connection = transaction.connection();
    if (auto valid = checkDomain(domain.name); !valid)
        return std::unexpected(valid.error());
    if (auto valid = checkAliasOf(connection, domain); !valid)
        return std::unexpected(valid.error());
    const auto id = connection.ledger()->next(connection, Counter::Domain);
    if (!id)
        return std::unexpected(id.error());
    auto done =
        connection.run("INSERT INTO domain (id, name, alias_of, catch_all, certificate_file, key_file, minute_limit, day_limit) "
                       "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                       *id, domain.name, domain.aliasOf, domain.catchAll, domain.certificateFile, domain.keyFile,
                       domain.minuteLimit, domain.dayLimit);
    if (!done)
        return std::unexpected(done.error());
    transaction.changes.directoryChanged = true;
    return DomainId{*id};
}

Result<QList<Domain>> Accounts::domains(Connection &connection)
{
    QList<Domain> domains;
    auto done =
        connection
            .select("SELECT id, name, alias_of, catch_all, certificate_file, key_file, minute_limit, day_limit FROM domain "
                    "ORDER BY name")
            .each([&](const Row &row) { domains.append(domainFrom(row)); });
    if (!done)
        return std::unexpected(done.error());
    return domains;
}

Result<void> Accounts::updateDomain(Transaction &transaction, const Domain &domain)
{
    Connection &connection = transaction.connection();
    const auto name =
        connection.select("SELECT name FROM domain WHERE id = ?", domain.id.value).first([](const Row &row) {
            return row.text(0);
        });
    if (!name)
        return std::unexpected(name.error());
    if (!*name)
        return fail(ErrorKind::NotFound, u"No such domain"_s);
    if (**name != domain.name)
        return fail(ErrorKind::Invalid, u"A domain keeps its name"_s);
    if (auto valid = checkAliasOf(connection, domain); !valid)
        return valid;
    auto done =
        connection.run("UPDATE domain SET alias_of = ?, catch_all = ?, certificate_file = ?, key_file = ?, minute_limit = ?, "
                       "day_limit = ? WHERE id = ?",
                       domain.aliasOf, domain.catchAll, domain.certificateFile, domain.keyFile, domain.minuteLimit,
                       domain.dayLimit, domain.id.value);
    if (!done)
        return std::unexpected(done.error());
    transaction.changes.directoryChanged = true;
    return {};
}

static Result<void> writeTargets(Connection &connection, AliasId id, const QStringList &targets)
{
    if (targets.isEmpty())
        return fail(ErrorKind::Invalid, u"An alias needs an address to go to"_s);
    if (auto done = connection.run("DELETE FROM alias_target WHERE alias_id = ?", id.value); !done)
        return std::unexpected(done.error());
    for (qsizetype i = 0; i < targets.size(); ++i) {
        if (targets.at(i).indexOf(u'@') < 1 || hasBadCharacters(targets.at(i)))
            return fail(ErrorKind::Invalid, u"This is no mail address: %1"_s.arg(targets.at(i)));
        auto done = connection.run("INSERT INTO alias_target (alias_id, position, target) VALUES (?, ?, ?)", id.value,
                                   i, targets.at(i));
        if (!done)
            return std::unexpected(done.error());
    }
    return {};
}

Result<AliasId> Accounts::addAlias(Transaction &transaction, const Alias &alias)
{
    Connection &connection = transaction.connection();
    if (auto valid = checkAddress(alias.address); !valid)
        return std::unexpected(valid.error());
    if (auto domain = domainOf(connection, alias.address); !domain)
        return std::unexpected(domain.error());
    if (auto isFree = checkFree(connection, alias.address); !isFree)
        return std::unexpected(isFree.error());
    const auto id = connection.ledger()->next(connection, Counter::Alias);
    if (!id)
        return std::unexpected(id.error());
    auto done = connection.run("INSERT INTO alias (id, address) VALUES (?, ?)", *id, alias.address);
    if (!done)
        return std::unexpected(done.error());
    if (auto written = writeTargets(connection, {*id}, alias.targets); !written)
        return std::unexpected(written.error());
    transaction.changes.directoryChanged = true;
    return AliasId{*id};
}

Result<QList<Alias>> Accounts::aliases(Connection &connection)
{
    QList<Alias> aliases;
    auto done = connection
                    .select("SELECT alias.id, alias.address, alias_target.target FROM alias JOIN alias_target ON "
                            "alias_target.alias_id = alias.id ORDER BY alias.address, alias_target.position")
                    .each([&](const Row &row) {
                        if (aliases.isEmpty() || aliases.last().id.value != row.number(0))
                            aliases.append(Alias{{row.number(0)}, row.text(1), {}});
                        aliases.last().targets.append(row.text(2));
                    });
    if (!done)
        return std::unexpected(done.error());
    return aliases;
}

Result<void> Accounts::updateAlias(Transaction &transaction, const Alias &alias)
{
    Connection &connection = transaction.connection();
    const auto id = connection.select("SELECT id FROM alias WHERE address = ?", alias.address).number();
    if (!id)
        return std::unexpected(id.error());
    if (!*id || (alias.id && alias.id.value != **id))
        return fail(ErrorKind::NotFound, u"No such alias"_s);
    transaction.changes.directoryChanged = true;
    return writeTargets(connection, {**id}, alias.targets);
}

Result<void> Accounts::removeAlias(Transaction &transaction, const QString &address)
{
    Connection &connection = transaction.connection();
    auto done =
        connection.run("DELETE FROM alias_target WHERE alias_id IN (SELECT id FROM alias WHERE address = ?)", address);
    if (!done)
        return std::unexpected(done.error());
    done = connection.run("DELETE FROM alias WHERE address = ?", address);
    if (!done)
        return std::unexpected(done.error());
    if (*done == 0)
        return fail(ErrorKind::NotFound, u"No such alias"_s);
    transaction.changes.directoryChanged = true;
    return {};
}

} // namespace posthorn::store
