#include "language/pop3/dot_writer.h"
#include "support/work_timer.h"

#include <QTest>

using namespace posthorn;
using namespace Qt::StringLiterals;

namespace {

// The same, line by line, on the whole message.
QByteArray expected(const QByteArray &message, qint64 bodyLines)
{
    QByteArray out;
    bool inBody = false;
    qsizetype at = 0;
    while (at < message.size() && !(inBody && bodyLines == 0)) {
        const qsizetype feed = message.indexOf('\n', at);
        QByteArray line = message.mid(at, feed < 0 ? -1 : feed - at);
        at = feed < 0 ? message.size() : feed + 1;
        if (feed >= 0 && line.endsWith('\r'))
            line.chop(1);
        if (inBody && bodyLines > 0)
            --bodyLines;
        inBody = inBody || (line.isEmpty() && feed >= 0);
        out += (line.startsWith('.') ? "." : "") + line + "\r\n";
    }
    return out + ".\r\n";
}

QByteArray written(const QByteArray &message, qint64 bodyLines, qsizetype piece)
{
    pop3::DotWriter writer(bodyLines);
    QByteArray out;
    for (qsizetype at = 0; at < message.size(); at += piece)
        writer.write(QByteArrayView(message).sliced(at, qMin(piece, message.size() - at)), out);
    writer.finish(out);
    return out;
}

// What the client makes of it.
QByteArray unstuffed(const QByteArray &response)
{
    QByteArray out;
    for (QByteArray line : response.chopped(3).split('\n')) {
        if (line.startsWith('.'))
            line.remove(0, 1);
        out += line + '\n';
    }
    return out.chopped(1);
}

} // namespace

class TestDotWriter : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void writesAsLineByLine_data();
    void writesAsLineByLine();
    void writesEverySmallMessage();
    void isNotBotheredByEmptyPieces();
    void givesBackTheMessage();
    void writesFast();
};

void TestDotWriter::writesAsLineByLine_data()
{
    QTest::addColumn<QByteArray>("message");
    QTest::newRow("empty") << ""_ba;
    QTest::newRow("usual") << "A: b\r\n\r\nHello\r\nWorld\r\n"_ba;
    QTest::newRow("no last line end") << "A: b\r\n\r\nHello"_ba;
    QTest::newRow("dots") << "A: b\r\n\r\n.\r\n..\r\n.a\r\na.\r\n."_ba;
    QTest::newRow("dots at first") << "."_ba;
    QTest::newRow("bare LF") << "A: b\n\nHello\n.World\n"_ba;
    QTest::newRow("bare CR") << "A: b\r\n\r\nHe\rllo\r"_ba;
    QTest::newRow("CR CR LF") << "A: b\r\r\n\r\r\n\r\n.\r\r\n"_ba;
    QTest::newRow("no header") << "\r\nbody\r\n"_ba;
    QTest::newRow("no body") << "A: b\r\n"_ba;
    QTest::newRow("empty lines") << "\r\n\r\n\n\n\r\n"_ba;
}

void TestDotWriter::writesAsLineByLine()
{
    QFETCH(const QByteArray, message);
    for (qint64 lines = -1; lines < 5; ++lines) {
        for (qsizetype piece = 1; piece <= message.size() + 1; ++piece)
            QCOMPARE(written(message, lines, piece), expected(message, lines));
    }
}

void TestDotWriter::writesEverySmallMessage()
{
    const QByteArray letters = "\r\n.a";
    for (int code = 0; code < 4 * 4 * 4 * 4 * 4 * 4; ++code) {
        QByteArray message;
        for (int rest = code, i = 0; i < 6; ++i, rest /= 4)
            message += letters.at(rest % 4);
        for (qint64 lines = -1; lines < 2; ++lines) {
            for (qsizetype piece = 1; piece <= 6; ++piece)
                QCOMPARE(written(message, lines, piece), expected(message, lines));
        }
    }
}

void TestDotWriter::isNotBotheredByEmptyPieces()
{
    pop3::DotWriter writer;
    QByteArray out;
    for (const char *piece : {"a\r", "", "\n", "", ".b\r", ""})
        writer.write(piece, out);
    writer.finish(out);
    QCOMPARE(out, "a\r\n..b\r\r\n.\r\n"_ba);
}

void TestDotWriter::givesBackTheMessage()
{
    const QByteArray message = "A: b\r\n\r\n.\r\n..x\r\n\r\n...\r\n"_ba.repeated(50);
    QCOMPARE(unstuffed(written(message, -1, 7)), message);
}

void TestDotWriter::writesFast()
{
    const QByteArray message = QByteArray(QByteArray(76, 'x') + "\r\n").repeated(100'000);
    QByteArray out;
    out.reserve(message.size() + 16);
    const test::WorkTimer timer;
    pop3::DotWriter writer;
    writer.write(message, out);
    writer.finish(out);
    qInfo("%.0f MB a second", double(message.size()) / double(qMax<qint64>(1, timer.microseconds())));
    QVERIFY(timer.milliseconds() < 20'000); // a release build under 10 ms
    QCOMPARE(out.size(), message.size() + 3);
}

QTEST_APPLESS_MAIN(TestDotWriter)
#include "test_dot_writer.moc"
