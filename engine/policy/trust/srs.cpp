#include "policy/trust/srs.h"

#include "platform/crypto/hash.h"

namespace posthorn::trust {

using namespace Qt::StringLiterals;

namespace {

constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr qint64 daySeconds = 86'400, days = 1024; // two digits
constexpr qsizetype hashSize = 6;
constexpr qsizetype longestPath = 254;

bool isSeparator(char c) { return c == '=' || c == '+' || c == '-'; }

bool begins(QByteArrayView localPart, QByteArrayView tag)
{
    return localPart.size() > tag.size() && localPart.first(tag.size()).compare(tag, Qt::CaseInsensitive) == 0
           && isSeparator(localPart[tag.size()]);
}

// Some servers change the case of a local part on the way, so none counts.
QByteArray hashOf(const QByteArray &text, const QByteArray &key)
{
    return crypto::hmacSha256(key, text.toLower()).toBase64().left(hashSize);
}

bool isHashOf(const QByteArray &hash, const QByteArray &text, const QByteArray &key)
{
    return crypto::constantTimeEquals(hash.toLower(), hashOf(text, key).toLower());
}

QByteArray stampOf(qint64 seconds)
{
    const qint64 day = seconds / daySeconds % days;
    const char stamp[]{digits[day >> 5], digits[day & 31]};
    return QByteArray(stamp, 2);
}

// Days since it was stamped, -1 when it is no stamp.
qint64 ageOf(QByteArrayView stamp, qint64 seconds)
{
    qint64 day = 0;
    for (const char c : stamp) {
        const qsizetype digit = QByteArrayView(digits).indexOf(c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c);
        if (digit < 0)
            return -1;
        day = day * 32 + digit;
    }
    return stamp.size() == 2 ? (seconds / daySeconds - day % days + days * days) % days : -1;
}

// "hash=a=b": what is before the first '=', and what is after it.
std::pair<QByteArray, QByteArray> splitOff(const QByteArray &text)
{
    const qsizetype end = text.indexOf('=');
    return end < 0 ? std::pair(text, QByteArray()) : std::pair(text.first(end), text.sliced(end + 1));
}

std::unexpected<Error> forged() { return fail(ErrorKind::Invalid, u"This return address was not made here"_s); }

// After its tag and separator: hash=time=domain=user.
Result<smtp::Address> reverseFirst(const QByteArray &text, const QByteArray &key, qint64 seconds)
{
    const auto [hash, signedText] = splitOff(text);
    const auto [stamp, rest] = splitOff(signedText);
    const auto [domain, user] = splitOff(rest);
    if (domain.isEmpty() || user.isEmpty() || !isHashOf(hash, signedText, key))
        return forged();
    if (const qint64 age = ageOf(stamp, seconds); age < 0 || age > longestSrsAge)
        return fail(ErrorKind::Invalid, u"This return address is out of date"_s);
    return smtp::Address{user, domain.toLower()};
}

// hash=first-forwarder=(separator)hash=time=domain=user; what the first forwarder wrote only he can judge.
Result<smtp::Address> reverseLater(const QByteArray &text, const QByteArray &key)
{
    const auto [hash, signedText] = splitOff(text);
    const auto [domain, rest] = splitOff(signedText);
    if (domain.isEmpty() || rest.isEmpty() || !isSeparator(rest.front()) || !isHashOf(hash, signedText, key))
        return forged();
    return smtp::Address{"SRS0" + rest, domain.toLower()};
}

QByteArray laterLocalPart(const QByteArray &domain, const QByteArray &rest, const QByteArray &key)
{
    const QByteArray signedText = domain + '=' + rest;
    return "SRS1=" + hashOf(signedText, key) + '=' + signedText;
}

QByteArray localPartFor(const smtp::Address &sender, const QByteArray &key, qint64 seconds)
{
    if (begins(sender.localPart, "SRS0"))
        return laterLocalPart(sender.domain, sender.localPart.sliced(4), key);
    if (begins(sender.localPart, "SRS1")) {
        const auto [domain, rest] = splitOff(splitOff(sender.localPart.sliced(5)).second);
        if (!domain.isEmpty() && !rest.isEmpty())
            return laterLocalPart(domain, rest, key);
    }
    const QByteArray signedText = stampOf(seconds) + '=' + sender.domain + '=' + sender.localPart;
    return "SRS0=" + hashOf(signedText, key) + '=' + signedText;
}

} // namespace

bool isSrs(QByteArrayView localPart) { return begins(localPart, "SRS0") || begins(localPart, "SRS1"); }

smtp::Address srsForward(const smtp::Address &sender, const QByteArray &domain, const QByteArray &key, qint64 seconds)
{
    if (sender.domain.isEmpty() || sender.isLiteral())
        return sender;
    const smtp::Address made{localPartFor(sender, key, seconds), domain};
    return made.toString().size() > longestPath ? sender : made;
}

Result<smtp::Address> srsReverse(const smtp::Address &address, const QByteArray &key, qint64 seconds)
{
    if (!isSrs(address.localPart) || key.isEmpty())
        return forged();
    const QByteArray text = address.localPart.sliced(5);
    return address.localPart[3] == '0' ? reverseFirst(text, key, seconds) : reverseLater(text, key);
}

} // namespace posthorn::trust
