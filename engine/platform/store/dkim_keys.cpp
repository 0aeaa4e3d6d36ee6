#include "platform/store/dkim_keys.h"

#include "platform/store/directory_rows.h"
#include "platform/store/ledger.h"
#include "platform/store/transaction.h"

namespace posthorn::store {

using namespace Qt::StringLiterals;

static DkimKey keyFrom(const Row &row)
{
    return DkimKey{.id = {row.number(0)},
                   .domain = row.text(1),
                   .selector = row.text(2),
                   .algorithm = row.text(3),
                   .privateKey = row.octets(4),
                   .state = DkimState(row.number(5)),
                   .createdAt = row.number(6),
                   .changedAt = row.number(7)};
}

static Result<void> checkNew(Connection &connection, const DkimKey &key)
{
    if (auto domain = domainOf(connection, u'@' + key.domain); !domain)
        return std::unexpected(domain.error());
    if (key.selector.isEmpty() || key.privateKey.isEmpty())
        return fail(ErrorKind::Invalid, u"A key has a selector and a private key"_s);
    const auto taken = connection.select("SELECT 1 FROM dkim_key WHERE domain = ? AND selector = ?", key.domain, key.selector)
                           .number();
    if (!taken)
        return std::unexpected(taken.error());
    if (*taken)
        return fail(ErrorKind::Exists, u"The selector %1 is taken"_s.arg(key.selector));
    return {};
}

Result<DkimKeyId> DkimKeys::add(Transaction &transaction, const DkimKey &key)
{
    Connection &connection = transaction.connection();
    if (auto valid = checkNew(connection, key); !valid)
        return std::unexpected(valid.error());
    const auto id = connection.ledger()->next(connection, Counter::DkimKey);
    if (!id)
        return std::unexpected(id.error());
    auto done = connection.run("INSERT INTO dkim_key (id, domain, selector, algorithm, private_key, state, created_at, "
                               "changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                               *id, key.domain, key.selector, key.algorithm, key.privateKey, int(key.state),
                               key.createdAt, key.createdAt);
    if (!done)
        return std::unexpected(done.error());
    transaction.changes.directoryChanged = true;
    return DkimKeyId{*id};
}

Result<QList<DkimKey>> DkimKeys::list(Connection &connection)
{
    QList<DkimKey> keys;
    auto done = connection
                    .select("SELECT id, domain, selector, algorithm, private_key, state, created_at, changed_at "
                            "FROM dkim_key ORDER BY domain, algorithm, id DESC")
                    .each([&](const Row &row) { keys.append(keyFrom(row)); });
    if (!done)
        return std::unexpected(done.error());
    return keys;
}

Result<DkimKey> DkimKeys::get(Connection &connection, const QString &domain, const QString &selector)
{
    auto key = connection
                   .select("SELECT id, domain, selector, algorithm, private_key, state, created_at, changed_at "
                           "FROM dkim_key WHERE domain = ? AND selector = ?",
                           domain, selector)
                   .first(keyFrom);
    if (!key)
        return std::unexpected(key.error());
    if (!*key)
        return fail(ErrorKind::NotFound, u"%1 has no key with the selector %2"_s.arg(domain, selector));
    return std::move(**key);
}

static Result<void> altered(Transaction &transaction, const Result<qint64> &rows)
{
    if (!rows)
        return std::unexpected(rows.error());
    if (*rows == 0)
        return fail(ErrorKind::NotFound, u"No such key"_s);
    transaction.changes.directoryChanged = true;
    return {};
}

Result<void> DkimKeys::activate(Transaction &transaction, const DkimKey &key, qint64 at)
{
    Connection &connection = transaction.connection();
    if (key.state == DkimState::Active)
        return {};
    auto done = connection.run("UPDATE dkim_key SET state = ?, changed_at = ? WHERE domain = ? AND algorithm = ? AND state = ?",
                               int(DkimState::Retired), at, key.domain, key.algorithm, int(DkimState::Active));
    if (!done)
        return std::unexpected(done.error());
    return altered(transaction, connection.run("UPDATE dkim_key SET state = ?, changed_at = ? WHERE id = ?",
                                               int(DkimState::Active), at, key.id.value));
}

Result<void> DkimKeys::retire(Transaction &transaction, const DkimKey &key, qint64 at)
{
    if (key.state == DkimState::Retired)
        return {};
    return altered(transaction,
                   transaction.connection().run("UPDATE dkim_key SET state = ?, changed_at = ? WHERE id = ?",
                                                int(DkimState::Retired), at, key.id.value));
}

Result<void> DkimKeys::remove(Transaction &transaction, const DkimKey &key)
{
    return altered(transaction, transaction.connection().run("DELETE FROM dkim_key WHERE id = ?", key.id.value));
}

} // namespace posthorn::store
