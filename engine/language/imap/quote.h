// Writing strings (RFC 9051 §4.3): quoted where possible, else as a literal.
#pragma once

#include <QByteArray>
#include <QString>

namespace posthorn::imap {

void appendLiteralHead(QByteArray &out, qint64 size); // "{n}" CRLF
void appendString(QByteArray &out, QByteArrayView text);
void appendAString(QByteArray &out, QByteArrayView text); // as it is where it can be an atom
void appendNString(QByteArray &out, QByteArrayView text); // NIL when null
// Modified UTF-7, or UTF-8 when `utf8`; quoted.
void appendMailbox(QByteArray &out, QStringView name, bool utf8);

} // namespace posthorn::imap
