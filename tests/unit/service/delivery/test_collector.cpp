#include "service/delivery/collector.h"

#include <QTest>

using namespace posthorn;
using delivery::Collector;

class TestCollector : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void splitsAtTheEmptyLine_data()
    {
        QTest::addColumn<QByteArray>("message");
        QTest::addColumn<QByteArray>("seen"); // by the prefix
        QTest::addColumn<QByteArray>("header");
        QTest::addColumn<QByteArray>("body");
        const QByteArray added = "Added: 1\r\n";
        QTest::newRow("as it should be") << QByteArray("A: b\r\nC: d\r\n\r\nbody\r\n\r\nmore") << QByteArray("A: b\r\nC: d\r\n")
                                         << added + "A: b\r\nC: d\r\n\r\n" << QByteArray("body\r\n\r\nmore");
        QTest::newRow("no body") << QByteArray("A: b\r\n\r\n") << QByteArray("A: b\r\n") << added + "A: b\r\n\r\n" << QByteArray();
        QTest::newRow("no empty line") << QByteArray("A: b\r\n") << QByteArray("A: b\r\n") << added + "A: b\r\n" << QByteArray();
        QTest::newRow("no header") << QByteArray("\r\nbody") << QByteArray() << added + "\r\n" << QByteArray("body");
        QTest::newRow("nothing") << QByteArray() << QByteArray() << added << QByteArray();
        QTest::newRow("a first line from nowhere")
            << QByteArray(" x\r\n\r\nbody") << QByteArray(" x\r\n") << added + "\r\n x\r\n\r\n" << QByteArray("body");
    }
    void splitsAtTheEmptyLine()
    {
        QFETCH(QByteArray, message);
        for (qsizetype cut = 0; cut <= message.size(); ++cut) {
            QByteArray seen;
            int asked = 0;
            Collector collector([&](QByteArrayView header) {
                seen = header.toByteArray();
                ++asked;
                return QByteArray("Added: 1\r\n");
            });
            collector.add(QByteArrayView(message).first(cut));
            collector.add(QByteArrayView(message).sliced(cut));
            const message::Structure structure = collector.finish();
            QCOMPARE(asked, 1);
            QTEST(seen, "seen");
            QTEST(collector.header(), "header");
            const QByteArray body = collector.takeBody();
            QTEST(body, "body");
            QCOMPARE(structure.size, collector.header().size() + body.size());
        }
    }

    void handsBigBodiesOverInChunks()
    {
        Collector collector(nullptr);
        collector.add("A: b\r\n\r\n");
        const QByteArray line = QByteArray("x").repeated(998) + "\r\n";
        QByteArray chunks;
        for (int i = 0; i < 2000; ++i) {
            collector.add(line);
            if (collector.chunkReady())
                chunks += collector.takeChunk();
        }
        QCOMPARE(collector.sequence, int(2'000'000 / (263 * 1000)));
        const message::Structure structure = collector.finish();
        QCOMPARE(chunks + collector.takeBody(), line.repeated(2000));
        QCOMPARE(structure.size, 8 + 2'000'000);
    }

    void refusesAHeaderWithoutEnd()
    {
        Collector collector(nullptr);
        const QByteArray line = "X: " + QByteArray("y").repeated(995) + "\r\n";
        for (int i = 0; i < 400; ++i)
            collector.add(line);
        QVERIFY(collector.headerTooLarge());
        QVERIFY(collector.header().isEmpty()); // and holds no memory
    }
};

QTEST_GUILESS_MAIN(TestCollector)
#include "test_collector.moc"
