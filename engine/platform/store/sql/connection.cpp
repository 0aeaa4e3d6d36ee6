#include "platform/store/sql/connection.h"

#include "platform/store/ledger.h"

#include <QHash>
#include <QSqlDatabase>
#include <QSqlError>
#include <QSqlQuery>

#include <atomic>

namespace posthorn::store {

using namespace Qt::StringLiterals;

struct Prepared
{
    QSqlQuery query;
    QByteArrayView sql;
    QByteArray ownSql; // of a text made at run time
    bool busy = false;
    bool kept = true;
    bool isText = false;
};

struct Connection::Private
{
    QString name;
    std::shared_ptr<Faults> faults;
    QHash<const char *, Prepared *> statements;
    std::unique_ptr<Prepared> lastText; // texts often come many times in a row
    const Dialect *dialect = &Dialect::sqlite();
    Trouble trouble = Trouble::None;
    bool broken = false;
    Ledger *ledger = nullptr;

    [[nodiscard]] QSqlDatabase database() const { return QSqlDatabase::database(name, false); }
};

// Qt binds a value by its place ten times slower than by a name, as it makes up a name each time: so each ? is given
// one.
static const QString &nameOfValue(qsizetype place)
{
    static const QStringList names = [] {
        QStringList made;
        for (char16_t first = u'a'; first <= u'c'; ++first) {
            for (char16_t second = u'a'; second <= u'z'; ++second)
                made.append(QString(u':') + QChar(first) + QChar(second));
        }
        return made;
    }();
    return names.at(place);
}

static QString withNames(QByteArrayView sql)
{
    QString text;
    text.reserve(sql.size() * 2);
    qsizetype place = 0;
    bool quoted = false;
    for (const QChar c : QString::fromUtf8(sql)) {
        quoted ^= c == u'\'';
        if (c == u'?' && !quoted)
            text += nameOfValue(place++);
        else
            text += c;
    }
    return text;
}

qint64 Row::number(int column) const
{
    return m_query.value(column).toLongLong();
}

QByteArray Row::octets(int column) const
{
    return m_query.value(column).toByteArray();
}

QString Row::text(int column) const
{
    return m_query.value(column).toString();
}

Selection::Selection(Connection &connection, Prepared *prepared, Result<void> started)
    : m_connection(&connection), m_prepared(prepared), m_state(std::move(started))
{
}

Selection::Selection(Selection &&other) noexcept
    : m_connection(other.m_connection), m_prepared(std::exchange(other.m_prepared, nullptr)),
      m_state(std::move(other.m_state))
{
}

Selection::~Selection()
{
    if (m_prepared)
        m_connection->release(m_prepared);
}

bool Selection::next()
{
    if (!m_state || !m_prepared)
        return false;
    if (m_prepared->query.next())
        return true;
    if (m_prepared->query.lastError().isValid())
        m_state = std::unexpected(m_connection->errorOf(*m_prepared));
    return false;
}

Row Selection::row() const
{
    return Row(m_prepared->query);
}

Result<std::optional<qint64>> Selection::number()
{
    return first([](const Row &row) { return row.number(0); });
}

Connection::Connection(std::unique_ptr<Private> d_) : d(std::move(d_)) {}

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions &options)
{
    static std::atomic<int> number = 0;
    auto made = std::make_unique<Private>();
    made->name = u"posthorn-%1"_s.arg(++number);
    made->faults = options.faults;
    std::unique_ptr<Connection> connection(new Connection(std::move(made)));
    const Dialect &dialect = connection->dialect();
    auto database = QSqlDatabase::addDatabase(dialect.driver, connection->d->name);
    database.setDatabaseName(options.file);
    database.setConnectOptions(u"QSQLITE_BUSY_TIMEOUT=%1"_s.arg(options.busyMilliseconds));
    if (!database.open()) {
        const auto error = database.lastError();
        return std::unexpected(
            connection->errorOf(error.nativeErrorCode().toInt(), error.text(), options.file.toUtf8()));
    }
    if (options.role == ConnectionOptions::Role::Backup)
        return connection;
    QList<QByteArray> pragmas =
        options.role == ConnectionOptions::Role::Writer ? dialect.onCreate + dialect.onWriter : dialect.onReader;
    for (const QByteArray &pragma : std::as_const(pragmas)) {
        if (auto done = connection->executeText(QString::fromLatin1(pragma)); !done)
            return std::unexpected(done.error());
    }
    return connection;
}

Connection::~Connection()
{
    d->lastText.reset();
    qDeleteAll(d->statements);
    d->statements.clear();
    d->database().close();
    QSqlDatabase::removeDatabase(d->name);
}

Error Connection::errorOf(int code, const QString &text, QByteArrayView sql)
{
    const Trouble trouble = d->dialect->troubleOf(code);
    const bool worth = trouble != Trouble::Duplicate && trouble != Trouble::TooBig && trouble != Trouble::Other;
    if (worth)
        d->trouble = trouble;
    if (breaksTransaction(trouble))
        d->broken = true;
    return Error{
        kindOf(trouble), textOf(trouble),
        u"%1 (%2) in: %3"_s.arg(text, QString::number(code), QString::fromUtf8(sql.first(qMin(sql.size(), 200)))), -1};
}

Error Connection::errorOf(const Prepared &prepared)
{
    const QSqlError error = prepared.query.lastError();
    return errorOf(error.nativeErrorCode().toInt(), error.databaseText(), prepared.sql);
}

Result<Prepared *> Connection::acquire(Sql sql)
{
    Prepared *&slot = d->statements[sql.text()];
    if (slot && !slot->busy) {
        slot->busy = true;
        return slot;
    }
    // Asked for while its rows are being read further out: a second one, for this time only.
    auto prepared = std::make_unique<Prepared>(QSqlQuery(d->database()), QByteArrayView(sql.text(), sql.size()));
    prepared->query.setForwardOnly(true);
    if (!prepared->query.prepare(withNames({sql.text(), sql.size()})))
        return std::unexpected(errorOf(*prepared));
    prepared->kept = !slot;
    prepared->busy = true;
    if (!slot)
        slot = prepared.get();
    return prepared.release();
}

void Connection::release(Prepared *prepared)
{
    if (!prepared->kept) {
        delete prepared;
        return;
    }
    prepared->query.finish();
    prepared->busy = false;
    if (prepared->isText)
        d->lastText.reset(prepared);
}

Result<void> Connection::start(Prepared &prepared, std::span<const QVariant> values)
{
    if (d->broken)
        return fail(ErrorKind::Unavailable, textOf(d->trouble), u"The transaction has failed already"_s);
    // A plain ROLLBACK is spared: a transaction that can't be ended is no fault a database has.
    if (d->faults && d->faults->before && prepared.sql != "ROLLBACK") {
        if (const int code = d->faults->before(prepared.sql))
            return std::unexpected(errorOf(code, u"A fault made for a test"_s, prepared.sql));
    }
    for (qsizetype i = 0; i < qsizetype(values.size()); ++i)
        prepared.query.bindValue(nameOfValue(i), values[i]);
    if (!prepared.query.exec())
        return std::unexpected(errorOf(prepared));
    return {};
}

Result<qint64> Connection::execute(Sql sql, std::span<const QVariant> values)
{
    auto prepared = acquire(sql);
    if (!prepared)
        return std::unexpected(prepared.error());
    const auto started = start(**prepared, values);
    const qint64 rows = started ? (*prepared)->query.numRowsAffected() : 0;
    release(*prepared);
    if (!started)
        return std::unexpected(started.error());
    return rows;
}

Selection Connection::query(Sql sql, std::span<const QVariant> values)
{
    auto prepared = acquire(sql);
    if (!prepared)
        return {*this, nullptr, std::unexpected(prepared.error())};
    auto started = start(**prepared, values);
    return {*this, *prepared, std::move(started)};
}

Result<qint64> Connection::executeText(const QString &sql, std::span<const QVariant> values)
{
    Selection selection = queryText(sql, values);
    if (!selection.m_state)
        return std::unexpected(selection.m_state.error());
    return selection.m_prepared->query.numRowsAffected();
}

Selection Connection::queryText(const QString &sql, std::span<const QVariant> values)
{
    const QByteArray text = sql.toUtf8();
    if (d->lastText && d->lastText->ownSql == text) {
        Prepared *known = d->lastText.release();
        auto started = start(*known, values);
        return {*this, known, std::move(started)};
    }
    auto prepared = std::make_unique<Prepared>(QSqlQuery(d->database()));
    prepared->ownSql = text;
    prepared->sql = prepared->ownSql;
    prepared->isText = true;
    prepared->query.setForwardOnly(true);
    if (!prepared->query.prepare(withNames(text)))
        return {*this, nullptr, std::unexpected(errorOf(*prepared))};
    auto started = start(*prepared, values);
    return {*this, prepared.release(), std::move(started)};
}

const Dialect &Connection::dialect() const
{
    return *d->dialect;
}

Trouble Connection::takeTrouble()
{
    return std::exchange(d->trouble, Trouble::None);
}

Trouble Connection::trouble() const
{
    return d->trouble;
}

void Connection::setBroken()
{
    d->broken = true;
}

bool Connection::isBroken() const
{
    return d->broken;
}

void Connection::rollBack()
{
    d->broken = false;
    // When the database has rolled back by itself this fails, and that is well.
    const Trouble before = d->trouble;
    std::ignore = run("ROLLBACK");
    d->broken = false;
    d->trouble = before;
}

Ledger *Connection::ledger() const
{
    return d->ledger;
}

void Connection::setLedger(Ledger *ledger)
{
    d->ledger = ledger;
}

Result<void> Connection::settle()
{
    return d->ledger ? d->ledger->settle(*this) : Result<void>();
}

} // namespace posthorn::store
