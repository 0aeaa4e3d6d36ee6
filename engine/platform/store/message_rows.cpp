// Reading of contents.
#include "platform/store/mailbox_rows.h"
#include "platform/store/messages.h"
#include "platform/store/sql/connection.h"

namespace posthorn::store {

using namespace Qt::StringLiterals;

static constexpr int pieceBits = 16;

namespace {

// Reads one range of rows after the other, until enough is gathered.
class RowReader
{
public:
    RowReader(Connection &connection, MailboxId mailbox, const Columns &columns, qint64 maxOctets)
        : m_connection(connection), m_mailbox(mailbox), m_columns(columns), m_maxOctets(maxOctets)
    {
    }
    Result<void> read(UidRange range);
    QList<StoredRow> rows;
    Uid next = 0;

private:
    bool take(const Row &row);
    Result<void> readWithBodies(UidRange range);
    Selection withBody(UidRange range);
    Selection withDigest(UidRange range);
    Selection plain(UidRange range);
    Result<void> readHeaders(UidRange range);
    Connection &m_connection;
    MailboxId m_mailbox;
    const Columns &m_columns;
    qint64 m_maxOctets;
    qint64 m_octets = 0;
};

} // namespace

Selection RowReader::plain(UidRange range)
{
    return m_connection.select(
        "SELECT uid, message_id, internal_date, internal_date_offset, save_date, size, sent_date "
        "FROM mailbox_message WHERE mailbox_id = ? AND uid BETWEEN ? AND ? ORDER BY uid",
        m_mailbox.value, range.first, range.last);
}

Selection RowReader::withDigest(UidRange range)
{
    return m_connection.select(
        "SELECT h.uid, h.message_id, h.internal_date, h.internal_date_offset, h.save_date, h.size, h.sent_date, "
        "CASE WHEN ? THEN m.parts END, CASE WHEN ? THEN m.envelope END, CASE WHEN ? THEN m.body_structure END, "
        "CASE WHEN ? THEN m.header END "
        "FROM mailbox_message h CROSS JOIN message m ON m.id = h.message_id "
        "WHERE h.mailbox_id = ? AND h.uid BETWEEN ? AND ? ORDER BY h.uid",
        m_columns.parts, m_columns.envelope, m_columns.bodyStructure, m_columns.header, m_mailbox.value, range.first,
        range.last);
}

Selection RowReader::withBody(UidRange range)
{
    return m_connection.select(
        "SELECT h.uid, h.message_id, h.internal_date, h.internal_date_offset, h.save_date, h.size, h.sent_date, "
        "CASE WHEN ? THEN m.parts END, CASE WHEN ? THEN m.envelope END, CASE WHEN ? THEN m.body_structure END, "
        "CASE WHEN ? THEN m.header END, "
        "CASE WHEN h.size - m.header_size <= ? THEN (SELECT octets FROM content WHERE id = h.message_id * 65536) END, "
        "h.size - m.header_size "
        "FROM mailbox_message h CROSS JOIN message m ON m.id = h.message_id "
        "WHERE h.mailbox_id = ? AND h.uid BETWEEN ? AND ? ORDER BY h.uid",
        m_columns.parts, m_columns.envelope, m_columns.bodyStructure, m_columns.header, m_columns.inlineBodySize,
        m_mailbox.value, range.first, range.last);
}

Result<void> RowReader::readHeaders(UidRange range)
{
    return m_connection
        .select("SELECT h.uid, h.message_id, m.header FROM mailbox_message h CROSS JOIN message m ON m.id = h.message_id "
                "WHERE h.mailbox_id = ? AND h.uid BETWEEN ? AND ? ORDER BY h.uid",
                m_mailbox.value, range.first, range.last)
        .each([this](const Row &row) {
            const Uid uid = Uid(row.number(0));
            if (m_octets >= m_maxOctets && !rows.isEmpty()) {
                next = uid;
                return false;
            }
            StoredRow &stored = rows.emplaceBack();
            stored.uid = uid;
            stored.message = {row.number(1)};
            stored.digest.header = row.octets(2);
            m_octets += 128 + stored.digest.header.size();
            return true;
        });
}

bool RowReader::take(const Row &row)
{
    const Uid uid = Uid(row.number(0));
    if (m_octets >= m_maxOctets && !rows.isEmpty()) {
        next = uid;
        return false;
    }
    StoredRow stored{.message = {row.number(1)},
                     .internalDate = row.number(2),
                     .internalDateOffset = int(row.number(3)),
                     .saveDate = row.number(4),
                     .uid = uid};
    stored.digest.size = row.number(5);
    stored.digest.sentDate = row.number(6);
    if (m_columns.parts)
        stored.digest.parts = row.octets(7);
    if (m_columns.envelope)
        stored.digest.envelope = row.octets(8);
    if (m_columns.bodyStructure)
        stored.digest.bodyStructure = row.octets(9);
    if (m_columns.header)
        stored.digest.header = row.octets(10);
    if (m_columns.body)
        stored.body = row.octets(11);
    m_octets += 128 + stored.digest.parts.size() + stored.digest.envelope.size() + stored.digest.bodyStructure.size() +
                stored.digest.header.size() + stored.body.size();
    rows.append(std::move(stored));
    return true;
}

Result<void> RowReader::readWithBodies(UidRange range)
{
    QList<std::pair<qsizetype, qint64>> inPieces; // rows, and their bodies' octets: small, but stored in many pieces
    auto done = withBody(range).each([&](const Row &row) {
        if (!take(row))
            return false;
        const qint64 bodySize = row.number(12);
        if (bodySize <= m_columns.inlineBodySize && rows.last().body.size() != bodySize)
            inPieces.emplaceBack(rows.size() - 1, bodySize);
        return true;
    });
    if (!done)
        return done;
    for (const auto &[index, bodySize] : std::as_const(inPieces)) {
        StoredRow &row = rows[index];
        auto body = Messages::read(m_connection, row.message, row.digest.size - bodySize, bodySize);
        if (!body)
            return std::unexpected(body.error());
        row.body = std::move(*body);
    }
    return {};
}

Result<void> RowReader::read(UidRange range)
{
    if (m_columns.onlyHeader)
        return readHeaders(range);
    if (m_columns.body)
        return readWithBodies(range);
    const bool digest = m_columns.parts || m_columns.envelope || m_columns.bodyStructure || m_columns.header;
    const auto taker = [this](const Row &row) { return take(row); };
    return digest ? withDigest(range).each(taker) : plain(range).each(taker);
}

Result<QList<StoredRow>> Messages::rows(Connection &connection, MailboxId mailbox, const QList<UidRange> &ranges,
                                        const Columns &columns, qint64 maxOctets, Uid *next)
{
    RowReader reader(connection, mailbox, columns, maxOctets);
    const auto proper = normalized(ranges);
    for (const UidRange range : proper) {
        if (auto done = reader.read(range); !done)
            return std::unexpected(done.error());
        if (reader.next != 0)
            break;
    }
    if (next)
        *next = reader.next;
    return std::move(reader.rows);
}

static Result<void> readBody(Connection &connection, MessageId id, qint64 offset, qint64 length, QByteArray &octets)
{
    return connection
        .select("SELECT substr(octets, max(0, ? - start) + 1, ?) FROM content WHERE id BETWEEN (SELECT max(id) FROM "
                "content WHERE id BETWEEN ? AND ? AND start <= ?) AND ? ORDER BY id",
                offset, length, id.value << pieceBits, (id.value << pieceBits) | 0xffff, offset,
                (id.value << pieceBits) | 0xffff)
        .each([&](const Row &row) {
            const QByteArray piece = row.octets(0);
            octets += piece.first(qMin<qint64>(piece.size(), length - octets.size()));
            return octets.size() < length;
        });
}

Result<QByteArray> Messages::read(Connection &connection, MessageId id, qint64 offset, qint64 length)
{
    const auto found =
        connection
            .select("SELECT size, header_size, CASE WHEN header_size > ? THEN header END FROM message "
                    "WHERE id = ?",
                    offset, id.value)
            .first([](const Row &row) { return std::tuple(row.number(0), row.number(1), row.octets(2)); });
    if (!found)
        return std::unexpected(found.error());
    if (!*found)
        return fail(ErrorKind::NotFound, u"No such message"_s);
    const auto &[size, headerSize, header] = **found;
    const qint64 wanted = qMin(length, size - offset);
    if (wanted <= 0 || offset < 0)
        return QByteArray();
    QByteArray octets = offset < headerSize ? header.sliced(offset, qMin(wanted, headerSize - offset)) : QByteArray();
    if (octets.size() < wanted) {
        octets.reserve(wanted);
        QByteArray body;
        const qint64 left = wanted - octets.size();
        if (auto done = readBody(connection, id, qMax<qint64>(0, offset - headerSize), left, body); !done)
            return std::unexpected(done.error());
        octets += body;
    }
    if (octets.size() != wanted)
        return fail(ErrorKind::Internal, u"The message is not whole"_s,
                    u"message %1: %2 octets of %3 at %4"_s.arg(id.value).arg(octets.size()).arg(wanted).arg(offset));
    return octets;
}

Result<Digest> Messages::digest(Connection &connection, MessageId id, const Columns &columns)
{
    const auto found = connection
                           .select("SELECT size, sent_date, CASE WHEN ? THEN parts END, CASE WHEN ? THEN envelope END, "
                                   "CASE WHEN ? THEN body_structure END, CASE WHEN ? THEN header END FROM message "
                                   "WHERE id = ?",
                                   columns.parts, columns.envelope, columns.bodyStructure, columns.header, id.value)
                           .first([](const Row &row) {
                               return Digest{.header = row.octets(5),
                                             .envelope = row.octets(3),
                                             .bodyStructure = row.octets(4),
                                             .parts = row.octets(2),
                                             .size = row.number(0),
                                             .sentDate = row.number(1)};
                           });
    if (!found)
        return std::unexpected(found.error());
    if (!*found)
        return fail(ErrorKind::NotFound, u"No such message"_s);
    return **found;
}

} // namespace posthorn::store
