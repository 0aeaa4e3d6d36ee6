// The control protocol's lines: JSON-RPC 2.0 requests, answers and notifications as values, and bytes cut into lines.
// Hostile input costs linear time and bounded memory.
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QJsonObject>
#include <QJsonValue>

#include <expected>
#include <optional>
#include <variant>

namespace posthorn::control {

inline constexpr qsizetype maxLineOctets = 4 * 1024 * 1024;    // of a request
inline constexpr qsizetype maxAnswerOctets = 32 * 1024 * 1024; // of what the server sends
inline constexpr int maxDepth = 32;                            // of objects and arrays in one another

struct Request
{
    QJsonValue id; // a string of at most 64 characters or a whole number; undefined: nobody waits for an answer
    QString method;
    QJsonObject parameters;
};

// A line that is no request, with the id when it could be read.
struct BadRequest
{
    QJsonValue id = QJsonValue::Null;
    int code = 0; // JSON-RPC's
    QString text;
};

struct Response
{
    QJsonValue id;
    Result<QJsonValue> result;
};

struct Notification
{
    QString method;
    QJsonObject parameters;
};

[[nodiscard]] std::expected<Request, BadRequest> parseRequest(QByteArrayView line);
[[nodiscard]] Result<std::variant<Response, Notification>> parseServerLine(QByteArrayView line);

// Each with its LF.
[[nodiscard]] QByteArray toLine(const Request &request);
[[nodiscard]] QByteArray toLine(const BadRequest &bad);
[[nodiscard]] QByteArray toLine(const Response &response);
[[nodiscard]] QByteArray toLine(const Notification &notification);

// An Error travels as {"code", "message": text, "data": {"kind": "not-found", "detail", "offset"}}.
[[nodiscard]] int codeOf(ErrorKind kind);
[[nodiscard]] QJsonObject toJson(const Error &error);
[[nodiscard]] Error errorFrom(const QJsonObject &object);
// A method that is not in the table: its code differs from other Invalid ones.
inline constexpr int methodNotFound = -32601;

// Octets, cut anywhere, become lines without their LF (or CRLF); empty lines are left out.
class LineSplitter
{
public:
    explicit LineSplitter(qsizetype limit) : m_limit(limit) {}
    // False: the line is longer than the limit; nothing more is taken.
    [[nodiscard]] bool append(QByteArrayView octets);
    [[nodiscard]] std::optional<QByteArray> next();

private:
    qsizetype m_limit;
    QByteArray m_waiting;
    qsizetype m_begin = 0;   // of what was not handed out yet
    qsizetype m_scanned = 0; // no LF before this
    qsizetype m_unfinished = 0; // octets after the last LF
};

} // namespace posthorn::control
