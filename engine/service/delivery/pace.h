// Limits on sending: who sends too fast is slowed down, and who sends too much in a day is stopped, for a stolen password
// must not cost the server its good name. Counted in recipients elsewhere.
#pragma once

#include "platform/store/sending.h"

#include <QList>

namespace posthorn::delivery {

struct SendingLimits
{
    int perMinute = 0, perDay = 0; // 0: none
};

// The limit of an account or domain that was reached.
struct Crossing
{
    QString subject;
    bool day = false; // or the one for a minute
    int limit = 0;
};

class Pace
{
public:
    struct Place
    {
        qint64 at = 0;     // when it may go, ms since 1970
        bool held = false; // not at all, until somebody lets it
        QString why;       // when it is not now
    };

    explicit Pace(qint64 now) : m_now(now) {} // ms since 1970
    void add(const store::SendingCount &count, const SendingLimits &limits);
    [[nodiscard]] bool isLimited() const { return !m_gauges.isEmpty(); }
    // For one recipient more, who is counted.
    [[nodiscard]] Place next();
    // The limits that were reached and of which nobody was told today; asked for once, they count as told.
    [[nodiscard]] QList<Crossing> news();
    [[nodiscard]] QList<store::SendingCount> counts() const; // to be kept

private:
    struct Gauge
    {
        store::SendingCount count;
        SendingLimits limits;
        bool minuteReached = false, dayReached = false;
    };
    [[nodiscard]] qint64 today() const { return m_now / 86'400'000; }

    const qint64 m_now;
    QList<Gauge> m_gauges;
};

} // namespace posthorn::delivery
