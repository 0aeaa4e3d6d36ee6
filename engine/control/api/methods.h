// The control protocol's methods, described once: the server checks requests against this table and dispatches by it, the
// documentation and server.methods are made from it.
//
// JSON-RPC 2.0, one object a line ended by LF, UTF-8, at most maxLineOctets a line. Requests have an id; answers come in
// any order. What the server says by itself is a notification "topic" (topics.h).
#pragma once

#include "core/result.h"

#include <QJsonObject>

#include <span>

namespace posthorn::control {

enum class ParameterType {
    Text,     // string, at most maxTextSize characters, no control characters but tab and line feed
    Number,   // whole number
    Flag,     // true or false
    TextList, // array of Texts, at most maxListSize
    TextMap,  // object whose values are Texts
};

inline constexpr qsizetype maxTextSize = 64 * 1024; // characters
inline constexpr qsizetype maxListSize = 10'000;

struct Parameter
{
    QLatin1StringView name;
    ParameterType type = ParameterType::Text;
    bool required = false;
    bool secret = false; // never logged, never answered
    QLatin1StringView summary;
};

// Every right includes those before it. Who can open the control socket has all of them.
enum class Right { Administrator, Owner };

struct Method
{
    QLatin1StringView name;
    std::span<const Parameter> parameters;
    QLatin1StringView result; // its shape: "{version, uptimeSeconds, ...}"
    Right right = Right::Administrator;
    QLatin1StringView topic; // the topic that shows what it changes, or empty
    QLatin1StringView summary;
};

[[nodiscard]] std::span<const Method> methods();
[[nodiscard]] const Method *findMethod(QStringView name);
// Invalid, with a sentence: a parameter is missing, unknown, or of another type.
[[nodiscard]] Result<void> checkParameters(const Method &method, const QJsonObject &parameters);
// {"name", "summary", "parameters": [{"name", "type", "required", "secret", "summary"}], "result", "right", "topic"}
[[nodiscard]] QJsonObject toJson(const Method &method);
[[nodiscard]] QLatin1StringView nameOf(ParameterType type);
[[nodiscard]] QLatin1StringView nameOf(Right right);

} // namespace posthorn::control
