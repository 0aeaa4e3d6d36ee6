#include "language/message/transfer_encoding.h"

#include <QTest>

using namespace posthorn::message;
using namespace Qt::StringLiterals;

namespace {

QByteArray decodeByPieces(const QByteArray &bytes, QByteArrayView encoding, qsizetype size)
{
    TransferDecoder decoder(encoding);
    QByteArray out;
    for (qsizetype at = 0; at < bytes.size(); at += size)
        decoder.feed(QByteArrayView(bytes).sliced(at, qMin(size, bytes.size() - at)), out);
    decoder.finish(out);
    return out;
}

} // namespace

class TestTransferEncoding : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void decodes_data();
    void decodes();
    void decodesWhatItEncodes_data();
    void decodesWhatItEncodes();
    void encodesText_data();
    void encodesText();
    void hostileInputTakesLinearTime();
};

void TestTransferEncoding::decodes_data()
{
    QTest::addColumn<QByteArray>("encoding");
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("decoded");
    const auto base64 = [](const char *bytes, const QByteArray &decoded) {
        QTest::addRow("base64 %s", bytes) << "BASE64"_ba << QByteArray(bytes) << decoded;
    };
    base64("", "");
    base64("aGVsbG8=", "hello");
    base64("aGVs\r\nbG8=\r\n", "hello");
    base64("aGVsbG8", "hello");
    base64("aGVsbA==", "hell");
    base64("aGVsbG8gdw==aGk=", "hello whi");
    base64("a!G V\ts*bG8=", "hello");
    base64("a", "");
    base64("====", "");
    base64("YQ==\r\n-- \r\nlist footer", "a" + QByteArray::fromBase64("listfooter"));
    const auto printable = [](const char *bytes, const QByteArray &decoded) {
        QTest::addRow("quoted-printable %s", bytes) << "Quoted-Printable"_ba << QByteArray(bytes) << decoded;
    };
    printable("", "");
    printable("caf=C3=A9=e9", "caf\xc3\xa9\xe9");
    printable("a =\r\nb", "a b");
    printable("a=\nb=  \t\r\nc", "abc");
    printable("a \t\r\nb  \nc ", "a\r\nb\nc");
    printable("a =20\r\n", "a  \r\n");
    printable("=", "");
    printable("a=", "a");
    printable("a=4", "a=4");
    printable("a= ", "a");
    printable("=XY=4G=G4==41", "=XY=4G=G4=A");
    printable("=4\r\n", "=4\r\n");
    printable("=4 \r\n", "=4\r\n");
    printable("= x", "= x");
    printable("= \t=41", "= \tA");
    printable("a\rb", "a\rb");
    printable("a\r\r\n", "a\r\n");
    QTest::newRow("8bit") << "8bit"_ba << "a=41\xff\r\n"_ba << "a=41\xff\r\n"_ba;
    QTest::newRow("unknown") << "x-uuencode"_ba << "a=41"_ba << "a=41"_ba;
}

void TestTransferEncoding::decodes()
{
    QFETCH(QByteArray, encoding);
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, decoded);
    QCOMPARE(decodeTransfer(bytes, encoding), decoded);
    for (qsizetype size = 1; size < 5; ++size)
        QCOMPARE(decodeByPieces(bytes, encoding, size), decoded);
}

void TestTransferEncoding::decodesWhatItEncodes_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QByteArray all;
    for (int i = 0; i < 256; ++i)
        all.append(char(i));
    QTest::newRow("all octets") << all;
    QTest::newRow("empty") << ""_ba;
    QTest::newRow("one") << "x"_ba;
    QTest::newRow("lines") << "one\r\ntwo \r\n\t\r\n.\r\nFrom me\r\n"_ba;
    QTest::newRow("long") << QByteArray("0123456789=").repeated(100);
    QTest::newRow("spaces") << QByteArray(300, ' ');
    for (int i = 70; i < 80; ++i)
        QTest::addRow("%d characters", i) << QByteArray(i, 'x') + "\r\n" + QByteArray(i, 'y');
}

void TestTransferEncoding::decodesWhatItEncodes()
{
    QFETCH(QByteArray, bytes);
    const QByteArray base64 = encodeBase64(bytes);
    QCOMPARE(decodeTransfer(base64, "base64"), bytes);
    const QByteArray printable = encodeQuotedPrintable(bytes);
    QByteArray expected = bytes;
    if (!bytes.contains("\r\n"))
        expected.replace('\n', "\r\n");
    QCOMPARE(decodeTransfer(printable, "quoted-printable"), expected);
    for (const QByteArray &line : (base64 + "\n" + printable).split('\n')) {
        QVERIFY2(line.size() <= 77, line.constData());
        QVERIFY(line != ".\r" && !line.startsWith("From "));
    }
}

void TestTransferEncoding::encodesText_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("encoded");
    QTest::newRow("plain") << "Hello, world.\n"_ba << "Hello, world.\r\n"_ba;
    QTest::newRow("UTF-8") << "\xc3\xbc = u\r\n"_ba << "=C3=BC =3D u\r\n"_ba;
    QTest::newRow("trailing space") << "a \nb\t"_ba << "a=20\r\nb=09"_ba;
    QTest::newRow("dot") << ".\na."_ba << "=2E\r\na."_ba;
    QTest::newRow("From") << "From me\nFrom"_ba << "=46rom me\r\nFrom"_ba;
    QTest::newRow("stray return") << "a\rb"_ba << "a=0Db"_ba;
}

void TestTransferEncoding::encodesText()
{
    QFETCH(QByteArray, text);
    QTEST(encodeQuotedPrintable(text), "encoded");
}

void TestTransferEncoding::hostileInputTakesLinearTime()
{
    for (const QByteArray &unit : {" "_ba, "= "_ba, "="_ba, "=4"_ba, " \r"_ba, "=\r\n"_ba}) {
        const QByteArray bytes = unit.repeated(1'000'000 / unit.size());
        QVERIFY(decodeTransfer(bytes, "quoted-printable").size() <= bytes.size());
        QCOMPARE(decodeByPieces(bytes, "quoted-printable", 777), decodeTransfer(bytes, "quoted-printable"));
    }
}

QTEST_GUILESS_MAIN(TestTransferEncoding)
#include "test_transfer_encoding.moc"
