// BODYSTRUCTURE and BODY as text (RFC 9051 §7.5.2), made once when a message is stored.
#pragma once

#include "language/message/structure.h"

#include <QByteArray>
#include <QByteArrayView>
#include <QList>

namespace posthorn::imap {

// With the extension data.
[[nodiscard]] QByteArray bodyStructureText(const message::Part &root);

// BODY, which has no extension data, from what bodyStructureText() made. Null when it is anything else.
[[nodiscard]] QByteArray bodyText(QByteArrayView bodyStructureText);

// Of the part that the numbers name, from what bodyStructureText() made of its message. Null: there is none.
[[nodiscard]] QByteArray partStructure(QByteArrayView bodyStructureText, const QList<quint32> &path);

} // namespace posthorn::imap
