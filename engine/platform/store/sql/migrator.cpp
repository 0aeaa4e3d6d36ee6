#include "platform/store/sql/migrator.h"

#include "platform/store/sql/connection.h"

#include <QDir>
#include <QFile>

static void initMigrations()
{
    Q_INIT_RESOURCE(migrations);
}

namespace posthorn::store {

using namespace Qt::StringLiterals;

// "Post" in SQLite's application_id, so that another program's database is not taken for ours.
static constexpr qint64 applicationId = 0x506f7374;

static QStringList migrationFiles()
{
    initMigrations();
    return QDir(u":/posthorn/store/migrations"_s).entryList({u"*.sql"_s}, QDir::Files, QDir::Name);
}

static int versionOfFile(const QString &name)
{
    return name.first(4).toInt();
}

int Migrator::newestVersion()
{
    const QStringList files = migrationFiles();
    return files.isEmpty() ? 0 : versionOfFile(files.last());
}

static QByteArrayList statementsOf(const QString &name)
{
    QFile file(u":/posthorn/store/migrations/"_s + name);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    QByteArray text;
    while (!file.atEnd()) {
        const QByteArray line = file.readLine();
        if (!line.trimmed().startsWith("--"))
            text += line;
    }
    QByteArrayList statements;
    for (const QByteArray &statement : text.split(';')) {
        if (!statement.trimmed().isEmpty())
            statements.append(statement.trimmed());
    }
    return statements;
}

static Result<void> runStatements(Connection &connection, const QByteArrayList &statements)
{
    for (QByteArray statement : statements) {
        for (const auto &[from, to] : connection.dialect().schemaWords)
            statement.replace(from, to);
        if (auto done = connection.executeText(QString::fromUtf8(statement)); !done)
            return std::unexpected(done.error());
    }
    return {};
}

// The migration that brings names into normal form C.
static constexpr int nameForms = 15;

static QString inFormC(const QString &name)
{
    return name.normalized(QString::NormalizationForm_C);
}

static Result<bool> hasRow(Connection &connection, Sql sql, qint64 account, const QString &name)
{
    const auto row = connection.select(sql, account, name).number();
    return row.transform([](const std::optional<qint64> &found) { return found.has_value(); });
}

struct NameRow
{
    qint64 id, account;
    QString name;
};

// A name that another mailbox has already is given a number: no two may be one.
static Result<void> composeMailbox(Connection &connection, const NameRow &row)
{
    QString proper = inFormC(row.name);
    for (int number = 2;; ++number) {
        const auto taken = hasRow(connection, "SELECT 1 FROM mailbox WHERE account_id = ? AND name = ?", row.account, proper);
        if (!taken)
            return std::unexpected(taken.error());
        if (!*taken)
            break;
        proper = inFormC(row.name) + u" (%1)"_s.arg(number);
    }
    return connection.run("UPDATE mailbox SET name = ? WHERE id = ?", proper, row.id).transform([](qint64) {});
}

static Result<void> composeSubscription(Connection &connection, const NameRow &row)
{
    const auto is = hasRow(connection, "SELECT 1 FROM subscription WHERE account_id = ? AND name = ?", row.account, inFormC(row.name));
    if (!is)
        return std::unexpected(is.error());
    const auto done = *is ? connection.run("DELETE FROM subscription WHERE account_id = ? AND name = ?", row.account, row.name)
                          : connection.run("UPDATE subscription SET name = ? WHERE account_id = ? AND name = ?",
                                           inFormC(row.name), row.account, row.name);
    return done.transform([](qint64) {});
}

static Result<void> composeNames(Connection &connection)
{
    const auto others = [&](Sql sql) -> Result<QList<NameRow>> {
        QList<NameRow> rows;
        const auto read = connection.select(sql).each([&](const Row &row) {
            const QString name = row.text(2);
            if (inFormC(name) != name)
                rows.append({row.number(0), row.number(1), name});
        });
        if (!read)
            return std::unexpected(read.error());
        return rows;
    };
    const auto mailboxes = others("SELECT id, account_id, name FROM mailbox");
    if (!mailboxes)
        return std::unexpected(mailboxes.error());
    const auto subscriptions = others("SELECT 0, account_id, name FROM subscription");
    if (!subscriptions)
        return std::unexpected(subscriptions.error());
    for (const NameRow &row : *mailboxes) {
        if (auto done = composeMailbox(connection, row); !done)
            return done;
    }
    for (const NameRow &row : *subscriptions) {
        if (auto done = composeSubscription(connection, row); !done)
            return done;
    }
    return {};
}

static Result<void> applyMigration(Connection &connection, const QString &name)
{
    if (auto done = connection.run("BEGIN IMMEDIATE"); !done)
        return std::unexpected(done.error());
    auto done = runStatements(connection, statementsOf(name));
    if (done && versionOfFile(name) == nameForms)
        done = composeNames(connection);
    if (done)
        done = runStatements(connection, {"PRAGMA user_version=" + QByteArray::number(versionOfFile(name)),
                                          "PRAGMA application_id=" + QByteArray::number(applicationId)});
    if (done) {
        if (auto committed = connection.run("COMMIT"); !committed)
            done = std::unexpected(committed.error());
    }
    if (!done)
        connection.rollBack();
    return done;
}

Result<void> Migrator::migrate(Connection &connection)
{
    const auto version = connection.select("PRAGMA user_version").number();
    if (!version)
        return std::unexpected(version.error());
    const auto application = connection.select("PRAGMA application_id").number();
    if (!application)
        return std::unexpected(application.error());
    const auto tables = connection.select("SELECT count(*) FROM sqlite_master").number();
    if (!tables)
        return std::unexpected(tables.error());
    if (tables->value_or(0) > 0 && application->value_or(0) != applicationId)
        return fail(ErrorKind::Invalid, u"This is another program's database"_s);
    if (version->value_or(0) > newestVersion())
        return fail(ErrorKind::Invalid, u"The mail store was made by a newer version of this program"_s,
                    u"schema %1, known up to %2"_s.arg(version->value_or(0)).arg(newestVersion()));
    const QStringList files = migrationFiles();
    for (const QString &name : files) {
        if (versionOfFile(name) <= version->value_or(0))
            continue;
        if (auto done = applyMigration(connection, name); !done)
            return done;
    }
    return {};
}

int Migrator::versionOf(const QString &table, const QString &column)
{
    const QByteArray made = "CREATE TABLE " + table.toUtf8() + " (";
    const QByteArray widened = "ALTER TABLE " + table.toUtf8() + " ADD COLUMN " + column.toUtf8() + ' ';
    int version = 0;
    for (const QString &name : migrationFiles()) {
        for (const QByteArray &statement : statementsOf(name)) {
            if ((version == 0 && statement.startsWith(made)) || (!column.isEmpty() && statement.startsWith(widened)))
                version = versionOfFile(name);
        }
    }
    return version;
}

Result<void> Migrator::updateRows(Connection &connection, int version)
{
    for (const QString &name : migrationFiles()) {
        QByteArrayList statements = versionOfFile(name) > version ? statementsOf(name) : QByteArrayList();
        statements.removeIf([](const QByteArray &statement) { return !statement.startsWith("UPDATE "); });
        if (auto done = runStatements(connection, statements); !done)
            return done;
    }
    return version < nameForms ? composeNames(connection) : Result<void>();
}

} // namespace posthorn::store
