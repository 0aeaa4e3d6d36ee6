#include "core/events.h"

#include <QTest>

using namespace posthorn;
using namespace Qt::StringLiterals;

class TestEvents : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void writesOneLineWhateverIsInIt()
    {
        Event event{EventKind::MessageRefused, 1'700'000'000'123};
        event.with(EventField::Client, "192.0.2.1"_ba).with(EventField::Reason, u"a \"b\"\r\nc\\"_s)
            .with(EventField::Size, qint64(7)).with(EventField::Detail, QString());
        QCOMPARE(toLine(event), "2023-11-14T22:13:20.123Z warning message-refused client=192.0.2.1 "
                                "reason=\"a \\\"b\\\"??c\\\\\" size=7 detail=\"\""_ba);
    }
    void namesEveryKindAndField()
    {
        for (int kind = 0; kind <= int(EventKind::AddressSuppressed); ++kind)
            QVERIFY(!nameOf(EventKind(kind)).isEmpty());
        for (int field = 0; field <= int(EventField::Tls); ++field)
            QVERIFY(!nameOf(EventField(field)).isEmpty());
        QCOMPARE(nameOf(EventField::Tls), "tls"_L1);
    }
    void keepsTheLastOnesInOrder()
    {
        EventLog log(3);
        int told = 0;
        const int id = log.subscribe([&](qint64, const Event &) { ++told; });
        for (int i = 1; i <= 5; ++i)
            log.emitEvent(Event{EventKind::ServerReady, i});
        log.unsubscribe(id);
        log.emitEvent(Event{EventKind::ServerReady, 6});
        QCOMPARE(told, 5);
        const auto all = log.since(0, 100);
        QCOMPARE(all.size(), 3);
        QCOMPARE(all.front().first, 4);
        QCOMPARE(all.back().second.at, 6);
        QCOMPARE(log.since(5, 100).size(), 1);
        QCOMPARE(log.since(6, 100).size(), 0);
        QCOMPARE(log.since(0, 2).front().first, 5);
    }
};

QTEST_APPLESS_MAIN(TestEvents)
#include "test_events.moc"
