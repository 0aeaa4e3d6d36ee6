#include "policy/auth/plain.h"

namespace posthorn::auth {

PasswordStep PlainExchange::next(const std::optional<QByteArray> &response) const
{
    if (!response)
        return Challenge{};
    const qsizetype first = response->indexOf('\0');
    const qsizetype second = first < 0 ? -1 : response->indexOf('\0', first + 1);
    if (second < 0 || response->indexOf('\0', second + 1) >= 0)
        return Malformed{};
    const QByteArrayView authzid = QByteArrayView(*response).first(first);
    const QByteArrayView user = QByteArrayView(*response).sliced(first + 1, second - first - 1);
    const QByteArrayView password = QByteArrayView(*response).sliced(second + 1);
    if (user.isEmpty() || user.size() > maxUserOctets || password.isEmpty() || password.size() > maxPasswordOctets
        || (!authzid.isEmpty() && authzid != user))
        return Malformed{};
    return PasswordClaim{user.toByteArray(), password.toByteArray()};
}

} // namespace posthorn::auth
