// Routes and the queue's many entries through the protocol, on a real store.
#include "house.h"

#include "platform/store/messages.h"
#include "platform/store/queue.h"
#include "platform/store/trace.h"
#include "platform/store/transaction.h"

#include <QJsonArray>
#include <QJsonDocument>

namespace posthorn::control {

class TestRoutes : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_house = std::make_unique<House>();
        QVERIFY(m_house->ok);
    }
    void cleanup() { m_house.reset(); }

    void addsARouteAndNeverShowsItsSecret()
    {
        const auto added = m_house->call(u"route.add"_s, {{u"name"_s, u"bank"_s},
                                                          {u"recipients"_s, QJsonArray{u"Bank.example"_s, u".münchen.example"_s}},
                                                          {u"host"_s, u"smtp.example:587"_s},
                                                          {u"user"_s, u"anna"_s},
                                                          {u"secret"_s, u"geheim"_s}});
        QVERIFY(added);
        const auto list = m_house->call(u"route.list"_s);
        const QJsonObject route = list->toObject().value("routes"_L1).toArray().first().toObject();
        QCOMPARE(route, added->toObject());
        QCOMPARE(route.value("recipients"_L1).toVariant().toStringList(), QStringList({u".xn--mnchen-3ya.example"_s, u"bank.example"_s}));
        QCOMPARE(route.value("tls"_L1).toString(), u"verify"_s); // a password is shown to nobody in between
        QCOMPARE(route.value("hasSecret"_L1).toBool(), true);
        QVERIFY(!QJsonDocument(list->toObject()).toJson().contains("geheim"));
        QCOMPARE(m_house->told(EventKind::RouteChanged), QStringList{u"route.add bank administrator"_s});
        QCOMPARE(m_house->outcome(u"route.update"_s, {{u"name"_s, u"bank"_s}, {u"host"_s, u"other.example:465"_s}, {u"tls"_s, u"tls"_s}}), u"ok"_s);
        const auto kept = m_house->store->readNow<store::Route>([](store::Connection &c) { return store::Routes::get(c, u"bank"_s); });
        QCOMPARE(kept->secret, u"geheim"_s);
        QCOMPARE(kept->host, u"other.example"_s);
        QCOMPARE(m_house->outcome(u"route.remove"_s, {{u"name"_s, u"bank"_s}}), u"ok"_s);
        QCOMPARE(m_house->outcome(u"route.remove"_s, {{u"name"_s, u"bank"_s}}), u"not-found"_s);
    }
    void takesWhatAProviderWants()
    {
        const auto added = m_house->call(u"route.add"_s, {{u"name"_s, u"out"_s}, {u"provider"_s, u"ses"_s}, {u"region"_s, u"eu-west-1"_s},
                                                          {u"user"_s, u"x"_s}, {u"secret"_s, u"y"_s}});
        QVERIFY(added);
        QCOMPARE(added->toObject().value("host"_L1).toString(), u"email-smtp.eu-west-1.amazonaws.com:587"_s);
        QCOMPARE(m_house->outcome(u"route.add"_s, {{u"name"_s, u"b"_s}, {u"provider"_s, u"ses"_s}}), u"invalid"_s);
        QCOMPARE(m_house->outcome(u"route.add"_s, {{u"name"_s, u"b"_s}, {u"provider"_s, u"nobody"_s}}), u"not-found"_s);
    }
    void refusesARouteThatMakesNoSense_data()
    {
        QTest::addColumn<QString>("fields");
        const auto row = [](const char *name, const char *fields) { QTest::newRow(name) << QString::fromUtf8(fields); };
        row("name", R"("name": "a b", "host": "x.example:25")");
        row("the word direct", R"("name": "direct", "host": "x.example:25")");
        row("nowhere", R"("recipients": ["x.example"])");
        row("host", R"("host": "x.example")");
        row("encryption", R"("host": "x.example:25", "tls": "some")");
        row("way to sign in", R"("host": "x.example:25", "auth": "guess")");
        row("password in clear", R"("host": "x.example:25", "tls": "may", "user": "u", "secret": "s")");
        row("no password", R"("host": "x.example:25", "user": "u")");
        row("password for nobody", R"("host": "x.example:25", "secret": "s")");
        row("token without its mechanism", R"("host": "x.example:25", "user": "u", "auth": "plain", "tokenCommand": "/bin/token")");
        row("mechanism without its token", R"("host": "x.example:25", "user": "u", "auth": "xoauth2", "secret": "s")");
        row("a command from anywhere", R"("host": "x.example:25", "user": "u", "tokenCommand": "token")");
        row("domain", R"("host": "x.example:25", "recipients": ["not a domain!"])");
        row("sign-in at nobody's", R"("host": "direct", "user": "u", "secret": "s")");
    }
    void refusesARouteThatMakesNoSense()
    {
        QFETCH(QString, fields);
        const QString name = fields.contains("\"name\""_L1) ? QString() : u"\"name\": \"r\", "_s;
        const auto given = QJsonDocument::fromJson((u'{' + name + fields + u'}').toUtf8()).object();
        QVERIFY(!given.isEmpty());
        QCOMPARE(m_house->outcome(u"route.add"_s, given), u"invalid"_s);
    }
    void doesThingsToManyEntries()
    {
        queue(1'200, "far.example");
        queue(3, "near.example");
        const auto count = [&](const QString &method, QJsonObject which) {
            return m_house->call(method, which)->toObject().value("count"_L1).toInt(-1);
        };
        const auto matching = [&](const QJsonObject &which) {
            return m_house->call(u"queue.list"_s, which)->toObject().value("matching"_L1).toInt(-1);
        };
        QCOMPARE(m_house->outcome(u"queue.hold"_s), u"invalid"_s); // not everything by an empty word
        QCOMPARE(count(u"queue.hold"_s, {{u"domain"_s, u"far.example"_s}}), 1'200);
        QCOMPARE(matching({{u"state"_s, u"held"_s}}), 1'200);
        QCOMPARE(count(u"queue.release"_s, {{u"all"_s, true}}), 1'200); // the others are not held
        QCOMPARE(count(u"queue.retry"_s, {{u"ids"_s, QJsonArray{u"1"_s, u"2"_s, u"99999"_s}}}), 2);
        QCOMPARE(count(u"queue.remove"_s, {{u"domain"_s, u"far.example"_s}, {u"reason"_s, u"moved"_s}}), 1'200);
        QCOMPARE(matching({}), 3);
        QCOMPARE(m_house->outcome(u"queue.remove"_s, {{u"all"_s, true}, {u"report"_s, true}}), u"unavailable"_s);
    }
    void givesPages()
    {
        queue(25, "far.example");
        const auto page = [&](int offset, int limit) {
            const auto entries = m_house->call(u"queue.list"_s, {{u"offset"_s, offset}, {u"limit"_s, limit}})->toObject().value("entries"_L1).toArray();
            return std::pair(entries.size(), entries.isEmpty() ? QString() : entries.first().toObject().value("recipient"_L1).toString());
        };
        QCOMPARE(page(10, 10), std::pair(qsizetype(10), u"r10@far.example"_s));
        QCOMPARE(page(20, 10), std::pair(qsizetype(5), u"r20@far.example"_s));
        QCOMPARE(page(30, 10), std::pair(qsizetype(0), QString()));
    }
    void changesTheWayOfEntries()
    {
        queue(2, "far.example");
        QVERIFY(m_house->call(u"route.add"_s, {{u"name"_s, u"detour"_s}, {u"host"_s, u"x.example:25"_s}}));
        const auto routed = [&](const QJsonObject &which) { return m_house->call(u"queue.route"_s, which); };
        QCOMPARE(routed({{u"id"_s, u"1"_s}, {u"route"_s, u"detour"_s}})->toObject().value("route"_L1).toString(), u"detour"_s);
        QCOMPARE(routed({{u"id"_s, u"1"_s}, {u"route"_s, u"direct"_s}})->toObject().value("route"_L1).toString(), u"direct"_s);
        QCOMPARE(routed({{u"all"_s, true}, {u"route"_s, u"usual"_s}})->toObject().value("count"_L1).toInt(), 2);
        QVERIFY(!routed({{u"id"_s, u"1"_s}, {u"route"_s, u"nowhere"_s}}));
    }

private:
    void queue(int entries, const QByteArray &domain)
    {
        const auto add = [&](store::Transaction &transaction) -> Result<bool> {
            const store::Digest digest{.header = "Subject: x\r\n\r\n", .size = 18};
            const auto message = store::Messages::add(transaction, digest, "body");
            if (!message)
                return std::unexpected(message.error());
            for (int i = 0; i < entries; ++i) {
                const auto added = store::Queue::add(transaction, {.message = *message, .journey = "j1", .reversePath = "anna@a.example",
                                                                   .recipient = "r" + QByteArray::number(i) + '@' + domain, .domain = domain});
                if (!added)
                    return std::unexpected(added.error());
            }
            return true;
        };
        QVERIFY(m_house->store->writeNow<bool>(add));
    }
    std::unique_ptr<House> m_house;
};

} // namespace posthorn::control

QTEST_GUILESS_MAIN(posthorn::control::TestRoutes)
#include "test_routes.moc"
