// Replies as they go out.
#include "language/smtp/reply.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::smtp;
using namespace Qt::StringLiterals;

class TestReply : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void writesOneLine();
    void writesSeveralLines();
    void splitsLongLines();
    void neverSplitsACharacter();
    void letsNoControlCharacterOut();
    void mapsErrors_data();
    void mapsErrors();
};

void TestReply::writesOneLine()
{
    QCOMPARE((Reply{250, "2.1.0", "Ok"}).toBytes(), "250 2.1.0 Ok\r\n"_ba);
    QCOMPARE((Reply{354, {}, "Go"}).toBytes(), "354 Go\r\n"_ba);
    QCOMPARE((Reply{250, "2.0.0", {}}).toBytes(), "250 2.0.0\r\n"_ba);
}

void TestReply::writesSeveralLines()
{
    QCOMPARE((Reply{250, {}, "host\nSIZE 1\nDSN"}).toBytes(), "250-host\r\n250-SIZE 1\r\n250 DSN\r\n"_ba);
    QCOMPARE((Reply{550, "5.7.1", "a\nb"}).toBytes(), "550-5.7.1 a\r\n550 5.7.1 b\r\n"_ba);
}

void TestReply::splitsLongLines()
{
    const QByteArray text = QByteArray("word ").repeated(300).trimmed();
    QByteArray joined;
    const auto lines = Reply{550, "5.7.1", text}.toBytes().split('\n');
    QVERIFY(lines.size() > 3);
    for (const QByteArray &line : lines.first(lines.size() - 1)) {
        QVERIFY(line.size() + 1 <= 512);
        QVERIFY(line.endsWith('\r'));
        joined += line.sliced(10).chopped(1) + ' ';
    }
    QCOMPARE(joined.trimmed(), text);
    const QByteArray endless = Reply{550, {}, QByteArray(5000, 'x')}.toBytes();
    QCOMPARE(endless.count('x'), 5000);
}

void TestReply::neverSplitsACharacter()
{
    for (int shift = 0; shift < 4; ++shift) {
        const QByteArray text = QByteArray(shift, 'a') + QByteArray("\U0001F4EF").repeated(400);
        for (const QByteArray &line : Reply{250, {}, text}.toBytes().split('\n'))
            QVERIFY(line.isValidUtf8());
    }
}

void TestReply::letsNoControlCharacterOut()
{
    QCOMPARE((Reply{550, "5.1.1", "a\r250 ok\0b\tc\x7f"_ba}).toBytes(), "550 5.1.1 a?250 ok?b?c?\r\n"_ba);
}

void TestReply::mapsErrors_data()
{
    QTest::addColumn<ErrorKind>("kind");
    QTest::addColumn<QByteArray>("start");
    QTest::newRow("not found") << ErrorKind::NotFound << "550 5.1.1"_ba;
    QTest::newRow("exists") << ErrorKind::Exists << "550 5.5.0"_ba;
    QTest::newRow("denied") << ErrorKind::Denied << "550 5.7.1"_ba;
    QTest::newRow("invalid") << ErrorKind::Invalid << "550 5.6.0"_ba;
    QTest::newRow("too large") << ErrorKind::TooLarge << "552 5.3.4"_ba;
    QTest::newRow("over quota") << ErrorKind::OverQuota << "552 5.2.2"_ba;
    QTest::newRow("unavailable") << ErrorKind::Unavailable << "451 4.3.0"_ba;
    QTest::newRow("uncertain") << ErrorKind::Uncertain << "451 4.3.0"_ba;
    QTest::newRow("internal") << ErrorKind::Internal << "451 4.3.0"_ba;
}

void TestReply::mapsErrors()
{
    QFETCH(ErrorKind, kind);
    QFETCH(QByteArray, start);
    const Reply reply = replyFor(Error{kind, u"Said aloud"_s, u"a secret"_s});
    QVERIFY(reply.toBytes().startsWith(start));
    QVERIFY(reply.toBytes().contains("Said aloud") && !reply.toBytes().contains("secret"));
    QCOMPARE(reply.code < 500, isTemporary(kind));
    QVERIFY(!replyFor(Error{kind}).text.isEmpty());
}

QTEST_GUILESS_MAIN(TestReply)
#include "test_reply.moc"
