#include "platform/store/sql/connection.h"
#include "store_fixture.h"

#include <QFile>

#include <atomic>
#include <mutex>

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;

class TestFaults : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void failsTheWholeGroupWhenTheCommitFails();
    void isUncertainWhenTheDiskFailsInTheCommit();
    void survivesAFaultInAnyStatement_data();
    void survivesAFaultInAnyStatement();
    void recoversWhenSpaceReturns();
    void recoversFromARealFullDatabase();
    void recoversOnASmallDisk();
    void stopsAcceptingBeforeTheDiskIsFull();
    void takesNothingMoreWhenDamaged();
    void namesDamageThatEndsTheCheck();
};

void TestFaults::failsTheWholeGroupWhenTheCommitFails()
{
    std::atomic<bool> failing = false;
    Fixture house(withFaults([&](QByteArrayView sql) { return failing && sql == "COMMIT" ? 5 : 0; }));
    const auto inbox = house.mailbox(house.makeAlice()).id;
    Semaphore done;
    QList<ErrorKind> kinds;
    {
        Gate gate(*house.store);
        for (int i = 0; i < 4; ++i)
            house.store->write<MessageMark>([&](Transaction &t) { return Fixture::deliver(t, inbox); },
                                            [&](const Result<MessageMark> &mark) {
                                                kinds.append(kindOfFailure(mark));
                                                done.release();
                                            });
        failing = true;
    }
    done.acquire(4);
    QCOMPARE(kinds, QList<ErrorKind>(4, ErrorKind::Unavailable));
    failing = false;
    QCOMPARE(house.deliverOne(inbox).uid, 1U);
    QCOMPARE(house.faults(), QStringList());
}

void TestFaults::isUncertainWhenTheDiskFailsInTheCommit()
{
    std::atomic<bool> failing = false;
    Fixture house(withFaults([&](QByteArrayView sql) { return failing && sql == "COMMIT" ? 10 : 0; }));
    const auto inbox = house.mailbox(house.makeAlice()).id;
    failing = true;
    const auto mark = house.tryWrite<MessageMark>([&](Transaction &t) { return Fixture::deliver(t, inbox); });
    QCOMPARE(kindOfFailure(mark), ErrorKind::Uncertain);
    failing = false;
    QTRY_COMPARE(house.store->health(), Health::Good);
    house.deliverOne(inbox);
    QCOMPARE(house.faults(), QStringList());
}

void TestFaults::survivesAFaultInAnyStatement_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<ErrorKind>("kind");
    QTest::newRow("full") << 13 << ErrorKind::Unavailable;
    QTest::newRow("input or output") << 10 << ErrorKind::Unavailable;
    QTest::newRow("read-only") << 8 << ErrorKind::Unavailable;
    QTest::newRow("busy") << 5 << ErrorKind::Unavailable;
    QTest::newRow("memory") << 7 << ErrorKind::Unavailable;
    QTest::newRow("other") << 1 << ErrorKind::Internal;
}

// Whichever statement fails, nothing is half done afterwards, and the store works again.
void TestFaults::survivesAFaultInAnyStatement()
{
    QFETCH(int, code);
    QFETCH(ErrorKind, kind);
    std::atomic<int> countdown = -1;
    auto options = withFaults([&](QByteArrayView) { return countdown >= 0 && countdown-- == 0 ? code : 0; });
    Fixture house(options);
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    const auto job = [&](Transaction &t) -> Result<void> {
        const auto mark = Fixture::deliver(t, inbox);
        if (!mark)
            return std::unexpected(mark.error());
        const auto archive = Mailboxes::find(t, alice, u"Archive"_s);
        if (!archive)
            return std::unexpected(archive.error());
        const auto flags =
            Mailboxes::setFlags(t, inbox, {}, FlagAction::Add, {"\\Seen", "$x" + QByteArray::number(mark->uid)});
        if (!flags)
            return std::unexpected(flags.error());
        const auto moved = Mailboxes::copy(t, inbox, {}, archive->id, true, u"test"_s);
        return moved ? Result<void>() : std::unexpected(moved.error());
    };
    int delivered = 0;
    for (int at = 0; at < 40; ++at) {
        countdown = at;
        const auto done = house.tryWrite<void>(job);
        const bool ranAway = countdown >= 0;
        countdown = -1;
        if (done)
            ++delivered;
        else
            QVERIFY(done.error().kind == kind || done.error().kind == ErrorKind::Unavailable ||
                    done.error().kind == ErrorKind::Uncertain);
        QTRY_COMPARE(house.store->health(), Health::Good);
        QCOMPARE(house.faults(), QStringList());
        QCOMPARE(house.mailbox(alice, u"Archive"_s).messages, delivered);
        if (ranAway)
            return;
    }
    QFAIL("the job has fewer statements than that");
}

void TestFaults::recoversWhenSpaceReturns()
{
    std::atomic<bool> full = false;
    auto options = withFaults([&](QByteArrayView sql) { return full && sql.startsWith("INSERT") ? 13 : 0; });
    Fixture house(options);
    const auto inbox = house.mailbox(house.makeAlice()).id;
    std::mutex mutex;
    QList<Health> told;
    house.store->onHealth([&](Health health, const QString &) {
        const std::scoped_lock lock(mutex);
        told.append(health);
    });
    full = true;
    const auto refused = house.tryWrite<MessageMark>([&](Transaction &t) { return Fixture::deliver(t, inbox); });
    QCOMPARE(kindOfFailure(refused), ErrorKind::Unavailable);
    QCOMPARE(house.store->health(), Health::Full);
    QVERIFY(!house.store->isAccepting());
    // Reading goes on.
    QCOMPARE(house.marks(inbox).size(), 0);
    full = false;
    QTRY_COMPARE(house.store->health(), Health::Good);
    QCOMPARE(house.deliverOne(inbox).uid, 1U);
    house.store.reset();
    QCOMPARE(told.first(2), (QList<Health>{Health::Full, Health::Good}));
}

void TestFaults::recoversFromARealFullDatabase()
{
    StoreOptions options;
    options.probeInterval = std::chrono::milliseconds(10);
    Fixture house(options);
    const auto inbox = house.mailbox(house.makeAlice()).id;
    const auto limit = [&](const QString &pages) {
        return house.tryWrite<void>([&](Transaction &t) -> Result<void> {
            const auto done = t.connection().executeText(u"PRAGMA max_page_count="_s + pages);
            return done ? Result<void>() : std::unexpected(done.error());
        });
    };
    must(limit(u"80"_s));
    int delivered = 0;
    while (delivered < 500) {
        const auto mark = house.tryWrite<MessageMark>(
            [&](Transaction &t) { return Fixture::deliver(t, inbox, QByteArray(3'000, 'x')); });
        if (!mark) {
            QCOMPARE(mark.error().kind, ErrorKind::Unavailable);
            break;
        }
        ++delivered;
    }
    QVERIFY(delivered > 5 && delivered < 500);
    QCOMPARE(house.store->health(), Health::Full);
    QCOMPARE(house.marks(inbox).size(), delivered);
    // The limit belongs to the connection; a new one has none, as a disk that was made larger.
    house.reopen();
    QCOMPARE(house.deliverOne(inbox).uid, Uid(delivered + 1));
    QCOMPARE(house.faults(), QStringList());
}

// On a file system of a few MiB, which the environment names: nothing acknowledged is lost when it runs full, and what
// makes room again makes the store work again.
void TestFaults::recoversOnASmallDisk()
{
    const QString disk = qEnvironmentVariable("POSTHORN_SMALL_DISK");
    if (disk.isEmpty())
        QSKIP("POSTHORN_SMALL_DISK names no directory on a small file system");
    const QString ballast = disk + u"/ballast"_s;
    QFile file(ballast);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(QByteArray(1'000'000, 'b')), 1'000'000);
    file.close();
    StoreOptions options{.directory = disk + u"/store"_s, .minFreeOctets = 0};
    options.probeInterval = std::chrono::milliseconds(10);
    auto store = must(Store::open(options));
    const auto inbox = must(store->writeNow<MailboxId>([](Transaction &t) -> Result<MailboxId> {
        must(Accounts::addDomain(t, {.name = u"example.test"_s}));
        const auto id = must(Accounts::addAccount(t, {.address = u"alice@example.test"_s}));
        return must(Mailboxes::find(t, id, u"INBOX"_s)).id;
    }));
    QSet<Uid> kept;
    const auto deliver = [&] {
        const auto mark = store->writeNow<MessageMark>(
            [&](Transaction &t) { return Fixture::deliver(t, inbox, QByteArray(20'000, 'x')); });
        if (mark)
            kept.insert(mark->uid);
        return mark.has_value();
    };
    for (int i = 0; i < 2'000 && deliver(); ++i)
        ;
    QVERIFY(kept.size() > 10 && kept.size() < 2'000);
    QVERIFY(!store->isAccepting());
    for (int i = 0; i < 20; ++i)
        std::ignore = deliver();
    QVERIFY(QFile::remove(ballast));
    QTRY_VERIFY(deliver());
    QCOMPARE(store->health(), Health::Good);
    store.reset();
    store = must(Store::open(options));
    const auto marks = must(store->readNow<Marks>([&](Connection &c) { return Mailboxes::marks(c, inbox); })).marks;
    QSet<Uid> found;
    for (const MessageMark &mark : marks)
        found.insert(mark.uid);
    QCOMPARE(found, kept);
    const auto report = must(store->readNow<CheckReport>([](Connection &c) { return Maintenance::check(c); }));
    QCOMPARE(report.faults, QStringList());
}

void TestFaults::stopsAcceptingBeforeTheDiskIsFull()
{
    StoreOptions options;
    options.minFreeOctets = std::numeric_limits<qint64>::max();
    Fixture house(options);
    QCOMPARE(house.store->health(), Health::LowSpace);
    QVERIFY(!house.store->isAccepting());
    // What makes room, and what is under way, still goes through.
    house.deliverOne(house.mailbox(house.makeAlice()).id);
}

void TestFaults::takesNothingMoreWhenDamaged()
{
    std::atomic<bool> damaged = false;
    Fixture house(withFaults([&](QByteArrayView sql) { return damaged && sql.startsWith("SELECT uid") ? 11 : 0; }));
    const auto inbox = house.mailbox(house.makeAlice()).id;
    damaged = true;
    const auto read = house.store->readNow<Marks>([&](Connection &c) { return Mailboxes::marks(c, inbox); });
    QCOMPARE(kindOfFailure(read), ErrorKind::Unavailable);
    QTRY_COMPARE(house.store->health(), Health::Corrupt);
    damaged = false;
    const auto mark = house.tryWrite<MessageMark>([&](Transaction &t) { return Fixture::deliver(t, inbox); });
    QCOMPARE(kindOfFailure(mark), ErrorKind::Unavailable);
    QCOMPARE(house.marks(inbox).size(), 0);
}

// Even where the check itself can't go on.
void TestFaults::namesDamageThatEndsTheCheck()
{
    std::atomic<bool> damaged = false;
    Fixture house(withFaults([&](QByteArrayView sql) { return damaged && sql == "PRAGMA integrity_check" ? 11 : 0; }));
    house.makeAlice();
    damaged = true;
    const auto report = house.store->readNow<CheckReport>([](Connection &c) { return Maintenance::check(c); });
    QVERIFY(report);
    QCOMPARE(report->faults.size(), 1);
    QVERIFY(report->faults.first().startsWith(u"The database is damaged"_s));
    QTRY_COMPARE(house.store->health(), Health::Corrupt);
}

QTEST_GUILESS_MAIN(TestFaults)
#include "test_faults.moc"
