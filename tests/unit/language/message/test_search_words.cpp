#include "language/message/search_words.h"

#include <QRandomGenerator>
#include <QTest>

using namespace posthorn::message;
using namespace Qt::StringLiterals;

namespace {

using Place = WordPiece::Place;

QByteArrayList wordsOf(const QByteArray &message, bool *complete = nullptr)
{
    WordCollector head, body;
    collectWords(parseStructure(message).root, [&](qint64 offset, qint64 length) { return message.mid(offset, length); }, head, body);
    if (complete)
        *complete = head.isComplete() && body.isComplete();
    QByteArrayList words = head.words() + body.words();
    std::ranges::sort(words);
    return words;
}

// What an index does with words and pieces.
bool mayHold(const QByteArrayList &words, const QList<WordPiece> &pieces)
{
    return std::ranges::all_of(pieces, [&](const WordPiece &piece) {
        return std::ranges::any_of(words, [&](const QByteArray &word) {
            switch (piece.place) {
            case Place::Whole: return word == piece.piece;
            case Place::Start: return word.startsWith(piece.piece);
            case Place::End: return word.endsWith(piece.piece);
            case Place::Inside: return word.contains(piece.piece);
            }
            return false;
        });
    });
}

QString randomText(QRandomGenerator &random, int length)
{
    static const QString letters = u"aabbcdeE1 2 .,-\r\nßéÉ\u0301ﬁИи日本語ไทยñ ª²"_s + QString::fromUcs4(U"😀𝒜");
    QString text;
    for (int i = 0; i < length; ++i) {
        const qsizetype at = random.bounded(letters.size());
        if (letters[at].isHighSurrogate())
            text += letters.mid(at, 2);
        else if (!letters[at].isLowSurrogate())
            text += letters[at];
        if (random.bounded(200) == 0)
            text += QString(random.bounded(150), u'x'); // a long run
    }
    return text;
}

} // namespace

class TestSearchWords : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void takesWordsApart()
    {
        const QByteArray message = "Subject: Re: =?utf-8?q?Gr=C3=BC=C3=9Fe?= an\r\n Bob\r\nX-A: 4711\r\n"
                                   "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
                                   "\r\nHe=\r\nllo W=C3=96RLD, e-mail\r\n";
        const QByteArrayList words = wordsOf(message);
        for (const char *word : {"subject", "re", "grusse", "an", "bob", "x", "a", "4711", "hello", "e", "mail"}) {
            if (QByteArray(word) != "grusse")
                QVERIFY2(words.contains(word), word);
        }
        QVERIFY(words.contains(foldForSearch(u"Grüße").toUtf8()));
        QVERIFY(words.contains(foldForSearch(u"wörld").toUtf8()));
        QVERIFY(!words.contains("llo"));
    }
    void leavesOutWhatIsNoText()
    {
        const QByteArrayList words = wordsOf("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nplain\r\n--b\r\n"
                                             "Content-Type: image/png; name=picture\r\n\r\nbinary\r\n--b--\r\n");
        QVERIFY(words.contains("plain"));
        QVERIFY(words.contains("picture"));
        QVERIFY(!words.contains("binary"));
    }
    void tellsHeadAndBodyApart()
    {
        WordCollector head, body;
        const QByteArray message = "Subject: outer\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ntext\r\n";
        collectWords(parseStructure(message).root, [&](qint64 offset, qint64 length) { return message.mid(offset, length); }, head, body);
        QVERIFY(head.words().contains("outer") && !head.words().contains("inner"));
        QVERIFY(body.words().contains("inner") && body.words().contains("text") && !body.words().contains("outer"));
    }
    void knowsWhichWordsAreOneSpaceApart()
    {
        WordCollector collector;
        collector.add(u"one two  three, four five\r\nsix"_s);
        collector.add(u"teen 日 seven eight日 nine"_s);
        collector.add(QString(u" "_s + QString(100, u'x') + u" ten"_s));
        collector.end();
        collector.add(u"eleven"_s);
        collector.end();
        QByteArrayList pairs = collector.pairs();
        std::ranges::sort(pairs);
        const QByteArray windowed = QByteArray(48, 'x'), last = QByteArray(36, 'x');
        QCOMPARE(pairs, (QByteArrayList{"four five", "nine " + windowed, "one two", "seven eight", last + " ten"}));
    }
    void knowsNeedlesItIsSureOf()
    {
        for (const QString &needle : {u"budget"_s, u"é"_s, u"日"_s, u"4711"_s})
            QCOMPARE(needleForm(needle), NeedleForm::Word);
        for (const QString &needle : {u"winter holiday"_s, u"a b"_s})
            QCOMPARE(needleForm(needle), NeedleForm::Pair);
        for (const QString &needle : {u" winter"_s, u"winter  holiday"_s, u"winter holiday "_s, u"日本"_s, u"a 日"_s, u"e-mail"_s, u"a b c"_s,
                                      QString(17, u'x'), u""_s})
            QCOMPARE(needleForm(needle), NeedleForm::Other);
    }
    void saysWhenItIsTooMuch()
    {
        bool complete = true;
        QByteArray body;
        for (int i = 0; i < 30'000; ++i)
            body += "w" + QByteArray::number(i) + ' ';
        (void)wordsOf("A: b\r\n\r\n" + body, &complete);
        QVERIFY(!complete);
        (void)wordsOf("A: b\r\n\r\n" + QByteArray("word ").repeated(1'000'000), &complete);
        QVERIFY(!complete);
        (void)wordsOf("A: b\r\n\r\nfew", &complete);
        QVERIFY(complete);
    }
    void takesNeedlesApart_data()
    {
        QTest::addColumn<QString>("needle");
        QTest::addColumn<QList<WordPiece>>("pieces");
        const auto row = [](const QString &needle, const QList<WordPiece> &pieces) {
            QTest::newRow(qPrintable(needle)) << needle << pieces;
        };
        row(u"budget"_s, {{Place::Inside, "budget"}});
        row(u" budget"_s, {{Place::Start, "budget"}});
        row(u"budget."_s, {{Place::End, "budget"}});
        row(u"(budget)"_s, {{Place::Whole, "budget"}});
        row(u"winter holiday"_s, {{Place::End, "winter"}, {Place::Start, "holiday"}});
        row(u"in winter on"_s, {{Place::End, "in"}, {Place::Whole, "winter"}, {Place::Start, "on"}});
        row(u"--"_s, {});
        row(u"a日本b"_s, {{Place::End, "a"}, {Place::Whole, "日"}, {Place::Whole, "本"}, {Place::Start, "b"}});
        row(u"aaaaaaaaaaaaaaaaaaaaaaaab"_s, {{Place::Inside, "aaaaaaaaaaaaaaaa"}});
    }
    void takesNeedlesApart()
    {
        QFETCH(QString, needle);
        QFETCH(QList<WordPiece>, pieces);
        QCOMPARE(wordPieces(foldForSearch(needle)), pieces);
    }
    // The one promise: what a scan finds is never ruled out.
    void neverRulesOutWhatAScanFinds()
    {
        QRandomGenerator random(4711);
        int found = 0, ruledOut = 0;
        for (int round = 0; round < 2'000; ++round) {
            const QString text = randomText(random, random.bounded(300));
            const QByteArray message = "Subject: a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text.toUtf8();
            const QByteArrayList words = wordsOf(message);
            const Part root = parseStructure(message).root;
            for (int i = 0; i < 5; ++i) {
                const qsizetype from = text.isEmpty() ? 0 : random.bounded(text.size());
                QString needle = random.bounded(3) ? text.mid(from, random.bounded(1, 30)) : randomText(random, 3);
                if (needle.isEmpty() || needle.front().isLowSurrogate() || needle.back().isHighSurrogate())
                    continue;
                const bool isThere = matches(SearchNeedle(needle), MessageMatcher::Scope::Text, root, message);
                const bool may = mayHold(words, wordPieces(foldForSearch(needle)));
                QVERIFY2(may || !isThere, qPrintable(u"“%1” in “%2”"_s.arg(needle, text)));
                found += isThere;
                ruledOut += !may;
            }
        }
        QVERIFY(found > 1'000);
        QVERIFY(ruledOut > 100); // it is good for something
    }
};

QTEST_GUILESS_MAIN(TestSearchWords)
#include "test_search_words.moc"
