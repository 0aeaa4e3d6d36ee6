// The fields of a header block (RFC 5322 §2.2), by views into it: nothing is copied.
#pragma once

#include <QByteArray>
#include <QByteArrayView>
#include <QList>

#include <optional>

namespace posthorn::message {

struct Field
{
    QByteArrayView name;  // as written, without the white space before the colon; empty: the line is not a field
    QByteArrayView value; // all after the colon, with its folding, without the last line end
    qsizetype offset = 0; // of its first octet in the header
    qsizetype size = 0;   // octets with continuation lines and the last line end

    [[nodiscard]] bool is(QByteArrayView other) const; // names are alike in any case
};

// Lines end with LF, a CR before it belongs to the line end. Stops at the empty line or at the end of the block.
// A line that is not a field (no colon, white space or 8-bit in the name) comes as a Field with an empty name.
//     for (FieldReader fields(header); fields.next();) use(fields.field());
class FieldReader
{
public:
    explicit FieldReader(QByteArrayView header) : m_header(header) {}

    bool next(); // false at the end
    [[nodiscard]] const Field &field() const { return m_field; }

private:
    void setName(QByteArrayView firstLine, const char *valueEnd);

    QByteArrayView m_header;
    qsizetype m_at = 0;
    Field m_field;
};

// A few field names to look for at once, such as those of HEADER.FIELDS.
class FieldNames
{
public:
    explicit FieldNames(const QList<QByteArray> &names);

    [[nodiscard]] bool contains(QByteArrayView name) const;

private:
    QList<QByteArray> m_names; // lower case
    quint64 m_sizes = 0;       // bit n: there is a name of n octets (63: of that or more)
};

// The first field of that name.
[[nodiscard]] std::optional<Field> findField(QByteArrayView header, QByteArrayView name);

// Its unfolded value, null when there is none.
[[nodiscard]] QByteArray fieldValue(QByteArrayView header, QByteArrayView name);

// Takes out the line ends of folding and the white space around (RFC 5322 §2.2.3). NUL and a stray CR or LF become
// a space, so the result is one line that can be sent as text. Never null.
[[nodiscard]] QByteArray unfold(QByteArrayView value);

// Where the header ends: octets up to and with the empty line, or all when there is none.
[[nodiscard]] qsizetype headerSize(QByteArrayView message);

} // namespace posthorn::message
