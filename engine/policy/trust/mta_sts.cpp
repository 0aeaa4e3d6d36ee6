#include "policy/trust/mta_sts.h"

#include <QHash>

#include <algorithm>

namespace posthorn::trust {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype mostHosts = 100; // mx fields; a policy with more is nobody's
constexpr qsizetype longestId = 32;

constexpr std::pair<StsPolicy::Mode, QLatin1StringView> modes[] = {
    {StsPolicy::Mode::None, "none"_L1},
    {StsPolicy::Mode::Testing, "testing"_L1},
    {StsPolicy::Mode::Enforce, "enforce"_L1},
};

bool isLetterOrDigit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool isDomain(QByteArrayView name)
{
    const auto allowed = [](char c) { return isLetterOrDigit(c) || c == '-' || c == '.' || c == '_'; };
    return !name.isEmpty() && name.size() <= 253 && name.front() != '.' && name.back() != '.' && !name.contains("..")
           && std::ranges::all_of(name, allowed);
}

std::unexpected<Error> invalid(const QString &text)
{
    return fail(ErrorKind::Invalid, text);
}

// The fields of a policy file, in place of its lines.
struct Fields
{
    QHash<QByteArray, QByteArray> single;
    QList<QByteArray> mx;
};

Result<Fields> readFields(QByteArrayView text)
{
    Fields fields;
    const QList<QByteArray> lines = text.toByteArray().split('\n');
    for (qsizetype i = 0; i < lines.size(); ++i) {
        const QByteArray line = (lines[i].endsWith('\r') ? lines[i].chopped(1) : lines[i]).trimmed();
        if (line.isEmpty())
            continue;
        const qsizetype colon = line.indexOf(':');
        if (colon <= 0)
            return invalid(u"Line %1 is no field"_s.arg(i + 1));
        const QByteArray key = line.first(colon), value = line.sliced(colon + 1).trimmed();
        if (key == "mx")
            fields.mx.append(value.toLower());
        else if (!fields.single.contains(key))
            fields.single.insert(key, value);
    }
    return fields;
}

Result<qint64> ageFrom(const QByteArray &text)
{
    const bool digits = !text.isEmpty() && text.size() <= 10
                        && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (!digits)
        return invalid(u"max_age is no number of seconds"_s);
    return std::min(text.toLongLong(), longestStsAge);
}

Result<void> checkHosts(const QList<QByteArray> &hosts, StsPolicy::Mode mode)
{
    if (hosts.size() > mostHosts || (hosts.isEmpty() && mode != StsPolicy::Mode::None))
        return invalid(u"No mail server is named, or too many"_s);
    for (const QByteArray &host : hosts) {
        if (!isDomain(host.startsWith("*.") ? host.sliced(2) : host))
            return invalid(u"“%1” is no mail server"_s.arg(QString::fromLatin1(host.left(100))));
    }
    return {};
}

} // namespace

bool StsPolicy::allows(QByteArrayView host) const
{
    const QByteArray name = host.toByteArray().toLower();
    const qsizetype dot = name.indexOf('.');
    return std::ranges::any_of(mx, [&](const QByteArray &pattern) {
        return pattern.startsWith("*.") ? dot > 0 && name.sliced(dot) == pattern.sliced(1) : name == pattern;
    });
}

std::optional<QByteArray> stsRecordId(const QList<QByteArray> &texts)
{
    QList<QByteArrayList> records;
    for (const QByteArray &text : texts) {
        const QByteArrayList parts = text.split(';');
        if (parts.front().trimmed() == "v=STSv1")
            records.append(parts.sliced(1));
    }
    if (records.size() != 1)
        return std::nullopt;
    for (const QByteArray &part : std::as_const(records.front())) {
        const QByteArray field = part.trimmed();
        if (!field.startsWith("id="))
            continue;
        const QByteArray id = field.sliced(3);
        if (id.isEmpty() || id.size() > longestId || !std::ranges::all_of(id, isLetterOrDigit))
            return std::nullopt;
        return id;
    }
    return std::nullopt;
}

Result<StsPolicy> parseStsPolicy(QByteArrayView text)
{
    const auto fields = readFields(text);
    if (!fields)
        return std::unexpected(fields.error());
    if (fields->single.value("version") != "STSv1")
        return invalid(u"The version is not STSv1"_s);
    const QByteArray named = fields->single.value("mode");
    const auto mode = std::ranges::find_if(modes, [&](const auto &row) { return named == row.second; });
    if (mode == std::end(modes))
        return invalid(u"The mode is none of enforce, testing, none"_s);
    const auto age = ageFrom(fields->single.value("max_age"));
    if (!age)
        return std::unexpected(age.error());
    if (const auto hosts = checkHosts(fields->mx, mode->first); !hosts)
        return std::unexpected(hosts.error());
    return StsPolicy{mode->first, fields->mx, *age};
}

qint64 stsRenewalAt(const StsPolicy &policy, qint64 fetchedAt, qint64 askedAt)
{
    constexpr qint64 pause = 300'000;
    return std::max({fetchedAt + policy.maxAge * 500, fetchedAt + pause, askedAt > fetchedAt ? askedAt + pause : 0});
}

QLatin1StringView nameOf(StsPolicy::Mode mode)
{
    return std::ranges::find(modes, mode, &std::pair<StsPolicy::Mode, QLatin1StringView>::first)->second;
}

} // namespace posthorn::trust
