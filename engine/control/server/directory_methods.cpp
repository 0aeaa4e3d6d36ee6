// domain.* and alias.*
#include "control/api/values.h"
#include "control/server/desk.h"
#include "control/server/directory_rules.h"
#include "control/server/rows.h"
#include "platform/store/store.h"

#include <QFileInfo>
#include <QSet>

#include <algorithm>

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxTargets = 1'000;

// "" or what `check` makes of the text.
Result<QString> emptyOr(const QString &text, Result<QString> (*check)(const QString &))
{
    return text.trimmed().isEmpty() ? Result<QString>(QString()) : check(text);
}

Result<QString> checkFile(const QString &path)
{
    const QFileInfo file(path);
    if (!file.isAbsolute() || !file.isFile() || !file.isReadable())
        return fail(ErrorKind::Invalid, u"“%1” is not the full path of a file that the server can read"_s.arg(path));
    return path;
}

struct FieldRow
{
    QLatin1StringView parameter;
    QString store::Domain::*field;
    Result<QString> (*check)(const QString &);
};

constexpr FieldRow domainFields[] = {
    {"aliasOf"_L1, &store::Domain::aliasOf, checkDomain},
    {"catchAll"_L1, &store::Domain::catchAll, checkAddress},
    {"certificateFile"_L1, &store::Domain::certificateFile, checkFile},
    {"keyFile"_L1, &store::Domain::keyFile, checkFile},
};

using Fields = QList<std::pair<QString store::Domain::*, QString>>;

Result<Fields> givenFields(const Call &call)
{
    Fields given;
    for (const FieldRow &row : domainFields) {
        if (!call.has(row.parameter))
            continue;
        const auto value = emptyOr(call.text(row.parameter), row.check);
        if (!value)
            return std::unexpected(value.error());
        given.emplaceBack(row.field, *value);
    }
    return given;
}

void apply(const Fields &fields, store::Domain &domain)
{
    for (const auto &[field, value] : fields)
        domain.*field = value;
}

constexpr qint64 maxLimit = 1'000'000'000;

void applyLimits(const Call &call, store::Domain &domain)
{
    domain.minuteLimit = int(call.number("perMinute"_L1, domain.minuteLimit, -1, maxLimit));
    domain.dayLimit = int(call.number("perDay"_L1, domain.dayLimit, -1, maxLimit));
}

Result<void> checkAliasOf(store::Connection &connection, const store::Domain &domain)
{
    if (domain.aliasOf.isEmpty())
        return {};
    if (domain.aliasOf == domain.name)
        return fail(ErrorKind::Invalid, u"A domain can't share its own accounts"_s);
    const auto shared = findDomain(connection, domain.aliasOf);
    if (!shared)
        return std::unexpected(shared.error());
    if (!shared->aliasOf.isEmpty()) {
        return fail(ErrorKind::Invalid, u"%1 itself shares the accounts of %2; name that one"_s.arg(shared->name,
                                                                                                    shared->aliasOf));
    }
    const auto accounts = store::Accounts::accounts(connection);
    if (!accounts)
        return std::unexpected(accounts.error());
    const auto isInside = [&](const store::Account &account) { return account.address.endsWith(u'@' + domain.name); };
    if (std::any_of(accounts->begin(), accounts->end(), isInside)) {
        return fail(ErrorKind::Denied,
                    u"%1 has accounts, which nobody could reach if it shared another's"_s.arg(domain.name));
    }
    return {};
}

Result<store::Alias> givenAlias(const Call &call)
{
    const auto address = checkAddress(call.text("address"_L1));
    if (!address)
        return std::unexpected(address.error());
    store::Alias alias{{}, *address, {}};
    const QStringList given = call.list("targets"_L1);
    for (const QString &text : given) {
        const auto target = checkAddress(text);
        if (!target)
            return std::unexpected(target.error());
        if (*target == *address)
            return fail(ErrorKind::Invalid, u"An alias can't lead to itself"_s);
        if (!alias.targets.contains(*target))
            alias.targets += *target;
    }
    if (alias.targets.isEmpty() || alias.targets.size() > maxTargets)
        return fail(ErrorKind::Invalid, u"An alias leads to 1 to %1 addresses"_s.arg(maxTargets));
    return alias;
}

} // namespace

Result<store::Domain> findDomain(store::Connection &connection, const QString &name)
{
    const auto domains = store::Accounts::domains(connection);
    if (!domains)
        return std::unexpected(domains.error());
    const auto found = std::ranges::find(*domains, name, &store::Domain::name);
    if (found == domains->end())
        return fail(ErrorKind::NotFound, u"The domain %1 is not here"_s.arg(name));
    return *found;
}

Result<store::Domain> domainOf(store::Connection &connection, const QString &address)
{
    return findDomain(connection, address.section(u'@', -1));
}

void deed::domainList(Desk &desk, const Call &call)
{
    answerByReading(desk, call, [](store::Connection &connection) -> Result<QJsonValue> {
        const auto domains = store::Accounts::domains(connection);
        if (!domains)
            return std::unexpected(domains.error());
        QJsonArray list;
        for (const store::Domain &domain : *domains)
            list += toJson(domain);
        return QJsonObject{{u"domains"_s, list}};
    });
}

void deed::domainAdd(Desk &desk, const Call &call)
{
    const auto name = checkDomain(call.text("name"_L1));
    const auto fields = givenFields(call);
    if (!name || !fields)
        return call.refuse(name ? fields.error() : name.error());
    store::Domain domain;
    domain.name = *name;
    apply(*fields, domain);
    applyLimits(call, domain);
    const auto add = [domain](store::Transaction &transaction) -> Result<QJsonValue> {
        if (findDomain(transaction, domain.name))
            return fail(ErrorKind::Exists, u"The domain %1 is here already"_s.arg(domain.name));
        if (const auto checked = checkAliasOf(transaction, domain); !checked)
            return std::unexpected(checked.error());
        if (const auto added = store::Accounts::addDomain(transaction, domain); !added)
            return std::unexpected(added.error());
        return toJson(domain);
    };
    answerByWriting(desk, call, add, EventKind::DirectoryChanged, domain.name);
}

void deed::domainUpdate(Desk &desk, const Call &call)
{
    const auto name = checkDomain(call.text("name"_L1));
    const auto fields = givenFields(call);
    if (!name || !fields)
        return call.refuse(name ? fields.error() : name.error());
    const auto update = [name = *name, fields = *fields, call](store::Transaction &transaction) -> Result<QJsonValue> {
        auto domain = findDomain(transaction, name);
        if (!domain)
            return std::unexpected(domain.error());
        apply(fields, *domain);
        applyLimits(call, *domain);
        if (const auto checked = checkAliasOf(transaction, *domain); !checked)
            return std::unexpected(checked.error());
        if (const auto updated = store::Accounts::updateDomain(transaction, *domain); !updated)
            return std::unexpected(updated.error());
        return toJson(*domain);
    };
    answerByWriting(desk, call, update, EventKind::DirectoryChanged, *name);
}

void deed::domainRemove(Desk &desk, const Call &call)
{
    const auto name = checkDomain(call.text("name"_L1));
    if (!name)
        return call.refuse(name.error());
    const auto remove = [name = *name, call](store::Transaction &transaction) -> Result<QJsonValue> {
        if (const auto found = findDomain(transaction, name); !found)
            return std::unexpected(found.error());
        const auto removed = store::Accounts::removeDomain(transaction, name, call.flag("withContents"_L1), call.by());
        if (!removed)
            return std::unexpected(removed.error());
        return QJsonObject{};
    };
    answerByWriting(desk, call, remove, EventKind::DirectoryChanged, *name, [name = *name](Desk &after) {
        endSessions(after, [ending = u'@' + name](const QString &user) { return user.endsWith(ending); });
    });
}

void deed::aliasList(Desk &desk, const Call &call)
{
    const auto domain = emptyOr(call.text("domain"_L1), checkDomain);
    if (!domain)
        return call.refuse(domain.error());
    answerByReading(desk, call, [domain = *domain](store::Connection &connection) -> Result<QJsonValue> {
        const auto aliases = store::Accounts::aliases(connection);
        if (!aliases)
            return std::unexpected(aliases.error());
        QJsonArray list;
        for (const store::Alias &alias : *aliases) {
            if (domain.isEmpty() || alias.address.endsWith(u'@' + domain))
                list += toJson(alias);
        }
        return QJsonObject{{u"aliases"_s, list}};
    });
}

void deed::aliasAdd(Desk &desk, const Call &call)
{
    const auto alias = givenAlias(call);
    if (!alias)
        return call.refuse(alias.error());
    const auto add = [alias = *alias](store::Transaction &transaction) -> Result<QJsonValue> {
        if (const auto domain = domainOf(transaction, alias.address); !domain)
            return std::unexpected(domain.error());
        if (const auto added = store::Accounts::addAlias(transaction, alias); !added)
            return std::unexpected(added.error());
        return toJson(alias);
    };
    answerByWriting(desk, call, add, EventKind::DirectoryChanged, alias->address);
}

void deed::aliasUpdate(Desk &desk, const Call &call)
{
    const auto alias = givenAlias(call);
    if (!alias)
        return call.refuse(alias.error());
    const auto update = [alias = *alias](store::Transaction &transaction) -> Result<QJsonValue> {
        if (const auto updated = store::Accounts::updateAlias(transaction, alias); !updated)
            return std::unexpected(updated.error());
        return toJson(alias);
    };
    answerByWriting(desk, call, update, EventKind::DirectoryChanged, alias->address);
}

void deed::aliasRemove(Desk &desk, const Call &call)
{
    const auto address = checkAddress(call.text("address"_L1));
    if (!address)
        return call.refuse(address.error());
    const auto remove = [address = *address](store::Transaction &transaction) -> Result<QJsonValue> {
        if (const auto removed = store::Accounts::removeAlias(transaction, address); !removed)
            return std::unexpected(removed.error());
        return QJsonObject{};
    };
    answerByWriting(desk, call, remove, EventKind::DirectoryChanged, *address);
}

} // namespace posthorn::control
