#include "policy/trust/tls_report.h"

#include <QDateTime>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMap>
#include <QTimeZone>

namespace posthorn::trust {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype mostTargets = 5;

// RFC 1952 §8
quint32 crc32(const QByteArray &octets)
{
    quint32 crc = ~0u;
    for (const char c : octets) {
        crc ^= uchar(c);
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

void appendLittleEndian(QByteArray &out, quint32 number)
{
    for (int shift = 0; shift < 32; shift += 8)
        out.append(char(number >> shift));
}

QString timeText(qint64 seconds)
{
    return QDateTime::fromSecsSinceEpoch(seconds, QTimeZone::UTC).toString(Qt::ISODate);
}

QJsonArray textList(const QByteArrayList &lines)
{
    QJsonArray list;
    for (const QByteArray &line : lines)
        list += QString::fromUtf8(line);
    return list;
}

QJsonObject policyJson(const QString &domain, const QString &type, const QByteArrayList &strings)
{
    QJsonObject policy{{u"policy-type"_s, type}, {u"policy-domain"_s, domain}};
    QByteArrayList hosts;
    for (const QByteArray &line : strings) {
        if (type == "sts"_L1 && line.startsWith("mx:"))
            hosts += line.sliced(3).trimmed();
    }
    if (!strings.isEmpty())
        policy.insert(u"policy-string"_s, textList(strings));
    if (!hosts.isEmpty())
        policy.insert(u"mx-host"_s, textList(hosts));
    return policy;
}

QJsonObject failureJson(const TlsCount &count)
{
    QJsonObject failure{{u"result-type"_s, count.result}, {u"failed-session-count"_s, count.sessions}};
    if (!count.mx.isEmpty())
        failure.insert(u"receiving-mx-hostname"_s, count.mx);
    if (!count.address.isEmpty())
        failure.insert(u"receiving-ip"_s, count.address);
    return failure;
}

// All of one kind of policy.
QJsonObject resultJson(const QString &domain, const QList<TlsCount> &counts)
{
    qint64 good = 0, bad = 0;
    QJsonArray failures;
    for (const TlsCount &count : counts) {
        (count.result.isEmpty() ? good : bad) += count.sessions;
        if (!count.result.isEmpty())
            failures += failureJson(count);
    }
    QJsonObject result{{u"policy"_s, policyJson(domain, counts.back().policy, counts.back().strings)},
                       {u"summary"_s, QJsonObject{{u"total-successful-session-count"_s, good},
                                                  {u"total-failure-session-count"_s, bad}}}};
    if (!failures.isEmpty())
        result.insert(u"failure-details"_s, failures);
    return result;
}

} // namespace

TlsReportTargets tlsReportTargets(const QList<QByteArray> &texts)
{
    QList<QByteArrayList> records;
    for (const QByteArray &text : texts) {
        const QByteArrayList parts = text.split(';');
        if (parts.front().trimmed() == "v=TLSRPTv1")
            records.append(parts.sliced(1));
    }
    TlsReportTargets targets;
    for (const QByteArray &part : records.size() == 1 ? records.front() : QByteArrayList()) {
        const QByteArray field = part.trimmed();
        if (!field.startsWith("rua="))
            continue;
        for (const QByteArray &uri : field.sliced(4).split(',')) {
            const QByteArray trimmed = uri.trimmed(), lower = trimmed.toLower();
            if (targets.addresses.size() + targets.urls.size() == mostTargets)
                return targets;
            if (lower.startsWith("mailto:"))
                targets.addresses.append(QByteArray::fromPercentEncoding(trimmed.sliced(7).split('?').front()));
            else if (lower.startsWith("https://"))
                targets.urls.append(trimmed);
        }
    }
    return targets;
}

QByteArray toJson(const TlsReport &report)
{
    QMap<QString, QList<TlsCount>> byPolicy;
    for (const TlsCount &count : report.counts)
        byPolicy[count.policy].append(count);
    QJsonArray policies;
    for (const QList<TlsCount> &counts : std::as_const(byPolicy))
        policies += resultJson(report.domain, counts);
    const QJsonObject whole{
        {u"organization-name"_s, report.organization},
        {u"date-range"_s, QJsonObject{{u"start-datetime"_s, timeText(report.from)}, {u"end-datetime"_s, timeText(report.until)}}},
        {u"contact-info"_s, report.contact},
        {u"report-id"_s, report.id},
        {u"policies"_s, policies}};
    return QJsonDocument(whole).toJson(QJsonDocument::Compact);
}

// Qt compresses to zlib's format (RFC 1950): four octets of Qt's own, two of header, the deflated data, four of checksum.
QByteArray gzip(const QByteArray &octets)
{
    QByteArray out("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
    out += qCompress(octets).sliced(6).chopped(4);
    appendLittleEndian(out, crc32(octets));
    appendLittleEndian(out, quint32(octets.size()));
    return out;
}

} // namespace posthorn::trust
