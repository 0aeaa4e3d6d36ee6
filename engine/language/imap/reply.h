// How a command ends: the status, the response code and the text of its tagged response (RFC 9051 §7.1, RFC 5530).
#pragma once

#include "core/result.h"

#include <QByteArray>

namespace posthorn::imap {

struct Reply
{
    enum class Status { Ok, No, Bad };
    Status status = Status::Ok;
    QByteArray code; // without brackets; may be empty
    QByteArray text;
};

// What it means that something was not found.
enum class Missing {
    Mailbox, // [NONEXISTENT]
    Target,  // of APPEND, COPY and MOVE: [TRYCREATE]
};

// The one place where kinds of errors become replies. Trouble of our own is a NO with a code that says so.
[[nodiscard]] Reply replyFor(const Error &error, Missing missing);
// Printable ASCII, at most 200 octets: fit for a resp-text.
[[nodiscard]] QByteArray plainText(QStringView text);
// "a1 NO [OVERQUOTA] Over quota" CRLF
[[nodiscard]] QByteArray tagged(QByteArrayView tag, const Reply &reply);

} // namespace posthorn::imap
