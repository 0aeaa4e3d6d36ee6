// What a function that can fail returns: Result<T>, a value or an Error.
// An Error's `text` may be shown to anyone and leaks nothing; `detail` is for the log and the administrator.
#pragma once

#include <QString>

#include <expected>
#include <utility>

namespace posthorn {

enum class ErrorKind {
    NotFound,
    Exists,
    Denied,
    Invalid,
    TooLarge,
    OverQuota,
    Unavailable,
    Uncertain,
    Internal,
};

struct Error
{
    ErrorKind kind = ErrorKind::Internal;
    QString text;
    QString detail;
    qsizetype offset = -1; // where in the input a parse failed, in octets; -1 when it is not about input

    bool operator==(const Error &) const = default;
};

template<typename T>
using Result = std::expected<T, Error>;

// Trouble of our own, or trouble that may pass: 4xx in SMTP, NO in IMAP, -ERR [SYS/TEMP] in POP3, never a 5xx.
[[nodiscard]] constexpr bool isTemporary(ErrorKind kind)
{
    return kind == ErrorKind::Unavailable || kind == ErrorKind::Uncertain || kind == ErrorKind::Internal;
}

[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, QString text, QString detail = {})
{
    return std::unexpected(Error{kind, std::move(text), std::move(detail), -1});
}

[[nodiscard]] inline std::unexpected<Error> parseError(QString text, qsizetype offset)
{
    return std::unexpected(Error{ErrorKind::Invalid, std::move(text), {}, offset});
}

[[nodiscard]] QLatin1StringView nameOf(ErrorKind kind);

} // namespace posthorn
