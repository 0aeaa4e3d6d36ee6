// The values of MIME's header fields (RFC 2045 §5 and §6, RFC 2183, RFC 2231, RFC 3282).
#pragma once

#include "language/message/structure.h"

#include <QByteArray>
#include <QList>

namespace posthorn::message {

inline constexpr qsizetype maxParameters = 100; // read of one field; more are left out

struct ContentType
{
    QByteArray type; // lower case
    QByteArray subtype;
    QList<Parameter> parameters;
};

// False when there is no type/subtype at its start. Parameters are read as tolerantly as can be: without quotes where
// they are needed, without a semicolon between them.
[[nodiscard]] bool parseContentType(QByteArrayView field, ContentType &out);

// The type is null when there is none.
struct ContentDisposition
{
    QByteArray type;
    QList<Parameter> parameters;
};
[[nodiscard]] ContentDisposition parseContentDisposition(QByteArrayView field);

// The first token in lower case; null when there is none.
[[nodiscard]] QByteArray parseTransferEncoding(QByteArrayView field);

[[nodiscard]] QList<QByteArray> parseLanguages(QByteArrayView field);

// Null when missing. `name` in lower case.
[[nodiscard]] QByteArray parameterValue(const QList<Parameter> &parameters, QByteArrayView name);

} // namespace posthorn::message
