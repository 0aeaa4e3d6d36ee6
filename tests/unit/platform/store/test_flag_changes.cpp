#include "platform/store/flag_changes.h"
#include "platform/store/own_seen.h"
#include "store_fixture.h"

#include <QRandomGenerator>

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

StoreOptions options(qsizetype many, std::chrono::milliseconds idleAfter)
{
    StoreOptions made;
    made.manyMessages = many;
    made.idleAfter = idleAfter;
    return made;
}

// The same in a store that carries changes out later and in one that does at once.
struct Pair
{
    explicit Pair(std::chrono::milliseconds idleAfter = 1h) : later(options(5, idleAfter)), atOnce(options(1'000'000, 1h))
    {
        for (Fixture *house : {&later, &atOnce}) {
            const auto alice = house->makeAlice();
            inbox = house->mailbox(alice).id;
            archive = house->mailbox(alice, u"Archive"_s).id;
            house->fill(inbox, 30);
            bob = house->write([](Transaction &t) { return Accounts::addAccount(t, {.address = u"bob@example.test"_s}); });
        }
    }
    template<typename Work>
    void both(Work work)
    {
        for (Fixture *house : {&later, &atOnce}) {
            house->write([&](Transaction &t) -> Result<int> {
                work(t);
                return 0;
            });
        }
    }
    void compare()
    {
        for (const MailboxId mailbox : {inbox, archive}) {
            QCOMPARE(later.marks(mailbox), atOnce.marks(mailbox));
            const auto get = [&](Fixture &house) { return house.read([&](Connection &c) { return Mailboxes::get(c, mailbox); }); };
            const Mailbox one = get(later), two = get(atOnce);
            QCOMPARE(one.unseen, two.unseen);
            QCOMPARE(one.deleted, two.deleted);
            QCOMPARE(one.messages, two.messages);
            QCOMPARE(one.highestModSeq, two.highestModSeq);
            QCOMPARE(one.keywords, two.keywords);
            QCOMPARE(seenByBob(later, mailbox), seenByBob(atOnce, mailbox));
        }
        QCOMPARE(later.faults(), QStringList());
    }

    QList<MessageMark> seenByBob(Fixture &house, MailboxId mailbox) const
    {
        QList<MessageMark> marks = house.marks(mailbox);
        must(house.store->readNow<void>([&](Connection &c) { return OwnSeen::show(c, mailbox, bob, marks); }));
        return marks;
    }

    Fixture later, atOnce;
    MailboxId inbox, archive;
    AccountId bob;
};

// What somebody does with a mailbox; all that he is told.
struct Deed
{
    Uid first = 1, last = 1;
    int kind = 0, action = 0, flag = 0, number = 0;
    MailboxId here, there, shared;
    AccountId reader;

    QList<MessageMark> carryOut(Transaction &t) const
    {
        const QList<UidRange> some{{first, last}};
        switch (kind) {
        case 0:
            return {must(Fixture::deliver(t, here, "body", flag % 2 ? flag::Seen : 0))};
        case 1:
            return told(must(Mailboxes::expunge(t, here, some, false, u"a"_s)));
        case 2:
            return told(must(Mailboxes::copy(t, here, {{first, first + 2}}, there, action == 0, u"a"_s, hand(there), readerOf(here))));
        case 3:
            return told(must(Mailboxes::expunge(t, here, {{first, first}}, true, u"a"_s)));
        case 4:
            return set(t, some, name(), ModSeq(20 + number / 2));
        case 5:
            return set(t, {{first, first}, {last, last}}, name());
        case 6:
            return set(t, some, "$new" + QByteArray::number(number));
        case 7:
            return setKnown(t);
        case 8: // as somebody who may not do everything
            return told(must(Mailboxes::setFlags(t, here, some, FlagAction(action), {name(), "\\Flagged"}, {},
                                                 {flag::Flagged | flag::Seen, readerOf(here)})));
        default:
            return set(t, flag % 2 ? some : QList<UidRange>(), name());
        }
    }

private:
    [[nodiscard]] QByteArray name() const { return QByteArrayList{"\\Seen", "\\Deleted", "$Work", "$Other"}[flag]; }
    [[nodiscard]] AccountId readerOf(MailboxId id) const { return id == shared ? reader : AccountId(); }
    [[nodiscard]] Hand hand(MailboxId id) const { return {~Flags(0), readerOf(id)}; }
    QList<MessageMark> set(Transaction &t, const QList<UidRange> &uids, const QByteArray &flagName, std::optional<ModSeq> since = {}) const
    {
        return told(must(Mailboxes::setFlags(t, here, uids, FlagAction(action), {flagName}, since, hand(here))));
    }
    QList<MessageMark> setKnown(Transaction &t) const
    {
        const QList<UidRange> uids{{first, last}};
        const Marks known = must(Mailboxes::marks(t, here, uids));
        return told(must(Mailboxes::setFlags(t, here, uids, FlagAction(action), {name()}, {}, hand(here), &known)));
    }
    static QList<MessageMark> told(const QList<UidRange> &uids)
    {
        QList<MessageMark> marks;
        for (const UidRange range : uids)
            marks.append({range.first, 0, range.last, {}, 0});
        return marks;
    }
    static QList<MessageMark> told(const CopyOutcome &copied) { return told(copied.from + copied.to + copied.expunged); }
    static QList<MessageMark> told(const FlagsChange &change)
    {
        QList<MessageMark> marks = change.altered;
        for (const Uid uid : change.modified)
            marks.append({uid, 0, change.highestModSeq, {}, 0});
        return marks;
    }
};

Deed anyDeed(QRandomGenerator &random, const Pair &pair, int number)
{
    Deed deed;
    deed.first = 1 + random.bounded(80);
    deed.last = deed.first + random.bounded(60);
    deed.kind = random.bounded(15);
    deed.action = random.bounded(3);
    deed.flag = random.bounded(4);
    deed.number = number;
    deed.here = random.bounded(4) ? pair.inbox : pair.archive;
    deed.there = random.bounded(2) ? pair.inbox : pair.archive;
    deed.shared = pair.archive;
    deed.reader = random.bounded(2) ? pair.bob : AccountId();
    return deed;
}

bool carryOutSome(Fixture &house)
{
    return house.write([](Transaction &t) { return carryOutSomeFlagChanges(t.connection()); });
}

} // namespace

class TestFlagChanges : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void areThereBeforeTheRowsHaveThem()
    {
        Pair pair;
        const auto seen = [&](Transaction &t) { must(Mailboxes::setFlags(t, pair.inbox, {}, FlagAction::Add, {"\\Seen", "$Work"})); };
        pair.both(seen);
        QCOMPARE(pair.later.rows(u"flag_change"_s), 1);
        QCOMPARE(pair.atOnce.rows(u"flag_change"_s), 0);
        pair.compare();
        pair.later.reopen(); // as after a crash: the change is there
        QCOMPARE(pair.later.rows(u"flag_change"_s), 1);
        pair.compare();
        pair.both(seen); // changes nothing
        pair.both([&](Transaction &t) { must(Mailboxes::setFlags(t, pair.inbox, {{3, 3}}, FlagAction::Remove, {"\\Seen"})); });
        QCOMPARE(pair.later.rows(u"flag_change"_s), 0); // a row was wanted
        pair.compare();
    }

    void areUndoneWithTheirJob()
    {
        Pair pair;
        std::ignore = pair.later.tryWrite<int>([&](Transaction &t) -> Result<int> {
            must(Mailboxes::setFlags(t, pair.inbox, {}, FlagAction::Add, {"\\Deleted"}));
            return fail(ErrorKind::Denied, u"no"_s);
        });
        QCOMPARE(pair.later.rows(u"flag_change"_s), 0);
        pair.compare();
    }

    void areCarriedOutWhenNobodyWantsAnything()
    {
        Pair pair(5ms);
        for (int i = 0; i < 30; ++i) {
            pair.both([&](Transaction &t) {
                must(Mailboxes::setFlags(t, pair.inbox, {{Uid(1 + i % 3), 29}}, FlagAction(i % 3), {i % 2 ? "\\Seen" : "\\Flagged"}));
            });
        }
        pair.compare();
        QTRY_COMPARE(pair.later.rows(u"flag_change"_s), 0);
        pair.compare();
    }

    void areNotTakenForOlderThanTheyAre()
    {
        Pair pair;
        pair.both([&](Transaction &t) { must(Mailboxes::setFlags(t, pair.inbox, {}, FlagAction::Add, {"\\Seen"})); });
        pair.both([&](Transaction &t) { must(Fixture::deliver(t, pair.inbox)); }); // its UID is none of theirs
        pair.both([&](Transaction &t) { must(Mailboxes::setFlags(t, pair.inbox, {}, FlagAction::Set, {"$Other"}, 40)); });
        pair.both([&](Transaction &t) { must(Mailboxes::setFlags(t, pair.inbox, {}, FlagAction::Remove, {"$Other"})); });
        pair.compare();
    }

    // Marks that somebody has in memory serve when nothing happened since.
    void areMadeFromMarksThatAreKnown()
    {
        Pair pair;
        const Marks known = pair.later.read([&](Connection &c) { return Mailboxes::marks(c, pair.inbox); });
        const auto store = [&](const QByteArray &flag) {
            return [&pair, &known, flag](Transaction &t) { must(Mailboxes::setFlags(t, pair.inbox, {}, FlagAction::Add, {flag}, {}, {}, &known)); };
        };
        pair.both(store("\\Seen"));
        pair.compare();
        pair.both(store("\\Draft")); // they are old now
        pair.compare();
    }

    void mixWithAllElse_data()
    {
        QTest::addColumn<quint32>("seed");
        for (quint32 seed = 11; seed < 15; ++seed)
            QTest::addRow("%u", seed) << seed;
    }
    void mixWithAllElse()
    {
        QFETCH(quint32, seed);
        Pair pair;
        pair.both([&](Transaction &t) { must(OwnSeen::set(t, pair.archive, true)); });
        QRandomGenerator random(seed);
        for (int i = 0; i < 400; ++i) {
            const Deed deed = anyDeed(random, pair, i);
            QList<QList<MessageMark>> told;
            pair.both([&](Transaction &t) { told.append(deed.carryOut(t)); });
            QCOMPARE(told[0], told[1]);
            if (i % 10 == 0)
                pair.compare();
            if (i % 50 == 25)
                pair.later.reopen();
            if (i % 7 == 0)
                carryOutSome(pair.later);
        }
        pair.compare();
    }

    void areCarriedOutPieceByPiece()
    {
        Pair pair;
        const auto store = [&](FlagAction action, const QByteArray &flag, UidRange uids) {
            pair.both([&](Transaction &t) { must(Mailboxes::setFlags(t, pair.inbox, {uids}, action, {flag})); });
        };
        for (int i = 0; i < 10; ++i) // each time as many again: 30,720
            pair.both([&](Transaction &t) { must(Mailboxes::copy(t, pair.inbox, {}, pair.inbox, false, u"a"_s)); });
        store(FlagAction::Add, "\\Seen", {1, 30'000});
        QVERIFY(carryOutSome(pair.later));
        QCOMPARE(pair.later.rows(u"flag_change WHERE first_uid = 10001"_s), 1);
        pair.compare();
        pair.later.reopen(); // as after a crash
        pair.compare();
        // Others that begin in what is done already, and end in what is not.
        store(FlagAction::Remove, "\\Seen", {5'000, 15'000});
        store(FlagAction::Set, "$Work", {9'000, 25'000});
        QVERIFY(carryOutSome(pair.later));
        pair.compare();
        pair.both([&](Transaction &t) { must(Fixture::deliver(t, pair.inbox)); });
        store(FlagAction::Add, "\\Deleted", {9'990, 20'010});
        while (carryOutSome(pair.later))
            pair.compare();
        QCOMPARE(pair.later.rows(u"flag_change"_s), 0);
        pair.compare();
        // A row is wanted when a piece is done.
        store(FlagAction::Set, "\\Flagged", {1, 30'000});
        QVERIFY(carryOutSome(pair.later));
        store(FlagAction::Remove, "\\Flagged", {12'345, 12'345});
        QCOMPARE(pair.later.rows(u"flag_change"_s), 0);
        pair.compare();
    }

    // A copy of the database made meanwhile has them, and carries them out.
    void areInBackups()
    {
        Pair pair;
        QByteArrayList names; // up to the last bit
        while (names.size() < flag::maxKeywords)
            names.append("$k" + QByteArray::number(names.size()));
        pair.both([&](Transaction &t) { must(Mailboxes::setFlags(t, pair.inbox, {{2, 29}}, FlagAction::Set, names)); });
        pair.both([&](Transaction &t) { must(Mailboxes::setFlags(t, pair.inbox, {{1, 20}}, FlagAction::Remove, {names.last()})); });
        QCOMPARE(pair.later.rows(u"flag_change"_s), 2);
        const QTemporaryDir folder;
        must(pair.later.store->backup(folder.filePath(u"posthorn.db"_s)));
        pair.both([&](Transaction &t) { must(Mailboxes::setFlags(t, pair.inbox, {}, FlagAction::Add, {"\\Seen"})); });
        StoreOptions later = options(5, 5ms);
        later.directory = folder.path();
        const auto copy = must(Store::open(later));
        const auto marks = [&] { return must(copy->readNow<Marks>([&](Connection &c) { return Mailboxes::marks(c, pair.inbox); })).marks; };
        QList<MessageMark> expected = pair.atOnce.marks(pair.inbox);
        for (MessageMark &mark : expected) {
            mark.flags &= ~flag::Seen;
            mark.modSeq = mark.uid >= 2 && mark.uid <= 20 ? 33 : mark.uid >= 2 && mark.uid <= 29 ? 32 : mark.uid + 1;
        }
        QCOMPARE(marks(), expected);
        QTRY_COMPARE(must(copy->readNow<qint64>([](Connection &c) {
                         return c.queryText(u"SELECT count(*) FROM flag_change"_s).number().transform([](auto count) { return *count; });
                     })), 0);
        QCOMPARE(marks(), expected);
        QCOMPARE(must(copy->readNow<CheckReport>([](Connection &c) { return Maintenance::check(c); })).faults, QStringList());
    }
};

QTEST_GUILESS_MAIN(TestFlagChanges)
#include "test_flag_changes.moc"
