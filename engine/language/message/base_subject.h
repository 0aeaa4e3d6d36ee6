// What SORT and THREAD compare (RFC 5256 §2).
#pragma once

#include <QByteArray>
#include <QString>

namespace posthorn::message {

struct BaseSubject
{
    QString text;
    bool isReplyOrForward = false; // "Re:", "Fw:", "(fwd)" or "[Fwd: ...]" was taken off

    bool operator==(const BaseSubject &) const = default;
};

// The subject without what mail programs put around it when they answer or forward (RFC 5256 §2.1). `subject` is
// decoded, as decodeHeader() gives it.
[[nodiscard]] BaseSubject baseSubject(QStringView subject);

// Octets that compare as i;unicode-casemap says (RFC 5051): title case, decomposed, UTF-8.
[[nodiscard]] QByteArray collationKey(QStringView text);

} // namespace posthorn::message
