// Settings, and every table as JSON lines.
#include "platform/store/ledger.h"
#include "platform/store/maintenance.h"
#include "platform/store/sql/migrator.h"
#include "platform/store/transaction.h"

#include <QJsonDocument>
#include <QJsonObject>

namespace posthorn::store {

using namespace Qt::StringLiterals;

static constexpr qint64 maxLine = 256 * 1024 * 1024;

Result<QHash<QString, QString>> Settings::all(Connection &connection)
{
    QHash<QString, QString> values;
    auto done = connection.select("SELECT name, value FROM setting").each([&](const Row &row) {
        values.insert(row.text(0), row.text(1));
    });
    if (!done)
        return std::unexpected(done.error());
    return values;
}

Result<void> Settings::set(Transaction &transaction, const QString &key, const QString &value)
{
    auto done = transaction.connection().run("INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO "
                                             "UPDATE SET value = excluded.value",
                                             key, value);
    if (!done)
        return std::unexpected(done.error());
    transaction.changes.settingsChanged = true;
    return {};
}

Result<void> Settings::unset(Transaction &transaction, const QString &key)
{
    auto done = transaction.connection().run("DELETE FROM setting WHERE name = ?", key);
    if (!done)
        return std::unexpected(done.error());
    transaction.changes.settingsChanged = true;
    return {};
}

namespace {

struct Column
{
    QString name;
    bool octets = false;
    bool text = false;
    QString usual; // SQL: what it has where it is missing; empty: it must not be
};

} // namespace

QStringList Maintenance::tables()
{
    return {u"counter"_s,      u"setting"_s, u"domain"_s,          u"account"_s,      u"alias"_s,
            u"alias_target"_s, u"mailbox"_s, u"keyword"_s,         u"subscription"_s, u"mailbox_removed"_s,
            u"message"_s,      u"content"_s, u"mailbox_message"_s, u"flag_change"_s, u"expunged"_s,     u"queue"_s,
            u"trace"_s,        u"staged"_s,  u"orphan"_s,          u"dkim_key"_s,     u"tls_policy"_s,
            u"tls_result"_s,   u"secret"_s,  u"suppression"_s,     u"sending"_s,      u"route"_s,
            u"url_key"_s,
            u"account_group"_s, u"group_member"_s, u"acl"_s, u"seen"_s,           u"metadata"_s,
            u"finding"_s};
}

int Maintenance::version() { return Migrator::newestVersion(); }

int Maintenance::versionOf(const QString &table) { return Migrator::versionOf(table); }

// Those that came after `version` may be missing.
static Result<QList<Column>> columnsOf(Connection &connection, const QString &table, int version)
{
    if (!Maintenance::tables().contains(table))
        return fail(ErrorKind::NotFound, u"No such table"_s, table);
    QList<Column> columns;
    auto done =
        connection.select("SELECT name, type, ifnull(dflt_value, '') FROM pragma_table_info(?) ORDER BY cid", table).each([&](const Row &row) {
            const QString name = row.text(0);
            const bool mayMiss = version < Maintenance::version() && Migrator::versionOf(table, name) > version;
            columns.append({name, row.text(1) == "BLOB"_L1, row.text(1) == "TEXT"_L1, mayMiss ? row.text(2) : QString()});
        });
    if (!done)
        return std::unexpected(done.error());
    return columns;
}

static QString namesOf(const QList<Column> &columns)
{
    QStringList names;
    for (const Column &column : columns)
        names.append(column.name);
    return names.join(u", "_s);
}

static QJsonObject objectOf(const QList<Column> &columns, const Row &row)
{
    QJsonObject object;
    for (int i = 0; i < columns.size(); ++i) {
        const Column &column = columns.at(i);
        if (column.octets)
            object.insert(column.name, QString::fromLatin1(row.octets(i).toBase64()));
        else if (column.text)
            object.insert(column.name, row.text(i));
        else
            object.insert(column.name, row.number(i));
    }
    return object;
}

Result<qint64> Maintenance::exportTable(Connection &connection, const QString &table, QIODevice &out)
{
    if (auto settled = connection.settle(); !settled)
        return std::unexpected(settled.error());
    const auto columns = columnsOf(connection, table, version());
    if (!columns)
        return std::unexpected(columns.error());
    qint64 count = 0;
    bool written = true;
    const QString sql = u"SELECT %1 FROM %2 ORDER BY 1, 2"_s.arg(namesOf(*columns), table);
    auto done = connection.queryText(columns->size() > 1 ? sql : sql.chopped(3)).each([&](const Row &row) {
        const QByteArray line = QJsonDocument(objectOf(*columns, row)).toJson(QJsonDocument::Compact) + '\n';
        written = out.write(line) == line.size();
        ++count;
        return written;
    });
    if (!done)
        return std::unexpected(done.error());
    if (!written)
        return fail(ErrorKind::Unavailable, u"The file can't be written"_s, out.errorString());
    return count;
}

static Result<QVariant> valueOf(const Column &column, const QJsonValue &value)
{
    if (column.octets) {
        const auto octets =
            QByteArray::fromBase64Encoding(value.toString().toLatin1(), QByteArray::AbortOnBase64DecodingErrors);
        if (!value.isString() || !octets)
            return fail(ErrorKind::Invalid, u"base64 expected"_s, column.name);
        return toVariant(*octets);
    }
    if (column.text) {
        if (!value.isString())
            return fail(ErrorKind::Invalid, u"text expected"_s, column.name);
        return toVariant(value.toString());
    }
    if (!value.isDouble() || (value.toInteger(0) != value.toInteger(1)))
        return fail(ErrorKind::Invalid, u"a whole number expected"_s, column.name);
    return toVariant(value.toInteger());
}

static Result<QList<QVariant>> valuesOf(const QList<Column> &columns, const QByteArray &line)
{
    QJsonParseError error;
    const QJsonObject object = QJsonDocument::fromJson(line, &error).object();
    if (error.error != QJsonParseError::NoError)
        return fail(ErrorKind::Invalid, u"one JSON object with all columns expected"_s, error.errorString());
    QList<QVariant> values;
    qsizetype missing = 0;
    for (const Column &column : columns) {
        if (!column.usual.isEmpty() && !object.contains(column.name)) {
            values.append(QVariant());
            ++missing;
            continue;
        }
        auto value = valueOf(column, object.value(column.name));
        if (!value)
            return std::unexpected(value.error());
        values.append(std::move(*value));
    }
    if (object.size() + missing != columns.size())
        return fail(ErrorKind::Invalid, u"one JSON object with all columns expected"_s);
    return values;
}

static Result<void> checkEmpty(Connection &connection, const QString &table)
{
    // Ids may have been given out already; the larger count is kept. A key is made at the first start; the imported one
    // is that of the addresses and names in use.
    if (table == "counter"_L1 || table == "secret"_L1)
        return {};
    const auto rows = connection.queryText(u"SELECT 1 FROM %1 LIMIT 1"_s.arg(table)).number();
    if (!rows)
        return std::unexpected(rows.error());
    if (*rows)
        return fail(ErrorKind::Exists, u"The table \"%1\" is not empty"_s.arg(table));
    return {};
}

static Result<qint64> importLines(Connection &connection, const QString &table, const QList<Column> &columns,
                                  QIODevice &in)
{
    QStringList marks;
    for (const Column &column : columns)
        marks.append(column.usual.isEmpty() ? u"?"_s : u"ifnull(?, %1)"_s.arg(column.usual));
    QString sql = u"INSERT INTO %1 (%2) VALUES (%3)"_s.arg(table, namesOf(columns), marks.join(u", "_s));
    if (table == "counter"_L1)
        sql += u" ON CONFLICT (name) DO UPDATE SET value = max(counter.value, excluded.value)"_s;
    else if (table == "secret"_L1)
        sql += u" ON CONFLICT (name) DO UPDATE SET value = excluded.value"_s;
    for (qint64 number = 1;; ++number) {
        const QByteArray line = in.readLine(maxLine);
        if (line.isEmpty())
            return number - 1;
        const auto values = valuesOf(columns, line);
        if (!values)
            return fail(ErrorKind::Invalid, u"Line %1: %2"_s.arg(number).arg(values.error().text),
                        values.error().detail);
        if (auto done = connection.executeText(sql, *values); !done)
            return fail(done.error().kind == ErrorKind::Exists ? ErrorKind::Invalid : done.error().kind,
                        u"Line %1: %2"_s.arg(number).arg(done.error().text), done.error().detail);
    }
}

Result<qint64> Maintenance::importTable(Transaction &transaction, const QString &table, QIODevice &in, int version)
{
    Connection &connection = transaction.connection();
    const auto columns = columnsOf(connection, table, version);
    if (!columns)
        return std::unexpected(columns.error());
    if (auto settled = connection.settle(); !settled)
        return std::unexpected(settled.error());
    if (auto empty = checkEmpty(connection, table); !empty)
        return std::unexpected(empty.error());
    auto count = importLines(connection, table, *columns, in);
    // Rows the ledger remembers are not those of the tables any more.
    if (auto forgotten = connection.ledger()->forgetAll(connection); !forgotten)
        return std::unexpected(forgotten.error());
    connection.ledger()->setSawOrphans(true);
    connection.ledger()->setSawFlagChanges(true);
    transaction.changes.directoryChanged = true;
    transaction.changes.settingsChanged = true;
    transaction.changes.queueChanged = true;
    return count;
}

Result<void> Maintenance::importDone(Transaction &transaction, int version)
{
    return Migrator::updateRows(transaction, version);
}

} // namespace posthorn::store
