#include "language/imap/command_reader.h"

#include <QTest>

using namespace posthorn::imap;
using Event = CommandReader::Event;

namespace {

// Reads all that is in `input`, accepting each literal; one word for each event.
QByteArrayList readAll(CommandReader &reader, const QByteArray &input, qsizetype step)
{
    QByteArrayList seen;
    for (qsizetype at = 0; at < input.size(); at += step) {
        reader.feed(QByteArrayView(input).sliced(at, std::min(step, input.size() - at)));
        for (bool going = true; going;) {
            switch (reader.next()) {
            case Event::More:
                going = false;
                break;
            case Event::Literal:
                if (reader.literalFits()) {
                    reader.acceptLiteral();
                } else {
                    seen += "refused";
                    reader.finish();
                }
                break;
            case Event::Command:
                seen += reader.command().toByteArray();
                reader.finish();
                break;
            case Event::TooLong:
                seen += "too long";
                reader.finish();
                break;
            case Event::Malformed:
                seen += "malformed";
                reader.finish();
                break;
            }
        }
    }
    return seen;
}

} // namespace

class TestCommandReader : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cutsCommands_data()
    {
        QTest::addColumn<QByteArray>("input");
        QTest::addColumn<QByteArrayList>("commands");
        QTest::newRow("two") << QByteArray("a NOOP\r\nb NOOP\r\n") << QByteArrayList{"a NOOP", "b NOOP"};
        QTest::newRow("bare LF") << QByteArray("a NOOP\nb NOOP\n") << QByteArrayList{"a NOOP", "b NOOP"};
        QTest::newRow("empty") << QByteArray("\r\n") << QByteArrayList{""};
        QTest::newRow("literal") << QByteArray("a LOGIN {4}\r\nanna {2+}\r\nxy\r\nb NOOP\r\n")
                                 << QByteArrayList{"a LOGIN {4}\r\nanna {2}\r\nxy", "b NOOP"};
        QTest::newRow("literal of line ends") << QByteArray("a X {4}\r\n\r\n\r\n y\r\n")
                                              << QByteArrayList{"a X {4}\r\n\r\n\r\n y"};
        QTest::newRow("literal8") << QByteArray("a X ~{2}\r\n\0\0 y\r\n", 16) << QByteArrayList{QByteArray("a X {2}\r\n\0\0 y", 13)};
        QTest::newRow("empty literal") << QByteArray("a X {0}\r\n\r\n") << QByteArrayList{"a X {0}\r\n"};
        QTest::newRow("no literal") << QByteArray("a X {}\r\na X {1x}\r\na X {-1}\r\na X 1}\r\n")
                                    << QByteArrayList{"a X {}", "a X {1x}", "a X {-1}", "a X 1}"};
        QTest::newRow("NUL") << QByteArray("a X\0\r\nb NOOP\r\n", 14) << QByteArrayList{"malformed", "b NOOP"};
        QTest::newRow("huge literal waited for") << QByteArray("a X {99999999999999999999999}\r\nb NOOP\r\n")
                                                 << QByteArrayList{"refused", "b NOOP"};
        QTest::newRow("big literal not waited for") << QByteArray("a X {60+}\r\n") + QByteArray(60, 'x') + " {3+}\r\n\r\nz\r\nb NOOP\r\n"
                                                    << QByteArrayList{"refused", "b NOOP"};
        QTest::newRow("long line") << QByteArray("a X ") + QByteArray(200, 'x') + "\r\nb NOOP\r\n"
                                   << QByteArrayList{"too long", "b NOOP"};
        QTest::newRow("long line with literal") << QByteArray("a X ") + QByteArray(200, 'x') + " {5+}\r\n12\r\n3\r\nb NOOP\r\n"
                                                << QByteArrayList{"too long", "b NOOP"};
        QTest::newRow("long by literals") << QByteArray("a {30+}\r\n") + QByteArray(30, '1') + " {30+}\r\n" + QByteArray(30, '2')
                                                 + "\r\nb NOOP\r\n"
                                          << QByteArrayList{"refused", "b NOOP"};
    }
    void cutsCommands()
    {
        QFETCH(QByteArray, input);
        QFETCH(QByteArrayList, commands);
        for (qsizetype step = 1; step <= input.size(); ++step) {
            CommandReader reader;
            reader.setLimits({100, 50, 100});
            QCOMPARE(readAll(reader, input, step), commands);
            QCOMPARE(reader.buffered(), 0);
        }
    }

    void streamsALiteralAndReadsTheRest()
    {
        CommandReader reader;
        reader.feed("a APPEND x {10}\r\n");
        QCOMPARE(reader.next(), Event::Literal);
        QCOMPARE(reader.literal().size, 10);
        reader.streamLiteral();
        reader.feed("12345");
        QCOMPARE(reader.next(), Event::More);
        QCOMPARE(reader.takeContent(3), QByteArray("123"));
        QCOMPARE(reader.takeContent(30), QByteArray("45"));
        QCOMPARE(reader.takeContent(30), QByteArray());
        reader.feed("67890\r\nb NOOP\r\n");
        QCOMPARE(reader.takeContent(30), QByteArray("67890"));
        QCOMPARE(reader.contentLeft(), 0);
        QCOMPARE(reader.next(), Event::Command);
        QCOMPARE(reader.command().toByteArray(), QByteArray("a APPEND x "));
        reader.finish();
        QCOMPARE(reader.next(), Event::Command);
        QCOMPARE(reader.command().toByteArray(), QByteArray("b NOOP"));
    }

    void skipsTheRestOfAStreamedLiteral()
    {
        CommandReader reader;
        reader.feed("a APPEND x {10+}\r\n123");
        QCOMPARE(reader.next(), Event::Literal);
        reader.streamLiteral();
        QCOMPARE(reader.takeContent(3), QByteArray("123"));
        reader.finish();
        reader.feed("4567890 (more {3+}\r\n");
        QCOMPARE(reader.next(), Event::More);
        reader.feed("\r\n)\r\nb NOOP\r\n");
        QCOMPARE(reader.next(), Event::Command);
        QCOMPARE(reader.command().toByteArray(), QByteArray("b NOOP"));
    }

    void readsLinesBetweenCommands()
    {
        CommandReader reader;
        QByteArray line;
        reader.feed("DO");
        QCOMPARE(reader.takeLine(line, 10), CommandReader::Line::More);
        reader.feed("NE\r\n0123456789abc");
        QCOMPARE(reader.takeLine(line, 10), CommandReader::Line::Whole);
        QCOMPARE(line, QByteArray("DONE"));
        QCOMPARE(reader.takeLine(line, 10), CommandReader::Line::TooLong);
        reader.feed("\r\na NOOP\r\n");
        QCOMPARE(reader.next(), Event::Command);
        QCOMPARE(reader.command().toByteArray(), QByteArray("a NOOP"));
    }

    void countsWhatItSkips()
    {
        CommandReader reader;
        reader.setLimits({100, 50, 100});
        const QByteArray endless(1000, 'x');
        for (int i = 0; i < 100; ++i) {
            reader.feed(endless);
            if (reader.next() == Event::TooLong)
                reader.finish();
            QVERIFY(reader.buffered() <= 1000);
        }
        QVERIFY(reader.skipped() > 90'000);
    }
};

QTEST_GUILESS_MAIN(TestCommandReader)
#include "test_command_reader.moc"
