// SASL LOGIN, which no RFC describes: asks for the user name, then for the password. An initial response is the user name.
#pragma once

#include "policy/auth/password_step.h"

namespace posthorn::auth {

class LoginExchange
{
public:
    [[nodiscard]] PasswordStep next(const std::optional<QByteArray> &response);

private:
    QByteArray m_user; // empty until it is known
};

} // namespace posthorn::auth
