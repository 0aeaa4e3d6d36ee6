#include "store_fixture.h"

#include "platform/store/search_index.h"

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;
using Place = SearchIndex::Place;

class TestSearchIndex : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_house = std::make_unique<Fixture>();
        m_alice = m_house->makeAlice();
        m_mailbox = m_house->mailbox(m_alice).id;
    }
    void knowsNothingAtFirst()
    {
        deliver();
        QVERIFY(!candidates({{Place::Inside, "x"}}));
        QCOMPARE(state().waiting, 1);
    }
    void findsPartsOfWords()
    {
        const Uid one = deliver({"winter", "holiday"}), two = deliver({"winterly"});
        deliver({"summer"});
        QCOMPARE(candidates({{Place::Inside, "inter"}}), (QList<Uid>{one, two}));
        QCOMPARE(candidates({{Place::Whole, "winter"}}), (QList<Uid>{one}));
        QCOMPARE(candidates({{Place::Start, "wint"}}), (QList<Uid>{one, two}));
        QCOMPARE(candidates({{Place::End, "ter"}}), (QList<Uid>{one}));
        QCOMPARE(candidates({{Place::Inside, "winter"}, {Place::Start, "holi"}}), (QList<Uid>{one}));
        QCOMPARE(candidates({{Place::Inside, "absent"}}), (QList<Uid>{}));
        QCOMPARE(candidates({{Place::Inside, "winter"}, {Place::Inside, "absent"}}), (QList<Uid>{}));
        QVERIFY(!candidates({}));
    }
    void keepsWhatIsNotIndexedAmongThem()
    {
        const Uid one = deliver({"word"});
        const Uid partly = deliver({"other"}, false);
        const Uid late = deliver();
        QCOMPARE(candidates({{Place::Whole, "word"}}), (QList<Uid>{one, partly, late}));
        QCOMPARE(candidates({{Place::Whole, "absent"}}), (QList<Uid>{partly, late}));
        QCOMPARE(state().indexed, 2);
        QCOMPARE(state().waiting, 1);
    }
    void knowsMailboxesApart()
    {
        deliver({"word"});
        const MailboxId inbox = std::exchange(m_mailbox, m_house->mailbox(m_alice, u"Archive"_s).id);
        const Uid there = deliver({"word"});
        QCOMPARE(candidates({{Place::Whole, "word"}}), (QList<Uid>{there}));
        m_mailbox = inbox;
        QCOMPARE(candidates({{Place::Whole, "word"}})->size(), 1);
    }
    // A connection that has checked it before must see what another wrote since.
    void isFoundWholeWhileMessagesGo()
    {
        StoreOptions options;
        options.readers = 1;
        m_house = std::make_unique<Fixture>(options);
        m_alice = m_house->makeAlice();
        m_mailbox = m_house->mailbox(m_alice).id;
        for (int i = 0; i < 100; ++i) {
            QList<QByteArray> words;
            for (int k = 0; k < 30; ++k)
                words += "w" + QByteArray::number(i * 7 + k);
            deliver(words);
        }
        QCOMPARE(m_house->faults(), QStringList());
        for (int i = 1; i < 100; i += 5) {
            const auto done = m_house->tryWrite<qint64>([&](Transaction &t) {
                return t.connection().run("DELETE FROM search WHERE rowid BETWEEN ? AND ?", i, i + 4);
            });
            QVERIFY(done);
            QCOMPARE(m_house->faults(), QStringList());
        }
    }
    void takesWordsOfAllLetters()
    {
        const Uid one = deliver({u"grüße"_s.toUtf8(), u"日"_s.toUtf8(), "4711", "or", "and", "near", "not"});
        deliver({"else"});
        for (const QByteArray &word : {u"grüße"_s.toUtf8(), u"日"_s.toUtf8(), "4711"_ba, "or"_ba, "and"_ba, "near"_ba, "not"_ba})
            QCOMPARE(candidates({{Place::Whole, word}}), (QList<Uid>{one}));
        QCOMPARE(candidates({{Place::Inside, u"üß"_s.toUtf8()}}), (QList<Uid>{one}));
    }
    void waitsForContentsStillBeingWritten()
    {
        const MessageId staged = m_house->write([](Transaction &t) { return Messages::stage(t); });
        deliver();
        QVERIFY(m_house->read([](Connection &c) { return SearchIndex::pending(c, 10); }).isEmpty());
        m_house->write([&](Transaction &t) -> Result<bool> { return Messages::dropStaged(t, staged).transform([] { return true; }); });
        QCOMPARE(m_house->read([](Connection &c) { return SearchIndex::pending(c, 10); }).size(), 1);
    }
    void helpsNotWhereAWordIsEverywhere()
    {
        QByteArrayList words;
        for (int i = 0; i < 3'000; ++i)
            words += "w" + QByteArray::number(i);
        const Uid one = deliver(words);
        QVERIFY(!candidates({{Place::Inside, "w"}}));
        QCOMPARE(candidates({{Place::Inside, "w"}, {Place::Whole, "w77"}}), (QList<Uid>{one}));
        QCOMPARE(candidates({{Place::Inside, "w1234"}}), (QList<Uid>{one}));
        QCOMPARE(candidates({{Place::Start, "w12"}}), (QList<Uid>{one})); // a hundred words and more in one question
        QVERIFY(!candidates({{Place::Start, "w2"}})); // a thousand
    }
    void forgetsWhatIsGone()
    {
        deliver({"word"});
        m_house->write([&](Transaction &t) -> Result<bool> { return SearchIndex::clear(t).transform([] { return true; }); });
        QVERIFY(!candidates({{Place::Whole, "word"}}));
        QCOMPARE(state().waiting, 1);
        const auto pending = m_house->read([](Connection &c) { return SearchIndex::pending(c, 10); });
        index({{.message = pending.front(), .body = {{"anew"}, {}}}});
        QCOMPARE(candidates({{Place::Whole, "anew"}})->size(), 1);
        QCOMPARE(candidates({{Place::Whole, "word"}})->size(), 0);
        QVERIFY(m_house->read([](Connection &c) { return Maintenance::check(c); }).faults.isEmpty());
    }

    void tellsHeadAndBodyApart()
    {
        const Uid one = deliverText("winter", "summer"), two = deliverText("summer", "winter");
        using Where = SearchIndex::Where;
        QCOMPARE(candidates({{Place::Inside, "winter"}}, SearchIndex::Form::Pieces, Where::Head), (QList<Uid>{one}));
        QCOMPARE(candidates({{Place::Inside, "winter"}}, SearchIndex::Form::Pieces, Where::Body), (QList<Uid>{two}));
        QCOMPARE(candidates({{Place::Inside, "winter"}}), (QList<Uid>{one, two}));
    }
    void isSureOfWords()
    {
        const Uid one = deliverText("a", "winterly"), partly = deliverText("a", "winter", false);
        deliverText("a", "summer");
        const Uid late = deliver();
        QList<Uid> sure;
        QCOMPARE(candidates({{Place::Inside, "winter"}}, SearchIndex::Form::Word, SearchIndex::Where::Body, &sure), (QList<Uid>{one, partly, late}));
        QCOMPARE(sure, QList<Uid>{one});
    }
    // Pairs are known of words that are common, once they are.
    void isSureOfPairsOfCommonWords()
    {
        const QList<SearchIndex::Piece> pieces{{Place::End, "winter"}, {Place::Start, "holiday"}};
        const auto ask = [&](QList<Uid> *sure) { return candidates(pieces, SearchIndex::Form::Pair, SearchIndex::Where::Body, sure); };
        const Uid first = deliverText("x", "winter holiday"), second = deliverText("x", "holiday winter");
        QList<Uid> sure;
        QCOMPARE(ask(&sure), (QList<Uid>{first, second})); // the words are rare: both are looked into
        QCOMPARE(sure, QList<Uid>());
        const Uid third = deliverText("x", "holiday winter"); // from here on they are common
        const Uid has = deliverText("x", "my winter holiday"), has2 = deliverText("x", "midwinter winter holidays winter holiday");
        deliverText("x", "holiday winter");
        deliverText("winter holiday", "winter or holiday");
        const Uid partly = deliverText("x", "winter holiday", false), rare = deliverText("x", "deepwinter holiday");
        const Uid late = deliver();
        QCOMPARE(ask(&sure), (QList<Uid>{first, second, third, has, has2, partly, rare, late}));
        QCOMPARE(sure, (QList<Uid>{has, has2}));
        sure.clear();
        QVERIFY(candidates(pieces, SearchIndex::Form::Pair, SearchIndex::Where::Anywhere, &sure));
        QCOMPARE(sure.size(), 3);
    }

private:
    void index(const QList<SearchIndex::Words> &words)
    {
        m_house->write([&](Transaction &t) -> Result<bool> {
            return SearchIndex::add(t, words, words.back().message).transform([] { return true; });
        });
    }
    // Without words: delivered, not indexed.
    Uid deliver(const QByteArrayList &words = {}, bool complete = true)
    {
        MessageId message;
        const Uid uid = m_house->write([&](Transaction &t) -> Result<Uid> {
            message = must(Messages::add(t, Fixture::digestOf("A: b\r\n\r\n", 4), "body"));
            return must(Mailboxes::add(t, m_mailbox, message, 0, 1)).uid;
        });
        if (!words.isEmpty())
            index({{.message = message, .body = {words, {}}, .complete = complete}});
        return uid;
    }
    // Of texts whose words are each one space apart.
    Uid deliverText(const QByteArray &head, const QByteArray &body, bool complete = true)
    {
        const Uid uid = deliver();
        const auto section = [](const QByteArray &text) {
            SearchIndex::Section made{text.split(' '), {}};
            for (qsizetype i = 0; i + 1 < made.words.size(); ++i)
                made.pairs += made.words[i] + ' ' + made.words[i + 1];
            return made;
        };
        m_house->write([&](Transaction &t) -> Result<bool> {
            const MessageId message = m_house->marks(m_mailbox).last().message;
            return SearchIndex::add(t, {{message, section(head), section(body), complete}}, message, 3).transform([] { return true; });
        });
        return uid;
    }
    // UIDs that may have it and, in `sure`, those that have it.
    std::optional<QList<Uid>> candidates(const QList<SearchIndex::Piece> &pieces, SearchIndex::Form form = SearchIndex::Form::Pieces,
                                         SearchIndex::Where where = SearchIndex::Where::Anywhere, QList<Uid> *sure = nullptr)
    {
        const SearchIndex::Question question{pieces, form, where, MessageId{1}, MessageId{1'000'000}, 10'000};
        const auto answer = m_house->read([&](Connection &c) { return SearchIndex::ask(c, question); });
        if (!answer)
            return std::nullopt;
        QList<Uid> uids;
        for (const MessageMark &mark : m_house->marks(m_mailbox)) {
            if (sure && answer->sure.contains(mark.message.value))
                *sure += mark.uid;
            if (mark.message > answer->indexed || answer->may.contains(mark.message.value) || answer->sure.contains(mark.message.value))
                uids += mark.uid;
        }
        return uids;
    }
    SearchIndex::State state()
    {
        return m_house->read([](Connection &c) { return SearchIndex::state(c); });
    }

    std::unique_ptr<Fixture> m_house;
    AccountId m_alice;
    MailboxId m_mailbox;
};

QTEST_GUILESS_MAIN(TestSearchIndex)
#include "test_search_index.moc"
