#include "platform/store/queue.h"
#include "store_fixture.h"

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;

static const QByteArray header = "Subject: pieces\r\nFrom: a@example.test\r\n\r\n";

class TestMessages : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void readsAnyPartOfAMessage_data();
    void readsAnyPartOfAMessage();
    void readsAMessageOfManyPieces();
    void readsNothingBeyondTheEnd();
    void returnsOnlyTheColumnsAskedFor();
    void returnsRowsInBatches();
    void returnsSmallBodiesInRows();
    void returnsRowsOfRanges();
    void keepsAStagedMessageOnlyWhenFinished();
    void refusesPiecesOutOfOrder();
    void refusesASizeThatIsNotSo();
    void dropsWhatAnEarlierLifeStaged();
    void storesEmptyAndZeroOctets();
    void collectsOnlyWhatNobodyHolds();
    void listsWhatAJobStoredAndDidNotHold();
    void collectsOrphansWhenIdle();
};

static QByteArray patternOf(qsizetype size)
{
    QByteArray body(size, '\0');
    for (qsizetype i = 0; i < size; ++i)
        body[i] = char((i * 31 + i / 251) & 0xff);
    return body;
}

static MessageId storeMessage(Fixture &house, MailboxId inbox, const QByteArray &body)
{
    return house.write([&](Transaction &t) -> Result<MessageId> {
        const auto id = must(Messages::add(t, Fixture::digestOf(header, body.size()), body));
        must(Mailboxes::add(t, inbox, id, 0, 1'000));
        return id;
    });
}

void TestMessages::readsAnyPartOfAMessage_data()
{
    QTest::addColumn<qint64>("offset");
    QTest::addColumn<qint64>("length");
    const qint64 h = header.size();
    const qint64 chunk = Messages::chunkOctets;
    QTest::newRow("first octet") << qint64(0) << qint64(1);
    QTest::newRow("all") << qint64(0) << qint64(100'000'000);
    QTest::newRow("within header") << qint64(3) << qint64(10);
    QTest::newRow("header to body") << h - 2 << qint64(4);
    QTest::newRow("body start") << h << qint64(7);
    QTest::newRow("end of first piece") << h + chunk - 3 << qint64(3);
    QTest::newRow("over the first edge") << h + chunk - 3 << qint64(6);
    QTest::newRow("start of second piece") << h + chunk << qint64(5);
    QTest::newRow("all of three pieces") << h + chunk - 1 << chunk + 2;
    QTest::newRow("last octets") << h + 2 * chunk + 90 << qint64(1'000);
    QTest::newRow("over the end") << h + 2 * chunk + 100 << qint64(5);
}

void TestMessages::readsAnyPartOfAMessage()
{
    QFETCH(qint64, offset);
    QFETCH(qint64, length);
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    const QByteArray body = patternOf(2 * Messages::chunkOctets + 100);
    const auto id = storeMessage(house, inbox, body);
    const QByteArray octets = house.read([&](Connection &c) { return Messages::read(c, id, offset, length); });
    QCOMPARE(octets, (header + body).mid(offset, length));
    QCOMPARE(house.rows(u"content"_s), 3);
}

void TestMessages::readsAMessageOfManyPieces()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    const QByteArray body = patternOf(1'000);
    const auto id = house.write([](Transaction &t) { return Messages::stage(t); });
    // Pieces of unlike sizes, each in a transaction of its own.
    const QList<qsizetype> sizes{1, 499, 3, 497};
    qsizetype at = 0;
    for (int i = 0; i < sizes.size(); ++i) {
        must(house.tryWrite<void>(
            [&](Transaction &t) { return Messages::append(t, id, i, QByteArrayView(body).sliced(at, sizes.at(i))); }));
        at += sizes.at(i);
    }
    house.write([&](Transaction &t) -> Result<MessageMark> {
        must(Messages::finish(t, id, Fixture::digestOf(header, body.size())));
        return Mailboxes::add(t, inbox, id, 0, 1'000);
    });
    for (qint64 offset = 0; offset < 1'000; offset += 37) {
        const auto octets =
            house.read([&](Connection &c) { return Messages::read(c, id, header.size() + offset, 510); });
        QCOMPARE(octets, body.mid(offset, 510));
    }
    const auto rows = house.read([&](Connection &c) {
        return Messages::rows(c, inbox, {}, {.header = true, .body = true}, 1'000'000, nullptr);
    });
    QCOMPARE(rows.first().body, body);
    QCOMPARE(rows.first().digest.header, header);
    QCOMPARE(house.faults(), QStringList());
}

void TestMessages::readsNothingBeyondTheEnd()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    const auto id = storeMessage(house, inbox, "body");
    QCOMPARE(house.read([&](Connection &c) { return Messages::read(c, id, header.size() + 4, 10); }), QByteArray());
    QCOMPARE(house.read([&](Connection &c) { return Messages::read(c, id, 1'000'000'000, 10); }), QByteArray());
    QCOMPARE(house.read([&](Connection &c) { return Messages::read(c, id, 2, 0); }), QByteArray());
    const auto gone =
        house.store->readNow<QByteArray>([&](Connection &c) { return Messages::read(c, {id.value + 1}, 0, 1); });
    QCOMPARE(kindOfFailure(gone), ErrorKind::NotFound);
}

void TestMessages::returnsOnlyTheColumnsAskedFor()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    const auto id = storeMessage(house, inbox, "body");
    const auto row = [&](const Columns &columns) {
        return house.read([&](Connection &c) { return Messages::rows(c, inbox, {}, columns, 1'000, nullptr); }).first();
    };
    const auto bare = row({});
    QVERIFY(bare.digest.header.isEmpty() && bare.digest.envelope.isEmpty() && bare.body.isEmpty());
    QCOMPARE(bare.message, id);
    QCOMPARE(bare.uid, 1U);
    QCOMPARE(bare.internalDate, 1'000);
    QCOMPARE(bare.digest.size, header.size() + 4);
    QCOMPARE(bare.digest.sentDate, 1'600'000'000);
    QVERIFY(bare.saveDate > 1'700'000'000'000);
    const auto some = row({.envelope = true, .parts = true});
    QCOMPARE(some.digest.envelope, "(env)");
    QCOMPARE(some.digest.parts, "p");
    QVERIFY(some.digest.header.isEmpty() && some.digest.bodyStructure.isEmpty());
    const auto all = row({.header = true, .bodyStructure = true, .body = true});
    QCOMPARE(all.digest.header, header);
    QCOMPARE(all.digest.bodyStructure, "(struct)");
    QCOMPARE(all.body, "body");
    const auto digest = house.read([&](Connection &c) { return Messages::digest(c, id, {.header = true}); });
    QCOMPARE(digest.header, header);
    QVERIFY(digest.envelope.isEmpty());
    QCOMPARE(digest.size, header.size() + 4);
}

void TestMessages::returnsRowsInBatches()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    house.fill(inbox, 30);
    QList<Uid> uids;
    int batches = 0;
    for (Uid next = 1; next != 0; ++batches) {
        const Uid from = next;
        const auto rows = house.read([&](Connection &c) {
            return Messages::rows(c, inbox, {{from, 12}, {qMax(from, 20U), ~0U}}, {.header = true}, 600, &next);
        });
        QVERIFY(!rows.isEmpty());
        for (const auto &row : rows)
            uids.append(row.uid);
    }
    QVERIFY(batches > 3);
    QList<Uid> expected;
    for (Uid uid = 1; uid <= 30; ++uid) {
        if (uid <= 12 || uid >= 20)
            expected.append(uid);
    }
    QCOMPARE(uids, expected);
}

void TestMessages::returnsSmallBodiesInRows()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    const QByteArray big = patternOf(5'000);
    storeMessage(house, inbox, "small");
    storeMessage(house, inbox, big);
    storeMessage(house, inbox, "");
    const auto bodies = [&](qint64 inlined) {
        QByteArrayList found;
        const auto rows = house.read([&](Connection &c) {
            return Messages::rows(c, inbox, {}, {.body = true, .inlineBodySize = inlined}, 1'000'000, nullptr);
        });
        for (const auto &row : rows)
            found.append(row.body);
        return found;
    };
    QCOMPARE(bodies(4'999), (QByteArrayList{"small", "", ""}));
    QCOMPARE(bodies(5'000), (QByteArrayList{"small", big, ""}));
}

void TestMessages::returnsRowsOfRanges()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    house.fill(inbox, 10);
    QList<Uid> uids;
    Uid next = 99;
    const auto rows = house.read([&](Connection &c) {
        return Messages::rows(c, inbox, {{9, 9}, {2, 3}, {3, 4}, {200, 300}}, {}, 1'000'000, &next);
    });
    for (const auto &row : rows)
        uids.append(row.uid);
    QCOMPARE(uids, (QList<Uid>{2, 3, 4, 9}));
    QCOMPARE(next, 0U);
}

void TestMessages::keepsAStagedMessageOnlyWhenFinished()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    const auto id = house.write([](Transaction &t) { return Messages::stage(t); });
    must(house.tryWrite<void>([&](Transaction &t) { return Messages::append(t, id, 0, "abc"); }));
    const auto early = house.tryWrite<MessageMark>([&](Transaction &t) { return Mailboxes::add(t, inbox, id, 0, 0); });
    QCOMPARE(kindOfFailure(early), ErrorKind::NotFound);
    QCOMPARE(house.faults(), QStringList());
    must(house.tryWrite<void>([&](Transaction &t) { return Messages::dropStaged(t, id); }));
    QCOMPARE(house.rows(u"content"_s), 0);
    const auto late = house.tryWrite<void>([&](Transaction &t) { return Messages::append(t, id, 1, "def"); });
    QCOMPARE(kindOfFailure(late), ErrorKind::NotFound);
}

void TestMessages::refusesPiecesOutOfOrder()
{
    Fixture house;
    const auto id = house.write([](Transaction &t) { return Messages::stage(t); });
    const auto append = [&](int sequence) {
        return house.tryWrite<void>([&](Transaction &t) { return Messages::append(t, id, sequence, "abc"); });
    };
    QVERIFY(!append(1));
    QVERIFY(append(0));
    QVERIFY(!append(0));
    QVERIFY(append(1));
}

void TestMessages::refusesASizeThatIsNotSo()
{
    Fixture house;
    const auto wrong = house.tryWrite<MessageId>(
        [&](Transaction &t) { return Messages::add(t, Fixture::digestOf(header, 3), "four"); });
    QCOMPARE(kindOfFailure(wrong), ErrorKind::Internal);
    const auto id = house.write([](Transaction &t) { return Messages::stage(t); });
    const auto finished =
        house.tryWrite<void>([&](Transaction &t) { return Messages::finish(t, id, Fixture::digestOf(header, 1)); });
    QCOMPARE(kindOfFailure(finished), ErrorKind::Internal);
}

void TestMessages::dropsWhatAnEarlierLifeStaged()
{
    StoreOptions options;
    options.idleAfter = std::chrono::milliseconds(1);
    Fixture house(options);
    const auto old = house.write([](Transaction &t) { return Messages::stage(t); });
    must(house.tryWrite<void>([&](Transaction &t) { return Messages::append(t, old, 0, "abc"); }));
    house.reopen();
    const auto young = house.write([](Transaction &t) { return Messages::stage(t); });
    QVERIFY(young > old);
    must(house.tryWrite<void>([&](Transaction &t) { return Messages::append(t, young, 0, "abc"); }));
    QTRY_COMPARE(house.rows(u"staged"_s), 1);
    QCOMPARE(house.rows(u"content"_s), 1);
    must(house.tryWrite<void>([&](Transaction &t) { return Messages::append(t, young, 1, "abc"); }));
}

void TestMessages::storesEmptyAndZeroOctets()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    const QByteArray zeros("\0\0a\0", 4);
    const auto id = house.write([&](Transaction &t) -> Result<MessageId> {
        const Digest digest{.header = zeros, .size = 4};
        const auto made = must(Messages::add(t, digest, {}));
        must(Mailboxes::add(t, inbox, made, 0, 0));
        return made;
    });
    QCOMPARE(house.read([&](Connection &c) { return Messages::read(c, id, 0, 10); }), zeros);
    QCOMPARE(house.faults(), QStringList());
}

void TestMessages::collectsOnlyWhatNobodyHolds()
{
    StoreOptions options;
    options.idleAfter = std::chrono::hours(1);
    Fixture house(options);
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    house.fill(inbox, 4);
    house.write([&](Transaction &t) {
        return Mailboxes::copy(t, inbox, {{1, 1}}, must(Mailboxes::find(t, alice, u"Archive"_s)).id, false, u"test"_s);
    });
    const auto second = house.marks(inbox).at(1).message;
    const auto entry = house.write([&](Transaction &t) { return Queue::add(t, {.message = second}); });
    house.write([&](Transaction &t) { return Mailboxes::expunge(t, inbox, {{1, 3}}, true, u"test"_s); });
    QCOMPARE(house.rows(u"orphan"_s), 3);
    QCOMPARE(house.faults(), QStringList());
    const auto collect = [&](int limit) {
        return house.write([&](Transaction &t) { return Messages::collectOrphans(t, limit); });
    };
    QVERIFY(collect(2));
    QVERIFY(!collect(2));
    QCOMPARE(house.rows(u"orphan"_s), 0);
    QCOMPARE(house.rows(u"message"_s), 3); // one in Archive, one queued, one in INBOX
    QCOMPARE(house.rows(u"content"_s), 3);
    QCOMPARE(house.faults(), QStringList());
    must(house.tryWrite<void>([&](Transaction &t) { return Queue::remove(t, entry); }));
    QVERIFY(!collect(2));
    QCOMPARE(house.rows(u"message"_s), 2);
    QCOMPARE(house.faults(), QStringList());
}

void TestMessages::listsWhatAJobStoredAndDidNotHold()
{
    StoreOptions options;
    options.idleAfter = std::chrono::hours(1);
    Fixture house(options);
    house.write([&](Transaction &t) { return Messages::add(t, Fixture::digestOf(header, 1), "x"); });
    QCOMPARE(house.rows(u"orphan"_s), 1);
    QCOMPARE(house.faults(), QStringList());
}

void TestMessages::collectsOrphansWhenIdle()
{
    StoreOptions options;
    options.idleAfter = std::chrono::milliseconds(1);
    Fixture house(options);
    const auto inbox = house.mailbox(house.makeAlice()).id;
    house.fill(inbox, 600);
    house.write([&](Transaction &t) { return Mailboxes::expunge(t, inbox, {}, true, u"test"_s); });
    QTRY_COMPARE(house.rows(u"message"_s), 0);
    QCOMPARE(house.rows(u"content"_s), 0);
    QCOMPARE(house.faults(), QStringList());
}

QTEST_GUILESS_MAIN(TestMessages)
#include "test_messages.moc"
