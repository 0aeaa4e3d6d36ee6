// What the sender hears of mail that ends here, and what limits and failed addresses do to mail that leaves.
#include "house.h"

#include "service/delivery/pace.h"
#include "service/delivery/staging.h"
#include "support/patience.h"

namespace posthorn::delivery {

class TestDelivery : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void tellsOfSuccess_data();
    void tellsOfSuccess();
    void isQuietOnSpam();
    void doesNotTryWhatFailed();
    void tellsEvenWhoHasNoRoom();
    void dropsAContentThatNobodyWants_data();
    void dropsAContentThatNobodyWants();
    void dropsItWhenThereIsRoomAgain();
    void spreadsOverMinutes();
    void holdsWhatIsTooMuchForADay();
    void countsAcrossARestart();
    void limitsWhomItIsToldTo();
};

void TestDelivery::tellsOfSuccess_data()
{
    QTest::addColumn<QByteArray>("to");
    QTest::addColumn<int>("notify");
    QTest::addColumn<QByteArray>("report"); // Action, or empty
    QTest::addColumn<int>("passedOn");      // NOTIFY of the entry; -1: there is none
    constexpr int S = smtp::NotifySuccess, F = smtp::NotifyFailure, N = smtp::NotifyNever;
    const auto row = [](const char *name, const char *to, int notify, const char *report, int passedOn) {
        QTest::newRow(name) << QByteArray(to) << notify << QByteArray(report) << passedOn;
    };
    row("mailbox", "anna@example.test", S, "delivered", -1);
    row("mailbox, not asked", "anna@example.test", 0, "", -1);
    row("mailbox, failure only", "anna@example.test", F, "", -1);
    row("mailbox, never", "anna@example.test", N, "", -1);
    row("alias of one", "one@example.test", S, "delivered", -1);
    row("alias of one elsewhere", "away@example.test", S | F, "", S | F);
    row("alias of several", "all@example.test", S | F, "expanded", F);
    row("alias of several, success only", "all@example.test", S, "expanded", N);
    row("alias of several, not asked", "all@example.test", 0, "", 0);
    row("with a copy here", "eva@example.test", S | F, "expanded", F);
    row("elsewhere", "x@other.example", S | F, "", S | F);
}

void TestDelivery::tellsOfSuccess()
{
    QFETCH(QByteArray, to);
    QFETCH(int, notify);
    QFETCH(QByteArray, report);
    QFETCH(int, passedOn);
    House house;
    house.addAccount(u"anna"_s);
    house.addAccount(u"eva"_s, {u"eva@home.example"_s});
    const AccountId ben = house.addAccount(u"ben"_s);
    house.addAlias(u"one"_s, {u"anna@example.test"_s});
    house.addAlias(u"away"_s, {u"x@other.example"_s});
    house.addAlias(u"all"_s, {u"anna@example.test"_s, u"x@other.example"_s});
    auto arrival = house.arrival("ben@example.test", {to}, notify);
    arrival->mail.envid = "Q1";
    house.deliver(arrival);
    const auto reports = house.inbox(ben);
    QCOMPARE(reports.size(), report.isEmpty() ? 0 : 1);
    if (!report.isEmpty()) {
        QVERIFY2(reports[0].contains("Action: " + report + "\r\n"), reports[0].constData());
        QVERIFY(reports[0].contains("Final-Recipient: rfc822; " + to));
        QVERIFY(reports[0].contains("Original-Envelope-Id: Q1"));
    }
    const auto queue = house.queue();
    QCOMPARE(queue.size(), passedOn < 0 ? 0 : 1);
    if (passedOn >= 0) {
        QCOMPARE(int(queue[0].notify), passedOn);
        QCOMPARE(queue[0].envid, "Q1");
    }
    QCOMPARE(house.fixture.faults(), QStringList());
}

void TestDelivery::isQuietOnSpam()
{
    House house;
    house.addAccount(u"anna"_s, {u"anna@home.example"_s});
    const AccountId ben = house.addAccount(u"ben"_s);
    auto arrival = house.arrival("ben@example.test", {"anna@example.test"}, smtp::NotifySuccess | smtp::NotifyFailure);
    arrival->quiet = true;
    house.deliver(arrival);
    QVERIFY(house.inbox(ben).isEmpty());
    QCOMPARE(int(house.queue().front().notify), int(smtp::NotifyNever));
}

void TestDelivery::doesNotTryWhatFailed()
{
    House house;
    const AccountId anna = house.addAccount(u"anna"_s);
    house.addAlias(u"all"_s, {u"gone@other.example"_s, u"here@other.example"_s});
    house.suppress(u"gone@other.example"_s);
    house.deliver(house.arrival("anna@example.test", {"all@example.test", "Gone@other.example"}));
    QCOMPARE(house.queued(), QByteArrayList{"anna@example.test > here@other.example"});
    const auto reports = house.inbox(anna);
    QCOMPARE(reports.size(), 1);
    QVERIFY(reports[0].contains("Final-Recipient: rfc822; gone@other.example"));
    QVERIFY(reports[0].contains("Status: 5.1.1"));
    house.deliver(house.arrival({}, {"gone@other.example"})); // and no report of a report
    QCOMPARE(house.inbox(anna).size(), 1);
    house.reopen();
    QVERIFY(house.directory->suppression("GONE@other.example"));
    house.fixture.write([](store::Transaction &transaction) -> Result<bool> {
        must(store::Suppressions::remove(transaction, u"gone@other.example"_s));
        return true;
    });
    QVERIFY(!house.directory->suppression("gone@other.example"));
    house.deliver(house.arrival("anna@example.test", {"gone@other.example"}));
    QCOMPARE(house.queued().size(), 2);
    QCOMPARE(house.fixture.faults(), QStringList());
}

void TestDelivery::tellsEvenWhoHasNoRoom()
{
    House house;
    const AccountId anna = house.addAccount(u"anna"_s);
    house.fixture.write([](store::Transaction &transaction) {
        return store::Accounts::addAccount(transaction, {.address = u"ben@example.test"_s, .quotaOctets = 20});
    });
    const AccountId ben = house.directory->snapshot()->account(u"ben@example.test"_s)->id;
    house.deliver(house.arrival("ben@example.test", {"anna@example.test"}, smtp::NotifySuccess));
    QCOMPARE(house.inbox(anna).size(), 1);
    QCOMPARE(house.inbox(ben).size(), 1);
    QVERIFY(house.inbox(ben).front().contains("Action: delivered"));
    const auto refused = house.tryDeliver(house.arrival("anna@example.test", {"ben@example.test"}));
    QVERIFY(!refused);
    QCOMPARE(refused.error().kind, ErrorKind::OverQuota);
    QCOMPARE(house.fixture.faults(), QStringList());
}

void TestDelivery::dropsAContentThatNobodyWants_data()
{
    QTest::addColumn<bool>("late"); // given up while its first chunk is on its way
    QTest::addColumn<qint64>("quota");
    QTest::newRow("given up") << false << qint64(-1);
    QTest::newRow("given up early") << true << qint64(-1);
    QTest::newRow("no room for it") << false << qint64(20);
    QTest::newRow("delivered") << false << qint64(0);
}

// What is left of a big message that came to nothing must not fill the disk.
void TestDelivery::dropsAContentThatNobodyWants()
{
    QFETCH(bool, late);
    QFETCH(qint64, quota);
    House house;
    house.fixture.write([&](store::Transaction &transaction) {
        return store::Accounts::addAccount(transaction, {.address = u"anna@example.test"_s, .quotaOctets = qMax<qint64>(0, quota)});
    });
    std::shared_ptr<StagedContent> content;
    {
        store::Gate gate(*house.fixture.store);
        stageChunk(*house.fixture.store, content, 0, "some", [](const Result<void> &) {});
        if (late)
            content.reset();
    }
    house.fixture.write([](store::Transaction &) -> Result<bool> { return true; });
    if (quota >= 0) {
        QCOMPARE(house.fixture.rows(u"staged"_s), 1);
        auto arrival = house.arrival("x@other.example", {"anna@example.test"});
        arrival->digest.size += 4;
        arrival->staged = std::move(content);
        arrival->stagedChunks = 1;
        QCOMPARE(house.tryDeliver(arrival).has_value(), quota == 0);
    }
    content.reset();
    QTRY_COMPARE(house.fixture.rows(u"staged"_s), 0);
    QCOMPARE(house.fixture.rows(u"content"_s) > 0, quota == 0);
    QCOMPARE(house.fixture.faults(), QStringList());
}

void TestDelivery::dropsItWhenThereIsRoomAgain()
{
    std::atomic<bool> full = false;
    store::StoreOptions options;
    options.faults = std::make_shared<store::Faults>();
    options.faults->before = [&](QByteArrayView sql) { return full && sql.startsWith("DELETE") ? 13 : 0; };
    options.probeInterval = options.idleAfter = std::chrono::milliseconds(10);
    House house({}, options);
    std::shared_ptr<StagedContent> content;
    stageChunk(*house.fixture.store, content, 0, "some", [](const Result<void> &) {});
    house.fixture.write([](store::Transaction &) -> Result<bool> { return true; });
    full = true;
    content.reset();
    QTRY_COMPARE(house.fixture.store->health(), store::Health::Full);
    full = false;
    QTRY_COMPARE(house.fixture.rows(u"staged"_s), 0);
    QCOMPARE(house.fixture.rows(u"content"_s), 0);
    QCOMPARE(house.fixture.store->health(), store::Health::Good);
}

static std::shared_ptr<Arrival> sent(House &house, int recipients)
{
    QByteArrayList to;
    for (int i = 0; i < recipients; ++i)
        to += "u" + QByteArray::number(i) + "@other.example";
    auto arrival = house.arrival("anna@example.test", to);
    arrival->user = u"anna@example.test"_s;
    arrival->sign = true;
    return arrival;
}

void TestDelivery::spreadsOverMinutes()
{
    House house({{u"limits.account_per_minute"_s, u"10"_s}});
    const AccountId anna = house.addAccount(u"anna"_s); // gets postmaster's mail
    house.deliver(sent(house, 25));
    house.deliver(sent(house, 3));
    QMap<qint64, int> starts;
    for (const store::Entry &entry : house.queue()) {
        QCOMPARE(entry.state, store::EntryState::Waiting);
        ++starts[(entry.nextAttempt - house.at) / 60'000];
    }
    QCOMPARE(starts, (QMap<qint64, int>{{0, 10}, {1, 10}, {2, 8}}));
    QCOMPARE(house.told(EventKind::SendingLimited), QStringList{u"anna@example.test minute"_s});
    QCOMPARE(house.inbox(anna).size(), 1); // told once
    house.at += 180'000;
    house.deliver(sent(house, 1));
    QCOMPARE(house.queue().back().nextAttempt, house.at);
    QCOMPARE(house.fixture.faults(), QStringList());
}

void TestDelivery::holdsWhatIsTooMuchForADay()
{
    House house({{u"limits.account_per_day"_s, u"20"_s}});
    const AccountId anna = house.addAccount(u"anna"_s);
    const auto held = [&] {
        int count = 0;
        for (const store::Entry &entry : house.queue())
            count += entry.state == store::EntryState::Held && entry.lastError.contains(u"20 recipients today"_s);
        return count;
    };
    house.deliver(sent(house, 15));
    QCOMPARE(held(), 0);
    house.deliver(sent(house, 15));
    QCOMPARE(held(), 10);
    house.deliver(sent(house, 15));
    QCOMPARE(held(), 25);
    QCOMPARE(house.told(EventKind::SendingLimited), QStringList{u"anna@example.test day"_s});
    const auto notices = house.inbox(anna);
    QCOMPARE(notices.size(), 1);
    QVERIFY2(notices[0].contains("To: postmaster@example.test"), notices[0].constData());
    house.at += 86'400'000;
    house.deliver(sent(house, 15));
    QCOMPARE(held(), 25);
    house.deliver(sent(house, 15)); // and is told of the next day again
    QCOMPARE(held(), 35);
    QCOMPARE(house.inbox(anna).size(), 2);
    QCOMPARE(house.fixture.faults(), QStringList());
}

void TestDelivery::countsAcrossARestart()
{
    House house({{u"limits.account_per_day"_s, u"20"_s}});
    house.addAccount(u"anna"_s);
    house.deliver(sent(house, 15));
    house.reopen();
    house.deliver(sent(house, 6));
    QCOMPARE(house.queue().back().state, store::EntryState::Held);
}

void TestDelivery::limitsWhomItIsToldTo()
{
    House house({{u"limits.account_per_day"_s, u"5"_s}, {u"limits.domain_per_day"_s, u"12"_s}});
    house.fixture.write([](store::Transaction &transaction) -> Result<bool> {
        must(store::Accounts::addAccount(transaction, {.address = u"anna@example.test"_s, .dayLimit = 0}));
        must(store::Accounts::addAccount(transaction, {.address = u"ben@example.test"_s}));
        return true;
    });
    const auto heldOf = [&](const QString &user, bool sign, const QByteArray &from) {
        auto arrival = sent(house, 10);
        arrival->user = user;
        arrival->sign = sign;
        arrival->mail.reversePath = smtp::parseAddress(from).value();
        house.deliver(arrival);
        int held = 0;
        for (const store::Entry &entry : house.queue())
            held += entry.journey == arrival->journey && entry.state == store::EntryState::Held;
        return held;
    };
    QCOMPARE(heldOf(u"anna@example.test"_s, true, "anna@example.test"), 0);  // 0: no limit of her own
    QCOMPARE(heldOf(u"ben@example.test"_s, true, "other@foreign.example"), 8); // the domain's, whatever he calls himself
    QCOMPARE(heldOf({}, true, "printer@example.test"), 10);                  // a device of the same domain
    QCOMPARE(heldOf({}, false, "spoofed@example.test"), 0);                  // mail that only passes through is not ours
}

} // namespace posthorn::delivery

QTEST_GUILESS_MAIN(posthorn::delivery::TestDelivery)
#include "test_delivery.moc"
