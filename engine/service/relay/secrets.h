// What sessions need to sign in elsewhere, whoever drives them.
#pragma once

#include "core/result.h"
#include "language/smtp/client_needs.h"

#include <functional>

namespace posthorn::relay {

// On a thread of the pool, which `done` runs on as well.
void deriveKey(const smtp::DeriveKey &need, std::function<void(const smtp::DerivedKey &)> done);
[[nodiscard]] smtp::Token tokenAnswer(const Result<QByteArray> &token);
[[nodiscard]] QByteArray makeNonce(); // for SCRAM

} // namespace posthorn::relay
