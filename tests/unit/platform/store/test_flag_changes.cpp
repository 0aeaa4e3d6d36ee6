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
        }
        QCOMPARE(later.faults(), QStringList());
    }

    Fixture later, atOnce;
    MailboxId inbox, archive;
};

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

    void mixWithAllElse()
    {
        Pair pair;
        QRandomGenerator random(11);
        for (int i = 0; i < 400; ++i) {
            const Uid first = 1 + random.bounded(80), last = first + random.bounded(60);
            const int kind = random.bounded(12), action = random.bounded(3), flag = random.bounded(4);
            const MailboxId here = random.bounded(4) ? pair.inbox : pair.archive, there = random.bounded(2) ? pair.inbox : pair.archive;
            const QByteArray name = QByteArrayList{"\\Seen", "\\Deleted", "$Work", "$Other"}[flag];
            pair.both([&](Transaction &t) {
                const QList<UidRange> some{{first, last}};
                switch (kind) {
                case 0: must(Fixture::deliver(t, here)); break;
                case 1: must(Mailboxes::expunge(t, here, some, false, u"a"_s)); break;
                case 2: must(Mailboxes::copy(t, here, {{first, first + 2}}, there, action == 0, u"a"_s)); break;
                case 3: must(Mailboxes::expunge(t, here, {{first, first}}, true, u"a"_s)); break;
                case 4: must(Mailboxes::setFlags(t, here, some, FlagAction(action), {name}, ModSeq(20 + i / 2))); break;
                case 5: must(Mailboxes::setFlags(t, here, {{first, first}, {last, last}}, FlagAction(action), {name})); break;
                default: must(Mailboxes::setFlags(t, here, flag % 2 ? some : QList<UidRange>(), FlagAction(action), {name})); break;
                }
            });
            if (i % 10 == 0)
                pair.compare();
            if (i % 50 == 25)
                pair.later.reopen();
        }
        pair.compare();
    }
};

QTEST_GUILESS_MAIN(TestFlagChanges)
#include "test_flag_changes.moc"
