// dkim.*
#include "control/api/values.h"
#include "control/server/desk.h"
#include "control/server/directory_rules.h"
#include "platform/store/dkim_keys.h"
#include "platform/store/store.h"
#include "policy/trust/dkim_key.h"

#include <QDateTime>

namespace posthorn::control {

using namespace Qt::StringLiterals;
using store::DkimState;
using trust::DkimAlgorithm;

namespace {

constexpr int mostOfADay = 50;

using Keys = QList<store::DkimKey>;

QLatin1StringView nameOf(DkimState state)
{
    switch (state) {
    case DkimState::Pending: return "pending"_L1;
    case DkimState::Active: return "active"_L1;
    case DkimState::Retired: return "retired"_L1;
    }
    return {};
}

QJsonArray recordOf(const store::DkimKey &row)
{
    QJsonArray strings;
    const auto algorithm = trust::dkimAlgorithmNamed(row.algorithm);
    const auto key = algorithm ? trust::DkimKey::fromPem(*algorithm, row.privateKey) : fail(ErrorKind::Invalid, {});
    if (key) {
        for (const QByteArray &part : trust::recordStrings(key->record()))
            strings += QString::fromLatin1(part);
    }
    return strings;
}

QJsonObject toJson(const store::DkimKey &key)
{
    return {{u"domain"_s, key.domain},       {u"selector"_s, key.selector},
            {u"algorithm"_s, key.algorithm}, {u"state"_s, QString(nameOf(key.state))},
            {u"createdAt"_s, key.createdAt}, {u"changedAt"_s, key.changedAt},
            {u"recordName"_s, trust::recordName(key.selector, key.domain)},
            {u"recordStrings"_s, recordOf(key)}};
}

QJsonObject toJson(const Keys &keys)
{
    QJsonArray list;
    for (const store::DkimKey &key : keys)
        list += toJson(key);
    return {{u"keys"_s, list}};
}

// What dkim.add is to make: keys without their private part; a selector that is empty is found later.
Result<Keys> wantedKeys(const Call &call)
{
    const auto domain = checkDomain(call.text("domain"_L1));
    if (!domain)
        return std::unexpected(domain.error());
    const QString wanted = call.text("algorithm"_L1), selector = call.text("selector"_L1).trimmed().toLower();
    const bool both = wanted.isEmpty() || wanted == "both"_L1;
    if (!both && !trust::dkimAlgorithmNamed(wanted))
        return fail(ErrorKind::Invalid, u"The algorithm is rsa, ed25519 or both"_s);
    Keys keys;
    for (const QString &algorithm : both ? QStringList{u"rsa"_s, u"ed25519"_s} : QStringList{wanted}) {
        const QString name = both && !selector.isEmpty() ? selector + u'-' + algorithm : selector;
        if (!name.isEmpty() && !trust::isSelector(name, *domain))
            return fail(ErrorKind::Invalid, u"A selector is made of letters, digits and hyphens; “%1” is not"_s.arg(name));
        keys.append({.domain = *domain, .selector = name, .algorithm = algorithm});
    }
    return keys;
}

Result<void> fillIn(store::DkimKey &key)
{
    const auto made = trust::DkimKey::generate(*trust::dkimAlgorithmNamed(key.algorithm));
    if (!made)
        return std::unexpected(made.error());
    key.privateKey = made->toPem();
    key.createdAt = key.changedAt = QDateTime::currentMSecsSinceEpoch();
    return {};
}

// "20260519-rsa", and with a number where there is one of that day.
Result<QString> freeSelector(store::Connection &connection, const store::DkimKey &key)
{
    const QString date = QDateTime::fromMSecsSinceEpoch(key.createdAt).toString(u"yyyyMMdd"_s);
    for (int number = 1; number <= mostOfADay; ++number) {
        const QString day = number > 1 ? date + u'-' + QString::number(number) : date;
        const QString selector = day + u'-' + key.algorithm;
        const auto taken = store::DkimKeys::get(connection, key.domain, selector);
        if (!taken && taken.error().kind == ErrorKind::NotFound)
            return selector;
        if (!taken)
            return std::unexpected(taken.error());
    }
    return fail(ErrorKind::Exists, u"So many keys were made today: give this one a selector"_s);
}

Result<Keys> addAll(store::Transaction &transaction, Keys keys)
{
    if (const auto domain = findDomain(transaction, keys.first().domain); !domain)
        return std::unexpected(domain.error());
    for (store::DkimKey &key : keys) {
        if (key.selector.isEmpty()) {
            const auto selector = freeSelector(transaction, key);
            if (!selector)
                return std::unexpected(selector.error());
            key.selector = *selector;
        }
        if (const auto added = store::DkimKeys::add(transaction, key); !added)
            return std::unexpected(added.error());
    }
    return keys;
}

// `alter` works on the key that the call names.
void answerForKey(Desk &desk, const Call &call, Result<void> (*alter)(store::Transaction &, const store::DkimKey &))
{
    const auto domain = checkDomain(call.text("domain"_L1));
    if (!domain)
        return call.refuse(domain.error());
    const QString selector = call.text("selector"_L1).trimmed().toLower();
    const auto job = [domain = *domain, selector, alter](store::Transaction &transaction) -> Result<QJsonValue> {
        const auto key = store::DkimKeys::get(transaction, domain, selector);
        if (!key)
            return std::unexpected(key.error());
        if (const auto altered = alter(transaction, *key); !altered)
            return std::unexpected(altered.error());
        const auto after = store::DkimKeys::get(transaction, domain, selector);
        return after ? toJson(*after) : QJsonObject();
    };
    answerByWriting(desk, call, job, EventKind::DirectoryChanged, trust::recordName(selector, *domain));
}

} // namespace

void deed::dkimList(Desk &desk, const Call &call)
{
    const QString given = call.text("domain"_L1).trimmed();
    const auto domain = given.isEmpty() ? Result<QString>(QString()) : checkDomain(given);
    if (!domain)
        return call.refuse(domain.error());
    answerByReading(desk, call, [domain = *domain](store::Connection &connection) -> Result<QJsonValue> {
        if (const auto found = domain.isEmpty() ? store::Domain() : findDomain(connection, domain); !found)
            return std::unexpected(found.error());
        auto keys = store::DkimKeys::list(connection);
        if (!keys)
            return std::unexpected(keys.error());
        keys->removeIf([&](const store::DkimKey &key) { return !domain.isEmpty() && key.domain != domain; });
        return toJson(*keys);
    });
}

void deed::dkimAdd(Desk &desk, const Call &call)
{
    const auto wanted = wantedKeys(call);
    if (!wanted)
        return call.refuse(wanted.error());
    answerFromPool(desk, call, [keys = *wanted, call, store = desk.context.store, log = desk.context.events]() mutable
                   -> Result<QJsonValue> {
        for (store::DkimKey &key : keys) {
            if (const auto made = fillIn(key); !made)
                return std::unexpected(made.error());
        }
        const auto added = store->writeNow<Keys>([&](store::Transaction &transaction) { return addAll(transaction, keys); });
        if (!added)
            return std::unexpected(added.error());
        for (const store::DkimKey &key : *added) {
            if (log)
                log->emitEvent(deedEvent(call, EventKind::DirectoryChanged, trust::recordName(key.selector, key.domain)));
        }
        return toJson(*added);
    });
}

void deed::dkimActivate(Desk &desk, const Call &call)
{
    answerForKey(desk, call, [](store::Transaction &transaction, const store::DkimKey &key) {
        return store::DkimKeys::activate(transaction, key, QDateTime::currentMSecsSinceEpoch());
    });
}

void deed::dkimRetire(Desk &desk, const Call &call)
{
    answerForKey(desk, call, [](store::Transaction &transaction, const store::DkimKey &key) {
        return store::DkimKeys::retire(transaction, key, QDateTime::currentMSecsSinceEpoch());
    });
}

void deed::dkimRemove(Desk &desk, const Call &call)
{
    answerForKey(desk, call, [](store::Transaction &transaction, const store::DkimKey &key) -> Result<void> {
        if (key.state == DkimState::Active)
            return fail(ErrorKind::Denied, u"The key signs mail; retire it first, and remove it a week later"_s);
        return store::DkimKeys::remove(transaction, key);
    });
}

} // namespace posthorn::control
