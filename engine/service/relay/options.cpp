#include "service/relay/options.h"

#include <algorithm>

namespace posthorn::relay {

using namespace Qt::StringLiterals;

namespace {

TlsPolicy policyNamed(const QString &name)
{
    return name == "none"_L1 ? TlsPolicy::None : name == "encrypt"_L1 ? TlsPolicy::Encrypt
           : name == "verify"_L1 ? TlsPolicy::Verify : TlsPolicy::May;
}

QHash<QByteArray, TlsPolicy> policiesFrom(const QString &text)
{
    QHash<QByteArray, TlsPolicy> policies;
    for (const QString &item : text.simplified().replace(u',', u' ').split(u' ', Qt::SkipEmptyParts)) {
        const QString domain = item.section(u'=', 0, 0).toLower();
        policies.insert(domain.toUtf8(), policyNamed(item.section(u'=', 1)));
    }
    return policies;
}

void readSmartHost(Options &options, const SettingsSnapshot &settings)
{
    Carrier smart;
    smart.host = settings.host("relay.smart_host"_L1);
    smart.user = settings.text("relay.smart_host_user"_L1).toUtf8();
    smart.password = settings.text("relay.smart_host_password"_L1).toUtf8();
    if (smart.host.port)
        smart.key = "(smart-host)";
    const QString tls = settings.text("relay.smart_host_tls"_L1);
    const TlsPolicy strict = settings.flag("relay.smart_host_verify"_L1) ? TlsPolicy::Verify : TlsPolicy::Encrypt;
    const bool automatic = tls == "auto"_L1;
    smart.implicitTls = tls == "tls"_L1 || (automatic && smart.host.port == 465);
    if (smart.implicitTls || tls == "starttls"_L1 || (automatic && !smart.user.isEmpty()))
        smart.tls = strict;
    else
        smart.tls = tls == "none"_L1 ? TlsPolicy::None : TlsPolicy::May;
    options.smartHost = std::make_shared<const Carrier>(std::move(smart));
}

} // namespace

Options optionsFrom(const SettingsSnapshot &settings, const QByteArray &hostName)
{
    Options options;
    options.enabled = settings.flag("relay.enabled"_L1);
    readSmartHost(options, settings);
    options.tls = policyNamed(settings.text("relay.tls"_L1));
    options.tlsByDomain = policiesFrom(settings.text("relay.tls_policy"_L1));
    options.authorities = settings.text("relay.authorities"_L1);
    const QByteArray helo = settings.text("relay.helo_name"_L1).toUtf8();
    options.heloName = helo.isEmpty() ? hostName : helo;
    options.port = quint16(settings.number("relay.port"_L1));
    options.schedule = settings.durations("relay.retry_schedule"_L1);
    if (options.schedule.isEmpty())
        options.schedule = {3'600'000};
    options.expireAfter = settings.durations("relay.expire_after"_L1).value(0, 5ll * 86'400'000);
    options.delayNoticeAfter = settings.durations("relay.delay_notice_after"_L1).value(0, 0);
    const std::chrono::seconds patience(settings.number("relay.timeout"_L1));
    options.deadlines.greeting = options.deadlines.command = options.deadlines.mail = options.deadlines.rcpt = patience;
    options.deadlines.data = std::min(patience, std::chrono::seconds(120));
    options.deadlines.end = patience * 2;
    options.connectTime = std::chrono::seconds(settings.number("relay.connect_timeout"_L1));
    options.pace.connections = int(settings.number("relay.max_connections_per_destination"_L1));
    options.pace.messagesPerMinute = int(settings.number("relay.max_messages_per_minute"_L1));
    options.pace.firstPause = std::min<qint64>(300'000, options.schedule.front() * 4 / 5);
    options.connections = int(settings.number("relay.max_connections"_L1));
    options.suppress = settings.flag("suppression.enabled"_L1);
    options.dnsTrusted = settings.flag("dns.trusted"_L1);
    options.mtaSts = settings.flag("relay.mta_sts"_L1);
    options.tlsReports = settings.flag("relay.tls_reports"_L1);
    options.stsPort = quint16(settings.number("relay.mta_sts_port"_L1));
    options.nameServer = settings.endpoints("dns.server"_L1).value(0);
    return options;
}

qint64 waitAfter(const Options &options, int attempts, double chance)
{
    const qint64 wait = options.schedule[std::clamp<qsizetype>(attempts - 1, 0, options.schedule.size() - 1)];
    return wait + qint64(double(wait) * (chance - 0.5) / 5);
}

} // namespace posthorn::relay
