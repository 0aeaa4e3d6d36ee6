// Ways out for mail, and what the queue makes of them and of its filters.
#include "platform/store/routes.h"

#include "store_fixture.h"

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;

class TestRoutes : public QObject
{
    Q_OBJECT
    static RouteId add(Fixture &house, const Route &route)
    {
        return house.write([&](Transaction &t) { return Routes::add(t, route); });
    }
    static MessageId store(Fixture &house)
    {
        return house.write([](Transaction &t) { return Messages::add(t, Fixture::digestOf("Subject: x\r\n\r\n", 4), "body"); });
    }

private Q_SLOTS:
    void keepsRoutes()
    {
        Fixture house;
        add(house, {.name = u"b"_s, .recipients = {u".x.example"_s, u"y.example"_s}, .host = u"smtp.example"_s, .port = 587,
                    .tls = u"verify"_s, .mechanism = u"LOGIN"_s, .user = u"u"_s, .secret = u"s"_s});
        add(house, {.name = u"a"_s, .senders = {u"z.example"_s}});
        house.reopen();
        const auto routes = house.read(Routes::list);
        QCOMPARE(routes.size(), 2);
        QCOMPARE(routes[0].name, u"a"_s);
        QCOMPARE(routes[1].recipients, QStringList({u".x.example"_s, u"y.example"_s}));
        QCOMPARE(routes[1].secret, u"s"_s);
        QCOMPARE(int(routes[1].port), 587);
        Route changed = routes[1];
        changed.secret = u"t"_s;
        house.write([&](Transaction &t) -> Result<bool> { must(Routes::update(t, changed)); return true; });
        QCOMPARE(house.read([](Connection &c) { return Routes::get(c, u"b"_s); }).secret, u"t"_s);
    }
    void givesADomainOneWayOnly()
    {
        Fixture house;
        add(house, {.name = u"a"_s, .recipients = {u"x.example"_s}});
        const auto kind = [&](const Route &route) {
            return kindOfFailure(house.store->writeNow<RouteId>([&](Transaction &t) { return Routes::add(t, route); }));
        };
        QCOMPARE(kind({.name = u"a"_s}), ErrorKind::Exists);
        QCOMPARE(kind({.name = u"b"_s, .recipients = {u"x.example"_s}}), ErrorKind::Exists);
        add(house, {.name = u"c"_s, .senders = {u"x.example"_s}}); // that is something else
    }
    void freesTheEntriesOfARouteThatIsRemoved()
    {
        Fixture house;
        const RouteId id = add(house, {.name = u"a"_s});
        const MessageId message = store(house);
        const EntryId entry = house.write([&](Transaction &t) {
            return Queue::add(t, {.message = message, .reversePath = "Anna@Work.EXAMPLE", .recipient = "x@y.example", .domain = "y.example", .route = id});
        });
        const auto notes = house.read([](Connection &c) { return Queue::notes(c, {}, 10); });
        QCOMPARE(notes.front().route, id);
        QCOMPARE(notes.front().senderDomain, "work.example");
        house.write([&](Transaction &t) -> Result<bool> {
            must(Routes::remove(t, must(Routes::get(t, u"a"_s))));
            return true;
        });
        QCOMPARE(house.read([&](Connection &c) { return Queue::get(c, entry); }).route, routeByDomain);
        house.write([&](Transaction &t) -> Result<bool> { must(Queue::setRoute(t, entry, routeDirect)); return true; });
        QCOMPARE(house.read([&](Connection &c) { return Queue::get(c, entry); }).route, routeDirect);
    }
    void findsEntriesByAllThatIsKnownOfThem()
    {
        Fixture house;
        const MessageId message = store(house);
        for (int i = 0; i < 10; ++i) {
            house.write([&](Transaction &t) {
                return Queue::add(t, {.message = message, .reversePath = i % 2 ? "anna@a.example" : "ben_b@a.example",
                                      .recipient = "r" + QByteArray::number(i) + "@d.example", .domain = "d.example",
                                      .state = i == 3 ? EntryState::Held : EntryState::Waiting, .createdAt = 1'000 + i,
                                      .lastError = i < 4 ? u"451 4.7.1 100% busy"_s : QString()});
            });
        }
        const auto ids = [&](const QueueFilter &filter) {
            const auto found = house.read([&](Connection &c) { return Queue::ids(c, filter); });
            const auto entries = house.read([&](Connection &c) { return Queue::list(c, filter); });
            QList<EntryId> listed;
            for (const Entry &entry : entries)
                listed += entry.id;
            return listed == found ? found.size() : -1;
        };
        QCOMPARE(ids({}), 10);
        QCOMPARE(ids({.sender = u"ben_b"_s}), 5);
        QCOMPARE(ids({.sender = u"ben%b"_s}), 0); // it is a text, no pattern
        QCOMPARE(ids({.recipient = u"r7@"_s}), 1);
        QCOMPARE(ids({.error = u"100%"_s}), 4);
        QCOMPARE(ids({.error = u"4.7.1"_s, .state = EntryState::Held}), 1);
        QCOMPARE(ids({.createdBefore = 1'004}), 4);
        QCOMPARE(ids({.domain = u"d.example"_s, .sender = u"anna"_s, .createdBefore = 1'004}), 2);
        QCOMPARE(ids({.limit = 3}), 3);
        QCOMPARE(ids({.offset = 8, .limit = 3}), 2);
        const QueueFilter filter{.sender = u"anna"_s, .offset = 4, .limit = 2};
        QCOMPARE(house.read([&](Connection &c) { return Queue::matching(c, filter); }), 5);
    }
};

QTEST_GUILESS_MAIN(TestRoutes)
#include "test_routes.moc"
