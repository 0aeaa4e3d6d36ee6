#include "language/message/structure.h"
#include "platform/store/own_seen.h"
#include "service/access/index_cache.h"
#include "service/access/search.h"
#include "unit/platform/store/store_fixture.h"

#include <QRandomGenerator>

#include <thread>
#include <vector>

using namespace posthorn;
using namespace posthorn::access;
using namespace posthorn::store;
using namespace Qt::StringLiterals;
using imap::SearchKey;
using Op = SearchKey::Op;

namespace {

std::shared_ptr<MailboxIndex> opened(IndexCache &cache, MailboxId mailbox, AccountId reader = {})
{
    Result<std::shared_ptr<MailboxIndex>> found = fail(ErrorKind::Internal, u"not called"_s);
    Semaphore ready;
    cache.open(mailbox, reader, [&](auto index) {
        found = std::move(index);
        ready.release();
    });
    ready.acquire();
    return must(std::move(found));
}

QList<MessageMark> marksOf(const MailboxIndex &index)
{
    QList<MessageMark> marks;
    index.eachMark([&](const MessageMark &mark) { marks += mark; });
    return marks;
}

struct House : Fixture
{
    explicit House(const StoreOptions &given = {}) : Fixture(given) { store->onCommitted([this](const Committed &changes) { cache.committed(changes); }); }
    QList<Uid> find(MailboxId mailbox, const SearchKey &key, Uid firstRecent = 0)
    {
        const auto index = opened(cache, mailbox);
        return read([&](Connection &connection) { return search(connection, mailbox, *index, key, firstRecent); }).uids;
    }
    MessageMark put(MailboxId mailbox, const QByteArray &header, const QByteArray &body)
    {
        return write([&](Transaction &transaction) -> Result<MessageMark> {
            const message::Structure structure = message::parseStructure(header + "\r\n" + body);
            Digest digest = digestOf(header + "\r\n", body.size());
            digest.parts = message::packOffsets(structure.root);
            digest.sentDate = structure.dateSeconds;
            return Mailboxes::add(transaction, mailbox, must(Messages::add(transaction, digest, body)), 0, 1'700'000'000'000);
        });
    }
    IndexCache cache{*store, 4'000'000, 20}; // bigger ones are read in halves
};

} // namespace

class TestIndexCache : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // Each reader's index holds what the store holds for him, whoever does what.
    void agreesWithTheStoreForEachReader()
    {
        House house;
        const auto alice = house.makeAlice();
        const auto inbox = house.mailbox(alice).id;
        const QList<AccountId> readers{{}, AccountId{71}, AccountId{72}};
        house.write([&](Transaction &t) -> Result<int> {
            must(OwnSeen::set(t, inbox, true));
            return 0;
        });
        house.fill(inbox, 20);
        QList<std::shared_ptr<MailboxIndex>> indexes;
        for (const AccountId reader : readers)
            indexes += opened(house.cache, inbox, reader);
        QRandomGenerator random(9);
        for (int i = 0; i < 300; ++i) {
            const Uid first = random.bounded(1, 50);
            const QList<UidRange> some{{first, first + random.bounded(6)}};
            const AccountId reader = readers.at(random.bounded(3));
            house.write([&](Transaction &t) -> Result<int> {
                switch (random.bounded(5)) {
                case 0: must(Fixture::deliver(t, inbox, "body", random.bounded(2) ? flag::Seen : 0)); break;
                case 1: must(Mailboxes::expunge(t, inbox, {{first, first}}, true, u"a"_s)); break;
                case 2: must(Mailboxes::copy(t, inbox, some, inbox, false, u"a"_s, {~Flags(0), reader}, reader)); break;
                default: must(Mailboxes::setFlags(t, inbox, some, FlagAction(random.bounded(3)), {"\\Seen", "$k"}, {}, {~Flags(0), reader}));
                }
                return 0;
            });
            for (qsizetype k = 0; k < readers.size(); ++k) {
                auto marks = house.marks(inbox);
                if (readers[k])
                    must(house.store->readNow<void>([&](Connection &c) { return OwnSeen::show(c, inbox, readers[k], marks); }));
                QCOMPARE(marksOf(*indexes[k]), marks);
            }
        }
    }

    // Whatever is done to a mailbox, the index holds what the store holds.
    void agreesWithTheStore()
    {
        House house;
        const auto alice = house.makeAlice();
        const auto inbox = house.mailbox(alice).id, archive = house.mailbox(alice, u"Archive"_s).id;
        house.fill(inbox, 30);
        const auto index = opened(house.cache, inbox), other = opened(house.cache, archive);
        QRandomGenerator random(5);
        for (int i = 0; i < 300; ++i) {
            const Uid first = random.bounded(1, 60), last = first + random.bounded(8);
            const QList<UidRange> some{{first, last}};
            house.write([&](Transaction &t) -> Result<int> {
                switch (random.bounded(5)) {
                case 0: must(Fixture::deliver(t, inbox)); break;
                case 1: must(Mailboxes::setFlags(t, inbox, some, FlagAction(random.bounded(3)), {"\\Seen", "$k"})); break;
                case 2: must(Mailboxes::expunge(t, inbox, some, true, u"a"_s)); break;
                case 3: must(Mailboxes::copy(t, inbox, some, archive, random.bounded(2), u"a"_s)); break;
                default: must(Mailboxes::copy(t, archive, some, inbox, false, u"a"_s)); break;
                }
                return 0;
            });
            QCOMPARE(marksOf(*index), house.marks(inbox));
            QCOMPARE(marksOf(*other), house.marks(archive));
            QCOMPARE(index->keywords(), house.mailbox(alice).keywords);
            QCOMPARE(index->highestModSeq(), house.mailbox(alice).highestModSeq);
        }
        QVERIFY(marksOf(*index).size() > 5);
    }

    // Read in halves while the writer changes it: the only reader comes to the second half when the first one is old.
    void agreesThoughItChangesMeanwhile()
    {
        House house({.readers = 1});
        const auto inbox = house.mailbox(house.makeAlice()).id;
        house.fill(inbox, 4000);
        std::vector<std::unique_ptr<IndexCache>> caches;
        for (int round = 0; round < 40; ++round) {
            IndexCache &cache = *caches.emplace_back(std::make_unique<IndexCache>(*house.store, 4'000'000, 20));
            house.store->onCommitted([&cache](const Committed &changes) { cache.committed(changes); });
            Semaphore begun;
            std::thread writing([&] {
                for (int i = 0; i < 10; ++i) {
                    house.write([inbox, uid = Uid(10 * round + i)](Transaction &t) -> Result<int> {
                        must(Fixture::deliver(t, inbox));
                        must(Mailboxes::expunge(t, inbox, {{uid, uid}}, true, u"a"_s));
                        must(Mailboxes::setFlags(t, inbox, {{uid + 20, uid + 400}}, FlagAction(uid % 3), {"\\Seen"}));
                        return 0;
                    });
                    begun.release();
                }
            });
            begun.acquire();
            const auto index = opened(cache, inbox);
            writing.join();
            QCOMPARE(marksOf(*index), house.marks(inbox));
        }
    }

    void isSharedAndForgotten()
    {
        House house;
        const auto alice = house.makeAlice();
        const auto inbox = house.mailbox(alice).id;
        const auto index = opened(house.cache, inbox);
        QCOMPARE(opened(house.cache, inbox), index);
        IndexCache small(*house.store, 10);
        house.fill(inbox, 20);
        const auto one = opened(small, inbox);
        const auto two = opened(small, house.mailbox(alice, u"Sent"_s).id);
        QCOMPARE(marksOf(*one).size(), 20); // who has it keeps it
    }

    void givesMarksInPieces()
    {
        House house;
        const auto inbox = house.mailbox(house.makeAlice()).id;
        house.fill(inbox, 10);
        const auto index = opened(house.cache, inbox);
        Uid next = 0;
        QCOMPARE(index->marks({{2, 4}, {6, 100}}, 5, &next).size(), 5);
        QCOMPARE(next, Uid(8));
        QCOMPARE(index->marks({{8, 100}}, 5, &next).size(), 3);
        QCOMPARE(next, Uid(0));
    }

    void searchesAndSorts()
    {
        House house;
        const auto inbox = house.mailbox(house.makeAlice()).id;
        house.put(inbox, "Subject: Re: beta\r\nFrom: zoe@x.test\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n", "first words\r\n");
        house.put(inbox, "Subject: =?utf-8?q?=C3=84pfel?=\r\nFrom: ann@x.test\r\nMessage-ID: <a@x>\r\n", "second \xc3\x9c""ber\r\n");
        house.put(inbox, "Subject: alpha\r\nFrom: bob@x.test\r\nReferences: <a@x>\r\n", QByteArray("x").repeated(400'000) + " far away\r\n");
        const auto key = [](Op op, const char *text) {
            SearchKey wanted{.op = op};
            wanted.text = QString::fromUtf8(text);
            return wanted;
        };
        QCOMPARE(house.find(inbox, key(Op::Subject, "äPF")), QList<Uid>{2});
        QCOMPARE(house.find(inbox, key(Op::Body, "über")), QList<Uid>{2});
        QCOMPARE(house.find(inbox, key(Op::Body, "far away")), QList<Uid>{3});
        QCOMPARE(house.find(inbox, key(Op::Body, "alpha")), QList<Uid>());
        QCOMPARE(house.find(inbox, key(Op::Text, "x.test")), (QList<Uid>{1, 2, 3}));
        QCOMPARE(house.find(inbox, {.op = Op::LacksFlags, .children = {}, .uids = {}, .flags = flag::Seen}), (QList<Uid>{1, 2, 3}));
        QCOMPARE(house.find(inbox, {.op = Op::New}, 3), QList<Uid>{3});
        const imap::Found all{{1, 2, 3}, 9};
        const auto sorted = [&](imap::SortCriterion::By by, bool reverse = false) {
            return house.read([&](Connection &c) { return access::sort(c, inbox, all, {{by, reverse}}); }).uids;
        };
        QCOMPARE(sorted(imap::SortCriterion::By::Subject), (QList<Uid>{3, 2, 1}));
        QCOMPARE(sorted(imap::SortCriterion::By::From), (QList<Uid>{2, 3, 1}));
        QCOMPARE(sorted(imap::SortCriterion::By::Size, true), (QList<Uid>{3, 1, 2}));
        QCOMPARE(sorted(imap::SortCriterion::By::Date, true), (QList<Uid>{1, 2, 3}));
        const auto threads = house.read([&](Connection &c) {
            return access::thread(c, inbox, {1, 2, 3}, imap::ThreadAlgorithm::References);
        });
        QCOMPARE(threads.threads, 2);
        QCOMPARE(threads.nodes.size(), 3);
    }
};

QTEST_GUILESS_MAIN(TestIndexCache)
#include "test_index_cache.moc"
