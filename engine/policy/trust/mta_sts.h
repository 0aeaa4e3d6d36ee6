// MTA-STS (RFC 8461): a domain says by HTTPS which servers take its mail, and that they have TLS with a good certificate.
// Pure: from texts to values.
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QList>

#include <optional>

namespace posthorn::trust {

struct StsPolicy
{
    enum class Mode { None, Testing, Enforce };
    Mode mode = Mode::None;
    QList<QByteArray> mx; // lower case; "*.example.org" stands for one label
    qint64 maxAge = 0;    // seconds
    // §4.1
    [[nodiscard]] bool allows(QByteArrayView host) const;
    bool operator==(const StsPolicy &) const = default;
};

inline constexpr qint64 longestStsAge = 31'557'600; // seconds; what says more means this (§3.2)

// The `id` in the TXT records of _mta-sts.DOMAIN (§3.1). Nothing when there is not exactly one such record.
[[nodiscard]] std::optional<QByteArray> stsRecordId(const QList<QByteArray> &texts);

// A policy file (§3.2). Unknown fields are passed over; of a field given twice, but for mx, the first one counts.
[[nodiscard]] Result<StsPolicy> parseStsPolicy(QByteArrayView text);

// When a policy fetched at `fetchedAt` is to be fetched again, mail or not, if its record was asked for last at `askedAt`: at
// half its time, and when that comes to nothing, again and again until it expires (§3.3, §10.2). Never within five minutes,
// however short a time it claims. ms since 1970.
[[nodiscard]] qint64 stsRenewalAt(const StsPolicy &policy, qint64 fetchedAt, qint64 askedAt);

[[nodiscard]] QLatin1StringView nameOf(StsPolicy::Mode mode); // "enforce"

} // namespace posthorn::trust
