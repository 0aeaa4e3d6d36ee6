#include "policy/trust/batv.h"

#include "platform/crypto/hash.h"

namespace posthorn::trust {

using namespace Qt::StringLiterals;

namespace {

constexpr QByteArrayView scheme = "prvs=";
constexpr qsizetype tagSize = 10; // KDDDSSSSSS
constexpr qint64 daySeconds = 86'400, days = 1000;

QByteArray tagFor(const QByteArray &keyAndDay, const smtp::Address &address, const QByteArray &key)
{
    const QByteArray text = keyAndDay + (address.localPart + '@' + address.domain).toLower();
    return keyAndDay + crypto::hmacSha256(key, text).toHex().left(6);
}

} // namespace

bool isBatv(QByteArrayView localPart)
{
    return localPart.size() > scheme.size() + tagSize + 1 && localPart.first(scheme.size()).compare(scheme, Qt::CaseInsensitive) == 0
           && localPart[scheme.size() + tagSize] == '=';
}

smtp::Address batvTag(const smtp::Address &sender, const QByteArray &key, qint64 seconds)
{
    if (sender.isNull() || isBatv(sender.localPart))
        return sender;
    const qint64 lastDay = (seconds / daySeconds + batvDays) % days;
    const QByteArray keyAndDay = '0' + QByteArray::number(lastDay).rightJustified(3, '0');
    return {scheme.toByteArray() + tagFor(keyAndDay, sender, key) + '=' + sender.localPart, sender.domain};
}

Result<smtp::Address> batvUntag(const smtp::Address &address, const QByteArray &key, qint64 seconds)
{
    if (!isBatv(address.localPart) || key.isEmpty())
        return fail(ErrorKind::Invalid, u"This return address has no tag"_s);
    const QByteArray tag = address.localPart.sliced(scheme.size(), tagSize).toLower();
    const smtp::Address plain{address.localPart.sliced(scheme.size() + tagSize + 1), address.domain};
    bool isNumber = false;
    const qint64 lastDay = tag.sliced(1, 3).toInt(&isNumber);
    if (!isNumber || !crypto::constantTimeEquals(tag, tagFor(tag.first(4), plain, key)))
        return fail(ErrorKind::Invalid, u"This return address was not made here"_s);
    if ((lastDay - seconds / daySeconds % days + days) % days > batvDays)
        return fail(ErrorKind::Invalid, u"This return address is out of date"_s);
    return plain;
}

} // namespace posthorn::trust
