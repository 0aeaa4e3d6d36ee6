#include "platform/system/clock.h"

#include <QDateTime>

#include <chrono>

namespace posthorn::system {

namespace {

class RealClock final : public Clock
{
public:
    [[nodiscard]] qint64 steadyMs() const override
    {
        using namespace std::chrono;
        return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
    }
    [[nodiscard]] qint64 wallMs() const override { return QDateTime::currentMSecsSinceEpoch(); }
};

} // namespace

const Clock &realClock()
{
    static const RealClock clock;
    return clock;
}

} // namespace posthorn::system
