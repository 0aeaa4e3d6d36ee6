#include "platform/store/queue.h"

#include "platform/store/ledger.h"
#include "platform/store/transaction.h"

#include <QDateTime>
#include <QUrl>

#include <algorithm>
#include <atomic>

namespace posthorn::store {

using namespace Qt::StringLiterals;

static QByteArray senderDomain(const QByteArray &reversePath)
{
    const qsizetype at = reversePath.lastIndexOf('@');
    const QByteArray domain = at < 0 ? QByteArray() : reversePath.sliced(at + 1).toLower();
    const bool plain = std::ranges::all_of(domain, [](char c) { return uchar(c) < 0x80; });
    return plain ? domain : QUrl::toAce(QString::fromUtf8(domain));
}

static std::atomic<qint64> freshOctets = 0; // of content, in memory
static std::atomic<quint64> edits = 0;      // of entries, by somebody's hand

FreshEntry::FreshEntry(Entry made, QByteArray octets) : entry(std::move(made)), content(std::move(octets)), m_edits(edits)
{
    freshOctets += content.size();
}

FreshEntry::~FreshEntry()
{
    freshOctets -= content.size();
}

bool FreshEntry::isStillSo() const
{
    return m_edits == edits;
}

bool FreshEntry::hasRoom()
{
    constexpr qint64 most = 16 * 1024 * 1024;
    return freshOctets < most;
}

static std::shared_ptr<const FreshEntry> freshFrom(Entry entry, EntryId id, const QByteArray &content)
{
    if (content.isEmpty() || entry.state == EntryState::Held || entry.nextAttempt > entry.createdAt)
        return {};
    entry.id = id;
    return std::make_shared<const FreshEntry>(std::move(entry), content);
}

Result<EntryId> Queue::add(Transaction &transaction, const Entry &entry, const QByteArray &content)
{
    Connection &connection = transaction.connection();
    // Of a message that is gone nothing could be sent.
    if (const auto weight = connection.ledger()->weight(connection, entry.message); !weight)
        return std::unexpected(weight.error());
    const auto id = connection.ledger()->next(connection, Counter::Entry);
    if (!id)
        return std::unexpected(id.error());
    auto done = connection.run(
        "INSERT INTO queue (id, message_id, state, created_at, next_attempt, attempts, domain, journey, reverse_path, "
        "recipient, original_recipient, notify, ret, envid, smtp_utf8, body, last_error, last_dialogue, sign, "
        "transport, prefix, route) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *id, entry.message.value, int(entry.state), entry.createdAt, entry.nextAttempt, entry.attempts, entry.domain,
        entry.journey, entry.reversePath, entry.recipient, entry.originalRecipient, entry.notify, entry.ret,
        entry.envid, entry.smtpUtf8, entry.body, entry.lastError, entry.lastDialogue, entry.sign, int(entry.transport),
        entry.prefix, entry.route.value);
    if (!done)
        return std::unexpected(done.error());
    connection.ledger()->held(entry.message);
    transaction.changes.queueChanged = true;
    transaction.changes.entries.append({{*id}, entry.message, entry.domain, entry.state, entry.nextAttempt, entry.transport,
                                        senderDomain(entry.reversePath), entry.route, false, false,
                                        freshFrom(entry, {*id}, content)});
    return EntryId{*id};
}

static Entry entryFrom(const Row &row)
{
    return Entry{.id = {row.number(0)},
                 .message = {row.number(1)},
                 .journey = row.octets(7),
                 .reversePath = row.octets(8),
                 .recipient = row.octets(9),
                 .domain = row.octets(6),
                 .originalRecipient = row.octets(10),
                 .notify = quint8(row.number(11)),
                 .ret = row.octets(12),
                 .envid = row.octets(13),
                 .smtpUtf8 = row.number(14) != 0,
                 .body = int(row.number(15)),
                 .sign = row.number(19) != 0,
                 .transport = Transport(row.number(20)),
                 .prefix = row.octets(21),
                 .route = {row.number(22)},
                 .state = EntryState(row.number(2)),
                 .createdAt = row.number(3),
                 .nextAttempt = row.number(4),
                 .attempts = int(row.number(5)),
                 .lastError = row.text(16),
                 .lastDialogue = row.octets(17),
                 .size = row.number(18)};
}

namespace {

QString patternOf(const QString &text)
{
    QString escaped = text;
    for (const QChar c : {u'\\', u'%', u'_'})
        escaped.replace(c, QString(u'\\') + c);
    return u'%' + escaped + u'%';
}

// " WHERE ..." of a filter, with its values.
struct Conditions
{
    explicit Conditions(const QueueFilter &filter)
    {
        add(u"queue.id > ?"_s, toVariant(filter.afterId));
        if (filter.state)
            add(u"state = ?"_s, toVariant(int(*filter.state)));
        if (filter.createdBefore > 0)
            add(u"created_at < ?"_s, toVariant(filter.createdBefore));
        if (!filter.domain.isEmpty())
            add(u"domain = ?"_s, toVariant(filter.domain.toUtf8()));
        found({u"reverse_path"_s}, filter.sender);
        found({u"recipient"_s}, filter.recipient);
        found({u"last_error"_s}, filter.error);
        found({u"reverse_path"_s, u"recipient"_s, u"journey"_s}, filter.text);
    }
    void add(const QString &condition, const QVariant &value)
    {
        sql += (sql.isEmpty() ? u" WHERE "_s : u" AND "_s) + condition;
        values << value;
    }
    void found(const QStringList &columns, const QString &text)
    {
        if (text.isEmpty())
            return;
        QStringList any;
        for (const QString &column : columns) {
            any << u"CAST(%1 AS TEXT) LIKE ? ESCAPE '\\'"_s.arg(column);
            values << toVariant(patternOf(text));
        }
        sql += u" AND ("_s + any.join(u" OR "_s) + u')';
    }
    void cut(const QueueFilter &filter)
    {
        sql += u" ORDER BY queue.id LIMIT ? OFFSET ?"_s;
        values << toVariant(qMax(1, filter.limit)) << toVariant(qMax(0, filter.offset));
    }
    QString sql;
    QList<QVariant> values;
};

} // namespace

// The rows are chosen before anything else of them is read.
Result<QList<Entry>> Queue::list(Connection &connection, const QueueFilter &filter)
{
    Conditions conditions(filter);
    conditions.cut(filter);
    const QString sql = u"SELECT queue.id, message_id, state, created_at, next_attempt, attempts, domain, journey, "
                        "reverse_path, recipient, original_recipient, notify, ret, envid, smtp_utf8, body, last_error, "
                        "'', message.size, sign, transport, prefix, route FROM queue LEFT JOIN message ON "
                        "message.id = queue.message_id WHERE queue.id IN (SELECT id FROM queue"_s
                        + conditions.sql + u") ORDER BY queue.id"_s;
    QList<Entry> entries;
    auto done = connection.queryText(sql, conditions.values).each([&](const Row &row) { entries.append(entryFrom(row)); });
    if (!done)
        return std::unexpected(done.error());
    return entries;
}

Result<QList<EntryId>> Queue::ids(Connection &connection, const QueueFilter &filter)
{
    Conditions conditions(filter);
    conditions.cut(filter);
    QList<EntryId> ids;
    auto done = connection.queryText(u"SELECT id FROM queue"_s + conditions.sql, conditions.values).each([&](const Row &row) {
        ids.append(EntryId{row.number(0)});
    });
    if (!done)
        return std::unexpected(done.error());
    return ids;
}

Result<qint64> Queue::matching(Connection &connection, const QueueFilter &filter)
{
    const Conditions conditions(filter);
    qint64 count = 0;
    auto done = connection.queryText(u"SELECT count(*) FROM queue"_s + conditions.sql, conditions.values)
                    .each([&](const Row &row) { count = row.number(0); });
    if (!done)
        return std::unexpected(done.error());
    return count;
}

Result<Entry> Queue::get(Connection &connection, EntryId id)
{
    const auto entry =
        connection
            .select("SELECT queue.id, message_id, state, created_at, next_attempt, attempts, domain, journey, "
                    "reverse_path, recipient, original_recipient, notify, ret, envid, smtp_utf8, body, last_error, "
                    "last_dialogue, message.size, sign, transport, prefix, route FROM queue LEFT JOIN message ON "
                    "message.id = queue.message_id "
                    "WHERE queue.id = ?",
                    id.value)
            .first(entryFrom);
    if (!entry)
        return std::unexpected(entry.error());
    if (!*entry)
        return fail(ErrorKind::NotFound, u"No such queue entry"_s);
    return **entry;
}

static Result<void> altered(Transaction &transaction, const Result<qint64> &rows)
{
    if (!rows)
        return std::unexpected(rows.error());
    if (*rows == 0)
        return fail(ErrorKind::NotFound, u"No such queue entry"_s);
    transaction.changes.queueChanged = true;
    return {};
}

static EntryNote noteFrom(const Row &row)
{
    return {{row.number(0)}, {row.number(1)},          row.octets(2),  EntryState(row.number(3)), row.number(4),
            Transport(row.number(5)), senderDomain(row.octets(6)), {row.number(7)}};
}

// The same, told to the queue runner.
static Result<void> changed(Transaction &transaction, const Result<qint64> &rows, EntryId id, bool attempted = false)
{
    if (const auto done = altered(transaction, rows); !done)
        return done;
    auto note = transaction.connection()
                    .select("SELECT id, message_id, domain, state, next_attempt, transport, reverse_path, route FROM "
                            "queue WHERE id = ?",
                            id.value)
                    .first(noteFrom);
    if (!note)
        return std::unexpected(note.error());
    if (*note) {
        (*note)->attempted = attempted;
        transaction.changes.entries.append(**note);
    }
    return {};
}

Result<void> Queue::setState(Transaction &transaction, EntryId id, EntryState state)
{
    ++edits;
    return changed(transaction,
                   transaction.connection().run("UPDATE queue SET state = ? WHERE id = ?", int(state), id.value), id);
}

Result<void> Queue::setRoute(Transaction &transaction, EntryId id, RouteId route)
{
    ++edits;
    return changed(transaction,
                   transaction.connection().run("UPDATE queue SET route = ? WHERE id = ?", route.value, id.value), id);
}

// A held entry stays held until it is released.
Result<void> Queue::retryNow(Transaction &transaction, EntryId id)
{
    return changed(transaction,
                   transaction.connection().run("UPDATE queue SET next_attempt = ? WHERE id = ?",
                                                QDateTime::currentMSecsSinceEpoch(), id.value),
                   id);
}

Result<void> Queue::defer(Transaction &transaction, EntryId id, qint64 nextAttempt, const QString &error,
                          const QByteArray &dialogue, bool toldDelay)
{
    return changed(transaction,
                   transaction.connection().run("UPDATE queue SET attempts = attempts + 1, next_attempt = ?, last_error = ?, "
                                                "last_dialogue = ?, notify = notify | ? WHERE id = ?",
                                                nextAttempt, error, dialogue, toldDelay ? int(delayTold) : 0, id.value),
                   id, true);
}

Result<QList<EntryNote>> Queue::notes(Connection &connection, EntryId after, int limit)
{
    QList<EntryNote> notes;
    auto done = connection
                    .select("SELECT id, message_id, domain, state, next_attempt, transport, reverse_path, route FROM "
                            "queue WHERE id > ? ORDER BY id LIMIT ?",
                            after.value, limit)
                    .each([&](const Row &row) { notes.append(noteFrom(row)); });
    if (!done)
        return std::unexpected(done.error());
    return notes;
}

Result<void> Queue::remove(Transaction &transaction, EntryId id)
{
    Connection &connection = transaction.connection();
    auto listed = connection.run("INSERT INTO orphan (message_id) SELECT message_id FROM queue WHERE id = ? "
                                 "ON CONFLICT DO NOTHING",
                                 id.value);
    if (!listed)
        return std::unexpected(listed.error());
    connection.ledger()->setSawOrphans(true);
    transaction.changes.entries.append({.id = id, .gone = true});
    return altered(transaction, connection.run("DELETE FROM queue WHERE id = ?", id.value));
}

Result<void> Queue::withdraw(Transaction &transaction, EntryId id)
{
    ++edits;
    return remove(transaction, id);
}

Result<qint64> Queue::count(Connection &connection)
{
    const auto count = connection.select("SELECT count(*) FROM queue").number();
    if (!count)
        return std::unexpected(count.error());
    return count->value_or(0);
}

} // namespace posthorn::store
