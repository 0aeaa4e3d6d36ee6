// What the commands that tell or name annotations share (RFC 5464, RFC 9590).
#pragma once

#include "language/imap/needs.h"

namespace posthorn::imap {

class Arguments;

inline constexpr qsizetype maxMetadataValue = 64 * 1024; // octets

// "/shared/comment", in lower case.
[[nodiscard]] QByteArray metadataEntry(Arguments &arguments);
// "/shared/comment /private/comment)": the parenthesis before it has been read.
[[nodiscard]] QList<QByteArray> metadataEntries(Arguments &arguments);
// The METADATA response, if there is something to tell.
void appendMetadata(QByteArray &out, const QString &name, const Annotations &found, bool utf8);

// The MYRIGHTS response (RFC 4314 §3.8).
void appendMyRights(QByteArray &out, const QString &name, Rights rights, bool utf8);

} // namespace posthorn::imap
