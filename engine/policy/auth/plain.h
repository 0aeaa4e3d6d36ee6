// SASL PLAIN (RFC 4616): [authzid] NUL authcid NUL passwd. To act for somebody else is not offered: authzid is empty or
// the authcid.
#pragma once

#include "policy/auth/password_step.h"

namespace posthorn::auth {

class PlainExchange
{
public:
    // No response: the client waits for the empty challenge.
    [[nodiscard]] PasswordStep next(const std::optional<QByteArray> &response) const;
};

} // namespace posthorn::auth
