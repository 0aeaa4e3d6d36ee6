// xtext, parameters, base64 and command lines.
#include "language/smtp/line_reader.h"
#include "language/smtp/wire.h"

#include <QTest>

using namespace posthorn::smtp;
using namespace Qt::StringLiterals;

class TestWire : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void decodesXtext();
    void decodesUtf8AddressXtext();
    void decodesBase64Strictly();
    void takesParameters();
    void cutsLines_data();
    void cutsLines();
    void givesUpOnAnEndlessLine();
};

void TestWire::decodesXtext()
{
    QCOMPARE(decodeXtext("joe+2Bx+3Dy@example.org"), "joe+x=y@example.org"_ba);
    QCOMPARE(decodeXtext("+2b"), "+"_ba);
    for (const char *bad : {"a=b", "a b", "+", "+2", "+2G", "\xc3\xb8", "a\x7f"})
        QVERIFY2(!decodeXtext(bad), bad);
    QByteArray all;
    for (int i = 0; i < 256; ++i)
        all += char(i);
    QCOMPARE(decodeXtext(encodeXtext(all)), all);
}

void TestWire::decodesUtf8AddressXtext()
{
    QCOMPARE(decodeUtf8AddressXtext("j\\x{F8}e\\x{1F4EF}@example.org"), QByteArray("j\u00f8e\U0001F4EF@example.org"));
    QCOMPARE(decodeUtf8AddressXtext("j\u00f8e"), QByteArray("j\u00f8e"));
    for (const char *bad : {"a\\b", "\\x{}", "\\x{D800}", "\\x{110000}", "\\x{1234567}", "\\x{20", "a+b", "a=b", "\xff"})
        QVERIFY2(!decodeUtf8AddressXtext(bad), bad);
}

void TestWire::decodesBase64Strictly()
{
    QCOMPARE(decodeBase64("AGpvZQBzZWNyZXQ="), "\0joe\0secret"_ba);
    QCOMPARE(decodeBase64("="), ""_ba);
    QCOMPARE(decodeBase64(""), ""_ba);
    QVERIFY(!decodeBase64("")->isNull());
    for (const char *bad : {"AGpv ZQA=", "AGp", "AGpv!QA=", "*", "====", "A===", "AGpvZQ=A"})
        QVERIFY2(!decodeBase64(bad), bad);
}

void TestWire::takesParameters()
{
    QByteArrayView text = "  SIZE=10\t SMTPUTF8  X-Y=a=b ";
    auto one = takeParameter(text);
    QVERIFY(one && one->keyword == "SIZE" && one->value == "10" && one->hasValue);
    one = takeParameter(text);
    QVERIFY(one && one->keyword == "SMTPUTF8" && !one->hasValue);
    one = takeParameter(text);
    QVERIFY(one && one->keyword == "X-Y" && one->value == "a=b");
    QVERIFY(!takeParameter(text) && text.isEmpty());
    for (const char *bad : {"=1", "SIZE=", "-A=1", "A_B=1", "<x>"}) {
        text = bad;
        QVERIFY2(!takeParameter(text) && !text.isEmpty(), bad);
    }
}

void TestWire::cutsLines_data()
{
    QTest::addColumn<QByteArray>("wire");
    QTest::addColumn<QByteArray>("outcomes"); // of each line: its text, or LF, BAD, LONG
    QTest::newRow("lines") << "a\r\n\r\nbc\r\n"_ba << "[a][][bc]"_ba;
    QTest::newRow("no end yet") << "a\r\nbc"_ba << "[a]"_ba;
    QTest::newRow("bare LF hides what follows") << "a\nb\r\nc\r\n"_ba << "LF[c]"_ba;
    QTest::newRow("many bare LFs are one line") << "\n\n\na\nb\r\nc\r\n"_ba << "LF[c]"_ba;
    QTest::newRow("LF after CRLF") << "a\r\n\nb\r\nc\r\n"_ba << "[a]LF[c]"_ba;
    QTest::newRow("LF CR") << "a\n\rb\r\nc\r\n"_ba << "LF[c]"_ba;
    QTest::newRow("bare CR") << "a\rb\r\nc\r\n"_ba << "BAD[c]"_ba;
    QTest::newRow("CR CRLF") << "a\r\r\nc\r\n"_ba << "BAD[c]"_ba;
    QTest::newRow("NUL") << "a\0b\r\nc\r\n"_ba << "BAD[c]"_ba;
    QTest::newRow("as long as may be") << "0123456789abcd\r\nc\r\n"_ba << "[0123456789abcd][c]"_ba;
    QTest::newRow("too long") << "0123456789abcde\r\nc\r\n"_ba << "LONG[c]"_ba;
    QTest::newRow("much too long") << "0123456789abcdefghijklmnopqrstuvwxyz\r\nc\r\n"_ba << "LONG[c]"_ba;
    QTest::newRow("too long, then a bare LF") << "0123456789abcdefghijk\nlmn\r\nc\r\n"_ba << "LONG[c]"_ba;
}

void TestWire::cutsLines()
{
    QFETCH(QByteArray, wire);
    QFETCH(QByteArray, outcomes);
    for (qsizetype step = 1; step <= wire.size(); ++step) {
        LineReader reader;
        QByteArray found, buffer;
        for (qsizetype at = 0; at < wire.size(); at += step) {
            buffer += wire.mid(at, step);
            QByteArrayView input = buffer, line;
            LineReader::Outcome outcome;
            while ((outcome = reader.next(input, 16, line)) != LineReader::Outcome::More) {
                if (outcome == LineReader::Outcome::Line)
                    found += '[' + line.toByteArray() + ']';
                else
                    found += outcome == LineReader::Outcome::BadEnd    ? "LF"
                             : outcome == LineReader::Outcome::BadText ? "BAD"
                                                                       : "LONG";
            }
            buffer = input.toByteArray();
        }
        QCOMPARE(found, outcomes);
    }
}

void TestWire::givesUpOnAnEndlessLine()
{
    LineReader reader;
    const QByteArray piece(1000, 'x');
    QByteArrayView line;
    qsizetype given = 0;
    int tooLong = 0;
    for (;; given += piece.size()) {
        QVERIFY(given < 200'000);
        QByteArrayView input = piece;
        const auto outcome = reader.next(input, 512, line);
        if (outcome == LineReader::Outcome::Endless)
            break;
        tooLong += outcome == LineReader::Outcome::TooLong;
    }
    QCOMPARE(tooLong, 1);
}

QTEST_GUILESS_MAIN(TestWire)
#include "test_wire.moc"
