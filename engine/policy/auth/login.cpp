#include "policy/auth/login.h"

namespace posthorn::auth {

PasswordStep LoginExchange::next(const std::optional<QByteArray> &response)
{
    // These very words: some clients look at them.
    if (!response)
        return Challenge{"Username:"};
    const qsizetype most = m_user.isEmpty() ? maxUserOctets : maxPasswordOctets;
    if (response->isEmpty() || response->size() > most || response->contains('\0'))
        return Malformed{};
    if (!m_user.isEmpty())
        return PasswordClaim{m_user, *response};
    m_user = *response;
    return Challenge{"Password:"};
}

} // namespace posthorn::auth
