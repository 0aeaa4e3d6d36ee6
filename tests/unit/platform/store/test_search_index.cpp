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
        index({{pending.front(), {"anew"}, true}});
        QCOMPARE(candidates({{Place::Whole, "anew"}})->size(), 1);
        QCOMPARE(candidates({{Place::Whole, "word"}})->size(), 0);
        QVERIFY(m_house->read([](Connection &c) { return Maintenance::check(c); }).faults.isEmpty());
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
            index({{message, words, complete}});
        return uid;
    }
    std::optional<QList<Uid>> candidates(const QList<SearchIndex::Piece> &pieces)
    {
        return m_house->read([&](Connection &c) { return SearchIndex::candidates(c, m_mailbox, pieces); });
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
