#include "platform/store/tls_policies.h"

#include "platform/store/transaction.h"

namespace posthorn::store {

namespace {

Result<void> done(const Result<qint64> &rows)
{
    return rows ? Result<void>() : std::unexpected(rows.error());
}

template<typename T>
Result<QList<T>> gather(Selection selection, T (*from)(const Row &))
{
    QList<T> all;
    if (const auto read = selection.each([&](const Row &row) { all.append(from(row)); }); !read)
        return std::unexpected(read.error());
    return all;
}

} // namespace

Result<QList<KeptTlsPolicy>> TlsPolicies::all(Connection &connection)
{
    return gather<KeptTlsPolicy>(
        connection.select("SELECT domain, id, policy, fetched_at, expires_at FROM tls_policy ORDER BY domain"),
        [](const Row &row) {
            return KeptTlsPolicy{row.text(0), row.octets(1), row.octets(2), row.number(3), row.number(4)};
        });
}

Result<void> TlsPolicies::keep(Transaction &transaction, const KeptTlsPolicy &policy)
{
    return done(transaction.connection().run(
        "INSERT INTO tls_policy (domain, id, policy, fetched_at, expires_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (domain) DO UPDATE SET id = excluded.id, policy = excluded.policy, fetched_at = excluded.fetched_at, "
        "expires_at = excluded.expires_at",
        policy.domain, policy.id, policy.text, policy.fetchedAt, policy.expiresAt));
}

Result<void> TlsPolicies::prune(Transaction &transaction, qint64 now)
{
    return done(transaction.connection().run("DELETE FROM tls_policy WHERE expires_at <= ?", now));
}

Result<void> TlsPolicies::count(Transaction &transaction, const QList<TlsResult> &results)
{
    for (const TlsResult &one : results) {
        const auto counted = transaction.connection().run(
            "INSERT INTO tls_result (day, domain, policy, result, mx, address, policy_text, sessions) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (day, domain, policy, result, mx, address) "
            "DO UPDATE SET sessions = tls_result.sessions + excluded.sessions, policy_text = excluded.policy_text",
            one.day, one.domain, one.policy, one.result, one.mx, one.address, one.policyText, one.sessions);
        if (!counted)
            return std::unexpected(counted.error());
    }
    return {};
}

Result<QList<TlsResult>> TlsPolicies::results(Connection &connection, qint64 before)
{
    return gather<TlsResult>(
        connection.select("SELECT day, domain, policy, result, mx, address, policy_text, sessions FROM tls_result "
                          "WHERE day < ? ORDER BY day, domain, policy, result, mx, address",
                          before),
        [](const Row &row) {
            return TlsResult{row.number(0), row.text(1), row.text(2), row.text(3),
                             row.text(4),   row.text(5), row.octets(6), row.number(7)};
        });
}

Result<void> TlsPolicies::forget(Transaction &transaction, qint64 day, const QString &domain)
{
    return done(transaction.connection().run("DELETE FROM tls_result WHERE day = ? AND domain = ?", day, domain));
}

} // namespace posthorn::store
