#include "structure_samples.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::message;
using namespace posthorn::message::samples;
using namespace Qt::StringLiterals;

class TestStructureLimits : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void keepsToItsLimits();
    void hostileInputTakesLinearTime_data();
    void hostileInputTakesLinearTime();
    void packsAndUnpacks();
    void unpackingGarbageIsAnError();
};

void TestStructureLimits::keepsToItsLimits()
{
    StructureLimits limits;
    limits.maxHeaderSize = 20;
    const QByteArray longHeader = "Subject: 1\r\nX: 2\r\nFrom: a@b\r\n\r\nbody";
    const Structure cut = parseStructure(longHeader, limits);
    QCOMPARE(cut.header, longHeader.first(20));
    QCOMPARE(cut.root.headerSize, longHeader.size() - 4);
    QCOMPARE(bodyOf(longHeader, cut.root), "body");
    QVERIFY(cut.envelope.from.isEmpty());
    QVERIFY(parseByPieces(longHeader, 3, limits) == cut);

    limits = {};
    limits.maxHeaderFields = 1;
    QVERIFY(parseStructure(longHeader, limits).envelope.from.isEmpty());

    limits = {};
    limits.maxDepth = 1;
    QCOMPARE(shape(parseStructure(forwarded, limits).root), "multipart/mixed(application/octet-stream text/plain)");

    limits = {};
    limits.maxParts = 3;
    const QByteArray many = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n1\n--b\n\n2\n--b\n\n3\n--b--\n";
    const Structure few = parseStructure(many, limits);
    QCOMPARE(few.root.children.size(), 2);
    QCOMPARE(bodyOf(many, few.root.children[1]), "2\n--b\n\n3\n--b--\n");
}

void TestStructureLimits::hostileInputTakesLinearTime_data()
{
    QTest::addColumn<QByteArray>("message");
    constexpr int many = 1024 * 1024;
    QTest::newRow("megabytes in a line") << "Content-Type: multipart/x; boundary=b\n\n"_ba + QByteArray(4 * many, 'x');
    QTest::newRow("a field of megabytes") << "Subject: "_ba + QByteArray(4 * many, 'x');
    QTest::newRow("a folded field of megabytes") << "To: "_ba + QByteArray("a\r\n ").repeated(many);
    QTest::newRow("dashes") << "Content-Type: multipart/x; boundary=----\n\n"_ba + QByteArray(4 * many, '-');
    QTest::newRow("lines of dashes") << "Content-Type: multipart/x; boundary=--bbbbbbbbbbbbbbb\n\n"_ba +
                                            QByteArray("--\n").repeated(many);
    QTest::newRow("empty lines") << QByteArray(4 * many, '\n');
    QTest::newRow("delimiters") << "Content-Type: multipart/x; boundary=b\n\n"_ba + QByteArray("--b\n").repeated(many);
    QByteArray nested;
    for (int i = 0; i < 10'000; ++i)
        nested += "Content-Type: multipart/mixed; boundary=b" + QByteArray::number(i) + "\n\n--b" +
                  QByteArray::number(i) + '\n';
    QTest::newRow("10,000 boundaries inside one another") << nested + nested;
    QTest::newRow("messages inside one another") << QByteArray("Content-Type: message/rfc822\n\n").repeated(many / 8);
    QTest::newRow("digests inside one another")
        << QByteArray("Content-Type: multipart/digest; boundary=b\n\n--b\n\n").repeated(many / 8);
    QTest::newRow("open comments") << "To: "_ba + QByteArray(200'000, '(') + "\r\nFrom: " + QByteArray(50'000, '<');
    QTest::newRow("open quotes") << "To: "_ba + QByteArray("\"\\").repeated(100'000);
    QTest::newRow("half encoded words") << "To: "_ba + QByteArray("=?a").repeated(70'000);
    QTest::newRow("parameters") << "Content-Type: a/b"_ba + QByteArray("; a*0=b").repeated(30'000);
    QTest::newRow("unclosed parameters") << "Content-Type: a/b"_ba + QByteArray("; a=\"").repeated(40'000);
    QTest::newRow("nothing but NUL") << QByteArray(4 * many, '\0');
    QTest::newRow("8-bit") << QByteArray(4 * many, '\xff');
}

void TestStructureLimits::hostileInputTakesLinearTime()
{
    QFETCH(QByteArray, message);
    const Structure whole = parseStructure(message);
    checkInvariants(whole.root, 0, message.size());
    QVERIFY(parseByPieces(message, 4093) == whole);
    const Result<Part> unpacked = unpackOffsets(packOffsets(whole.root));
    QVERIFY(unpacked.has_value());
}

void TestStructureLimits::packsAndUnpacks()
{
    for (const QByteArray &message : {alternative, forwarded}) {
        const Structure structure = parseStructure(message);
        const QByteArray packed = packOffsets(structure.root);
        const Result<Part> unpacked = unpackOffsets(packed);
        QVERIFY(unpacked.has_value());
        QCOMPARE(shape(*unpacked), shape(structure.root));
        QCOMPARE(packOffsets(*unpacked), packed);
        QCOMPARE(unpacked->children[1].bodyOffset, structure.root.children[1].bodyOffset);
        QCOMPARE(unpacked->children[1].bodyLines, structure.root.children[1].bodyLines);
        QVERIFY2(packed.size() < 100, QByteArray::number(packed.size()).constData());
    }
    Part part;
    part.type = "x-\xff";
    part.subtype = QByteArray("");
    part.encoding = QByteArray();
    part.parameters = {{"charset", "koi8-r"}, {"name", "n"}};
    part.bodySize = qint64(1) << 40;
    const Result<Part> back = unpackOffsets(packOffsets(part));
    QVERIFY(back.has_value());
    QCOMPARE(back->type, part.type);
    QVERIFY(!back->subtype.isNull() && back->subtype.isEmpty());
    QVERIFY(back->encoding.isNull());
    QCOMPARE(back->parameters, (QList<Parameter>{{"charset", "koi8-r"}}));
    QCOMPARE(back->dispositionParameters, (QList<Parameter>{{"filename", "n"}}));
    QCOMPARE(back->bodySize, part.bodySize);
}

void TestStructureLimits::unpackingGarbageIsAnError()
{
    const QByteArray packed = packOffsets(parseStructure(forwarded).root);
    for (qsizetype size = 0; size < packed.size(); ++size)
        QVERIFY(!unpackOffsets(packed.first(size)).has_value());
    QVERIFY(!unpackOffsets(packed + '\0').has_value());
    QVERIFY(!unpackOffsets("hello").has_value());
    QVERIFY(!unpackOffsets("\x01" + QByteArray(40, '\xff')).has_value());
    QByteArray chain(1, '\x01');
    for (int i = 0; i < 100'000; ++i)
        chain += QByteArray("\1\1\1\0\0\0\0\0\0\0\1", 11);
    QVERIFY(!unpackOffsets(chain).has_value());
    for (qsizetype i = 0; i < packed.size(); ++i) {
        QByteArray flipped = packed;
        flipped[i] = char(flipped[i] ^ 0x80);
        (void)unpackOffsets(flipped);
    }
}

QTEST_GUILESS_MAIN(TestStructureLimits)
#include "test_structure_limits.moc"
