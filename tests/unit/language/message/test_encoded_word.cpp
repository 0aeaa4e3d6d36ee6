#include "language/message/encoded_word.h"

#include <QTest>

using namespace posthorn::message;
using namespace Qt::StringLiterals;

class TestEncodedWord : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void decodes_data();
    void decodes();
    void encodes_data();
    void encodes();
    void decodesWhatItEncodes_data();
    void decodesWhatItEncodes();
    void linesStayShort();
    void cantSmuggleLines();
    void foldsAtSpacesOnly();
    void hostileInputTakesLinearTime();
};

void TestEncodedWord::decodes_data()
{
    QTest::addColumn<QByteArray>("raw");
    QTest::addColumn<QString>("text");
    const auto row = [](const char *raw, const QString &text) { QTest::newRow(raw) << QByteArray(raw) << text; };
    row("", u""_s);
    row(" plain \r\n text ", u"plain  text"_s);
    row("=?ISO-8859-1?Q?a?=", u"a"_s);
    row("(=?ISO-8859-1?Q?a?= b)", u"(a b)"_s);
    row("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", u"ab"_s);
    row("=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=", u"ab"_s);
    row("=?ISO-8859-1?Q?a_b?= =?ISO-8859-2?Q?_c?=", u"ab c"_s.replace(u"ab"_s, u"a b"_s));
    row("=?US-ASCII*EN?Q?Keith_Moore?=", u"Keith Moore"_s);
    row("=?utf-8?b?w7w=?=", u"ü"_s);
    row("=?UTF-8?B?w7w?=", u"ü"_s);
    row("=?utf-8?q?=C3?= =?utf-8?q?=BC?=", u"ü"_s);
    row("=?utf-8?b?ww==?=\r\n =?utf-8?b?vA==?=", u"ü"_s);
    row("=?utf-8?b?4oKs?= x =?windows-1252?q?=80?=", u"€ x €"_s);
    row("=?iso-8859-1?q?=80?=", u"€"_s);
    row("=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", u"日本"_s);
    row("=?gb2312?b?xOO6ww==?=", u"你好"_s);
    row("=?koi8-r?b?8NLJ18XU?=", u"Привет"_s);
    row("=?no-such-charset?q?caf=E9?=", u"café"_s);
    row("=?no-such-charset?q?caf=C3=A9?=", u"café"_s);
    row("caf\xc3\xa9", u"café"_s);
    row("caf\xe9", u"café"_s);
    row("a=?utf-8?q?b?=c", u"abc"_s);
    row("=?utf-8?q?two words?=", u"two words"_s);
    row("=?utf-8?q?a=0D=0Ab=00?=", u"a  b "_s);
    // These only look like encoded words.
    row("=?utf-8?x?abc?=", u"=?utf-8?x?abc?="_s);
    row("=?utf-8?q?abc", u"=?utf-8?q?abc"_s);
    row("=?utf-8?q?abc?", u"=?utf-8?q?abc?"_s);
    row("=??q?abc?=", u"=??q?abc?="_s);
    row("=?=?utf-8?q?x?=", u"=?x"_s);
    row("1 =? 2 ?= 3", u"1 =? 2 ?= 3"_s);
    row("=?utf-8?q?=G1=?=", u"=G1="_s);
}

void TestEncodedWord::decodes()
{
    QFETCH(QByteArray, raw);
    QTEST(decodeHeader(raw), "text");
}

void TestEncodedWord::encodes_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QByteArray>("raw");
    QTest::newRow("ASCII") << u"Hello, world"_s << "Hello, world"_ba;
    QTest::newRow("one word") << u"a café in b"_s << "a =?utf-8?q?caf=C3=A9?= in b"_ba;
    QTest::newRow("from first to last") << u"é and then é"_s << "=?utf-8?q?=C3=A9_and_then_=C3=A9?="_ba;
    QTest::newRow("mostly not ASCII") << u"日本語"_s << "=?utf-8?b?5pel5pys6Kqe?="_ba;
    QTest::newRow("looks encoded") << u"=?utf-8?q?x?="_s << "=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?="_ba;
    QTest::newRow("control characters") << u"a\r\nBcc: b\0c\0"_s << "a  Bcc: b c"_ba;
}

void TestEncodedWord::encodes()
{
    QFETCH(QString, text);
    QTEST(encodeHeader(text), "raw");
}

void TestEncodedWord::decodesWhatItEncodes_data()
{
    QTest::addColumn<QString>("text");
    QTest::newRow("short") << u"Grüße aus Köln"_s;
    QTest::newRow("long") << u"Grüße aus Köln, "_s.repeated(40).trimmed();
    QTest::newRow("beyond the BMP") << u"😀"_s.repeated(200);
    QTest::newRow("no spaces") << u"ü"_s.repeated(500);
    QTest::newRow("long and plain") << u"words and words "_s.repeated(40).trimmed();
    QTest::newRow("a long word") << QString(500, u'x');
    QTest::newRow("long words") << (QString(100, u'x') + u" ü "_s + QString(100, u'y'));
    QTest::newRow("inner spaces") << u"a   b   ü   c"_s;
}

void TestEncodedWord::decodesWhatItEncodes()
{
    QFETCH(QString, text);
    for (const qsizetype room : {0, 10, 40, 76})
        QCOMPARE(decodeHeader(encodeHeader(text, room)), text);
}

void TestEncodedWord::linesStayShort()
{
    const QByteArray raw = encodeHeader(u"Grüße aus Köln, 😀 "_s.repeated(60), 40);
    const QByteArrayList lines = raw.split('\n');
    QVERIFY(lines.first().size() <= 77);
    for (const QByteArray &line : lines) {
        QVERIFY2(line.size() <= 78, line.constData());
        QVERIFY(&line == &lines.first() || line.startsWith(' '));
    }
    for (const QByteArray &word : raw.simplified().split(' '))
        QVERIFY2(word.size() <= 75, word.constData());
}

void TestEncodedWord::cantSmuggleLines()
{
    for (const QString &text : {u"a\r\nX: b"_s, u"ü\r\nX: b"_s, u"a\nX: ü"_s, u"a\r"_s}) {
        const QByteArray raw = encodeHeader(text);
        QVERIFY2(!raw.contains('\r') && !raw.contains('\n'), raw.constData());
    }
    QCOMPARE(foldValue("a\r\nX: b"), "a  X: b");
}

void TestEncodedWord::foldsAtSpacesOnly()
{
    QCOMPARE(foldValue("aaa bbb ccc", 7), "aaa bbb\r\n ccc");
    QCOMPARE(foldValue("aaa bbb ccc", 6), "aaa\r\n bbb ccc");
    QCOMPARE(foldValue("aaaaaaaaaa b", 3), "aaaaaaaaaa\r\n b");
    QCOMPARE(foldValue("aaa   bbb", 4), "aaa\r\n   bbb");
    QCOMPARE(foldValue("", 4), "");
}

void TestEncodedWord::hostileInputTakesLinearTime()
{
    for (const QByteArray &unit :
         {"=?"_ba, "="_ba, "=?a?q?"_ba, "=?a?q?x?= "_ba, "=?a?b?"_ba, "=?aaaaaaaaaaaaaaaaaa"_ba, "=?utf-8?q?=C3?= "_ba,
          "=?utf-8?q?a?= =?koi8-r?q?b?= "_ba})
        (void)decodeHeader(unit.repeated(500'000 / unit.size()));
    (void)encodeHeader(QString(300'000, u'ü'));
    (void)encodeHeader(u"ü "_s.repeated(200'000));
}

QTEST_GUILESS_MAIN(TestEncodedWord)
#include "test_encoded_word.moc"
