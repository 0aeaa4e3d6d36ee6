// How hard a destination is driven, with a clock that stands still until it is moved.
#include "platform/system/clock.h"
#include "service/relay/pace.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::relay;

class TestPace : public QObject
{
    Q_OBJECT
    system::TestClock m_clock;
    [[nodiscard]] qint64 now() const { return m_clock.steadyMs(); }
    void accept(Pace &pace, int messages)
    {
        for (int i = 0; i < messages; ++i)
            pace.accepted(now());
    }

private Q_SLOTS:
    void growsWithSuccessUpToTheLimit()
    {
        Pace pace({.connections = 12});
        QCOMPARE(pace.connections(), 5);
        accept(pace, 3);
        QCOMPARE(pace.connections(), 8);
        accept(pace, 100);
        QCOMPARE(pace.connections(), 12);
        QCOMPARE(Pace({.connections = 2}).connections(), 2);
    }
    void halvesAtAComplaintAndRecoversSlowly()
    {
        Pace pace({.connections = 20});
        accept(pace, 100);
        pace.complained(now());
        QCOMPARE(pace.connections(), 10);
        accept(pace, 1'000); // at once: it has just complained
        QCOMPARE(pace.connections(), 10);
        m_clock.advance(15'000);
        accept(pace, 1);
        QCOMPARE(pace.connections(), 11);
        accept(pace, 1'000);
        QCOMPARE(pace.connections(), 11);
        for (int i = 0; i < 60; ++i) {
            m_clock.advance(15'000);
            accept(pace, 10);
        }
        QCOMPARE(pace.connections(), 20);
    }
    void takesComplaintsOfOneMomentAsOne()
    {
        Pace pace({.connections = 20});
        accept(pace, 100);
        for (int i = 0; i < 20; ++i)
            pace.complained(now()); // all connections are told 421
        QCOMPARE(pace.connections(), 10);
        m_clock.advance(1'001);
        pace.complained(now());
        QCOMPARE(pace.connections(), 5);
        for (int i = 0; i < 20; ++i) {
            m_clock.advance(1'001);
            pace.complained(now());
        }
        QCOMPARE(pace.connections(), 1); // never none
    }
    void keepsToWhatIsTaken()
    {
        Pace pace({.connections = 20});
        accept(pace, 100);
        pace.refusedMore(3, now());
        QCOMPARE(pace.connections(), 3);
        pace.refusedMore(7, now()); // knows better
        QCOMPARE(pace.connections(), 3);
    }
    void forgivesAfterALongTime()
    {
        Pace pace({.connections = 20});
        pace.complained(now());
        QCOMPARE(pace.connections(), 2);
        m_clock.advance(600'000);
        accept(pace, 18);
        QCOMPARE(pace.connections(), 20);
    }
    void leavesTheDeadAloneForEverLonger()
    {
        Pace pace({.connections = 20, .firstPause = 48'000, .longestPause = 600'000});
        const QList<qint64> expected{48'000, 96'000, 192'000, 384'000, 600'000, 600'000};
        for (const qint64 pause : expected) {
            pace.unreachable(now());
            QCOMPARE(pace.pause().until() - now(), pause);
            QCOMPARE(pace.connections(), 1); // one finds out
            m_clock.advance(pause - 1);
            QVERIFY(pace.pause().isOn(now()));
            m_clock.advance(1);
            QVERIFY(!pace.pause().isOn(now()));
        }
        pace.reached();
        QVERIFY(!pace.pause().wasOn());
        QCOMPARE(pace.connections(), 2);
        pace.unreachable(now());
        QCOMPARE(pace.pause().until() - now(), 48'000);
    }
    void liftsAPauseWithoutForgettingIt()
    {
        Pace pace({.firstPause = 1'000});
        pace.unreachable(now());
        pace.pause().lift();
        QVERIFY(!pace.pause().isOn(now()));
        pace.unreachable(now());
        QCOMPARE(pace.pause().until() - now(), 2'000);
    }
    void keepsMessagesApart_data()
    {
        QTest::addColumn<int>("perMinute");
        for (const int rate : {1, 30, 60, 600, 6'000, 59'000})
            QTest::addRow("%d", rate) << rate;
    }
    void keepsMessagesApart()
    {
        QFETCH(int, perMinute);
        Pace pace({.messagesPerMinute = perMinute});
        const qint64 begin = now();
        int sent = 0;
        while (now() < begin + 300'000) {
            if (pace.nextMessageAt() <= now()) {
                pace.handedOut(now());
                ++sent;
            } else {
                m_clock.advance(std::max<qint64>(1, pace.nextMessageAt() - now()));
            }
        }
        QVERIFY2(sent <= 5 * perMinute + perMinute / 60 + 1, qPrintable(QString::number(sent)));
        QVERIFY2(sent >= 5 * perMinute * 95 / 100, qPrintable(QString::number(sent)));
    }
    void savesUpNoMoreThanAMoment()
    {
        Pace pace({.messagesPerMinute = 60});
        m_clock.advance(3'600'000);
        int atOnce = 0;
        for (; pace.nextMessageAt() <= now(); ++atOnce)
            pace.handedOut(now());
        QVERIFY(atOnce <= 2);
    }
    void hasNoLimitWhenNoneIsSet()
    {
        Pace pace({});
        for (int i = 0; i < 1'000; ++i)
            pace.handedOut(now());
        QVERIFY(pace.nextMessageAt() <= now());
    }
};

QTEST_GUILESS_MAIN(TestPace)
#include "test_pace.moc"
