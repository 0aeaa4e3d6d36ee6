// SASLprep (RFC 4013), the stringprep profile (RFC 3454) for user names and passwords.
#pragma once

#include <QByteArray>
#include <QString>

#include <optional>

namespace posthorn::auth {

// Maps, normalises (NFKC of Unicode 3.2) and checks. None when it holds a prohibited character or mixes directions
// (RFC 3454 §6). Characters newer than Unicode 3.2 pass, as in RFC 4013's queries: stored passwords may hold them too,
// since a person who types an emoji twice has typed the same.
[[nodiscard]] std::optional<QString> saslPrep(QStringView text);
// The same from UTF-8 to UTF-8; none when it isn't UTF-8. Printable ASCII is returned as it is, without a copy.
[[nodiscard]] std::optional<QByteArray> saslPrep(const QByteArray &utf8);

} // namespace posthorn::auth
