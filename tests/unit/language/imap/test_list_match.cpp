#include "language/imap/list_match.h"
#include "support/work_timer.h"

#include <QTest>

using namespace posthorn::imap;
using namespace Qt::StringLiterals;

class TestListMatch : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void matches_data()
    {
        QTest::addColumn<QString>("pattern");
        QTest::addColumn<QString>("yes");
        QTest::addColumn<QString>("no");
        QTest::newRow("plain") << u"Sent"_s << u"Sent"_s << u"Sen Sents sent"_s;
        QTest::newRow("star") << u"*"_s << u"a a/b a/b/c INBOX"_s << u""_s;
        QTest::newRow("percent") << u"%"_s << u"a INBOX"_s << u"a/b"_s;
        QTest::newRow("level") << u"a/%"_s << u"a/b a/"_s << u"a a/b/c b/c"_s;
        QTest::newRow("level below") << u"%/%"_s << u"a/b x/y"_s << u"a a/b/c"_s;
        QTest::newRow("prefix") << u"a*"_s << u"a ab a/b abc/d"_s << u"b ba"_s;
        QTest::newRow("suffix") << u"*c"_s << u"c a/c abc a/b/c ccc"_s << u"cd"_s;
        QTest::newRow("both") << u"*/%"_s << u"a/b a/b/c"_s << u"a"_s;
        QTest::newRow("percent then star") << u"%*"_s << u"a a/b/c"_s << u""_s;
        QTest::newRow("inner") << u"a%c"_s << u"ac abc abbc acc"_s << u"a/c ab ab/c"_s;
        QTest::newRow("mixed") << u"*a%b"_s << u"ab x/ab a/axb aab"_s << u"a/b x/a/b"_s;
        QTest::newRow("two percents") << u"%a%b"_s << u"ab xayb aab"_s << u"a/ab"_s;
        QTest::newRow("star percent star") << u"*x%y*"_s << u"xy a/xby/c x/xy xx/xay"_s << u"x/y"_s;
        QTest::newRow("inbox") << u"inbox"_s << u"INBOX"_s << u"INBOX/a"_s;
        QTest::newRow("inbox pattern") << u"in%"_s << u"INBOX in"_s << u"INDEX"_s;
        QTest::newRow("literal wildcard stays one") << u"a.b"_s << u"a.b"_s << u"axb"_s;
    }
    void matches()
    {
        QFETCH(QString, pattern);
        QFETCH(QString, yes);
        QFETCH(QString, no);
        for (const QString &name : yes.split(u' ', Qt::SkipEmptyParts))
            QVERIFY2(matchesPattern(pattern, name), qPrintable(name));
        for (const QString &name : no.split(u' ', Qt::SkipEmptyParts))
            QVERIFY2(!matchesPattern(pattern, name), qPrintable(name));
    }

    void costsLittleForNastyPatterns()
    {
        const posthorn::test::WorkTimer timer;
        QVERIFY(!matchesPattern(u"*a%"_s.repeated(200) + u'b', u"a"_s.repeated(1000)));
        QVERIFY(!matchesPattern(u"%"_s.repeated(200) + u'b', u"a"_s.repeated(1000)));
        QVERIFY(timer.milliseconds() < 20'000); // or years
    }

    void makesATreeOfNames()
    {
        const MailboxList list{{{u"b/x/y"_s}, {u"b-c"_s}, {u"INBOX"_s}, {u"b"_s}, {u"INBOX/new"_s}}, {u"lost/child"_s}};
        QStringList names;
        const auto tree = nameTree(list);
        for (const ListedName &name : tree) {
            names += name.name + (name.exists ? u"+"_s : u"-"_s) + (name.hasChildren ? u"p"_s : u""_s)
                     + (name.hasSubscribedBelow ? u"s"_s : u""_s);
        }
        QCOMPARE(names, (QStringList{u"INBOX+p"_s, u"INBOX/new+"_s, u"b+p"_s, u"b/x-p"_s, u"b/x/y+"_s, u"b-c+"_s,
                                     u"lost-s"_s, u"lost/child-"_s}));
    }
};

QTEST_GUILESS_MAIN(TestListMatch)
#include "test_list_match.moc"
