// The end of the content, stuffed dots, and line ends that try to smuggle a second message.
#include "language/smtp/content_reader.h"
#include "support/work_timer.h"

#include <QTest>

using namespace posthorn::smtp;
using namespace Qt::StringLiterals;

namespace {

struct Outcome
{
    QByteArray content;
    qsizetype taken = 0;
    bool ended = false;
    bool bare = false;
    bool operator==(const Outcome &) const = default;
};

Outcome readInPieces(QByteArrayView wire, BareLineEnd policy, qsizetype first, qsizetype others)
{
    ContentReader reader(ContentReader::Framing::Dotted, policy);
    Outcome outcome;
    for (qsizetype at = 0, size = first; at < wire.size() && !reader.hasEnded(); size = others) {
        const QByteArrayView piece = wire.sliced(at).first(qMin(size, wire.size() - at));
        const qsizetype before = outcome.content.size();
        const qsizetype taken = reader.read(piece, outcome.content);
        const qsizetype most = policy == BareLineEnd::Normalize ? 2 * taken + 2 : taken + 2;
        if (outcome.content.size() - before > most)
            qFatal("more was given out than promised");
        if (taken != piece.size() && !reader.hasEnded())
            qFatal("octets were left");
        at += taken;
        outcome.taken = at;
    }
    outcome.ended = reader.hasEnded();
    outcome.bare = reader.sawBareLineEnd();
    return outcome;
}

} // namespace

class TestContentReader : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void readsContent_data();
    void readsContent();
    void neverEndsAtAnythingButCrlfDotCrlf_data();
    void neverEndsAtAnythingButCrlfDotCrlf();
    void stopsGivingOutAfterTheFirstBareLineEnd();
    void knowsNoDotsInChunks();
    void judgesACrAtTheEndOfTheLastChunk();
    void dropsButStillFindsTheEnd();
    void takesLinearTime();
};

void TestContentReader::readsContent_data()
{
    QTest::addColumn<QByteArray>("wire");
    QTest::addColumn<QByteArray>("content");
    QTest::newRow("nothing") << ".\r\n"_ba << ""_ba;
    QTest::newRow("one line") << "a\r\n.\r\n"_ba << "a\r\n"_ba;
    QTest::newRow("an empty line") << "\r\n.\r\n"_ba << "\r\n"_ba;
    QTest::newRow("a stuffed dot") << "..\r\n.\r\n"_ba << ".\r\n"_ba;
    QTest::newRow("stuffed dots") << "...a\r\n..b\r\n.\r\n"_ba << "..a\r\n.b\r\n"_ba;
    QTest::newRow("a dot that was not stuffed") << ".a\r\n.\r\n"_ba << "a\r\n"_ba;
    QTest::newRow("dots within lines") << "a.\r\nb..c\r\n.\r\n"_ba << "a.\r\nb..c\r\n"_ba;
    QTest::newRow("8-bit octets and NUL") << "\xff\0\x80\r\n.\r\n"_ba << "\xff\0\x80\r\n"_ba;
    QTest::newRow("what follows is not taken") << "a\r\n.\r\nQUIT\r\n"_ba << "a\r\n"_ba;
}

void TestContentReader::readsContent()
{
    QFETCH(QByteArray, wire);
    QFETCH(QByteArray, content);
    for (const auto policy : {BareLineEnd::Refuse, BareLineEnd::Normalize}) {
        const Outcome whole = readInPieces(wire, policy, wire.size(), wire.size());
        QCOMPARE(whole.content, content);
        QVERIFY(whole.ended && !whole.bare);
        QCOMPARE(whole.taken, wire.endsWith("QUIT\r\n") ? wire.size() - 6 : wire.size());
        QVERIFY(readInPieces(wire, policy, 1, 1) == whole);
        for (qsizetype cut = 1; cut < wire.size(); ++cut)
            QVERIFY(readInPieces(wire, policy, cut, wire.size()) == whole);
    }
}

void TestContentReader::neverEndsAtAnythingButCrlfDotCrlf_data()
{
    QTest::addColumn<QByteArray>("wire");
    QTest::addColumn<QByteArray>("normalized");
    const auto row = [](const char *name, const QByteArray &end, const QByteArray &normalized) {
        const QByteArray evil = "MAIL FROM:<evil@example.org>\r\n";
        QTest::newRow(name) << QByteArray("a" + end + evil + ".\r\n") << QByteArray("a" + normalized + evil);
    };
    row("LF . LF", "\n.\n", "\r\n.\r\n");
    row("LF . CRLF", "\n.\r\n", "\r\n.\r\n");
    row("CRLF . LF", "\r\n.\n", "\r\n\r\n");
    row("CR . CR", "\r.\r", "\r\n.\r\n");
    row("CR . CRLF", "\r.\r\n", "\r\n.\r\n");
    row("CRLF . CR", "\r\n.\r", "\r\n\r\n");
    row("CR . LF", "\r.\n", "\r\n.\r\n");
    row("LF . CR", "\n.\r", "\r\n.\r\n");
    row("CRLF . CR CRLF", "\r\n.\r\r\n", "\r\n\r\n\r\n");
    row("CR CRLF . CR CRLF", "\r\r\n.\r\r\n", "\r\n\r\n\r\n\r\n");
    row("LF LF . CRLF", "\n\n.\r\n", "\r\n\r\n.\r\n");
    row("LF CR . CRLF", "\n\r.\r\n", "\r\n\r\n.\r\n");
    row("CRLF . NUL CRLF", QByteArray("\r\n.\0\r\n\n", 7), QByteArray("\r\n\0\r\n\r\n", 7));
    row("CRLF . space CRLF", "\r\n. \r\n\r", "\r\n \r\n\r\n");
    row("LF .. CRLF", "\n..\r\n", "\r\n..\r\n");
}

void TestContentReader::neverEndsAtAnythingButCrlfDotCrlf()
{
    QFETCH(QByteArray, wire);
    QFETCH(QByteArray, normalized);
    const Outcome refused = readInPieces(wire, BareLineEnd::Refuse, wire.size(), wire.size());
    QVERIFY(refused.ended && refused.bare);
    QCOMPARE(refused.taken, wire.size());
    const Outcome mended = readInPieces(wire, BareLineEnd::Normalize, wire.size(), wire.size());
    QCOMPARE(mended.content, normalized);
    QVERIFY(mended.ended && mended.bare);
    QCOMPARE(mended.taken, wire.size());
    for (qsizetype cut = 1; cut < wire.size(); ++cut) {
        QVERIFY(readInPieces(wire, BareLineEnd::Refuse, cut, wire.size()) == refused);
        QVERIFY(readInPieces(wire, BareLineEnd::Normalize, cut, wire.size()) == mended);
    }
    QVERIFY(readInPieces(wire, BareLineEnd::Normalize, 1, 1) == mended);
}

void TestContentReader::stopsGivingOutAfterTheFirstBareLineEnd()
{
    const QByteArray wire = "good\r\nbad\nmore\r\nand more\r\n.\r\n";
    const Outcome outcome = readInPieces(wire, BareLineEnd::Refuse, wire.size(), wire.size());
    QCOMPARE(outcome.content, "good\r\nbad"_ba);
    QVERIFY(outcome.ended);
}

void TestContentReader::knowsNoDotsInChunks()
{
    ContentReader reader(ContentReader::Framing::Counted, BareLineEnd::Refuse);
    QByteArray out;
    const QByteArray wire = "a\r\n.\r\n..b\r\n";
    QCOMPARE(reader.read(QByteArrayView(wire).first(2), out), 2);
    QCOMPARE(reader.read(QByteArrayView(wire).sliced(2), out), wire.size() - 2);
    QCOMPARE(out, wire);
    QVERIFY(!reader.hasEnded() && !reader.sawBareLineEnd());
}

void TestContentReader::judgesACrAtTheEndOfTheLastChunk()
{
    QByteArray out;
    ContentReader refusing(ContentReader::Framing::Counted, BareLineEnd::Refuse);
    refusing.read("a\r", out);
    QVERIFY(!refusing.sawBareLineEnd());
    refusing.finish(out);
    QVERIFY(refusing.sawBareLineEnd());
    out.clear();
    ContentReader mending(ContentReader::Framing::Counted, BareLineEnd::Normalize);
    mending.read("a\r", out);
    mending.finish(out);
    QCOMPARE(out, "a\r\n"_ba);
}

void TestContentReader::dropsButStillFindsTheEnd()
{
    ContentReader reader(ContentReader::Framing::Dotted, BareLineEnd::Normalize);
    QByteArray out;
    reader.drop();
    QCOMPARE(reader.read("a\nb\r\n..\r\n.\r\nQUIT", out), 12);
    QVERIFY(reader.hasEnded() && out.isEmpty());
}

// A search for LF that begins anew at each CR would take minutes here.
void TestContentReader::takesLinearTime()
{
    const posthorn::test::WorkTimer timer;
    for (const char c : {'\r', '\n', '.', 'x'}) {
        ContentReader reader(ContentReader::Framing::Dotted, BareLineEnd::Normalize);
        QByteArray out;
        const QByteArray wire(4 * 1024 * 1024, c);
        QCOMPARE(reader.read(wire, out), wire.size());
    }
    QVERIFY2(timer.milliseconds() < 20'000, QByteArray::number(timer.milliseconds()));
}

QTEST_GUILESS_MAIN(TestContentReader)
#include "test_content_reader.moc"
