#include "platform/store/secrets.h"

#include "platform/store/transaction.h"

namespace posthorn::store {

using namespace Qt::StringLiterals;

Result<QHash<QString, QByteArray>> Secrets::all(Connection &connection)
{
    QHash<QString, QByteArray> secrets;
    auto done = connection.select("SELECT name, value FROM secret").each([&](const Row &row) {
        secrets.insert(row.text(0), row.octets(1));
    });
    if (!done)
        return std::unexpected(done.error());
    return secrets;
}

Result<QByteArray> Secrets::keep(Transaction &transaction, const QString &name, const QByteArray &value)
{
    const auto made = transaction.connection().run("INSERT INTO secret (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
                                                   name, value);
    if (!made)
        return std::unexpected(made.error());
    transaction.changes.directoryChanged |= *made > 0;
    const auto kept = transaction.connection().select("SELECT value FROM secret WHERE name = ?", name).first([](const Row &row) {
        return row.octets(0);
    });
    if (!kept)
        return std::unexpected(kept.error());
    return kept->value_or(value);
}

} // namespace posthorn::store
