// Qt Test with patience: QTRY_VERIFY, QTRY_COMPARE and waitFor() give what comes by itself a minute, not Qt's five seconds.
// It comes at once on a machine that has nothing else to do; none of it is a measure of how fast it comes.
#pragma once

#include <QTest>

namespace posthorn::test {

inline constexpr std::chrono::minutes longEnough{1};

template<typename Condition>
[[nodiscard]] bool waitFor(Condition condition)
{
    return QTest::qWaitFor(std::move(condition), QDeadlineTimer(longEnough));
}

} // namespace posthorn::test

#undef QTRY_VERIFY
#define QTRY_VERIFY(expr) QTRY_VERIFY_WITH_TIMEOUT(expr, ::posthorn::test::longEnough)
#undef QTRY_COMPARE
#define QTRY_COMPARE(expr, expected) QTRY_COMPARE_WITH_TIMEOUT(expr, expected, ::posthorn::test::longEnough)
