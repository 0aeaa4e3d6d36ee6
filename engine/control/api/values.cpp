#include "control/api/values.h"

#include <QCryptographicHash>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QStandardPaths>
#include <QUrl>

#include <algorithm>

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxSocketPath = 100; // sun_path has 104 octets on the stingiest system
constexpr qint64 maxOctets = 1ll << 53;  // what JSON carries exactly

bool isLabel(QStringView label)
{
    const auto isLdh = [](QChar c) { return (c >= u'a' && c <= u'z') || (c >= u'0' && c <= u'9') || c == u'-'; };
    return !label.isEmpty() && label.size() <= 63 && !label.startsWith(u'-') && !label.endsWith(u'-')
           && std::all_of(label.begin(), label.end(), isLdh);
}

bool isAtomCharacter(QChar c)
{
    if (c.unicode() >= 0x80)
        return c.isSurrogate() || (c.isPrint() && !c.isSpace());
    return c.isLetterOrNumber() || "!#$%&'*+-/=?^_`{|}~"_L1.contains(c);
}

bool isDotAtom(QStringView text)
{
    if (text.isEmpty() || text.startsWith(u'.') || text.endsWith(u'.') || text.contains(".."_L1) || !text.isValidUtf16())
        return false;
    return std::all_of(text.begin(), text.end(), [](QChar c) { return c == u'.' || isAtomCharacter(c); });
}

std::unexpected<Error> noDomain(const QString &text)
{
    return fail(ErrorKind::Invalid, u"“%1” is not a domain name such as example.org"_s.arg(text.left(100)));
}

std::unexpected<Error> noAddress(const QString &text)
{
    return fail(ErrorKind::Invalid, u"“%1” is not an address such as anna@example.org"_s.arg(text.left(100)));
}

} // namespace

Result<QString> checkDomain(const QString &text)
{
    QString name = text.trimmed();
    if (name.endsWith(u'.'))
        name.chop(1);
    if (name.isEmpty() || name.size() > 253)
        return noDomain(text);
    name = QString::fromLatin1(QUrl::toAce(name.toLower())).toLower();
    const QStringList labels = name.split(u'.');
    bool lastIsNumber = false;
    labels.constLast().toULongLong(&lastIsNumber); // an IPv4 address is no name
    if (name.size() > 253 || lastIsNumber || !std::all_of(labels.begin(), labels.end(), isLabel))
        return noDomain(text);
    return name;
}

Result<QString> checkAddress(const QString &text)
{
    const QString whole = text.trimmed();
    const qsizetype at = whole.lastIndexOf(u'@');
    if (at <= 0 || whole.size() > 320)
        return noAddress(text);
    const QString local = whole.left(at).toLower().normalized(QString::NormalizationForm_C);
    const auto domain = checkDomain(whole.mid(at + 1));
    if (!domain || local.toUtf8().size() > 64 || !isDotAtom(local))
        return noAddress(text);
    return local + u'@' + *domain;
}

Result<qint64> parseOctets(const QString &text)
{
    QString number = text.trimmed().toUpper();
    if (number.endsWith("IB"_L1))
        number.chop(2);
    else if (number.endsWith(u'B'))
        number.chop(1);
    const qsizetype unit = number.isEmpty() ? -1 : "KMGT"_L1.indexOf(number.back());
    if (unit >= 0)
        number.chop(1);
    bool isNumber = false;
    const qint64 count = number.trimmed().toLongLong(&isNumber);
    const int shift = int(unit + 1) * 10;
    if (!isNumber || count < 0 || count > (maxOctets >> shift))
        return fail(ErrorKind::Invalid, u"“%1” is not a size such as 500M, 2G or 1048576"_s.arg(text.left(100)));
    return count << shift;
}

QString octetsText(qint64 octets)
{
    static constexpr QLatin1StringView units[] = {"octets"_L1, "KiB"_L1, "MiB"_L1, "GiB"_L1, "TiB"_L1};
    if (octets < 1024)
        return u"%1 octets"_s.arg(octets);
    double value = double(octets);
    size_t unit = 0;
    for (; value >= 1024 && unit + 1 < std::size(units); ++unit)
        value /= 1024;
    return u"%1 %2"_s.arg(QString::number(value, 'f', value < 10 ? 1 : 0), units[unit]);
}

QString defaultDataDirectory()
{
#ifdef Q_OS_LINUX
    if (QFileInfo(u"/proc/self"_s).ownerId() == 0)
        return u"/var/lib/posthorn"_s;
#endif
    return QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) + u"/posthorn"_s;
}

QString socketName(const QString &dataDirectory)
{
    const QString directory = QDir::cleanPath(QDir(dataDirectory).absolutePath());
    const auto hashed = [&] {
        const QByteArray hash = QCryptographicHash::hash(directory.toUtf8(), QCryptographicHash::Sha256).toHex();
        return u"posthorn-"_s + QString::fromLatin1(hash.first(24));
    };
#ifdef Q_OS_WIN
    return hashed();
#else
    const QString path = directory + u"/control.sock"_s;
    if (QFile::encodeName(path).size() <= maxSocketPath)
        return path;
    return QStandardPaths::writableLocation(QStandardPaths::RuntimeLocation) + u'/' + hashed() + u".sock"_s;
#endif
}

} // namespace posthorn::control
