#include "language/imap/uid_map.h"
#include "support/work_timer.h"

#include <QRandomGenerator>
#include <QTest>

using namespace posthorn;
using namespace posthorn::imap;

class TestUidMap : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void agreesWithAPlainList()
    {
        QRandomGenerator random(42);
        for (int round = 0; round < 15; ++round) {
            QList<Uid> plain;
            Uid next = 1;
            for (int i = 0; i < random.bounded(300); ++i)
                plain += next += random.bounded(1, 4);
            UidMap map(plain);
            for (int step = 0; step < 60; ++step) {
                if (random.bounded(2)) {
                    next += random.bounded(1, 4);
                    plain += next;
                    map.append(next);
                } else {
                    removeSome(random, plain, map, next);
                }
                verify(plain, map, next);
            }
        }
    }

    void doesNotTouchTheSharedList()
    {
        QList<Uid> shared(1000);
        for (qsizetype i = 0; i < shared.size(); ++i)
            shared[i] = Uid(i + 1);
        UidMap map(shared);
        const Uid *data = shared.constData();
        map.append(2000);
        QCOMPARE(map.remove({{5, 7}}), (QList<qsizetype>{4, 5, 6}));
        QCOMPARE(shared.constData(), data);
        QCOMPARE(shared.size(), 1000);
        QCOMPARE(map.count(), 998);
    }

    void isQuickOnAMillion()
    {
        QList<Uid> uids(1'000'000);
        for (qsizetype i = 0; i < uids.size(); ++i)
            uids[i] = Uid(2 * i + 1);
        UidMap map(uids);
        const test::WorkTimer timer;
        for (Uid uid = 1; uid < 40'000; uid += 4)
            QCOMPARE(map.remove({{uid, uid}}).size(), 1);
        QCOMPARE(map.remove({{100'001, 900'000}}).size(), 400'000);
        qint64 sum = 0;
        for (qsizetype i = 0; i < map.count(); ++i)
            sum += map.at(i);
        QVERIFY(sum > 0);
        QVERIFY2(timer.milliseconds() < 20'000, qPrintable(QString::number(timer.milliseconds())));
    }

private:
    static void removeSome(QRandomGenerator &random, QList<Uid> &plain, UidMap &map, Uid last)
    {
        QList<UidRange> ranges;
        Uid from = 0;
        for (int i = 0; i < random.bounded(4); ++i) {
            from += random.bounded(1u, last / 3 + 2);
            const Uid to = from + random.bounded(4u);
            ranges += UidRange{from, to};
            from = to;
        }
        QList<qsizetype> gone;
        QList<Uid> left;
        for (qsizetype i = 0; i < plain.size(); ++i) {
            const bool hit = std::any_of(ranges.cbegin(), ranges.cend(), [&](const UidRange &range) {
                return plain[i] >= range.first && plain[i] <= range.last;
            });
            if (hit)
                gone += i;
            else
                left += plain[i];
        }
        QCOMPARE(map.remove(ranges), gone);
        plain = left;
    }

    static void verify(const QList<Uid> &plain, const UidMap &map, Uid last)
    {
        QCOMPARE(map.count(), plain.size());
        for (qsizetype i = 0; i < plain.size(); ++i)
            QCOMPARE(map.at(i), plain[i]);
        for (Uid uid = 0; uid <= last + 2; ++uid) {
            QCOMPARE(map.lowerBound(uid), std::lower_bound(plain.begin(), plain.end(), uid) - plain.begin());
            QCOMPARE(map.indexOf(uid), plain.indexOf(uid));
        }
    }
};

QTEST_GUILESS_MAIN(TestUidMap)
#include "test_uid_map.moc"
