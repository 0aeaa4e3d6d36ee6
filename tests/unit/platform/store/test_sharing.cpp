#include "platform/store/own_seen.h"
#include "platform/store/sharing.h"
#include "store_fixture.h"

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;

namespace {

using Change = Sharing::Change;

struct House : Fixture
{
    House()
    {
        anna = add(u"anna@example.test"_s);
        bob = add(u"bob@example.test"_s);
        office = add(u"office@example.test"_s, true);
        make(anna, u"Work/2026"_s);
    }
    AccountId add(const QString &address, bool shared = false)
    {
        return write([&](Transaction &t) -> Result<AccountId> {
            if (Accounts::domains(t)->isEmpty())
                must(Accounts::addDomain(t, {.name = u"example.test"_s}));
            return Accounts::addAccount(t, {.address = address, .shared = shared});
        });
    }
    MailboxId make(AccountId who, const QString &name)
    {
        return write([&](Transaction &t) { return Sharing::create(t, who, name, {}); });
    }
    void share(AccountId owner, const QString &name, const QString &with, const QByteArray &rights, Change change = Change::Replace)
    {
        const MailboxId id = mailbox(owner, name).id;
        must(store->writeNow<void>([&](Transaction &t) { return Sharing::setRights(t, id, with, change, *rightsFromText(rights)); }));
    }
    // The rights, or the kind of the failure.
    QByteArray rights(AccountId who, const QString &name, Rights needed = 0)
    {
        const auto found = store->readNow<Reached>([&](Connection &c) { return Sharing::find(c, who, name, needed); });
        return found ? rightsText(found->rights) : QByteArray(nameOf(found.error().kind).data());
    }
    QStringList seenBy(AccountId who)
    {
        QStringList names;
        for (const Reached &row : read([&](Connection &c) { return Sharing::list(c, who); }).mailboxes) {
            if (!row.isOwn)
                names += row.name;
        }
        return names;
    }
    QByteArray outcome(const std::function<Result<void>(Transaction &)> &job)
    {
        const auto done = store->writeNow<void>([&](Transaction &t) { return job(t); });
        return done ? QByteArray("ok") : QByteArray(nameOf(done.error().kind).data());
    }
    AccountId anna, bob, office;
};

constexpr auto work = "Other Users/anna@example.test/Work"_L1;

} // namespace

class TestSharing : public QObject
{
    Q_OBJECT

    static QList<Uid> seenIn(House &house, MailboxId id, AccountId reader)
    {
        QList<Uid> uids;
        QList<MessageMark> marks = house.marks(id);
        must(house.store->readNow<void>([&](Connection &c) { return OwnSeen::show(c, id, reader, marks); }));
        for (const MessageMark &mark : marks) {
            if (mark.flags & flag::Seen)
                uids += mark.uid;
        }
        return uids;
    }

private Q_SLOTS:
    void ownersHaveEverythingAndOthersNothing()
    {
        House house;
        QCOMPARE(house.rights(house.anna, u"Work"_s), "lrswipkxtea");
        QCOMPARE(house.rights(house.bob, QString(work)), "");
        QCOMPARE(house.rights(house.bob, QString(work), right::Read), "not-found");
        QVERIFY(house.seenBy(house.bob).isEmpty());
    }

    void hidesWhatCantBeSeen()
    {
        House house;
        house.share(house.anna, u"Work"_s, u"bob@example.test"_s, "r");
        QCOMPARE(house.rights(house.bob, QString(work), right::Read), "r");
        QCOMPARE(house.rights(house.bob, QString(work), right::Insert), "not-found");
        QVERIFY(house.seenBy(house.bob).isEmpty());
        house.share(house.anna, u"Work"_s, u"bob@example.test"_s, "l", Change::Add);
        QCOMPARE(house.rights(house.bob, QString(work), right::Insert), "denied");
        QCOMPARE(house.seenBy(house.bob), QStringList{QString(work)});
        for (const QString &nowhere : {u"Other Users/carl@example.test/Work"_s, u"Other Users/anna@example.test"_s,
                                       u"Other Users/"_s, u"Shared/anna@example.test/Work"_s, u"Other Users/bob@example.test/INBOX"_s})
            QCOMPARE(house.rights(house.bob, nowhere), "not-found");
    }

    void knowsWhoHasChildren()
    {
        House house;
        for (const QString &name : {u"Work/a"_s, u"Work/b/c"_s, u"Work-2/x"_s, u"Work0/y"_s})
            must(house.store->writeNow<MailboxId>([&](Transaction &t) { return Mailboxes::create(t, house.anna, name); }));
        const auto has = [&](AccountId who, const QString &name) {
            return house.read([&](Connection &c) {
                return Sharing::find(c, who, name, right::Lookup).and_then([&](const Reached &one) { return Sharing::hasChildren(c, who, one); });
            });
        };
        QVERIFY(has(house.anna, u"Work"_s) && has(house.anna, u"Work/b"_s) && !has(house.anna, u"Work/a"_s));
        QVERIFY(!has(house.anna, u"INBOX"_s) && has(house.anna, u"Work0"_s) && has(house.anna, u"Work-2"_s));
        house.share(house.anna, u"Work"_s, u"bob@example.test"_s, "lr");
        QVERIFY(!has(house.bob, QString(work))); // none that he may see
        house.share(house.anna, u"Work/a"_s, u"bob@example.test"_s, "l");
        QVERIFY(has(house.bob, QString(work)));
    }

    void addsUpWhatEntriesGiveAndTake_data()
    {
        QTest::addColumn<QStringList>("entries");
        QTest::addColumn<QByteArray>("bobs");
        QTest::addColumn<QByteArray>("annas");
        QTest::newRow("himself") << QStringList{u"bob@example.test lr"_s} << "lr"_ba << "lrswipkxtea"_ba;
        QTest::newRow("anyone") << QStringList{u"anyone lrs"_s} << "lrs"_ba << "lrswipkxtea"_ba;
        QTest::newRow("both") << QStringList{u"anyone lr"_s, u"bob@example.test wi"_s} << "lrwi"_ba << "lrswipkxtea"_ba;
        QTest::newRow("a group") << QStringList{u"group:team lrk"_s} << "lrk"_ba << "lrswipkxtea"_ba;
        QTest::newRow("taken away") << QStringList{u"anyone lrsw"_s, u"-bob@example.test sw"_s} << "lr"_ba << "lrswipkxtea"_ba;
        QTest::newRow("taken from a group") << QStringList{u"bob@example.test lrswi"_s, u"-group:team i"_s} << "lrsw"_ba << "lrswipkxtea"_ba;
        QTest::newRow("the owner") << QStringList{u"anna@example.test lr"_s} << ""_ba << "lra"_ba;
        QTest::newRow("from the owner") << QStringList{u"-anna@example.test lrswa"_s} << ""_ba << "lipkxtea"_ba;
        QTest::newRow("from all") << QStringList{u"-anyone xte"_s} << ""_ba << "lrswipka"_ba;
        QTest::newRow("letters of old") << QStringList{u"bob@example.test lrcd"_s} << "lrkxte"_ba << "lrswipkxtea"_ba;
    }
    void addsUpWhatEntriesGiveAndTake()
    {
        QFETCH(QStringList, entries);
        House house;
        must(house.store->writeNow<void>([&](Transaction &t) { return Sharing::setGroup(t, {u"team"_s, {u"bob@example.test"_s}}); }));
        for (const QString &entry : entries)
            house.share(house.anna, u"Work"_s, entry.section(u' ', 0, 0), entry.section(u' ', 1).toLatin1());
        QTEST(house.rights(house.bob, QString(work)), "bobs");
        QTEST(house.rights(house.anna, u"Work"_s), "annas");
        QVERIFY(house.faults().isEmpty());
        house.reopen(); // and the ledger starts anew
        QTEST(house.rights(house.bob, QString(work)), "bobs");
    }

    void knowsOnlyWhoIsThere()
    {
        House house;
        const MailboxId id = house.mailbox(house.anna, u"Work"_s).id;
        const auto give = [&](const QString &who) {
            return house.outcome([&](Transaction &t) { return Sharing::setRights(t, id, who, Change::Replace, right::Read); });
        };
        QCOMPARE(give(u"nobody@example.test"_s), "invalid");
        QCOMPARE(give(u"group:none"_s), "invalid");
        QCOMPARE(give(u"office@example.test"_s), "invalid"); // nobody signs in to it
        QCOMPARE(give(u"anonymous"_s), "denied");
        QCOMPARE(give(u"BOB@example.test"_s), "ok");
        QCOMPARE(house.rights(house.bob, QString(work)), "r");
    }

    void showsTheOwnerInTheList()
    {
        House house;
        const auto list = [&] {
            QByteArrayList words;
            for (const AclEntry &entry : house.read([&](Connection &c) { return Sharing::acl(c, house.mailbox(house.anna, u"Work"_s)); }))
                words += entry.identifier.toUtf8() + '=' + rightsText(entry.rights);
            return words.join(' ');
        };
        QCOMPARE(list(), "anna@example.test=lrswipkxtea");
        house.share(house.anna, u"Work"_s, u"bob@example.test"_s, "lr");
        house.share(house.anna, u"Work"_s, u"anna@example.test"_s, "");
        QCOMPARE(list(), "anna@example.test=la bob@example.test=lr");
        house.share(house.anna, u"Work"_s, u"bob@example.test"_s, "lr", Change::Remove);
        house.share(house.anna, u"Work"_s, u"anna@example.test"_s, "lrswipkxte", Change::Add);
        QCOMPARE(list(), "anna@example.test=lrswipkxtea");
        QCOMPARE(house.rows(u"acl"_s), 0);
    }

    void newMailboxesHaveTheListOfTheirParent()
    {
        House house;
        house.share(house.anna, u"Work"_s, u"bob@example.test"_s, "lrk");
        house.make(house.bob, QString(work) + u"/New/Deep"_s);
        QCOMPARE(house.rights(house.bob, QString(work) + u"/New/Deep"_s), "lrk");
        QCOMPARE(house.rights(house.bob, QString(work) + u"/New"_s), "lrk");
        QCOMPARE(house.rights(house.bob, QString(work) + u"/2026"_s), ""); // was there before
        QCOMPARE(house.rights(house.anna, u"Work/New/Deep"_s), "lrswipkxtea");
        // At the top of a shared account INBOX is the parent; at the top of a person's there is none.
        house.share(house.office, u"INBOX"_s, u"bob@example.test"_s, "lrkx");
        house.make(house.bob, u"Shared/office@example.test/Orders"_s);
        QCOMPARE(house.rights(house.bob, u"Shared/office@example.test/Orders"_s), "lrkx");
        house.share(house.anna, u"INBOX"_s, u"bob@example.test"_s, "lrkx");
        house.make(house.anna, u"Private"_s);
        QCOMPARE(house.rights(house.bob, u"Other Users/anna@example.test/Private"_s), "");
    }

    void makesRemovesAndRenamesOnlyByRight()
    {
        House house;
        const auto create = [&](const QString &name) {
            return house.outcome([&](Transaction &t) -> Result<void> {
                const auto made = Sharing::create(t, house.bob, name, {});
                return made ? Result<void>() : std::unexpected(made.error());
            });
        };
        const auto rename = [&](const QString &from, const QString &to) {
            return house.outcome([&](Transaction &t) { return Sharing::rename(t, house.bob, from, to); });
        };
        const auto remove = [&](const QString &name) {
            return house.outcome([&](Transaction &t) { return Sharing::remove(t, house.bob, name, u"bob"_s); });
        };
        const QString w(work);
        // The same words whether it is there or not.
        QCOMPARE(create(w), "denied");
        QCOMPARE(create(w + u"/New"_s), "denied");
        QCOMPARE(create(u"Other Users/carl@example.test/New"_s), "denied");
        QCOMPARE(create(u"Shared"_s), "invalid");
        QCOMPARE(create(u"Other Users/"_s), "invalid");
        QCOMPARE(remove(w), "not-found");
        house.share(house.anna, u"Work"_s, u"bob@example.test"_s, "lr");
        QCOMPARE(remove(w), "denied");
        QCOMPARE(rename(w, w + u"2"_s), "denied");
        house.share(house.anna, u"Work"_s, u"bob@example.test"_s, "kx", Change::Add);
        QCOMPARE(create(w + u"/New"_s), "ok");
        QCOMPARE(rename(w + u"/New"_s, w + u"/Newer"_s), "ok");
        QCOMPARE(house.rights(house.bob, w + u"/Newer"_s), "lrkx"); // what it had goes with it
        QCOMPARE(rename(w + u"/Newer"_s, u"Mine"_s), "invalid");
        QCOMPARE(rename(w + u"/Newer"_s, u"Other Users/anna@example.test/Top"_s), "denied");
        QCOMPARE(remove(w + u"/Newer"_s), "ok");
        QCOMPARE(house.faults(), QStringList());
        house.share(house.anna, u"INBOX"_s, u"bob@example.test"_s, "lrkx");
        QCOMPARE(remove(u"Other Users/anna@example.test/INBOX"_s), "denied");
        QCOMPARE(rename(u"Other Users/anna@example.test/INBOX"_s, u"Other Users/anna@example.test/INBOX/x"_s), "denied");
    }

    void setsAndCopiesOnlyTheFlagsThatAreAllowed()
    {
        House house;
        const MailboxId from = house.mailbox(house.anna).id, to = house.mailbox(house.anna, u"Work"_s).id;
        house.deliverOne(from, "body", flag::Seen | flag::Deleted | flag::Draft);
        const auto store = [&](FlagAction action, const QList<QByteArray> &names, Flags settable) {
            return house.outcome([&](Transaction &t) -> Result<void> {
                const auto set = Mailboxes::setFlags(t, from, {}, action, names, {}, settable);
                return set ? Result<void>() : std::unexpected(set.error());
            });
        };
        const Flags noDeleting = ~flag::Deleted;
        QCOMPARE(store(FlagAction::Remove, {"\\Deleted"}, noDeleting), "denied");
        QCOMPARE(store(FlagAction::Remove, {"\\Deleted", "\\Draft"}, noDeleting), "ok");
        QCOMPARE(house.marks(from).first().flags, flag::Seen | flag::Deleted);
        QCOMPARE(store(FlagAction::Set, {}, noDeleting), "ok");
        QCOMPARE(house.marks(from).first().flags, flag::Deleted);
        QCOMPARE(store(FlagAction::Add, {"$New"}, flag::Seen), "denied");
        QCOMPARE(store(FlagAction::Remove, {"$New"}, noDeleting), "ok"); // there is none: nothing to do
        QVERIFY(house.mailbox(house.anna).keywords.isEmpty());
        QCOMPARE(store(FlagAction::Add, {"$New", "\\Seen", "\\Flagged"}, ~Flags(0)), "ok");
        house.write([&](Transaction &t) { return Mailboxes::copy(t, from, {}, to, false, u"x"_s, flag::Seen); });
        QCOMPARE(house.marks(to).first().flags, flag::Seen);
        QVERIFY(house.mailbox(house.anna, u"Work"_s).keywords.isEmpty());
        QCOMPARE(house.faults(), QStringList());
    }

    void eachReaderHasSeenWhatHeHas()
    {
        House house;
        const MailboxId inbox = house.mailbox(house.office).id, mine = house.mailbox(house.anna).id;
        must(house.store->writeNow<void>([&](Transaction &t) { return OwnSeen::set(t, inbox, true); }));
        for (const QString &who : {u"anna@example.test"_s, u"bob@example.test"_s})
            house.share(house.office, u"INBOX"_s, who, "lrswitex");
        house.fill(inbox, 6);
        const auto reached = house.read([&](Connection &c) { return Sharing::get(c, house.anna, inbox, 0); });
        QCOMPARE(reached.reader, house.anna);
        QVERIFY(!house.read([&](Connection &c) { return Sharing::get(c, house.office, inbox, 0); }).reader);
        const auto store = [&](AccountId who, const QList<UidRange> &uids, FlagAction action, const QList<QByteArray> &names) {
            return house.write([&](Transaction &t) { return Mailboxes::setFlags(t, inbox, uids, action, names, {}, {~Flags(0), who}); });
        };
        // \Seen is told and kept as his own, other flags are everybody's.
        const auto change = store(house.anna, {{2, 4}}, FlagAction::Add, {"\\Seen", "\\Flagged"});
        QCOMPARE(change.altered.size(), 3);
        QCOMPARE(change.altered.first().flags, flag::Seen | flag::Flagged);
        QCOMPARE(seenIn(house, inbox, house.anna), (QList<Uid>{2, 3, 4}));
        QCOMPARE(seenIn(house, inbox, house.bob), QList<Uid>());
        QCOMPARE(house.marks(inbox).at(1).flags, flag::Flagged);
        QCOMPARE(house.mailbox(house.office).unseen, 6);
        QVERIFY(store(house.anna, {{2, 4}}, FlagAction::Add, {"\\Seen"}).altered.isEmpty());
        // Its MODSEQ grows with it (RFC 7162): UNCHANGEDSINCE finds it.
        const ModSeq before = house.mailbox(house.office).highestModSeq;
        QCOMPARE(store(house.bob, {{2, 2}}, FlagAction::Set, {"\\Seen"}).altered.first().modSeq, before + 1);
        QCOMPARE(house.marks(inbox).at(1).flags, Flags(0));
        QCOMPARE(seenIn(house, inbox, house.anna), (QList<Uid>{2, 3, 4}));
        store(house.anna, {{3, 3}}, FlagAction::Remove, {"\\Seen"});
        QCOMPARE(seenIn(house, inbox, house.anna), (QList<Uid>{2, 4}));
        QCOMPARE(house.faults(), QStringList());
        // Out of it a copy has his \Seen, into it he keeps his.
        house.write([&](Transaction &t) { return Mailboxes::copy(t, inbox, {{1, 4}}, mine, false, u"x"_s, {}, house.anna); });
        QList<Flags> copied;
        for (const MessageMark &mark : house.marks(mine))
            copied += mark.flags;
        QCOMPARE(copied, (QList<Flags>{0, flag::Seen, flag::Flagged, flag::Seen | flag::Flagged}));
        QCOMPARE(house.mailbox(house.anna).unseen, 2);
        house.write([&](Transaction &t) { return Mailboxes::copy(t, mine, {}, inbox, true, u"x"_s, {~Flags(0), house.anna}); });
        QCOMPARE(seenIn(house, inbox, house.anna), (QList<Uid>{2, 4, 8, 10}));
        QCOMPARE(house.mailbox(house.office).unseen, 10);
        QCOMPARE(house.faults(), QStringList());
        house.write([&](Transaction &t) { return Mailboxes::copy(t, inbox, {{4, 8}}, mine, true, u"x"_s, {}, house.anna); });
        QCOMPARE(seenIn(house, inbox, house.anna), (QList<Uid>{2, 10}));
        QCOMPARE(house.faults(), QStringList());
        must(house.store->writeNow<void>([&](Transaction &t) { return OwnSeen::set(t, inbox, false); }));
        QCOMPARE(house.rows(u"seen"_s), 0);
    }

    void forgetsWhoIsGone()
    {
        House house;
        must(house.store->writeNow<void>([&](Transaction &t) { return Sharing::setGroup(t, {u"team"_s, {u"bob@example.test"_s}}); }));
        house.share(house.anna, u"Work"_s, u"bob@example.test"_s, "lr");
        house.share(house.anna, u"Work"_s, u"-bob@example.test"_s, "w");
        house.share(house.anna, u"Work"_s, u"group:team"_s, "lr");
        must(house.store->writeNow<void>([](Transaction &t) { return Accounts::removeAccount(t, u"bob@example.test"_s, u"x"_s); }));
        QCOMPARE(house.rows(u"acl"_s), 1);
        QCOMPARE(house.rows(u"group_member"_s), 0);
        house.bob = house.add(u"bob@example.test"_s); // another one of the same name
        QCOMPARE(house.rights(house.bob, QString(work)), "");
        must(house.store->writeNow<void>([](Transaction &t) { return Sharing::removeGroup(t, u"team"_s); }));
        QCOMPARE(house.rows(u"acl"_s), 0);
        house.share(house.anna, u"Work"_s, u"bob@example.test"_s, "lr");
        must(house.store->writeNow<void>([&](Transaction &t) { return Mailboxes::remove(t, house.anna, u"Work"_s, u"x"_s); }));
        QCOMPARE(house.rows(u"acl"_s), 0);
        QCOMPARE(house.faults(), QStringList());
    }

    void refusesGroupsThatCantBe()
    {
        House house;
        const auto set = [&](const Group &group) { return house.outcome([&](Transaction &t) { return Sharing::setGroup(t, group); }); };
        QCOMPARE(set({u"team"_s, {u"bob@example.test"_s, u"anna@example.test"_s}}), "ok");
        QCOMPARE(set({u"team"_s, {u"bob@example.test"_s, u"nobody@example.test"_s}}), "not-found");
        QCOMPARE(set({u"Team"_s, {}}), "invalid");
        QCOMPARE(set({u"a b"_s, {}}), "invalid");
        QCOMPARE(set({{}, {}}), "invalid");
        const auto groups = house.read([](Connection &c) { return Sharing::groups(c); });
        QCOMPARE(groups.size(), 1);
        QCOMPARE(groups.first().members, (QStringList{u"anna@example.test"_s, u"bob@example.test"_s}));
    }

    void keepsOnesOwnMailboxesWithNamesOfOld()
    {
        House house;
        house.write([&](Transaction &t) { return Mailboxes::create(t, house.bob, u"Shared/Old"_s); });
        QCOMPARE(house.rights(house.bob, u"Shared/Old"_s), "lrswipkxtea");
        QVERIFY(house.seenBy(house.bob).isEmpty());
    }

    void findsFaults()
    {
        House house;
        house.write([&](Transaction &t) { return t.connection().run("INSERT INTO acl VALUES (1, 'ghost@example.test', 'lr')"); });
        house.write([&](Transaction &t) { return t.connection().run("INSERT INTO group_member VALUES (7, 1)"); });
        house.write([&](Transaction &t) { return t.connection().run("INSERT INTO seen VALUES (1, 1, 99)"); });
        QCOMPARE(house.faults().size(), 3);
    }
};

QTEST_GUILESS_MAIN(TestSharing)
#include "test_sharing.moc"
