#include "platform/net/deflate_stream.h"

#include <QQueue>
#include <QRandomGenerator>
#include <QTest>

using namespace posthorn;
using namespace posthorn::net;

namespace {

// A peer in memory that gives and takes a few octets at a time.
class Pipe : public Stream
{
public:
    qint64 read(char *to, qint64 max) override
    {
        if (input.isEmpty())
            return ended ? 0 : system::WouldBlock;
        const qsizetype size = std::min<qsizetype>({piece, max, input.size()});
        std::copy_n(input.constData(), size, to);
        input.remove(0, size);
        return size;
    }
    qint64 write(QByteArrayView octets) override
    {
        if (room == 0)
            return system::WouldBlock;
        const qsizetype size = std::min<qsizetype>({piece, octets.size(), room});
        room -= size;
        output += octets.first(size);
        return size;
    }
    void watch(quint8) override {}
    bool close() override { return true; }

    QByteArray input, output;
    qsizetype piece = 1'000'000;
    qsizetype room = 1'000'000'000;
    bool ended = false;
};

QByteArray readAll(DeflateStream &stream, qint64 atOnce)
{
    QByteArray all, piece(atOnce, Qt::Uninitialized);
    for (qint64 got = stream.read(piece.data(), atOnce); got > 0; got = stream.read(piece.data(), atOnce))
        all += piece.first(got);
    return all;
}

QByteArray compressed(const QByteArray &plain)
{
    Pipe pipe;
    DeflateStream stream(pipe);
    for (qsizetype at = 0; at < plain.size();)
        at += stream.write(QByteArrayView(plain).sliced(at));
    return pipe.output;
}

} // namespace

class TestDeflateStream : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void bringsBackWhatWentIn_data()
    {
        QTest::addColumn<QByteArray>("plain");
        QRandomGenerator random(3);
        QByteArray noise(200'000, Qt::Uninitialized);
        std::ranges::generate(noise, [&] { return char(random.bounded(256)); });
        QTest::newRow("a word") << QByteArray("a1 NOOP\r\n");
        QTest::newRow("much of the same") << QByteArray("* 1 FETCH (FLAGS ())\r\n").repeated(20'000);
        QTest::newRow("noise") << noise;
    }
    void bringsBackWhatWentIn()
    {
        QFETCH(QByteArray, plain);
        const QByteArray small = compressed(plain);
        for (const qsizetype piece : {1, 7, 4096}) {
            Pipe pipe;
            pipe.input = small;
            pipe.piece = piece;
            DeflateStream stream(pipe);
            QCOMPARE(readAll(stream, piece == 1 ? 13 : 65536), plain);
            QVERIFY(!stream.hasMore());
        }
    }

    void tellsOfWhatThePollerCanNot()
    {
        Pipe pipe;
        pipe.input = compressed(QByteArray(1'000'000, 'x'));
        DeflateStream stream(pipe);
        QByteArray piece(1000, Qt::Uninitialized);
        QCOMPARE(stream.read(piece.data(), piece.size()), 1000);
        QVERIFY(pipe.input.isEmpty());
        QVERIFY(stream.hasMore());
        QCOMPARE(readAll(stream, 1000).size(), 999'000);
        QVERIFY(!stream.hasMore());
    }

    void waitsForASlowPeer()
    {
        Pipe pipe;
        pipe.room = 3;
        DeflateStream stream(pipe);
        const QByteArray line = "* OK hello, hello, hello\r\n";
        QCOMPARE(stream.write(line), system::WouldBlock);
        QCOMPARE(stream.write(line + "more"), system::WouldBlock); // the same octets, and more of them
        pipe.room = 1000;
        QCOMPARE(stream.write(line + "more"), line.size());
        QCOMPARE(stream.write("more"), 4);
        Pipe back;
        back.input = pipe.output;
        DeflateStream other(back);
        QCOMPARE(readAll(other, 100), line + "more");
    }

    void refusesWhatIsNotCompressed()
    {
        Pipe pipe;
        pipe.input = "a2 LOGOUT\r\n";
        DeflateStream stream(pipe);
        QByteArray piece(100, Qt::Uninitialized);
        QCOMPARE(stream.read(piece.data(), 100), system::Broken);
        QCOMPARE(stream.read(piece.data(), 100), system::Broken);
    }

    void passesTheEndOn()
    {
        Pipe pipe;
        pipe.input = compressed("bye");
        pipe.ended = true;
        DeflateStream stream(pipe);
        QByteArray piece(100, Qt::Uninitialized);
        QCOMPARE(stream.read(piece.data(), 100), 3);
        QCOMPARE(stream.read(piece.data(), 100), 0);
    }
};

QTEST_GUILESS_MAIN(TestDeflateStream)
#include "test_deflate_stream.moc"
