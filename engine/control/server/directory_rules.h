// What the methods about domains, accounts and aliases share.
#pragma once

#include "platform/store/accounts.h"

#include <functional>

namespace posthorn::control {

struct Desk;

// NotFound, with the name.
[[nodiscard]] Result<store::Domain> findDomain(store::Connection &connection, const QString &name);
// The domain that an address is in.
[[nodiscard]] Result<store::Domain> domainOf(store::Connection &connection, const QString &address);
// Ends the live sessions of signed-in users who no longer may be: removed, disabled, or with another password.
void endSessions(Desk &desk, const std::function<bool(const QString &user)> &isMeant);

} // namespace posthorn::control
