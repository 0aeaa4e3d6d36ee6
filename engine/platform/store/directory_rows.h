// What domains, accounts and aliases ask of one another.
#pragma once

#include "core/ids.h"
#include "core/result.h"

#include <QString>

namespace posthorn::store {

class Connection;

// Invalid: not local@domain in lower case, or too long (RFC 5321 §4.5.3.1).
[[nodiscard]] Result<void> checkAddress(const QString &address);
[[nodiscard]] Result<void> checkDomain(const QString &name);
// Exists: an account or an alias has this address.
[[nodiscard]] Result<void> checkFree(Connection &, const QString &address);
// NotFound: the address's domain is not one of ours.
[[nodiscard]] Result<DomainId> domainOf(Connection &, const QString &address);

} // namespace posthorn::store
