#include "language/message/base_subject.h"
#include "support/work_timer.h"

#include <QTest>

using namespace posthorn::message;
using namespace Qt::StringLiterals;

class TestBaseSubject : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void takesOffWhatProgramsAdd_data()
    {
        QTest::addColumn<QString>("subject");
        QTest::addColumn<QString>("base");
        QTest::addColumn<bool>("reply");
        QTest::newRow("nothing to do") << u"Hello"_s << u"Hello"_s << false;
        QTest::newRow("empty") << u""_s << u""_s << false;
        QTest::newRow("spaces") << u" \t a \r\n\t b  "_s << u"a b"_s << false;
        QTest::newRow("reply") << u"Re: Hello"_s << u"Hello"_s << true;
        QTest::newRow("any case") << u"rE:FW: fWd: Hello"_s << u"Hello"_s << true;
        QTest::newRow("counted reply") << u"Re[2]: Hello"_s << u"Hello"_s << true;
        QTest::newRow("space and blob before the colon") << u"Fwd [x] : y"_s << u"y"_s << true;
        QTest::newRow("a word that starts alike") << u"Reply: x"_s << u"Reply: x"_s << false;
        QTest::newRow("no colon") << u"re hello"_s << u"re hello"_s << false;
        QTest::newRow("list") << u"[list] Hello"_s << u"Hello"_s << false;
        QTest::newRow("list and reply") << u"[list] Re: [list] Re: Hello"_s << u"Hello"_s << true;
        QTest::newRow("lists, then reply") << u"[a] [b]Re: Hello"_s << u"Hello"_s << true;
        QTest::newRow("nothing but a blob") << u"[only]"_s << u"[only]"_s << false;
        QTest::newRow("nothing but blobs") << u"[a] [b]"_s << u"[b]"_s << false;
        QTest::newRow("reply to a blob") << u"Re: [a]"_s << u"[a]"_s << true;
        QTest::newRow("not closed") << u"[list Hello"_s << u"[list Hello"_s << false;
        QTest::newRow("nested") << u"[a[b]] c"_s << u"[a[b]] c"_s << false;
        QTest::newRow("trailer") << u"Hello (fwd) (FWD) "_s << u"Hello"_s << true;
        QTest::newRow("trailer inside") << u"a (fwd) b"_s << u"a (fwd) b"_s << false;
        QTest::newRow("forwarded") << u"[Fwd: Hello]"_s << u"Hello"_s << true;
        QTest::newRow("forwarded twice") << u"[fwd: re: [fwd: [l] hi (fwd)]]"_s << u"hi"_s << true;
        QTest::newRow("nothing left") << u"Re: (fwd)"_s << u""_s << true;
        QTest::newRow("not ASCII") << u"Re: [Bücher] Grüße"_s << u"Grüße"_s << true;
    }
    void takesOffWhatProgramsAdd()
    {
        QFETCH(QString, subject);
        QFETCH(QString, base);
        QFETCH(bool, reply);
        QCOMPARE(baseSubject(subject), (BaseSubject{base, reply}));
    }

    void takesLinearTime_data()
    {
        QTest::addColumn<QString>("piece");
        for (const char *piece : {"[a]", "re:", "re [", "[fwd:", "(fwd)", "] ", "["})
            QTest::newRow(piece) << QString::fromLatin1(piece);
    }
    void takesLinearTime()
    {
        QFETCH(QString, piece);
        const posthorn::test::WorkTimer timer;
        (void)baseSubject(piece.repeated(200'000));
        QVERIFY2(timer.milliseconds() < 5'000, qPrintable(QString::number(timer.milliseconds())));
    }

    void ordersWithoutCase()
    {
        QCOMPARE(collationKey(u"abC"), collationKey(u"ABc"));
        QCOMPARE(collationKey(u"straße ÉÀ"), collationKey(u"STRAßE éà"));
        QCOMPARE(collationKey(u"é"), collationKey(u"e\u0301"));
        QCOMPARE(collationKey(u"\u01c6"), collationKey(u"\u01c4")); // dž and DŽ are Dž
        QVERIFY(collationKey(u"a") < collationKey(u"_")); // upper case is what counts
        QVERIFY(collationKey(u"z") < collationKey(u"é") || collationKey(u"é") < collationKey(u"f"));
        QVERIFY(collationKey(u"\uffee") < collationKey(u"\U00010400"));
        QCOMPARE(collationKey(u"\U00010428"), collationKey(u"\U00010400"));
        QCOMPARE(collationKey(QString(QChar(0xd800))), collationKey(QString(QChar(0xd800))));
    }
};

QTEST_GUILESS_MAIN(TestBaseSubject)
#include "test_base_subject.moc"
