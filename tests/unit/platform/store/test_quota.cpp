#include "store_fixture.h"

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;

class TestQuota : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void countsMessagesAndKeepsToTheLimit()
    {
        Fixture house;
        const AccountId alice = limited(house, 3);
        const MailboxId inbox = house.mailbox(alice).id, archive = house.mailbox(alice, u"Archive"_s).id;
        house.fill(inbox, 2);
        QCOMPARE(used(house), 2);
        const auto copy = [&](bool move) {
            return house.tryWrite<CopyOutcome>([&](Transaction &t) { return Mailboxes::copy(t, inbox, {}, archive, move, u"x"_s); });
        };
        QCOMPARE(kindOfFailure(copy(false)), ErrorKind::OverQuota); // 2 more would be 4
        QVERIFY(copy(true).has_value());                            // nothing is added by a move
        QCOMPARE(used(house), 2);
        house.deliverOne(inbox);
        const auto more = house.tryWrite<MessageMark>([&](Transaction &t) { return Fixture::deliver(t, inbox); });
        QCOMPARE(kindOfFailure(more), ErrorKind::OverQuota);
        house.write([&](Transaction &t) { return Mailboxes::expunge(t, archive, {{1, 1}}, true, u"x"_s); });
        QCOMPARE(used(house), 2);
        house.deliverOne(inbox);
        QCOMPARE(house.faults(), QStringList());
        house.reopen();
        QCOMPARE(used(house), 3);
    }

    void freesWhatARemovedMailboxHeld()
    {
        Fixture house;
        const AccountId alice = limited(house, 5);
        const MailboxId work = house.write([&](Transaction &t) { return Mailboxes::create(t, alice, u"Work"_s); });
        house.fill(work, 5);
        must(house.store->writeNow<void>([&](Transaction &t) { return Mailboxes::remove(t, alice, u"Work"_s, u"x"_s); }));
        QCOMPARE(used(house), 0);
        QCOMPARE(house.faults(), QStringList());
    }

    void tellsTheOctetsOfDeletedMessages()
    {
        Fixture house;
        const AccountId alice = limited(house, 0);
        const MailboxId inbox = house.mailbox(alice).id;
        const qint64 size = house.deliverOne(inbox, "body", flag::Deleted).size;
        house.deliverOne(inbox, "another");
        QCOMPARE(house.read([&](Connection &c) { return Mailboxes::deletedOctets(c, inbox); }), size);
    }

    void findsAWrongCount()
    {
        Fixture house;
        limited(house, 5);
        house.write([](Transaction &t) { return t.connection().run("UPDATE account SET used_messages = 7"); });
        house.reopen();
        QCOMPARE(house.faults().size(), 1);
    }

private:
    static AccountId limited(Fixture &house, qint64 messages)
    {
        const AccountId alice = house.makeAlice();
        must(house.store->writeNow<void>([&](Transaction &t) {
            Account account = *must(Accounts::account(t, alice));
            account.quotaMessages = messages;
            return Accounts::updateAccount(t, account);
        }));
        return alice;
    }
    static qint64 used(Fixture &house)
    {
        return house.read([](Connection &c) { return Accounts::account(c, u"alice@example.test"_s); })->usedMessages;
    }
};

QTEST_GUILESS_MAIN(TestQuota)
#include "test_quota.moc"
