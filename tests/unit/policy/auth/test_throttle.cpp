#include "policy/auth/throttle.h"

#include <QTest>

using namespace posthorn;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

class TestThrottle : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void doublesTheDelayBeyondTheFreeOnes();
    void countsAnAccountOverAllAddresses();
    void neverRefusesForAnAccount();
    void refusesAnAddressUntilTheWindowHasPassed();
    void countsTheSameGuessOnce();
    void countsUnknownGuessesEachTime();
    void boundsGuessesMadeSideBySide();
    void admitsOneEvenWhenTheLimitIsOne();
    void forgetsTheOldestBeyondItsCapacity();
    void takesANetworkForAnAddress_data();
    void takesANetworkForAnAddress();
    void neverOverflowsTheDelay();
};

namespace {

constexpr auth::Throttle::Rules rules{2, 60s, 500ms, 3s, 6};

}

void TestThrottle::doublesTheDelayBeyondTheFreeOnes()
{
    auth::Throttle throttle;
    QList<qint64> delays;
    for (int i = 0; i < 6; ++i)
        delays += throttle.failed(1, quint64(100 + i), 0, rules, 0).count();
    QCOMPARE(delays, (QList<qint64>{500, 500, 1000, 2000, 3000, 3000}));
}

void TestThrottle::countsAnAccountOverAllAddresses()
{
    auth::Throttle throttle;
    QList<qint64> delays;
    for (quint64 i = 0; i < 5; ++i)
        delays += throttle.failed(i, 7, 0, rules, 0).count();
    QCOMPARE(delays, (QList<qint64>{500, 500, 1000, 2000, 3000}));
    QCOMPARE(throttle.delay(99, 7, rules, 0), 3s);
    QCOMPARE(throttle.delay(99, 8, rules, 0), 500ms);
}

void TestThrottle::neverRefusesForAnAccount()
{
    auth::Throttle throttle;
    for (quint64 i = 0; i < 1000; ++i)
        throttle.failed(i, 7, 0, rules, 0);
    QVERIFY(!throttle.refuses(5000, rules, 0));
    QVERIFY(throttle.enter(5000, rules, 0));
}

void TestThrottle::refusesAnAddressUntilTheWindowHasPassed()
{
    auth::Throttle throttle;
    for (quint64 i = 0; i < 5; ++i)
        throttle.failed(1, i, 0, rules, 1000);
    QVERIFY(!throttle.refuses(1, rules, 1000));
    throttle.failed(1, 9, 0, rules, 2000);
    QVERIFY(throttle.refuses(1, rules, 2000));
    QVERIFY(throttle.refuses(1, rules, 60'999));
    QVERIFY(!throttle.refuses(2, rules, 2000));
    QVERIFY(!throttle.refuses(1, rules, 61'000));
    QCOMPARE(throttle.failed(1, 9, 0, rules, 62'000), 500ms);
}

void TestThrottle::countsTheSameGuessOnce()
{
    auth::Throttle throttle;
    for (int i = 0; i < 100; ++i)
        QCOMPARE(throttle.failed(1, 7, 0xABC, rules, i), 500ms);
    QVERIFY(!throttle.refuses(1, rules, 100));
    // Another address with that guess has one of its own.
    QCOMPARE(throttle.failed(2, 7, 0xABC, rules, 100), 500ms);
    QCOMPARE(throttle.failed(3, 7, 0xABC, rules, 100), 1s);
}

void TestThrottle::countsUnknownGuessesEachTime()
{
    auth::Throttle throttle;
    for (quint64 i = 0; i < 6; ++i)
        throttle.failed(1, 7, 0, rules, 0);
    QVERIFY(throttle.refuses(1, rules, 0));
}

void TestThrottle::boundsGuessesMadeSideBySide()
{
    auth::Throttle throttle;
    throttle.failed(1, 7, 0, rules, 0);
    for (int i = 0; i < 5; ++i)
        QVERIFY(throttle.enter(1, rules, 0));
    QVERIFY(!throttle.enter(1, rules, 0));
    QVERIFY(throttle.enter(2, rules, 0));
    throttle.leave(1);
    QVERIFY(throttle.enter(1, rules, 0));
}

void TestThrottle::admitsOneEvenWhenTheLimitIsOne()
{
    auth::Throttle throttle;
    constexpr auth::Throttle::Rules strict{0, 60s, 500ms, 3s, 1};
    QVERIFY(throttle.enter(1, strict, 0));
    QVERIFY(!throttle.enter(1, strict, 0));
}

void TestThrottle::forgetsTheOldestBeyondItsCapacity()
{
    auth::Throttle throttle(10);
    for (int i = 0; i < 6; ++i)
        throttle.failed(1, 1, 0, rules, 0);
    for (quint64 i = 2; i < 11; ++i)
        throttle.failed(i, i, 0, rules, 0);
    QVERIFY(throttle.refuses(1, rules, 0)); // and so was used last
    throttle.failed(11, 11, 0, rules, 0);
    QVERIFY(throttle.refuses(1, rules, 0));
    for (quint64 i = 20; i < 30; ++i)
        throttle.failed(i, i, 0, rules, 0);
    QVERIFY(!throttle.refuses(1, rules, 0));
}

void TestThrottle::takesANetworkForAnAddress_data()
{
    QTest::addColumn<QByteArray>("one");
    QTest::addColumn<QByteArray>("other");
    QTest::addColumn<bool>("same");
    QTest::newRow("v4") << "192.0.2.1"_ba << "192.0.2.1"_ba << true;
    QTest::newRow("v4 neighbours") << "192.0.2.1"_ba << "192.0.2.2"_ba << false;
    QTest::newRow("mapped") << "192.0.2.1"_ba << "::ffff:192.0.2.1"_ba << true;
    QTest::newRow("a /64") << "2001:db8:1:2::1"_ba << "2001:db8:1:2:ffff::9"_ba << true;
    QTest::newRow("another /64") << "2001:db8:1:2::1"_ba << "2001:db8:1:3::1"_ba << false;
    QTest::newRow("scope") << "fe80::1%eth0"_ba << "fe80::2%eth0"_ba << true;
    QTest::newRow("loopbacks") << "127.0.0.1"_ba << "::1"_ba << false;
}

void TestThrottle::takesANetworkForAnAddress()
{
    QFETCH(const QByteArray, one);
    QFETCH(const QByteArray, other);
    QFETCH(const bool, same);
    QCOMPARE(auth::addressKey(one) == auth::addressKey(other), same);
}

void TestThrottle::neverOverflowsTheDelay()
{
    auth::Throttle throttle;
    for (int i = 0; i < 200; ++i)
        QVERIFY(throttle.failed(1, 1, 0, rules, 0) <= 3s);
}

QTEST_GUILESS_MAIN(TestThrottle)
#include "test_throttle.moc"
