// Accounts that forward, aliases that lead outside, and the return addresses made for that.
#include "house.h"

#include <QTest>

namespace posthorn::delivery {

class TestForwarding : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void leadsWhereItShould();
    void losesNothingInCircles();
    void rewritesForeignSendersOnly();
    void takesBouncesBack();
    void sendsNothingRoundTwice();
    void keepsACopyWhenAsked();
    void tagsOurOwnSenders();
};

void TestForwarding::leadsWhereItShould()
{
    House house;
    house.addAccount(u"anna"_s);
    house.addAccount(u"ben"_s, {u"ben@home.example"_s, u"anna@example.test"_s}, false);
    house.addAccount(u"eva"_s, {u"eva@home.example"_s});
    house.addAlias(u"all"_s, {u"anna@example.test"_s, u"ben@example.test"_s, u"eva@example.test"_s, u"guest@other.example"_s});
    QCOMPARE(house.leadsTo("anna@example.test"), u"anna@example.test"_s);
    QCOMPARE(house.leadsTo("ben@example.test"), u"anna@example.test ben@home.example(ben@example.test)"_s);
    QCOMPARE(house.leadsTo("ben+tag@example.test"), u"anna@example.test ben@home.example(ben@example.test)"_s);
    QCOMPARE(house.leadsTo("eva@example.test"), u"eva@example.test eva@home.example(eva@example.test)"_s);
    QCOMPARE(house.leadsTo("all@example.test"),
             u"anna@example.test eva@example.test ben@home.example(ben@example.test) eva@home.example(eva@example.test) "
             "guest@other.example(all@example.test)"_s);
    QCOMPARE(house.leadsTo("guest@other.example"), u"guest@other.example"_s);
}

void TestForwarding::losesNothingInCircles()
{
    House house;
    house.addAccount(u"anna"_s, {u"ben@example.test"_s}, false);
    house.addAccount(u"ben"_s, {u"anna@example.test"_s}, false);
    house.addAccount(u"self"_s, {u"me@example.test"_s}, false);
    house.addAlias(u"me"_s, {u"self@example.test"_s});
    QCOMPARE(house.leadsTo("anna@example.test"), u"ben@example.test"_s);
    QCOMPARE(house.leadsTo("ben@example.test"), u"anna@example.test"_s);
    QCOMPARE(house.leadsTo("self@example.test"), u"self@example.test"_s);
    QCOMPARE(house.leadsTo("me@example.test"), u"self@example.test"_s);
    house.addAccount(u"carl"_s, {u"dora@example.test"_s}, false);
    house.addAccount(u"dora"_s);
    house.addAlias(u"both"_s, {u"dora@example.test"_s, u"carl@example.test"_s});
    QCOMPARE(house.leadsTo("both@example.test"), u"dora@example.test"_s); // carl keeps no copy: his is dora's
}

void TestForwarding::rewritesForeignSendersOnly()
{
    House house;
    house.addAccount(u"anna"_s, {u"anna@home.example"_s}, false);
    house.deliver(house.arrival("ann@source.example", {"anna@example.test"}));
    house.deliver(house.arrival("ben@example.test", {"anna@example.test"}));
    house.deliver(house.arrival({}, {"anna@example.test"}));
    auto own = house.arrival("ann@source.example", {"x@other.example"});
    own->sign = true;
    house.deliver(own);
    const auto queue = house.queue();
    QCOMPARE(queue.size(), 4);
    QVERIFY2(queue[0].reversePath.startsWith("SRS0="), queue[0].reversePath.constData());
    QVERIFY(queue[0].reversePath.endsWith("=source.example=ann@example.test"));
    QCOMPARE(queue[0].prefix, "Delivered-To: anna@example.test\r\n");
    QCOMPARE(queue[0].originalRecipient, "rfc822;anna@example.test");
    QVERIFY(!queue[0].sign);
    QCOMPARE(queue[1].reversePath, "ben@example.test");
    QCOMPARE(queue[2].reversePath, "");
    QCOMPARE(queue[3].reversePath, "ann@source.example");
    QCOMPARE(queue[3].prefix, "");
    QCOMPARE(house.fixture.faults(), QStringList());
}

void TestForwarding::takesBouncesBack()
{
    House house;
    house.addAccount(u"anna"_s, {u"anna@home.example"_s}, false);
    house.deliver(house.arrival("Ann.Case@source.example", {"anna@example.test"}));
    const QByteArray back = house.queue().front().reversePath;
    QCOMPARE(house.leadsTo(back), QString::fromLatin1("Ann.Case@source.example(" + back + ')'));
    QCOMPARE(house.directory->snapshot()->plainSender(smtp::parseAddress(back).value()).toString(), "Ann.Case@source.example");
    QCOMPARE(house.leadsTo(QByteArray(back).replace("Ann", "Bob")), u"nobody"_s);
    house.reopen(); // the key is kept
    QCOMPARE(house.leadsTo(back), QString::fromLatin1("Ann.Case@source.example(" + back + ')'));
    // A bounce goes on with the null reverse path; what is no bounce gets a return address of ours again.
    house.deliver(house.arrival({}, {back}));
    house.deliver(house.arrival("auto@home.example", {back}));
    const auto queue = house.queue();
    QCOMPARE(queue[1].recipient, "Ann.Case@source.example");
    QCOMPARE(queue[1].reversePath, "");
    QVERIFY(queue[2].reversePath.startsWith("SRS0="));
}

void TestForwarding::sendsNothingRoundTwice()
{
    House house;
    const AccountId anna = house.addAccount(u"anna"_s, {u"anna@home.example"_s}, false);
    house.addAlias(u"list"_s, {u"list@home.example"_s});
    const QByteArray header = "Delivered-To: Anna@example.test\r\nDelivered-To: list@example.test\r\nSubject: x\r\n\r\n";
    house.deliver(house.arrival("ann@source.example", {"anna@example.test"}, 0, header));
    QCOMPARE(house.queued(), QByteArrayList());
    QCOMPARE(house.inbox(anna).size(), 1);
    house.deliver(house.arrival("anna@example.test", {"list@example.test"}, 0, header)); // who has no mailbox
    QCOMPARE(house.queued().size(), 1); // the report: to anna, who forwards
    QCOMPARE(house.queued().front(), " > anna@home.example");
    house.deliver(house.arrival({}, {"list@example.test"}, 0, header));
    QCOMPARE(house.queued().size(), 1);
    QCOMPARE(house.fixture.faults(), QStringList());
}

void TestForwarding::keepsACopyWhenAsked()
{
    House house;
    const AccountId anna = house.addAccount(u"anna"_s, {u"anna@home.example"_s, u"anna@work.example"_s});
    const Receipt receipt = house.deliver(house.arrival("ann@source.example", {"anna@example.test"}));
    QCOMPARE(receipt.delivered, 1);
    QCOMPARE(receipt.queued, 2);
    QCOMPARE(house.inbox(anna).size(), 1);
    QVERIFY(!house.inbox(anna).front().contains("Delivered-To")); // only on its way out
}

void TestForwarding::tagsOurOwnSenders()
{
    House house({{u"bounce.tags"_s, u"tag"_s}});
    house.addAccount(u"anna"_s);
    auto own = house.arrival("anna@example.test", {"x@other.example"});
    own->sign = true;
    house.deliver(own);
    house.deliver(house.arrival("anna@example.test", {"x@other.example"})); // anybody could have said so
    const auto queue = house.queue();
    QVERIFY2(queue[0].reversePath.startsWith("prvs=0"), queue[0].reversePath.constData());
    QCOMPARE(queue[1].reversePath, "anna@example.test");
    QCOMPARE(house.leadsTo(queue[0].reversePath), u"anna@example.test"_s);
    QCOMPARE(house.leadsTo(QByteArray(queue[0].reversePath).replace("prvs=0", "prvs=1")), u"nobody"_s);
}

} // namespace posthorn::delivery

QTEST_GUILESS_MAIN(posthorn::delivery::TestForwarding)
#include "test_forwarding.moc"
