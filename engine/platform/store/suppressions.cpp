#include "platform/store/suppressions.h"

#include "platform/store/transaction.h"

namespace posthorn::store {

using namespace Qt::StringLiterals;

static Suppression suppressionFrom(const Row &row)
{
    return {row.text(0), row.number(1), row.text(2), row.text(3)};
}

Result<void> Suppressions::add(Transaction &transaction, const Suppression &one)
{
    if (one.address.indexOf(u'@') < 1)
        return fail(ErrorKind::Invalid, u"This is no mail address: %1"_s.arg(one.address));
    auto done = transaction.connection().run("INSERT INTO suppression (address, since, reason, reply) VALUES (?, ?, ?, ?) ON "
                                             "CONFLICT (address) DO UPDATE SET reason = excluded.reason, reply = excluded.reply",
                                             one.address, one.since, one.reason, one.reply);
    if (!done)
        return std::unexpected(done.error());
    transaction.changes.suppressions.append(one);
    return {};
}

Result<void> Suppressions::remove(Transaction &transaction, const QString &address)
{
    auto done = transaction.connection().run("DELETE FROM suppression WHERE address = ?", address);
    if (!done)
        return std::unexpected(done.error());
    if (*done == 0)
        return fail(ErrorKind::NotFound, u"%1 is not on the list"_s.arg(address));
    transaction.changes.suppressions.append({address, 0, {}, {}});
    return {};
}

Result<QList<Suppression>> Suppressions::list(Connection &connection)
{
    QList<Suppression> all;
    auto done = connection.select("SELECT address, since, reason, reply FROM suppression ORDER BY address")
                    .each([&](const Row &row) { all.append(suppressionFrom(row)); });
    if (!done)
        return std::unexpected(done.error());
    return all;
}

} // namespace posthorn::store
