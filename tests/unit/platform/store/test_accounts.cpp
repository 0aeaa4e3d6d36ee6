#include "platform/store/queue.h"
#include "store_fixture.h"

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;

class TestAccounts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void keepsWhatItIsTold();
    void changesWhatMayChange();
    void refusesWhatIsNoAddress_data();
    void refusesWhatIsNoAddress();
    void refusesAnAddressThatIsTaken();
    void refusesUnknownDomains();
    void refusesDomainAliasesInARow();
    void honoursANewQuotaAtOnce();
    void keepsADomainThatIsInUse();
    void removesAnAccountWithoutALooseEnd();
    void removesADomainWithItsContents();
    void neverGivesAnIdTwice();
    void tellsThatTheDirectoryChanged();
    void keepsTheOrderOfAliasTargets();
};

static Result<DomainId> addDomain(Fixture &house, const Domain &domain)
{
    return house.tryWrite<DomainId>([&](Transaction &t) { return Accounts::addDomain(t, domain); });
}

static Result<AccountId> addAccount(Fixture &house, const Account &account)
{
    return house.tryWrite<AccountId>([&](Transaction &t) { return Accounts::addAccount(t, account); });
}

static Result<AliasId> addAlias(Fixture &house, const Alias &alias)
{
    return house.tryWrite<AliasId>([&](Transaction &t) { return Accounts::addAlias(t, alias); });
}

void TestAccounts::keepsWhatItIsTold()
{
    Fixture house;
    const Domain domain{.name = u"example.test"_s,
                        .catchAll = u"all@example.test"_s,
                        .certificateFile = u"c.pem"_s,
                        .keyFile = u"k.pem"_s};
    const auto id = must(addDomain(house, domain));
    const Account account{.domain = id,
                          .address = u"bob@example.test"_s,
                          .displayName = u"Bób"_s,
                          .credential = "SCRAM",
                          .quotaOctets = 7,
                          .enabled = false,
                          .administrator = true,
                          .pop3KeepDays = 3};
    const auto bob = must(addAccount(house, account));
    house.reopen();
    const auto domains = house.read([](Connection &c) { return Accounts::domains(c); });
    QCOMPARE(domains.size(), 1);
    QCOMPARE(domains.first().id, id);
    QCOMPARE(domains.first().catchAll, domain.catchAll);
    QCOMPARE(domains.first().certificateFile, domain.certificateFile);
    QCOMPARE(domains.first().keyFile, domain.keyFile);
    const auto read = house.read([&](Connection &c) { return Accounts::account(c, u"bob@example.test"_s); });
    QVERIFY(read.has_value());
    QCOMPARE(read->id, bob);
    QCOMPARE(read->domain, id);
    QCOMPARE(read->displayName, account.displayName);
    QCOMPARE(read->credential, account.credential);
    QCOMPARE(read->quotaOctets, 7);
    QCOMPARE(read->enabled, false);
    QCOMPARE(read->administrator, true);
    QCOMPARE(read->pop3KeepDays, 3);
    QVERIFY(!house.read([&](Connection &c) { return Accounts::account(c, u"nobody@example.test"_s); }).has_value());
}

void TestAccounts::changesWhatMayChange()
{
    Fixture house;
    const auto alice = house.makeAlice();
    auto account = *house.read([&](Connection &c) { return Accounts::account(c, alice); });
    account.displayName = u"Alice"_s;
    account.enabled = false;
    account.usedOctets = 999; // not for the caller to say
    must(house.tryWrite<void>([&](Transaction &t) { return Accounts::updateAccount(t, account); }));
    must(house.tryWrite<void>([&](Transaction &t) { return Accounts::setCredential(t, alice, "new"); }));
    const auto after = *house.read([&](Connection &c) { return Accounts::account(c, alice); });
    QCOMPARE(after.displayName, u"Alice"_s);
    QCOMPARE(after.enabled, false);
    QCOMPARE(after.usedOctets, 0);
    QCOMPARE(after.credential, "new");
    account.id = {4'711};
    const auto unknown = house.tryWrite<void>([&](Transaction &t) { return Accounts::updateAccount(t, account); });
    QCOMPARE(kindOfFailure(unknown), ErrorKind::NotFound);
}

void TestAccounts::refusesWhatIsNoAddress_data()
{
    QTest::addColumn<QString>("address");
    QTest::newRow("empty") << QString();
    QTest::newRow("no domain") << u"bob"_s;
    QTest::newRow("no local part") << u"@example.test"_s;
    QTest::newRow("upper case") << u"Bob@example.test"_s;
    QTest::newRow("space") << u"bob b@example.test"_s;
    QTest::newRow("line feed") << u"bob\n@example.test"_s;
    QTest::newRow("brackets") << u"<bob@example.test>"_s;
    QTest::newRow("long local part") << QString(65, u'b') + u"@example.test"_s;
    QTest::newRow("trailing dot") << u"bob@example.test."_s;
}

void TestAccounts::refusesWhatIsNoAddress()
{
    QFETCH(QString, address);
    Fixture house;
    must(addDomain(house, {.name = u"example.test"_s}));
    QCOMPARE(kindOfFailure(addAccount(house, {.address = address})), ErrorKind::Invalid);
    QCOMPARE(kindOfFailure(addAlias(house, {.address = address, .targets = {u"a@b.test"_s}})), ErrorKind::Invalid);
}

void TestAccounts::refusesAnAddressThatIsTaken()
{
    Fixture house;
    house.makeAlice();
    const Alias alias{.address = u"alice@example.test"_s, .targets = {u"x@y.test"_s}};
    QCOMPARE(kindOfFailure(addAlias(house, alias)), ErrorKind::Exists);
    must(addAlias(house, {.address = u"bob@example.test"_s, .targets = {u"x@y.test"_s}}));
    QCOMPARE(kindOfFailure(addAccount(house, {.address = u"bob@example.test"_s})), ErrorKind::Exists);
    QCOMPARE(kindOfFailure(addAccount(house, {.address = u"alice@example.test"_s})), ErrorKind::Exists);
    QCOMPARE(kindOfFailure(addDomain(house, {.name = u"example.test"_s})), ErrorKind::Exists);
}

void TestAccounts::refusesUnknownDomains()
{
    Fixture house;
    const auto one = must(addDomain(house, {.name = u"one.test"_s}));
    must(addDomain(house, {.name = u"two.test"_s}));
    QCOMPARE(kindOfFailure(addAccount(house, {.address = u"a@other.test"_s})), ErrorKind::NotFound);
    QCOMPARE(kindOfFailure(addAccount(house, {.domain = one, .address = u"a@two.test"_s})), ErrorKind::Invalid);
    QCOMPARE(kindOfFailure(addAlias(house, {.address = u"a@other.test"_s, .targets = {u"a@b"_s}})),
             ErrorKind::NotFound);
    QCOMPARE(kindOfFailure(addAlias(house, {.address = u"a@one.test"_s, .targets = {}})), ErrorKind::Invalid);
}

void TestAccounts::refusesDomainAliasesInARow()
{
    Fixture house;
    const auto id = must(addDomain(house, {.name = u"one.test"_s}));
    must(addDomain(house, {.name = u"two.test"_s, .aliasOf = u"one.test"_s}));
    QCOMPARE(kindOfFailure(addDomain(house, {.name = u"three.test"_s, .aliasOf = u"two.test"_s})), ErrorKind::Invalid);
    QCOMPARE(kindOfFailure(addDomain(house, {.name = u"self.test"_s, .aliasOf = u"self.test"_s})), ErrorKind::Invalid);
    const auto back = house.tryWrite<void>([&](Transaction &t) {
        return Accounts::updateDomain(t, {.id = id, .name = u"one.test"_s, .aliasOf = u"two.test"_s});
    });
    QCOMPARE(kindOfFailure(back), ErrorKind::Invalid);
}

void TestAccounts::honoursANewQuotaAtOnce()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    house.deliverOne(inbox);
    auto account = *house.read([&](Connection &c) { return Accounts::account(c, alice); });
    account.quotaOctets = account.usedOctets + 1;
    must(house.tryWrite<void>([&](Transaction &t) { return Accounts::updateAccount(t, account); }));
    const auto over = house.tryWrite<MessageMark>([&](Transaction &t) { return Fixture::deliver(t, inbox); });
    QCOMPARE(kindOfFailure(over), ErrorKind::OverQuota);
    QCOMPARE(house.faults(), QStringList());
}

void TestAccounts::keepsADomainThatIsInUse()
{
    Fixture house;
    const auto remove = [&](const QString &name) {
        return house.tryWrite<void>([&](Transaction &t) { return Accounts::removeDomain(t, name, false, u"test"_s); });
    };
    must(addDomain(house, {.name = u"one.test"_s}));
    must(addDomain(house, {.name = u"two.test"_s, .aliasOf = u"one.test"_s}));
    QCOMPARE(kindOfFailure(remove(u"one.test"_s)), ErrorKind::Denied);
    must(remove(u"two.test"_s));
    must(addAlias(house, {.address = u"a@one.test"_s, .targets = {u"x@y.test"_s}}));
    QCOMPARE(kindOfFailure(remove(u"one.test"_s)), ErrorKind::Denied);
    must(house.tryWrite<void>([](Transaction &t) { return Accounts::removeAlias(t, u"a@one.test"_s); }));
    must(remove(u"one.test"_s));
    QCOMPARE(kindOfFailure(remove(u"one.test"_s)), ErrorKind::NotFound);
}

void TestAccounts::removesAnAccountWithoutALooseEnd()
{
    StoreOptions options;
    options.idleAfter = std::chrono::hours(1);
    Fixture house(options);
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    house.write([&](Transaction &t) -> Result<int> {
        const auto mark = must(Fixture::deliver(t, inbox));
        TraceRow row{.at = 1, .journey = "j1", .step = Step::Received, .message = mark.message.value};
        must(Trace::add(t, row));
        row.step = Step::Delivered;
        row.mailbox = inbox.value;
        row.uid = mark.uid;
        must(Trace::add(t, row));
        must(Mailboxes::flagsFromNames(t, inbox, {"$x"}));
        return 0;
    });
    house.fill(inbox, 3);
    house.write([&](Transaction &t) { return Mailboxes::expunge(t, inbox, {{2, 2}}, true, u"test"_s); });
    must(house.tryWrite<void>(
        [](Transaction &t) { return Accounts::removeAccount(t, u"alice@example.test"_s, u"the postmaster"_s); }));
    QCOMPARE(house.faults(), QStringList());
    house.write([](Transaction &t) { return Messages::collectOrphans(t, 100); });
    for (const auto &table : {u"account"_s, u"mailbox"_s, u"mailbox_message"_s, u"keyword"_s, u"subscription"_s,
                              u"expunged"_s, u"message"_s, u"content"_s, u"orphan"_s})
        QCOMPARE(house.rows(table), 0);
    QCOMPARE(house.faults(), QStringList());
    const auto removed = house.read([](Connection &c) { return Trace::search(c, {.text = u"postmaster"_s}); });
    QCOMPARE(removed.size(), 1);
    QCOMPARE(removed.first().step, Step::Removed);
    QCOMPARE(removed.first().recipient, "alice@example.test");
}

void TestAccounts::removesADomainWithItsContents()
{
    Fixture house;
    house.makeAlice();
    must(addDomain(house, {.name = u"other.test"_s}));
    must(addAccount(house, {.address = u"bob@other.test"_s}));
    must(addAlias(house, {.address = u"info@example.test"_s, .targets = {u"alice@example.test"_s}}));
    must(addAlias(house, {.address = u"info@other.test"_s, .targets = {u"alice@example.test"_s}}));
    must(house.tryWrite<void>(
        [](Transaction &t) { return Accounts::removeDomain(t, u"example.test"_s, true, u"the postmaster"_s); }));
    const auto accounts = house.read([](Connection &c) { return Accounts::accounts(c); });
    QCOMPARE(accounts.size(), 1);
    QCOMPARE(accounts.first().address, u"bob@other.test"_s);
    const auto aliases = house.read([](Connection &c) { return Accounts::aliases(c); });
    QCOMPARE(aliases.size(), 1);
    QCOMPARE(aliases.first().address, u"info@other.test"_s);
    QCOMPARE(house.read([](Connection &c) { return Trace::search(c, {.text = u"postmaster"_s}); }).size(), 2);
    QCOMPARE(house.faults(), QStringList());
}

void TestAccounts::neverGivesAnIdTwice()
{
    Fixture house;
    AccountId last;
    MailboxId mailbox;
    for (int i = 0; i < 3; ++i) {
        const auto alice = house.makeAlice();
        QVERIFY(alice > last);
        QVERIFY(house.mailbox(alice).id > mailbox);
        last = alice;
        mailbox = house.mailbox(alice).id;
        must(house.tryWrite<void>(
            [](Transaction &t) { return Accounts::removeAccount(t, u"alice@example.test"_s, u"test"_s); }));
        house.reopen();
    }
}

void TestAccounts::tellsThatTheDirectoryChanged()
{
    Fixture house;
    int told = 0;
    house.store->onCommitted([&](const Committed &changes) { told += changes.directoryChanged ? 1 : 0; });
    must(addDomain(house, {.name = u"example.test"_s}));
    must(addAlias(house, {.address = u"a@example.test"_s, .targets = {u"x@y.test"_s}}));
    must(house.tryWrite<void>([](Transaction &t) { return Accounts::removeAlias(t, u"a@example.test"_s); }));
    QCOMPARE(told, 3);
    std::ignore = addDomain(house, {.name = u"example.test"_s});
    QCOMPARE(told, 3);
}

void TestAccounts::keepsTheOrderOfAliasTargets()
{
    Fixture house;
    must(addDomain(house, {.name = u"example.test"_s}));
    const QStringList targets{u"z@y.test"_s, u"a@y.test"_s, u"m@y.test"_s};
    const auto id = must(addAlias(house, {.address = u"a@example.test"_s, .targets = targets}));
    QCOMPARE(house.read([](Connection &c) { return Accounts::aliases(c); }).first().targets, targets);
    const Alias other{.id = id, .address = u"a@example.test"_s, .targets = {u"b@y.test"_s}};
    must(house.tryWrite<void>([&](Transaction &t) { return Accounts::updateAlias(t, other); }));
    QCOMPARE(house.read([](Connection &c) { return Accounts::aliases(c); }).first().targets, other.targets);
}

QTEST_GUILESS_MAIN(TestAccounts)
#include "test_accounts.moc"
