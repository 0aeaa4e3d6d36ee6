#include "policy/auth/saslprep.h"

#include <QTest>

using namespace posthorn;
using namespace Qt::StringLiterals;

class TestSaslPrep : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void preparesAsRfc4013_data();
    void preparesAsRfc4013();
    void refusesWhatIsProhibited_data();
    void refusesWhatIsProhibited();
    void refusesOctetsThatAreNotUtf8();
    void letsNewCharactersPass();
};

void TestSaslPrep::preparesAsRfc4013_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("prepared");
    QTest::newRow("soft hyphen goes") << u"I\u00ADX"_s << u"IX"_s;
    QTest::newRow("no change") << u"user"_s << u"user"_s;
    QTest::newRow("case stays") << u"USER"_s << u"USER"_s;
    QTest::newRow("ordinal a") << u"\u00AA"_s << u"a"_s;
    QTest::newRow("roman nine") << u"\u2168"_s << u"IX"_s;
    QTest::newRow("no-break space") << u"a\u00A0b"_s << u"a b"_s;
    QTest::newRow("ideographic space") << u"a\u3000b"_s << u"a b"_s;
    QTest::newRow("zero width space goes") << u"a\u200Bb"_s << u"ab"_s;
    QTest::newRow("word joiner goes") << u"a\u2060b"_s << u"ab"_s;
    QTest::newRow("variation selector goes") << u"a\uFE0Fb"_s << u"ab"_s;
    QTest::newRow("composes") << u"u\u0308"_s << u"\u00FC"_s;
    QTest::newRow("full width") << u"\uFF21"_s << u"A"_s;
    QTest::newRow("ligature") << u"\uFB01"_s << u"fi"_s;
    QTest::newRow("ends are right to left") << u"\u06271\u0628"_s << u"\u06271\u0628"_s;
    QTest::newRow("empty") << u""_s << u""_s;
    QTest::newRow("becomes empty") << u"\u00AD"_s << u""_s;
    QTest::newRow("ASCII") << u" ~!\"=,"_s << u" ~!\"=,"_s;
}

void TestSaslPrep::preparesAsRfc4013()
{
    QFETCH(const QString, text);
    QFETCH(const QString, prepared);
    QCOMPARE(auth::saslPrep(text), std::optional(prepared));
    QCOMPARE(auth::saslPrep(text.toUtf8()), std::optional(prepared.toUtf8()));
    // What was prepared once is prepared.
    QCOMPARE(auth::saslPrep(prepared), std::optional(prepared));
}

void TestSaslPrep::refusesWhatIsProhibited_data()
{
    QTest::addColumn<QString>("text");
    QTest::newRow("bell") << u"a\u0007"_s;
    QTest::newRow("delete") << u"a\u007F"_s;
    QTest::newRow("NUL") << QString(QChar(u'\0'));
    QTest::newRow("C1") << u"\u0085"_s;
    QTest::newRow("arabic end of ayah") << u"\u06DD"_s;
    QTest::newRow("line separator") << u"\u2028"_s;
    QTest::newRow("left-to-right mark") << u"\u200E"_s;
    QTest::newRow("right-to-left override") << u"\u202E"_s;
    QTest::newRow("private use") << u"\uE000"_s;
    QTest::newRow("private plane") << QString::fromUcs4(U"\U000F0000");
    QTest::newRow("non-character") << u"\uFDD0"_s;
    QTest::newRow("non-character of plane 1") << QString::fromUcs4(U"\U0001FFFE");
    QTest::newRow("replacement character") << u"\uFFFD"_s;
    QTest::newRow("ideographic description") << u"\u2FF0"_s;
    QTest::newRow("musical control") << QString::fromUcs4(U"\U0001D173");
    QTest::newRow("tag") << QString::fromUcs4(U"\U000E0041");
    QTest::newRow("lone surrogate") << QString(QChar(0xD800));
    QTest::newRow("ends with a digit") << u"\u06271"_s;
    QTest::newRow("both directions") << u"\u0627a\u0628"_s;
}

void TestSaslPrep::refusesWhatIsProhibited()
{
    QFETCH(const QString, text);
    QVERIFY(!auth::saslPrep(text));
}

void TestSaslPrep::refusesOctetsThatAreNotUtf8()
{
    QVERIFY(!auth::saslPrep("\xFF"_ba));
    QVERIFY(!auth::saslPrep("a\xC0\x80"_ba));
    QVERIFY(!auth::saslPrep("\xED\xA0\x80"_ba));
}

void TestSaslPrep::letsNewCharactersPass()
{
    const QString emoji = QString::fromUcs4(U"\U0001F511 key");
    QCOMPARE(auth::saslPrep(emoji), std::optional(emoji));
}

QTEST_GUILESS_MAIN(TestSaslPrep)
#include "test_saslprep.moc"
