#include "service/delivery/pace.h"

#include <algorithm>
#include <utility>

namespace posthorn::delivery {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 minuteMs = 60'000;

} // namespace

void Pace::add(const store::SendingCount &count, const SendingLimits &limits)
{
    if (limits.perMinute == 0 && limits.perDay == 0)
        return;
    Gauge gauge{count, limits};
    if (gauge.count.minute < m_now / minuteMs || limits.perMinute == 0) {
        gauge.count.minute = m_now / minuteMs;
        gauge.count.inMinute = 0;
    }
    if (gauge.count.day != today()) {
        gauge.count.day = today();
        gauge.count.inDay = 0;
    }
    m_gauges.append(gauge);
}

Pace::Place Pace::next()
{
    for (Gauge &gauge : m_gauges) {
        if (gauge.limits.perDay > 0 && gauge.count.inDay >= gauge.limits.perDay) {
            gauge.dayReached = true;
            return {m_now, true, u"Held: %1 has sent to %2 recipients today, which is the limit"_s.arg(gauge.count.subject)
                                     .arg(gauge.limits.perDay)};
        }
    }
    Place place{m_now, false, {}};
    for (Gauge &gauge : m_gauges) {
        ++gauge.count.inDay;
        if (gauge.limits.perMinute > 0 && gauge.count.inMinute >= gauge.limits.perMinute) {
            ++gauge.count.minute;
            gauge.count.inMinute = 0;
        }
        ++gauge.count.inMinute;
        const qint64 at = gauge.count.minute * minuteMs;
        if (at > place.at) {
            gauge.minuteReached = true;
            place.at = at;
            place.why = u"Waits: %1 may send to %2 recipients a minute"_s.arg(gauge.count.subject).arg(gauge.limits.perMinute);
        }
    }
    return place;
}

QList<Crossing> Pace::news()
{
    QList<Crossing> all;
    for (Gauge &gauge : m_gauges) {
        if (gauge.minuteReached && std::exchange(gauge.count.toldMinute, today()) != today())
            all.append({gauge.count.subject, false, gauge.limits.perMinute});
        if (gauge.dayReached && std::exchange(gauge.count.toldDay, today()) != today())
            all.append({gauge.count.subject, true, gauge.limits.perDay});
    }
    return all;
}

QList<store::SendingCount> Pace::counts() const
{
    QList<store::SendingCount> all;
    for (const Gauge &gauge : m_gauges)
        all.append(gauge.count);
    return all;
}

} // namespace posthorn::delivery
