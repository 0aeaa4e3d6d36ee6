// One database connection with its prepared statements. It lives on one thread, where it was opened.
//
// Statements are literals, prepared once and kept: connection.run("DELETE ... WHERE id = ?", id) and
// connection.select("SELECT ...", id).each([](const Row &row) { ... }). A statement is finished as soon as its result
// has been read, so that no read lock outlives it. QString is text, QByteArray is octets (a BLOB), both never null.
#pragma once

#include "core/result.h"
#include "platform/store/sql/dialect.h"
#include "platform/store/sql/faults.h"

#include <QByteArray>
#include <QString>
#include <QVariant>

#include <concepts>
#include <memory>
#include <optional>
#include <span>

class QSqlQuery;

namespace posthorn::store {

class Ledger;

// The text of a statement: only a literal can be one, so its address is its identity.
class Sql
{
public:
    template<std::size_t N>
    consteval Sql(const char (&literal)[N]) : m_text(literal), m_size(N - 1)
    {
    }
    [[nodiscard]] const char *text() const { return m_text; }
    [[nodiscard]] qsizetype size() const { return m_size; }

private:
    const char *m_text;
    qsizetype m_size;
};

inline QVariant toVariant(std::integral auto value)
{
    return QVariant(qlonglong(value));
}
inline QVariant toVariant(const QByteArray &value)
{
    return value.isNull() ? QVariant(QByteArray("")) : QVariant(value);
}
inline QVariant toVariant(const QString &value)
{
    return value.isNull() ? QVariant(QString(QLatin1StringView(""))) : QVariant(value);
}
// Not copied: it must live until the statement has run.
inline QVariant toVariant(QByteArrayView value)
{
    return QVariant(value.isEmpty() ? QByteArray("") : QByteArray::fromRawData(value.data(), value.size()));
}

// The row a statement stands on.
class Row
{
public:
    explicit Row(const QSqlQuery &query) : m_query(query) {}
    [[nodiscard]] qint64 number(int column) const;
    [[nodiscard]] QByteArray octets(int column) const;
    [[nodiscard]] QString text(int column) const;

private:
    const QSqlQuery &m_query;
};

struct Prepared; // a statement that was prepared once

// A statement that has run and whose rows are being read.
class Selection
{
public:
    Selection(Selection &&other) noexcept;
    Selection &operator=(Selection &&) = delete;
    ~Selection();

    // Calls `take` with each row; when it returns bool, false ends the reading.
    template<typename Take>
    [[nodiscard]] Result<void> each(Take &&take);
    // The first row through `take`, if there is one.
    template<typename Take>
    [[nodiscard]] auto first(Take &&take) -> Result<std::optional<std::invoke_result_t<Take, const Row &>>>;
    [[nodiscard]] Result<std::optional<qint64>> number();

private:
    friend class Connection;
    Selection(class Connection &connection, Prepared *prepared, Result<void> started);
    bool next();
    [[nodiscard]] Row row() const;
    class Connection *m_connection;
    Prepared *m_prepared;
    Result<void> m_state;
};

struct ConnectionOptions
{
    enum class Role { Writer, Reader, Backup };
    QString file;
    Role role = Role::Writer;
    std::shared_ptr<Faults> faults;
    int busyMilliseconds = 5'000;
};

class Connection
{
public:
    // Unavailable: can't be opened, or is not a database.
    [[nodiscard]] static Result<std::unique_ptr<Connection>> open(const ConnectionOptions &options);
    ~Connection();
    Connection(const Connection &) = delete;
    Connection &operator=(const Connection &) = delete;

    // Returns the number of rows it touched.
    template<typename... Values>
    [[nodiscard]] Result<qint64> run(Sql sql, const Values &...values)
    {
        if constexpr (sizeof...(values) == 0)
            return execute(sql, {});
        else
            return execute(sql, std::array<QVariant, sizeof...(values)>{toVariant(values)...});
    }
    template<typename... Values>
    [[nodiscard]] Selection select(Sql sql, const Values &...values)
    {
        if constexpr (sizeof...(values) == 0)
            return query(sql, {});
        else
            return query(sql, std::array<QVariant, sizeof...(values)>{toVariant(values)...});
    }
    [[nodiscard]] Result<qint64> execute(Sql sql, std::span<const QVariant> values);
    [[nodiscard]] Selection query(Sql sql, std::span<const QVariant> values);
    // Text made at run time: not kept. For migrations, table copies and backups.
    [[nodiscard]] Result<qint64> executeText(const QString &sql, std::span<const QVariant> values = {});
    [[nodiscard]] Selection queryText(const QString &sql, std::span<const QVariant> values = {});

    [[nodiscard]] const Dialect &dialect() const;
    // The worst trouble met since it was last taken.
    [[nodiscard]] Trouble takeTrouble();
    [[nodiscard]] Trouble trouble() const;
    // After trouble that ends a transaction nothing runs any more until rollBack(): what a job goes on to write would
    // stand outside the transaction.
    [[nodiscard]] bool isBroken() const;
    void setBroken();
    // Ends the transaction, whether or not the database has done so itself.
    void rollBack();

    // The writer's: what the group under way has changed and not written yet. Null on readers.
    [[nodiscard]] Ledger *ledger() const;
    void setLedger(Ledger *ledger);
    // Before rows with totals are read by SQL: writes what the ledger holds.
    [[nodiscard]] Result<void> settle();

private:
    friend class Selection;
    struct Private;
    explicit Connection(std::unique_ptr<Private> d);
    Result<Prepared *> acquire(Sql sql);
    Result<void> start(Prepared &prepared, std::span<const QVariant> values);
    void release(Prepared *prepared);
    Error errorOf(const Prepared &prepared);
    Error errorOf(int code, const QString &text, QByteArrayView sql);
    std::unique_ptr<Private> d;
};

template<typename Take>
Result<void> Selection::each(Take &&take)
{
    while (next()) {
        if constexpr (std::is_same_v<std::invoke_result_t<Take, const Row &>, bool>) {
            if (!take(row()))
                break;
        } else {
            take(row());
        }
    }
    return std::move(m_state);
}

template<typename Take>
auto Selection::first(Take &&take) -> Result<std::optional<std::invoke_result_t<Take, const Row &>>>
{
    std::optional<std::invoke_result_t<Take, const Row &>> found;
    if (next())
        found.emplace(take(row()));
    if (!m_state)
        return std::unexpected(m_state.error());
    return found;
}

} // namespace posthorn::store
