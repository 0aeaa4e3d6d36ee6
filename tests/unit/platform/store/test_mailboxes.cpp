#include "store_fixture.h"

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;

namespace {
using Ranges = QList<UidRange>;
}

class TestMailboxes : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void givesANewAccountItsMailboxes();
    void knowsInboxInAnyCase();
    void knowsNamesInAnyForm();
    void refusesBadNames_data();
    void refusesBadNames();
    void makesMissingParents();
    void neverGivesAUidValidityTwice();
    void keepsSubscriptionsOfRemovedMailboxes();
    void renamesChildrenToo();
    void renamesNoNeighboursOfTheSamePrefix();
    void tellsWhatBecomesOfNames();
    void movesTheMessagesWhenInboxIsRenamed();
    void countsWhatIsDelivered();
    void takesRecentOnce();
    void readsMarksOfManyRanges();
    void makesKeywordsOncePerMailbox();
    void refusesAKeywordTooMany();
    void undoesTheKeywordsOfAFailedJob();
    void setsAddsAndRemovesFlags();
    void leavesAloneWhatChangedSince();
};

void TestMailboxes::givesANewAccountItsMailboxes()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto list = house.read([&](Connection &c) { return Mailboxes::list(c, alice); });
    QStringList names;
    for (const Mailbox &mailbox : list) {
        names.append(mailbox.name);
        QVERIFY(mailbox.subscribed);
        QVERIFY(mailbox.uidValidity != 0);
        QCOMPARE(mailbox.specialUse.isEmpty(), mailbox.name == "INBOX"_L1);
    }
    QCOMPARE(names, (QStringList{u"Archive"_s, u"Drafts"_s, u"INBOX"_s, u"Junk"_s, u"Sent"_s, u"Trash"_s}));
}

void TestMailboxes::knowsInboxInAnyCase()
{
    Fixture house;
    const auto alice = house.makeAlice();
    QCOMPARE(house.mailbox(alice, u"iNbOx"_s).id, house.mailbox(alice).id);
    house.write([&](Transaction &t) { return Mailboxes::create(t, alice, u"inbox/Deep"_s); });
    QCOMPARE(house.mailbox(alice, u"INBOX/Deep"_s).name, u"INBOX/Deep"_s);
    const auto again =
        house.tryWrite<MailboxId>([&](Transaction &t) { return Mailboxes::create(t, alice, u"Inbox"_s); });
    QCOMPARE(kindOfFailure(again), ErrorKind::Exists);
    const auto removed =
        house.tryWrite<void>([&](Transaction &t) { return Mailboxes::remove(t, alice, u"inbox"_s, u"x"_s); });
    QCOMPARE(kindOfFailure(removed), ErrorKind::Denied);
}

// RFC 9051 §5.1: what is composed and what is not is the same name.
void TestMailboxes::knowsNamesInAnyForm()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const QString composed = u"Entw\u00fcrfe"_s, decomposed = u"Entwu\u0308rfe"_s;
    house.write([&](Transaction &t) { return Mailboxes::create(t, alice, decomposed); });
    QCOMPARE(house.mailbox(alice, composed).name, composed);
    QCOMPARE(house.mailbox(alice, decomposed).name, composed);
    const auto again =
        house.tryWrite<MailboxId>([&](Transaction &t) { return Mailboxes::create(t, alice, composed); });
    QCOMPARE(kindOfFailure(again), ErrorKind::Exists);
}

void TestMailboxes::refusesBadNames_data()
{
    QTest::addColumn<QString>("name");
    QTest::newRow("empty") << QString();
    QTest::newRow("only separator") << u"/"_s;
    QTest::newRow("leading separator") << u"/a"_s;
    QTest::newRow("empty part") << u"a//b"_s;
    QTest::newRow("control character") << u"a\u0007b"_s;
    QTest::newRow("control character of ISO 6429") << u"a\u0085b"_s;
    QTest::newRow("line separator") << u"a\u2028b"_s;
    QTest::newRow("paragraph separator") << u"a\u2029b"_s;
    QTest::newRow("delete") << u"a\u007fb"_s;
    QTest::newRow("half a surrogate") << QString(QChar(0xd800));
    QTest::newRow("long part") << QString(256, u'x');
    QTest::newRow("too deep") << QString(u"a/"_s).repeated(60) + u"a"_s;
}

void TestMailboxes::refusesBadNames()
{
    QFETCH(QString, name);
    Fixture house;
    const auto alice = house.makeAlice();
    const auto made = house.tryWrite<MailboxId>([&](Transaction &t) { return Mailboxes::create(t, alice, name); });
    QCOMPARE(kindOfFailure(made), ErrorKind::Invalid);
}

void TestMailboxes::makesMissingParents()
{
    Fixture house;
    const auto alice = house.makeAlice();
    house.write([&](Transaction &t) { return Mailboxes::create(t, alice, u"Work/2026/May"_s); });
    QCOMPARE(house.mailbox(alice, u"Work/2026"_s).name, u"Work/2026"_s);
    QCOMPARE(house.mailbox(alice, u"Work"_s).name, u"Work"_s);
}

void TestMailboxes::neverGivesAUidValidityTwice()
{
    Fixture house;
    const auto alice = house.makeAlice();
    QSet<quint32> seen;
    quint32 last = 0;
    for (int i = 0; i < 4; ++i) {
        house.write([&](Transaction &t) { return Mailboxes::create(t, alice, u"Again"_s); });
        const quint32 validity = house.mailbox(alice, u"Again"_s).uidValidity;
        QVERIFY(validity > last);
        QVERIFY(!seen.contains(validity));
        seen.insert(validity);
        last = validity;
        must(house.tryWrite<void>([&](Transaction &t) { return Mailboxes::remove(t, alice, u"Again"_s, u"test"_s); }));
        house.reopen();
    }
}

void TestMailboxes::keepsSubscriptionsOfRemovedMailboxes()
{
    Fixture house;
    const auto alice = house.makeAlice();
    must(house.tryWrite<void>([&](Transaction &t) { return Mailboxes::remove(t, alice, u"Junk"_s, u"test"_s); }));
    QCOMPARE(house.read([&](Connection &c) { return Mailboxes::lostSubscriptions(c, alice); }), QStringList(u"Junk"_s));
    must(house.tryWrite<void>([&](Transaction &t) { return Mailboxes::subscribe(t, alice, u"Junk"_s, false); }));
    QVERIFY(house.read([&](Connection &c) { return Mailboxes::lostSubscriptions(c, alice); }).isEmpty());
}

void TestMailboxes::tellsWhatBecomesOfNames()
{
    using Kind = NameChange::Kind;
    Fixture house;
    const auto alice = house.makeAlice();
    QList<NameChange> seen;
    QHash<MailboxId, MailboxPlace> places;
    house.store->onCommitted([&](const Committed &changes) {
        seen += changes.names;
        places = changes.places;
    });
    const auto taken = [&] { return std::exchange(seen, {}); };
    const auto id = house.write([&](Transaction &t) { return Mailboxes::create(t, alice, u"a/b"_s); });
    QCOMPARE(taken(), (QList<NameChange>{{Kind::Created, {alice, u"a"_s}}, {Kind::Created, {alice, u"a/b"_s}}}));
    must(house.tryWrite<void>([&](Transaction &t) { return Mailboxes::subscribe(t, alice, u"a/b"_s, true); }));
    QCOMPARE(taken(), (QList<NameChange>{{Kind::Subscribed, {alice, u"a/b"_s}}}));
    must(house.tryWrite<void>([&](Transaction &t) { return Mailboxes::subscribe(t, alice, u"a/b"_s, true); }));
    QCOMPARE(taken(), QList<NameChange>());
    must(house.tryWrite<void>([&](Transaction &t) { return Mailboxes::rename(t, alice, u"a/b"_s, u"c"_s); }));
    QCOMPARE(taken(), (QList<NameChange>{{Kind::Renamed, {alice, u"c"_s}, u"a/b"_s}, {Kind::Subscribed, {alice, u"c"_s}}}));
    house.deliverOne(id);
    QCOMPARE(places, (QHash<MailboxId, MailboxPlace>{{id, {alice, u"c"_s}}}));
    must(house.tryWrite<void>([&](Transaction &t) { return Mailboxes::remove(t, alice, u"c"_s, u"test"_s); }));
    QCOMPARE(taken(), (QList<NameChange>{{Kind::Removed, {alice, u"c"_s}}}));
}

void TestMailboxes::renamesChildrenToo()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto id = house.write([&](Transaction &t) { return Mailboxes::create(t, alice, u"a/b/c"_s); });
    house.deliverOne(id);
    must(house.tryWrite<void>([&](Transaction &t) { return Mailboxes::rename(t, alice, u"a"_s, u"x/y"_s); }));
    QCOMPARE(house.mailbox(alice, u"x/y/b/c"_s).id, id);
    QCOMPARE(house.mailbox(alice, u"x/y/b/c"_s).messages, 1);
    QCOMPARE(house.mailbox(alice, u"x"_s).messages, 0);
    const auto gone = house.store->readNow<Mailbox>([&](Connection &c) { return Mailboxes::find(c, alice, u"a/b"_s); });
    QCOMPARE(kindOfFailure(gone), ErrorKind::NotFound);
    const auto into =
        house.tryWrite<void>([&](Transaction &t) { return Mailboxes::rename(t, alice, u"x/y"_s, u"x/y/z"_s); });
    QCOMPARE(kindOfFailure(into), ErrorKind::Invalid);
    // The writer remembers names; it must not remember the old one.
    const auto stale = house.tryWrite<Mailbox>([&](Transaction &t) { return Mailboxes::find(t, alice, u"a/b/c"_s); });
    QCOMPARE(kindOfFailure(stale), ErrorKind::NotFound);
}

void TestMailboxes::renamesNoNeighboursOfTheSamePrefix()
{
    Fixture house;
    const auto alice = house.makeAlice();
    for (const auto &name : {u"a"_s, u"a b"_s, u"a-b"_s, u"ab"_s, u"a%"_s, u"a/c"_s})
        house.write([&](Transaction &t) { return Mailboxes::create(t, alice, name); });
    must(house.tryWrite<void>([&](Transaction &t) { return Mailboxes::rename(t, alice, u"a"_s, u"z"_s); }));
    for (const auto &name : {u"z"_s, u"z/c"_s, u"a b"_s, u"a-b"_s, u"ab"_s, u"a%"_s})
        QCOMPARE(house.mailbox(alice, name).name, name);
}

void TestMailboxes::movesTheMessagesWhenInboxIsRenamed()
{
    Fixture house;
    const auto alice = house.makeAlice();
    house.fill(house.mailbox(alice).id, 3);
    must(house.tryWrite<void>([&](Transaction &t) { return Mailboxes::rename(t, alice, u"INBOX"_s, u"Old"_s); }));
    QCOMPARE(house.mailbox(alice).messages, 0);
    QCOMPARE(house.mailbox(alice, u"Old"_s).messages, 3);
    QCOMPARE(house.faults(), QStringList());
}

void TestMailboxes::countsWhatIsDelivered()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    const auto first = house.deliverOne(inbox);
    QCOMPARE(first.uid, 1U);
    const auto second = house.deliverOne(inbox, "longer body", flag::Seen | flag::Deleted);
    QCOMPARE(second.uid, 2U);
    QVERIFY(second.modSeq > first.modSeq);
    const auto now = house.mailbox(alice);
    QCOMPARE(now.messages, 2);
    QCOMPARE(now.unseen, 1);
    QCOMPARE(now.deleted, 1);
    QCOMPARE(now.octets, first.size + second.size);
    QCOMPARE(now.uidNext, 3U);
    QCOMPARE(now.highestModSeq, second.modSeq);
    const auto account = house.read([&](Connection &c) { return Accounts::account(c, alice); });
    QCOMPARE(account->usedOctets, first.size + second.size);
    QCOMPARE(house.marks(inbox), (QList<MessageMark>{first, second}));
    QCOMPARE(house.faults(), QStringList());
}

void TestMailboxes::takesRecentOnce()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    house.fill(inbox, 2);
    const auto take = [&] { return house.write([&](Transaction &t) { return Mailboxes::takeRecent(t, inbox); }); };
    QCOMPARE(take(), 1U);
    QCOMPARE(take(), 0U);
    house.fill(inbox, 2);
    house.reopen();
    QCOMPARE(take(), 3U);
    QCOMPARE(take(), 0U);
}

void TestMailboxes::readsMarksOfManyRanges()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    house.fill(inbox, 50);
    const auto uids = [&](const Ranges &ranges) {
        QList<Uid> found;
        for (const auto &mark : house.read([&](Connection &c) { return Mailboxes::marks(c, inbox, ranges); }).marks)
            found.append(mark.uid);
        return found;
    };
    QCOMPARE(uids({{3, 3}, {1, 2}, {48, 90}}), (QList<Uid>{1, 2, 3, 48, 49, 50}));
    QCOMPARE(uids({{5, 7}, {6, 9}, {6, 6}}), (QList<Uid>{5, 6, 7, 8, 9}));
    QCOMPARE(uids({{7, 5}}), QList<Uid>());
    QCOMPARE(uids({{50, ~0U}, {~0U, ~0U}}), (QList<Uid>{50}));
    Ranges odd;
    QList<Uid> expected;
    for (Uid uid = 1; uid <= 50; uid += 2) {
        odd.append({uid, uid});
        expected.append(uid);
    }
    QCOMPARE(uids(odd), expected);
    QCOMPARE(uids({}).size(), 50);
}

void TestMailboxes::makesKeywordsOncePerMailbox()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    const auto mask = [&](const QList<QByteArray> &names) {
        return house.write([&](Transaction &t) { return Mailboxes::flagsFromNames(t, inbox, names); });
    };
    QCOMPARE(mask({"\\Seen", "\\draft"}), flag::Seen | flag::Draft);
    QCOMPARE(mask({"$Forwarded"}), Flags(1) << 8);
    QCOMPARE(mask({"$Junk", "$forwarded"}), Flags(3) << 8);
    house.reopen();
    QCOMPARE(mask({"$JUNK"}), Flags(2) << 8);
    QCOMPARE(house.mailbox(alice).keywords, (Keywords{"$Forwarded", "$Junk"}));
    const auto bad =
        house.tryWrite<Flags>([&](Transaction &t) { return Mailboxes::flagsFromNames(t, inbox, {"\\Odd"}); });
    QCOMPARE(kindOfFailure(bad), ErrorKind::Invalid);
}

void TestMailboxes::refusesAKeywordTooMany()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    QList<QByteArray> names;
    for (int i = 0; i < flag::maxKeywords; ++i)
        names.append("k" + QByteArray::number(i));
    house.write([&](Transaction &t) { return Mailboxes::flagsFromNames(t, inbox, names); });
    const auto more =
        house.tryWrite<Flags>([&](Transaction &t) { return Mailboxes::flagsFromNames(t, inbox, {"one more"}); });
    QCOMPARE(kindOfFailure(more), ErrorKind::TooLarge);
    // The highest bit fits the database's signed integers.
    const auto mark = house.deliverOne(inbox);
    house.write([&](Transaction &t) {
        return Mailboxes::setFlags(t, inbox, {{mark.uid, mark.uid}}, FlagAction::Set, {names.last()});
    });
    QCOMPARE(house.marks(inbox).first().flags, Flags(1) << 61);
}

void TestMailboxes::undoesTheKeywordsOfAFailedJob()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    const auto failed = house.tryWrite<void>([&](Transaction &t) -> Result<void> {
        must(Mailboxes::flagsFromNames(t, inbox, {"$Gone"}));
        return fail(ErrorKind::Denied, u"no"_s);
    });
    QCOMPARE(kindOfFailure(failed), ErrorKind::Denied);
    QCOMPARE(house.write([&](Transaction &t) { return Mailboxes::flagsFromNames(t, inbox, {"$Kept"}); }), Flags(1)
                                                                                                              << 8);
    QCOMPARE(house.mailbox(alice).keywords, Keywords{"$Kept"});
}

void TestMailboxes::setsAddsAndRemovesFlags()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    house.fill(inbox, 5);
    const auto change = [&](FlagAction action, const Ranges &ranges, const QList<QByteArray> &names) {
        return house.write([&](Transaction &t) { return Mailboxes::setFlags(t, inbox, ranges, action, names); });
    };
    const ModSeq before = house.mailbox(alice).highestModSeq;
    const auto added = change(FlagAction::Add, {{2, 4}}, {"\\Seen", "$Work"});
    QCOMPARE(added.altered.size(), 3);
    QCOMPARE(added.altered.first().uid, 2U);
    QCOMPARE(added.highestModSeq, before + 1);
    QCOMPARE(added.altered.last().modSeq, added.highestModSeq);
    QCOMPARE(added.keywords, Keywords{"$Work"});
    QCOMPARE(house.mailbox(alice).unseen, 2);
    // Nothing to alter alters nothing, the MODSEQ included.
    const auto again = change(FlagAction::Add, {{2, 4}}, {"\\Seen"});
    QVERIFY(again.altered.isEmpty());
    QCOMPARE(again.highestModSeq, added.highestModSeq);
    const auto removed = change(FlagAction::Remove, {{1, 2}}, {"\\Seen", "$Unknown"});
    QCOMPARE(removed.altered.size(), 1);
    QCOMPARE(removed.keywords, Keywords{"$Work"});
    const auto set = change(FlagAction::Set, {}, {"\\Deleted"});
    QCOMPARE(set.altered.size(), 5);
    QCOMPARE(house.mailbox(alice).deleted, 5);
    QCOMPARE(house.mailbox(alice).unseen, 5);
    for (const MessageMark &mark : house.marks(inbox))
        QCOMPARE(mark.flags, flag::Deleted);
    QCOMPARE(house.faults(), QStringList());
}

void TestMailboxes::leavesAloneWhatChangedSince()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    house.fill(inbox, 3);
    const ModSeq since = house.mailbox(alice).highestModSeq;
    house.write([&](Transaction &t) {
        return Mailboxes::setFlags(t, inbox, {{2, 2}}, FlagAction::Add, {"\\Flagged"});
    });
    const auto change = house.write(
        [&](Transaction &t) { return Mailboxes::setFlags(t, inbox, {}, FlagAction::Add, {"\\Seen"}, since); });
    QCOMPARE(change.modified, QList<Uid>{2});
    QCOMPARE(change.altered.size(), 2);
    QCOMPARE(house.marks(inbox).at(1).flags, flag::Flagged);
    const auto none =
        house.write([&](Transaction &t) { return Mailboxes::setFlags(t, inbox, {}, FlagAction::Add, {"\\Draft"}, 0); });
    QCOMPARE(none.modified.size(), 3);
}

QTEST_GUILESS_MAIN(TestMailboxes)
#include "test_mailboxes.moc"
