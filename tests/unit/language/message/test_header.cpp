#include "language/message/header.h"
#include "support/work_timer.h"

#include <QTest>

using namespace posthorn::message;
using namespace Qt::StringLiterals;

class TestHeader : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void walksOverFields_data();
    void walksOverFields();
    void piecesMakeUpTheHeader();
    void unfolds_data();
    void unfolds();
    void findsFieldsInAnyCase();
    void knowsWhereTheHeaderEnds_data();
    void knowsWhereTheHeaderEnds();
    void matchesNamesOfAnyLength();
    void twentyThousandFieldsAreQuick();
};

void TestHeader::walksOverFields_data()
{
    QTest::addColumn<QByteArray>("header");
    QTest::addColumn<QByteArrayList>("expected"); // name, value, name, value ...
    QTest::newRow("none") << ""_ba << QByteArrayList{};
    QTest::newRow("only the end") << "\r\nA: b\r\n"_ba << QByteArrayList{};
    QTest::newRow("two") << "A: b\r\nC:d\r\n\r\nE: f\r\n"_ba << QByteArrayList{"A", " b", "C", "d"};
    QTest::newRow("bare line feeds") << "A: b\nC:d\n\nE: f\n"_ba << QByteArrayList{"A", " b", "C", "d"};
    QTest::newRow("folded") << "A: b\r\n\tc\r\n \r\nD: e\r\n"_ba << QByteArrayList{"A", " b\r\n\tc\r\n ", "D", " e"};
    QTest::newRow("no line end") << "A: b"_ba << QByteArrayList{"A", " b"};
    QTest::newRow("obsolete space") << "A \t: b\r\n"_ba << QByteArrayList{"A", " b"};
    QTest::newRow("no colon") << "From me\r\nA: b\r\n"_ba << QByteArrayList{"", "From me", "A", " b"};
    QTest::newRow("mbox line") << "From a@b Mon 10:00\r\nA: b\r\n"_ba
                               << QByteArrayList{"", "From a@b Mon 10:00", "A", " b"};
    QTest::newRow("empty name") << ": x\r\nA: b\r\n"_ba << QByteArrayList{"", ": x", "A", " b"};
    QTest::newRow("8-bit name") << "\xe4: x\r\n"_ba << QByteArrayList{"", "\xe4: x"};
    QTest::newRow("starts folded") << " x: y\r\nA: b\r\n"_ba << QByteArrayList{"", " x: y", "A", " b"};
    QTest::newRow("colon only in what is folded") << "A\r\n b: c\r\n"_ba << QByteArrayList{"", "A\r\n b: c"};
    QTest::newRow("empty value") << "A:\r\nB:\n"_ba << QByteArrayList{"A", "", "B", ""};
    QTest::newRow("stray return") << "A: b\rC: d\r\n\rE: f\r\n"_ba << QByteArrayList{"A", " b\rC: d", "", "\rE: f"};
}

void TestHeader::walksOverFields()
{
    QFETCH(QByteArray, header);
    QByteArrayList found;
    for (FieldReader fields(header); fields.next();)
        found << fields.field().name.toByteArray() << fields.field().value.toByteArray();
    QTEST(found, "expected");
}

void TestHeader::piecesMakeUpTheHeader()
{
    const QByteArray header = "A: b\r\n c\r\nbroken\r\nD : e\n\tf\n";
    QByteArray joined;
    for (FieldReader fields(header); fields.next();) {
        QCOMPARE(fields.field().offset, joined.size());
        joined += header.mid(fields.field().offset, fields.field().size);
    }
    QCOMPARE(joined, header);
}

void TestHeader::unfolds_data()
{
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("plain") << " a b "_ba << "a b"_ba;
    QTest::newRow("folded") << " a\r\n b\r\n\tc"_ba << "a b\tc"_ba;
    QTest::newRow("bare") << " a\n b"_ba << "a b"_ba;
    QTest::newRow("first line empty") << "\r\n a"_ba << "a"_ba;
    QTest::newRow("last line empty") << "a\r\n \r\n"_ba << "a"_ba;
    QTest::newRow("stray") << "a\rb\nc\r\nd"_ba << "a b c d"_ba;
    QTest::newRow("nul") << QByteArray("a\0b", 3) << "a b"_ba;
    QTest::newRow("empty") << ""_ba << ""_ba;
    QTest::newRow("returns") << "a\r\r\n b"_ba << "a  b"_ba;
}

void TestHeader::unfolds()
{
    QFETCH(QByteArray, value);
    QTEST(unfold(value), "text");
    QVERIFY(!unfold(value).isNull());
}

void TestHeader::findsFieldsInAnyCase()
{
    const QByteArray header = "a: 1\r\nSUBJECT: first\r\n line\r\nSubject: second\r\n\r\nX: y\r\n";
    QCOMPARE(fieldValue(header, "Subject"), "first line");
    QCOMPARE(findField(header, "subject")->offset, 6);
    QVERIFY(fieldValue(header, "Subj").isNull());
    QVERIFY(!findField(header, "X").has_value());
}

void TestHeader::knowsWhereTheHeaderEnds_data()
{
    QTest::addColumn<QByteArray>("message");
    QTest::addColumn<qsizetype>("size");
    QTest::newRow("crlf") << "A: b\r\n\r\nbody"_ba << qsizetype(8);
    QTest::newRow("lf") << "A: b\n\nbody"_ba << qsizetype(6);
    QTest::newRow("no body") << "A: b\r\n"_ba << qsizetype(6);
    QTest::newRow("no header") << "\r\nbody"_ba << qsizetype(2);
    QTest::newRow("nothing") << ""_ba << qsizetype(0);
}

void TestHeader::knowsWhereTheHeaderEnds()
{
    QFETCH(QByteArray, message);
    QTEST(headerSize(message), "size");
}

void TestHeader::matchesNamesOfAnyLength()
{
    const FieldNames names({"From", "x-" + QByteArray(100, 'Y'), ""});
    QVERIFY(names.contains("fROM"));
    QVERIFY(names.contains("X-" + QByteArray(100, 'y')));
    QVERIFY(!names.contains("X-" + QByteArray(101, 'y')));
    QVERIFY(!names.contains("Fram"));
    QVERIFY(!FieldNames({}).contains("From"));
}

// The goal for a release build is 50 ms; sanitizers need more.
void TestHeader::twentyThousandFieldsAreQuick()
{
    QByteArray header = "From: a@b\r\nTo: c@d\r\n";
    while (header.size() < 640)
        header += "X-Filler-" + QByteArray::number(header.size()) + ": some words that fill the line up\r\n";
    header += "Subject: x\r\nDate: y\r\nMessage-ID: <z>\r\n\r\n";
    const FieldNames names({"From", "To", "Subject", "Date", "Message-ID"});
    const posthorn::test::WorkTimer timer;
    int found = 0;
    for (int i = 0; i < 20'000; ++i) {
        for (FieldReader fields(header); fields.next();)
            found += names.contains(fields.field().name) ? 1 : 0;
    }
    const qint64 took = timer.microseconds();
    QCOMPARE(found, 100'000);
    qInfo("20,000 headers of %lld octets in %.1f ms", qint64(header.size()), double(took) / 1e3);
    QVERIFY(took < 20'000'000);
}

QTEST_GUILESS_MAIN(TestHeader)
#include "test_header.moc"
