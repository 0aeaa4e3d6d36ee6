// The two mechanisms that show the password itself. Pure: octets in, what comes next out.
#pragma once

#include <QByteArray>

#include <optional>
#include <variant>

namespace posthorn::auth {

// As the client sent them: UTF-8 it may be, prepared it is not.
struct PasswordClaim
{
    QByteArray user;
    QByteArray password;
};
struct Challenge { QByteArray bytes; };
struct Malformed {};
using PasswordStep = std::variant<Challenge, PasswordClaim, Malformed>;

inline constexpr qsizetype maxUserOctets = 512;
inline constexpr qsizetype maxPasswordOctets = 1024;

} // namespace posthorn::auth
