#include "store_fixture.h"

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;

namespace {
using Ranges = QList<UidRange>;
}

class TestMailboxContents : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void copiesWithKeywordsOfTheTarget();
    void copiesIntoTheSameMailbox();
    void movesWithinTheSameMailbox();
    void movesWithoutNeedingQuota();
    void expungesOnlyWhatIsDeleted();
    void expungesRegardless();
    void neverGivesAUidTwice();
    void refusesDeliveryOverQuota();
    void forgetsTheUsageOfAFailedJob();
    void seesPendingTotalsWithinAJob();
    void notesWhatChanged();
    void tellsWhatHadTheFlagsAlready();
};

void TestMailboxContents::copiesWithKeywordsOfTheTarget()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    const auto archive = house.mailbox(alice, u"Archive"_s).id;
    house.fill(inbox, 4);
    house.write([&](Transaction &t) { return Mailboxes::flagsFromNames(t, archive, {"$Other"}); });
    house.write([&](Transaction &t) {
        return Mailboxes::setFlags(t, inbox, {{2, 3}}, FlagAction::Add, {"$Work", "\\Seen"});
    });
    house.write([&](Transaction &t) { return Mailboxes::expunge(t, inbox, {{1, 1}}, true, u"test"_s); });
    const auto copied = house.write([&](Transaction &t) {
        return Mailboxes::copy(t, inbox, {{4, 4}, {1, 2}}, archive, false, u"test"_s);
    });
    QCOMPARE(copied.from, (Ranges{{2, 2}, {4, 4}}));
    QCOMPARE(copied.to, (Ranges{{1, 2}}));
    QCOMPARE(copied.uidValidity, house.mailbox(alice, u"Archive"_s).uidValidity);
    QVERIFY(copied.expunged.isEmpty());
    const auto marks = house.marks(archive);
    QCOMPARE(marks.size(), 2);
    QCOMPARE(marks.first().flags, flag::Seen | Flags(1) << 9); // $Work is the second keyword there
    QCOMPARE(marks.last().flags, Flags(0));
    QCOMPARE(house.mailbox(alice, u"Archive"_s).keywords, (Keywords{"$Other", "$Work"}));
    QCOMPARE(house.mailbox(alice, u"Archive"_s).unseen, 1);
    QCOMPARE(house.faults(), QStringList());
}

void TestMailboxContents::copiesIntoTheSameMailbox()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    house.fill(inbox, 3);
    const auto copied =
        house.write([&](Transaction &t) { return Mailboxes::copy(t, inbox, {}, inbox, false, u"test"_s); });
    QCOMPARE(copied.to, (Ranges{{4, 6}}));
    QCOMPARE(house.mailbox(alice).messages, 6);
    QCOMPARE(house.faults(), QStringList());
}

void TestMailboxContents::movesWithinTheSameMailbox()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    house.fill(inbox, 3);
    const auto moved =
        house.write([&](Transaction &t) { return Mailboxes::copy(t, inbox, {}, inbox, true, u"test"_s); });
    QCOMPARE(moved.to, (Ranges{{4, 6}}));
    QCOMPARE(moved.expunged, (Ranges{{1, 3}}));
    QCOMPARE(house.mailbox(alice).messages, 3);
    QCOMPARE(house.faults(), QStringList());
}

void TestMailboxContents::movesWithoutNeedingQuota()
{
    Fixture house;
    const auto alice = house.makeAlice(70);
    const auto inbox = house.mailbox(alice).id;
    const auto archive = house.mailbox(alice, u"Archive"_s).id;
    house.deliverOne(inbox, QByteArray(40, 'x'));
    const auto copied = house.tryWrite<CopyOutcome>(
        [&](Transaction &t) { return Mailboxes::copy(t, inbox, {}, archive, false, u"test"_s); });
    QCOMPARE(kindOfFailure(copied), ErrorKind::OverQuota);
    const auto moved =
        house.write([&](Transaction &t) { return Mailboxes::copy(t, inbox, {}, archive, true, u"test"_s); });
    QCOMPARE(moved.expunged, (Ranges{{1, 1}}));
    QCOMPARE(house.mailbox(alice).messages, 0);
    QCOMPARE(house.mailbox(alice, u"Archive"_s).messages, 1);
    QCOMPARE(house.faults(), QStringList());
}

void TestMailboxContents::tellsWhatHadTheFlagsAlready()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    house.fill(inbox, 4);
    const auto flag = [&](const Ranges &uids, FlagAction action, std::optional<ModSeq> unchangedSince = {}) {
        return house.write([&](Transaction &t) { return Mailboxes::setFlags(t, inbox, uids, action, {"\\Flagged"}, unchangedSince); });
    };
    const auto uids = [](const QList<MessageMark> &marks) {
        QList<Uid> list;
        for (const MessageMark &mark : marks)
            list += mark.uid;
        return list;
    };
    const auto first = flag({{2, 3}}, FlagAction::Add);
    QVERIFY(first.same.isEmpty());
    const auto again = flag({{1, 4}}, FlagAction::Add, first.highestModSeq - 1);
    QCOMPARE(again.modified, (QList<Uid>{2, 3}));
    QVERIFY(again.same.isEmpty());
    const auto third = flag({{1, 3}}, FlagAction::Add);
    QCOMPARE(uids(third.same), (QList<Uid>{1, 2, 3}));
    QVERIFY(third.altered.isEmpty() && third.same[1].flags == flag::Flagged && third.same[1].modSeq == first.highestModSeq);
    QCOMPARE(third.highestModSeq, again.highestModSeq);
    QCOMPARE(house.faults(), QStringList());
}

void TestMailboxContents::expungesOnlyWhatIsDeleted()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    house.fill(inbox, 6);
    house.write([&](Transaction &t) {
        return Mailboxes::setFlags(t, inbox, {{1, 1}, {3, 4}, {6, 6}}, FlagAction::Add, {"\\Deleted"});
    });
    ModSeq highest = 0;
    const auto some = house.write([&](Transaction &t) {
        return Mailboxes::expunge(t, inbox, {{1, 3}}, false, u"test"_s, &highest);
    });
    QCOMPARE(some, (Ranges{{1, 1}, {3, 3}}));
    QCOMPARE(highest, house.mailbox(alice).highestModSeq);
    const auto rest = house.write([&](Transaction &t) { return Mailboxes::expunge(t, inbox, {}, false, u"test"_s); });
    QCOMPARE(rest, (Ranges{{4, 4}, {6, 6}}));
    const auto none = house.write([&](Transaction &t) { return Mailboxes::expunge(t, inbox, {}, false, u"test"_s); });
    QVERIFY(none.isEmpty());
    QCOMPARE(house.mailbox(alice).messages, 2);
    QCOMPARE(house.mailbox(alice).deleted, 0);
    QCOMPARE(house.rows(u"expunged"_s), 4);
    QCOMPARE(house.faults(), QStringList());
}

void TestMailboxContents::expungesRegardless()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    house.fill(inbox, 6);
    const auto gone = house.write([&](Transaction &t) {
        return Mailboxes::expunge(t, inbox, {{2, 5}, {90, 95}}, true, u"test"_s);
    });
    QCOMPARE(gone, (Ranges{{2, 5}}));
    QCOMPARE(house.mailbox(alice).messages, 2);
    QCOMPARE(house.faults(), QStringList());
}

void TestMailboxContents::neverGivesAUidTwice()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    Uid last = 0;
    ModSeq modSeq = 0;
    for (int i = 0; i < 5; ++i) {
        const auto mark = house.deliverOne(inbox);
        QVERIFY(mark.uid > last);
        QVERIFY(mark.modSeq > modSeq);
        last = mark.uid;
        house.write([&](Transaction &t) { return Mailboxes::expunge(t, inbox, {}, true, u"test"_s, &modSeq); });
        house.reopen();
        QVERIFY(house.mailbox(alice).highestModSeq >= modSeq);
    }
}

void TestMailboxContents::refusesDeliveryOverQuota()
{
    Fixture house;
    const auto alice = house.makeAlice(100);
    const auto inbox = house.mailbox(alice).id;
    house.deliverOne(inbox, QByteArray(60, 'x'));
    const auto over =
        house.tryWrite<MessageMark>([&](Transaction &t) { return Fixture::deliver(t, inbox, QByteArray(60, 'x')); });
    QCOMPARE(kindOfFailure(over), ErrorKind::OverQuota);
    QCOMPARE(house.rows(u"message"_s), 1);
    // Exactly full is not over.
    house.deliverOne(inbox, QByteArray(100 - 74 - 14, 'x'));
    QCOMPARE(house.faults(), QStringList());
}

void TestMailboxContents::forgetsTheUsageOfAFailedJob()
{
    Fixture house;
    const auto alice = house.makeAlice(100);
    const auto inbox = house.mailbox(alice).id;
    for (int i = 0; i < 3; ++i) {
        const auto failed = house.tryWrite<void>([&](Transaction &t) -> Result<void> {
            must(Fixture::deliver(t, inbox, QByteArray(60, 'x')));
            return fail(ErrorKind::Denied, u"no"_s);
        });
        QCOMPARE(kindOfFailure(failed), ErrorKind::Denied);
    }
    QCOMPARE(house.deliverOne(inbox, QByteArray(60, 'x')).uid, 1U);
    QCOMPARE(house.faults(), QStringList());
}

void TestMailboxContents::seesPendingTotalsWithinAJob()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    house.write([&](Transaction &t) -> Result<int> {
        const auto mark = must(Fixture::deliver(t, inbox));
        if (must(Mailboxes::get(t, inbox)).messages != 1 || must(Mailboxes::list(t, alice)).at(2).messages != 1 ||
            must(Mailboxes::marks(t, inbox)).uidNext != 2)
            return fail(ErrorKind::Internal, u"stale totals"_s);
        if (must(Accounts::account(t, alice))->usedOctets != mark.size)
            return fail(ErrorKind::Internal, u"stale usage"_s);
        return 0;
    });
    QCOMPARE(house.faults(), QStringList());
}

void TestMailboxContents::notesWhatChanged()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    QList<Committed> seen;
    house.store->onCommitted([&](const Committed &changes) { seen.append(changes); });
    const auto mark = house.deliverOne(inbox);
    QCOMPARE(seen.size(), 1);
    QCOMPARE(seen.first().mailboxes,
             (QList<MailboxChange>{{.mailbox = inbox, .modSeq = mark.modSeq, .appended = {mark}}}));
    QCOMPARE(seen.first().usage, (QList<UsageNote>{{alice, mark.size, 1}}));
    seen.clear();
    house.write([&](Transaction &t) { return Mailboxes::expunge(t, inbox, {}, true, u"test"_s); });
    QCOMPARE(seen.first().mailboxes.first().expunged, (Ranges{{1, 1}}));
    seen.clear();
    std::ignore = house.tryWrite<void>([&](Transaction &t) -> Result<void> {
        must(Fixture::deliver(t, inbox));
        return fail(ErrorKind::Denied, u"no"_s);
    });
    QVERIFY(seen.isEmpty());
    must(house.tryWrite<void>([&](Transaction &t) { return Mailboxes::remove(t, alice, u"Junk"_s, u"test"_s); }));
    QVERIFY(seen.first().mailboxes.first().removed);
}

QTEST_GUILESS_MAIN(TestMailboxContents)
#include "test_mailbox_contents.moc"
