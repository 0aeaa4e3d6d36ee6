#include "language/message/header.h"

#include "language/message/lexical.h"

#include <algorithm>
#include <cstring>

namespace posthorn::message {

namespace {

const char *findLineEnd(const char *from, const char *end)
{
    return from == end ? nullptr : static_cast<const char *>(std::memchr(from, '\n', size_t(end - from)));
}

bool startsEmptyLine(const char *at, const char *end)
{
    return *at == '\n' || (*at == '\r' && end - at > 1 && at[1] == '\n');
}

} // namespace

bool Field::is(QByteArrayView other) const
{
    return equalsIgnoringCase(name, other);
}

bool FieldReader::next()
{
    const char *begin = m_header.data();
    const char *end = begin + m_header.size();
    const char *from = begin + m_at;
    if (from == end || startsEmptyLine(from, end))
        return false;
    const char *lineEnd = findLineEnd(from, end);
    const QByteArrayView firstLine(from, lineEnd ? lineEnd : end);
    while (lineEnd && lineEnd + 1 != end && (lineEnd[1] == ' ' || lineEnd[1] == '\t'))
        lineEnd = findLineEnd(lineEnd + 1, end);
    const char *valueEnd = lineEnd ? lineEnd : end;
    if (lineEnd && valueEnd != from && valueEnd[-1] == '\r')
        --valueEnd;
    m_field.offset = m_at;
    m_at = lineEnd ? lineEnd + 1 - begin : m_header.size();
    m_field.size = m_at - m_field.offset;
    setName(firstLine, valueEnd);
    return true;
}

void FieldReader::setName(QByteArrayView firstLine, const char *valueEnd)
{
    const char *from = firstLine.data();
    const char *lineEnd = from + firstLine.size();
    const char *at = from;
    while (at != lineEnd && isA(*at, IsFieldName))
        ++at;
    const char *nameEnd = at;
    while (at != lineEnd && (*at == ' ' || *at == '\t'))
        ++at;
    if (at == lineEnd || *at != ':' || nameEnd == from) {
        m_field.name = {};
        m_field.value = QByteArrayView(from, std::max(from, valueEnd));
        return;
    }
    m_field.name = QByteArrayView(from, nameEnd);
    m_field.value = QByteArrayView(at + 1, std::max(at + 1, valueEnd));
}

FieldNames::FieldNames(const QList<QByteArray> &names)
{
    m_names.reserve(names.size());
    for (const QByteArray &name : names) {
        m_names.append(lowered(name));
        m_sizes |= quint64(1) << std::min<qsizetype>(name.size(), 63);
    }
}

bool FieldNames::contains(QByteArrayView name) const
{
    if (!(m_sizes >> std::min<qsizetype>(name.size(), 63) & 1))
        return false;
    return std::any_of(m_names.begin(), m_names.end(),
                       [name](const QByteArray &each) { return equalsIgnoringCase(each, name); });
}

std::optional<Field> findField(QByteArrayView header, QByteArrayView name)
{
    for (FieldReader fields(header); fields.next();) {
        if (fields.field().is(name))
            return fields.field();
    }
    return std::nullopt;
}

QByteArray fieldValue(QByteArrayView header, QByteArrayView name)
{
    const std::optional<Field> field = findField(header, name);
    return field ? unfold(field->value) : QByteArray();
}

QByteArray unfold(QByteArrayView value)
{
    const char *from = value.data();
    const char *end = from + value.size();
    while (from != end && isA(*from, IsSpace))
        ++from;
    while (from != end && isA(end[-1], IsSpace))
        --end;
    QByteArray out(end - from, Qt::Uninitialized);
    char *to = out.data();
    for (; from != end; ++from) {
        const char c = *from;
        if (uchar(c) > '\r' || (c != '\r' && c != '\n' && c != '\0')) {
            *to++ = c;
            continue;
        }
        const char *after = from + (c == '\r' && from + 1 != end && from[1] == '\n' ? 2 : 1);
        const bool folds = after[-1] == '\n' && after != end && (*after == ' ' || *after == '\t');
        if (!folds)
            *to++ = ' ';
        from = after - 1;
    }
    out.truncate(to - out.constData());
    return out;
}

qsizetype headerSize(QByteArrayView message)
{
    FieldReader fields(message);
    qsizetype size = 0;
    while (fields.next())
        size = fields.field().offset + fields.field().size;
    const QByteArrayView rest = message.sliced(size);
    return size + (rest.startsWith("\r\n") ? 2 : rest.startsWith('\n') ? 1 : 0);
}

} // namespace posthorn::message
