#include "platform/store/sql/connection.h"
#include "store_fixture.h"

#include <QFile>

#include <atomic>
#include <mutex>

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;

class TestStore : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void commitsWaitingJobsAtOnce();
    void rollsBackAFailedJobAlone();
    void rollsBackACaughtException();
    void countsRightWhenJobsOfAGroupFail_data();
    void countsRightWhenJobsOfAGroupFail();
    void tellsOfGroupsInOrder();
    void mergesDeliveriesOfAGroup();
    void readsASnapshot();
    void readersDoNotWrite();
    void answersAllJobsWhenClosed();
    void tellsHowMuchWaits();
    void splitsGroupsThatGrowTooBig();
    void bringsNamesIntoOneForm();
    void refusesANewerDatabase();
    void refusesAnotherProgramsDatabase();
    void refusesWhatIsNoDatabase();
    void backsUpWhileRunning();
    void keepsTheLogSmall();
};

void TestStore::commitsWaitingJobsAtOnce()
{
    std::atomic<int> commits = 0;
    Fixture house(withFaults([&](QByteArrayView sql) {
        commits += sql == "COMMIT" ? 1 : 0;
        return 0;
    }));
    const auto inbox = house.mailbox(house.makeAlice()).id;
    Semaphore done;
    {
        Gate gate(*house.store);
        for (int i = 0; i < 50; ++i)
            house.store->write<MessageMark>([&](Transaction &t) { return Fixture::deliver(t, inbox); },
                                            [&](const Result<MessageMark> &) { done.release(); });
        commits = 0;
    }
    done.acquire(50);
    QCOMPARE(commits, 2); // the gate's, and one for all
    QCOMPARE(house.marks(inbox).size(), 50);
}

void TestStore::rollsBackAFailedJobAlone()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    Semaphore done;
    QList<bool> outcomes;
    {
        Gate gate(*house.store);
        for (int i = 0; i < 9; ++i)
            house.store->write<MessageMark>(
                [&, i](Transaction &t) -> Result<MessageMark> {
                    auto mark = Fixture::deliver(t, inbox);
                    if (i % 3 == 1)
                        return fail(ErrorKind::Denied, u"no"_s);
                    return mark;
                },
                [&](const Result<MessageMark> &mark) {
                    outcomes.append(mark.has_value());
                    done.release();
                });
    }
    done.acquire(9);
    QCOMPARE(outcomes, (QList<bool>{true, false, true, true, false, true, true, false, true}));
    const auto marks = house.marks(inbox);
    QCOMPARE(marks.size(), 6);
    QCOMPARE(marks.last().uid, 6U);
    QCOMPARE(house.faults(), QStringList());
}

void TestStore::rollsBackACaughtException()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    const auto failed = house.tryWrite<void>([&](Transaction &t) -> Result<void> {
        must(Fixture::deliver(t, inbox));
        throw std::runtime_error("a bug");
    });
    QCOMPARE(kindOfFailure(failed), ErrorKind::Internal);
    QCOMPARE(house.marks(inbox).size(), 0);
}

void TestStore::countsRightWhenJobsOfAGroupFail_data()
{
    QTest::addColumn<int>("failing");  // which of three jobs
    QTest::addColumn<int>("settling"); // which writes the ledger out in the middle
    for (int failing = 0; failing < 3; ++failing) {
        for (int settling = 0; settling < 3; ++settling)
            QTest::addRow("job %d fails, job %d settles", failing, settling) << failing << settling;
    }
}

// A failing job that made the totals be written must not take those of the jobs before it along.
void TestStore::countsRightWhenJobsOfAGroupFail()
{
    QFETCH(int, failing);
    QFETCH(int, settling);
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    Semaphore done;
    {
        Gate gate(*house.store);
        for (int i = 0; i < 3; ++i)
            house.store->write<void>(
                [&, i](Transaction &t) -> Result<void> {
                    must(Fixture::deliver(t, inbox));
                    if (i == settling)
                        must(Mailboxes::list(t, alice));
                    must(Fixture::deliver(t, inbox));
                    if (i == failing) {
                        must(Mailboxes::create(t, alice, u"Gone"_s));
                        return fail(ErrorKind::Denied, u"no"_s);
                    }
                    return {};
                },
                [&](const Result<void> &) { done.release(); });
    }
    done.acquire(3);
    QCOMPARE(house.faults(), QStringList());
    QCOMPARE(house.mailbox(alice).messages, 4);
    QCOMPARE(house.deliverOne(inbox).uid, 5U);
    const auto gone = house.write([&](Transaction &t) { return Mailboxes::create(t, alice, u"Gone"_s); });
    QCOMPARE(house.mailbox(alice, u"Gone"_s).id, gone);
    house.reopen();
    QCOMPARE(house.deliverOne(inbox).uid, 6U);
    QCOMPARE(house.faults(), QStringList());
}

void TestStore::tellsOfGroupsInOrder()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    QStringList order;
    house.store->onCommitted([&](const Committed &changes) {
        order.append(u"committed %1"_s.arg(changes.mailboxes.first().appended.size()));
    });
    Semaphore done;
    {
        Gate gate(*house.store);
        for (int i = 0; i < 2; ++i)
            house.store->write<MessageMark>([&](Transaction &t) { return Fixture::deliver(t, inbox); },
                                            [&](const Result<MessageMark> &mark) {
                                                order.append(u"done %1"_s.arg(mark->uid));
                                                done.release();
                                            });
    }
    done.acquire(2);
    QCOMPARE(order, (QStringList{u"committed 2"_s, u"done 1"_s, u"done 2"_s}));
}

void TestStore::mergesDeliveriesOfAGroup()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    const auto archive = house.mailbox(alice, u"Archive"_s).id;
    QList<MailboxChange> changes;
    house.store->onCommitted([&](const Committed &committed) { changes += committed.mailboxes; });
    Semaphore done;
    const auto answered = [&](const auto &) { done.release(); };
    {
        Gate gate(*house.store);
        for (const MailboxId to : {inbox, archive, inbox})
            house.store->write<MessageMark>([=](Transaction &t) { return Fixture::deliver(t, to); }, answered);
        house.store->write<FlagsChange>(
            [=](Transaction &t) { return Mailboxes::setFlags(t, inbox, {}, FlagAction::Add, {"\\Seen"}); }, answered);
        house.store->write<MessageMark>([=](Transaction &t) { return Fixture::deliver(t, inbox); }, answered);
    }
    done.acquire(5);
    QList<MailboxChange> ofInbox;
    std::ranges::copy_if(changes, std::back_inserter(ofInbox), [&](const auto &c) { return c.mailbox == inbox; });
    QCOMPARE(ofInbox.size(), 3);
    QCOMPARE(ofInbox.at(0).appended.size(), 2);
    QCOMPARE(ofInbox.at(1).altered.size(), 2);
    QCOMPARE(ofInbox.at(2).appended.size(), 1);
    QVERIFY(ofInbox.at(0).modSeq < ofInbox.at(1).modSeq && ofInbox.at(1).modSeq < ofInbox.at(2).modSeq);
}

void TestStore::readsASnapshot()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    house.read([&](Connection &c) -> Result<int> {
        const auto before = must(Mailboxes::marks(c, inbox)).marks.size();
        house.deliverOne(inbox);
        if (must(Mailboxes::marks(c, inbox)).marks.size() != before)
            return fail(ErrorKind::Internal, u"the snapshot moved"_s);
        return 0;
    });
    QCOMPARE(house.marks(inbox).size(), 1);
}

void TestStore::readersDoNotWrite()
{
    Fixture house;
    const auto done = house.store->readNow<qint64>([](Connection &c) { return c.run("DELETE FROM counter"); });
    QVERIFY(!done);
    QVERIFY(house.rows(u"counter"_s) >= 0);
}

void TestStore::answersAllJobsWhenClosed()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    std::atomic<int> answered = 0;
    std::atomic<int> kept = 0;
    for (int i = 0; i < 200; ++i) {
        house.store->write<MessageMark>([&](Transaction &t) { return Fixture::deliver(t, inbox); },
                                        [&](const Result<MessageMark> &mark) {
                                            kept += mark ? 1 : 0;
                                            ++answered;
                                        });
        house.store->read<Marks>([&](Connection &c) { return Mailboxes::marks(c, inbox); },
                                 [&](const Result<Marks> &) { ++answered; });
    }
    house.store.reset();
    QCOMPARE(answered, 400);
    house.open();
    QCOMPARE(house.marks(inbox).size(), kept);
}

void TestStore::tellsHowMuchWaits()
{
    Fixture house;
    Semaphore done;
    {
        Gate gate(*house.store);
        house.store->write<void>([](Transaction &) -> Result<void> { return {}; },
                                 [&](const Result<void> &) { done.release(); }, 5'000);
        QCOMPARE(house.store->waitingOctets(), 5'000);
        QVERIFY(house.store->waitingJobs() >= 1);
    }
    done.acquire();
    QTRY_COMPARE(house.store->waitingOctets(), 0);
    QTRY_COMPARE(house.store->waitingJobs(), 0);
}

void TestStore::splitsGroupsThatGrowTooBig()
{
    std::atomic<int> commits = 0;
    auto options = withFaults([&](QByteArrayView sql) {
        commits += sql == "COMMIT" ? 1 : 0;
        return 0;
    });
    options.maxGroupOctets = 1'000;
    Fixture house(options);
    Semaphore done;
    {
        Gate gate(*house.store);
        for (int i = 0; i < 6; ++i)
            house.store->write<void>([](Transaction &t) -> Result<void> { return Settings::set(t, u"a"_s, u"b"_s); },
                                     [&](const Result<void> &) { done.release(); }, 500);
        commits = 0;
    }
    done.acquire(6);
    QCOMPARE(commits, 4); // the gate's, and three of two jobs
}

void TestStore::bringsNamesIntoOneForm()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const QString composed = u"Entw\u00fcrfe"_s, decomposed = u"Entwu\u0308rfe"_s;
    const auto make = [&](const QString &name) {
        return house.write([&](Transaction &t) { return Mailboxes::create(t, alice, name); });
    };
    const auto plain = make(u"one"_s), child = make(u"two/x"_s), other = make(u"three"_s), kept = make(u"Caf\u00e9"_s);
    house.write([&](Transaction &t) { return Mailboxes::subscribe(t, alice, u"four"_s, true); });
    house.write([&](Transaction &t) { return Mailboxes::subscribe(t, alice, u"five"_s, true); });
    const auto set = [&](const QString &name, const QString &to) {
        must(house.tryWrite<void>([&](Transaction &t) -> Result<void> {
            const auto mailbox = t.connection().run("UPDATE mailbox SET name = ? WHERE name = ?", to, name);
            const auto subscription = t.connection().run("UPDATE subscription SET name = ? WHERE name = ?", to, name);
            return mailbox && subscription ? Result<void>() : fail(ErrorKind::Internal, {});
        }));
    };
    set(u"one"_s, decomposed);
    set(u"two/x"_s, decomposed + u"/x"_s);
    set(u"three"_s, u"Cafe\u0301"_s);
    set(u"four"_s, decomposed);
    set(u"five"_s, composed);
    must(house.tryWrite<void>([](Transaction &t) -> Result<void> {
        return t.connection().run("PRAGMA user_version=14").transform([](qint64) {});
    }));
    house.store.reset();
    house.open();
    const auto idOf = [&](const QString &name) { return house.mailbox(alice, name).id; };
    QCOMPARE(idOf(composed), plain);
    QCOMPARE(idOf(decomposed), plain);
    QCOMPARE(idOf(composed + u"/x"_s), child);
    QCOMPARE(idOf(u"Caf\u00e9"_s), kept);
    QCOMPARE(idOf(u"Caf\u00e9 (2)"_s), other);
    QCOMPARE(house.rows(u"subscription WHERE name LIKE 'Entw%'"_s), 1);
    QCOMPARE(house.faults(), QStringList());
}

void TestStore::refusesANewerDatabase()
{
    Fixture house;
    must(house.tryWrite<void>([](Transaction &t) -> Result<void> {
        const auto done = t.connection().run("PRAGMA user_version=9999");
        return done ? Result<void>() : std::unexpected(done.error());
    }));
    house.store.reset();
    const auto opened = Store::open(house.options);
    QCOMPARE(kindOfFailure(opened), ErrorKind::Invalid);
}

void TestStore::refusesAnotherProgramsDatabase()
{
    QTemporaryDir directory;
    {
        auto connection = must(Connection::open({.file = directory.filePath(u"posthorn.db"_s)}));
        must(connection->run("CREATE TABLE bookmarks (id INTEGER)"));
    }
    const auto opened = Store::open({.directory = directory.path()});
    QCOMPARE(kindOfFailure(opened), ErrorKind::Invalid);
}

void TestStore::refusesWhatIsNoDatabase()
{
    QTemporaryDir directory;
    QFile file(directory.filePath(u"posthorn.db"_s));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QByteArray(10'000, 'x'));
    file.close();
    const auto opened = Store::open({.directory = directory.path()});
    QCOMPARE(kindOfFailure(opened), ErrorKind::Unavailable);
}

void TestStore::backsUpWhileRunning()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    house.fill(inbox, 20);
    QTemporaryDir other;
    const QString file = other.filePath(u"posthorn.db"_s);
    must(house.store->backup(file));
    QCOMPARE(kindOfFailure(house.store->backup(file)), ErrorKind::Exists);
    house.fill(inbox, 5);
    house.store.reset();
    auto copy = must(Store::open({.directory = other.path()}));
    const auto marks = must(copy->readNow<Marks>([&](Connection &c) { return Mailboxes::marks(c, inbox); }));
    QCOMPARE(marks.marks.size(), 20);
    const auto report = must(copy->readNow<CheckReport>([](Connection &c) { return Maintenance::check(c); }));
    QCOMPARE(report.faults, QStringList());
}

void TestStore::keepsTheLogSmall()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    const QByteArray body(300'000, 'x');
    qint64 largest = 0;
    for (int i = 0; i < 400; ++i) {
        // Says nothing of its size: the log's growth must be noticed all the same.
        house.deliverOne(inbox, body);
        largest = qMax(largest, QFileInfo(house.directory.filePath(u"posthorn.db-wal"_s)).size());
    }
    // The bound and the group under way when it was reached.
    QVERIFY2(largest < (64 + 8) * 1024 * 1024, qPrintable(QString::number(largest)));
}

QTEST_GUILESS_MAIN(TestStore)
#include "test_store.moc"
