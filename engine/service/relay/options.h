// What the settings say of sending, as the rooms of this house want it.
#pragma once

#include "core/settings.h"
#include "language/smtp/client_machine.h"
#include "service/relay/carrier.h"
#include "service/relay/pace.h"

#include <QHash>

namespace posthorn::relay {

struct Options
{
    bool enabled = true;
    CarrierPointer smartHost; // what no route says anything of goes there; its host's port is 0: there is none
    TlsPolicy tls = TlsPolicy::May;
    QHash<QByteArray, TlsPolicy> tlsByDomain;
    QString authorities;
    QByteArray heloName;
    quint16 port = 25;
    QList<qint64> schedule; // ms; never empty
    qint64 expireAfter = 0, delayNoticeAfter = 0; // ms; delayNoticeAfter 0: never
    smtp::ClientDeadlines deadlines;
    std::chrono::seconds connectTime{30};
    PaceLimits pace; // of each destination
    int connections = 200;
    Endpoint nameServer; // port 0: the system's
    bool dnsTrusted = false; // it checks DNSSEC, and nobody can pose as it
    bool suppress = true; // addresses that failed for good
    bool mtaSts = true;
    bool tlsReports = true;
    quint16 stsPort = 443;
};

[[nodiscard]] Options optionsFrom(const SettingsSnapshot &settings, const QByteArray &hostName);

// The wait after attempt number `attempts` (1 and up), with up to a tenth more or less so that what failed together does
// not come back together. `chance` is from 0 to 1.
[[nodiscard]] qint64 waitAfter(const Options &options, int attempts, double chance);

} // namespace posthorn::relay
