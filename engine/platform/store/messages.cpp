#include "platform/store/messages.h"

#include "platform/store/ledger.h"
#include "platform/store/mailbox_rows.h"
#include "platform/store/transaction.h"

namespace posthorn::store {

using namespace Qt::StringLiterals;

// A piece's row id is its message's id and its number.
static constexpr int pieceBits = 16;

static constexpr qint64 firstPiece(MessageId id)
{
    return id.value << pieceBits;
}

static constexpr qint64 lastPiece(MessageId id)
{
    return firstPiece(id) | ((1 << pieceBits) - 1);
}

static Result<void> insertPiece(Connection &connection, MessageId id, int number, qint64 start, QByteArrayView octets)
{
    auto done = connection.run("INSERT INTO content (id, start, octets) VALUES (?, ?, ?)", firstPiece(id) + number,
                               start, octets);
    return done ? Result<void>() : std::unexpected(done.error());
}

static Result<void> insertBody(Connection &connection, MessageId id, QByteArrayView body)
{
    int number = 0;
    for (qsizetype start = 0; start < body.size(); start += Messages::chunkOctets) {
        const auto piece = body.sliced(start, qMin<qsizetype>(Messages::chunkOctets, body.size() - start));
        if (auto done = insertPiece(connection, id, number++, start, piece); !done)
            return done;
    }
    return {};
}

Result<MessageId> Messages::add(Transaction &transaction, const Digest &digest, QByteArrayView body)
{
    Connection &connection = transaction.connection();
    const auto id = connection.ledger()->next(connection, Counter::Message);
    if (!id)
        return std::unexpected(id.error());
    if (digest.size != digest.header.size() + body.size())
        return fail(ErrorKind::Internal, u"The message can't be stored"_s, u"its size is not its octets"_s);
    auto done =
        connection.run("INSERT INTO message (id, size, sent_date, header_size, parts, envelope, body_structure, "
                       "header) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                       *id, digest.size, digest.sentDate, digest.header.size(), digest.parts, digest.envelope,
                       digest.bodyStructure, digest.header);
    if (!done)
        return std::unexpected(done.error());
    if (auto stored = insertBody(connection, {*id}, body); !stored)
        return std::unexpected(stored.error());
    connection.ledger()->stored({*id}, {digest.size, digest.sentDate});
    return MessageId{*id};
}

Result<MessageId> Messages::stage(Transaction &transaction)
{
    Connection &connection = transaction.connection();
    const auto id = connection.ledger()->next(connection, Counter::Message);
    if (!id)
        return std::unexpected(id.error());
    auto done = connection.run("INSERT INTO staged (message_id) VALUES (?)", *id);
    if (!done)
        return std::unexpected(done.error());
    return MessageId{*id};
}

static Result<void> checkStaged(Connection &connection, MessageId id)
{
    const auto staged = connection.select("SELECT 1 FROM staged WHERE message_id = ?", id.value).number();
    if (!staged)
        return std::unexpected(staged.error());
    if (!*staged)
        return fail(ErrorKind::NotFound, u"No such message"_s);
    return {};
}

namespace {

struct Tail // where a staged body ends
{
    qint64 pieces = 0;
    qint64 octets = 0;
};

} // namespace

static Result<Tail> tailOf(Connection &connection, MessageId id)
{
    const auto last = connection
                          .select("SELECT id, start + length(octets) FROM content WHERE id BETWEEN ? AND ? "
                                  "ORDER BY id DESC LIMIT 1",
                                  firstPiece(id), lastPiece(id))
                          .first([id](const Row &row) {
                              return Tail{row.number(0) - firstPiece(id) + 1, row.number(1)};
                          });
    if (!last)
        return std::unexpected(last.error());
    return last->value_or(Tail{});
}

Result<void> Messages::append(Transaction &transaction, MessageId id, int sequence, QByteArrayView bodyPiece)
{
    Connection &connection = transaction.connection();
    if (auto staged = checkStaged(connection, id); !staged)
        return staged;
    const auto tail = tailOf(connection, id);
    if (!tail)
        return std::unexpected(tail.error());
    if (sequence != tail->pieces || bodyPiece.size() > chunkOctets || bodyPiece.isEmpty())
        return fail(ErrorKind::Internal, u"The message can't be stored"_s,
                    u"a piece out of order or of a wrong size"_s);
    if (sequence > lastPiece({0}))
        return fail(ErrorKind::TooLarge, u"The message has too many pieces"_s);
    return insertPiece(connection, id, sequence, tail->octets, bodyPiece);
}

Result<void> Messages::finish(Transaction &transaction, MessageId id, const Digest &digest)
{
    Connection &connection = transaction.connection();
    if (auto staged = checkStaged(connection, id); !staged)
        return staged;
    const auto tail = tailOf(connection, id);
    if (!tail)
        return std::unexpected(tail.error());
    if (digest.size != digest.header.size() + tail->octets)
        return fail(ErrorKind::Internal, u"The message can't be stored"_s, u"its size is not its octets"_s);
    auto done = connection.run("DELETE FROM staged WHERE message_id = ?", id.value);
    if (!done)
        return std::unexpected(done.error());
    done = connection.run("INSERT INTO message (id, size, sent_date, header_size, parts, envelope, body_structure, "
                          "header) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                          id.value, digest.size, digest.sentDate, digest.header.size(), digest.parts, digest.envelope,
                          digest.bodyStructure, digest.header);
    if (!done)
        return std::unexpected(done.error());
    connection.ledger()->stored(id, {digest.size, digest.sentDate});
    return {};
}

Result<void> Messages::dropStaged(Transaction &transaction, MessageId id)
{
    Connection &connection = transaction.connection();
    if (auto staged = checkStaged(connection, id); !staged)
        return staged;
    auto done = connection.run("DELETE FROM content WHERE id BETWEEN ? AND ?", firstPiece(id), lastPiece(id));
    if (done)
        done = connection.run("DELETE FROM staged WHERE message_id = ?", id.value);
    return done ? Result<void>() : std::unexpected(done.error());
}

Result<bool> Messages::collectOrphans(Transaction &transaction, int limit)
{
    Connection &connection = transaction.connection();
    QList<std::pair<MessageId, bool>> orphans; // and whether somebody holds it after all
    auto read =
        connection
            .select("SELECT message_id, EXISTS (SELECT 1 FROM mailbox_message WHERE mailbox_message.message_id = "
                    "orphan.message_id) OR EXISTS (SELECT 1 FROM queue WHERE queue.message_id = "
                    "orphan.message_id) FROM orphan ORDER BY message_id LIMIT ?",
                    limit)
            .each([&](const Row &row) { orphans.emplaceBack(MessageId{row.number(0)}, row.number(1) != 0); });
    if (!read)
        return std::unexpected(read.error());
    for (const auto &[id, held] : std::as_const(orphans)) {
        Result<qint64> done = 0;
        if (!held) {
            done = connection.run("DELETE FROM content WHERE id BETWEEN ? AND ?", firstPiece(id), lastPiece(id));
            if (done)
                done = connection.run("DELETE FROM message WHERE id = ?", id.value);
            if (done)
                done = connection.run("DELETE FROM search WHERE rowid = ?", id.value);
        }
        if (done)
            done = connection.run("DELETE FROM orphan WHERE message_id = ?", id.value);
        if (!done)
            return std::unexpected(done.error());
    }
    return orphans.size() >= limit;
}

} // namespace posthorn::store
