// Whose mail takes which route.
#include "service/relay/carrier.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::relay;
using namespace Qt::StringLiterals;

namespace {

store::Route route(qint64 id, const QString &recipients, const QString &senders, const QString &host)
{
    const auto words = [](const QString &text) { return text.split(u' ', Qt::SkipEmptyParts); };
    return {.id = {id}, .name = u"r%1"_s.arg(id), .recipients = words(recipients), .senders = words(senders), .host = host,
            .port = quint16(host.isEmpty() ? 0 : 587), .tls = u"verify"_s};
}

} // namespace

class TestCarrier : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void choosesByRecipientThenSender_data()
    {
        QTest::addColumn<qint64>("chosen");
        QTest::addColumn<QByteArray>("recipient");
        QTest::addColumn<QByteArray>("sender");
        QTest::addColumn<QByteArray>("host");
        const auto row = [](const char *name, qint64 chosen, const char *recipient, const char *sender, const char *host) {
            QTest::newRow(name) << chosen << QByteArray(recipient) << QByteArray(sender) << QByteArray(host);
        };
        row("nobody says anything", 0, "x.example", "y.example", "none");
        row("recipient", 0, "bank.example", "y.example", "one");
        row("sender", 0, "x.example", "work.example", "two");
        row("recipient before sender", 0, "bank.example", "work.example", "one");
        row("exact only", 0, "sub.bank.example", "y.example", "none");
        row("the domain itself", 0, "uni.example", "y.example", "three");
        row("below it", 0, "a.b.uni.example", "y.example", "three");
        row("the longest part", 0, "x.cs.uni.example", "y.example", "four");
        row("exact before below", 0, "www.cs.uni.example", "y.example", "five");
        row("not by the end of a name", 0, "myuni.example", "y.example", "none");
        row("chosen", 2, "bank.example", "y.example", "two");
        row("chosen, direct", -1, "bank.example", "work.example", "");
        row("chosen, and gone", 99, "bank.example", "y.example", "one");
        row("direct by domain", 0, "home.example", "work.example", "");
        row("reports have no sender", 0, "x.example", "", "none");
    }
    void choosesByRecipientThenSender()
    {
        QFETCH(qint64, chosen);
        QFETCH(QByteArray, recipient);
        QFETCH(QByteArray, sender);
        const RouteTable table({route(1, u"bank.example"_s, {}, u"one"_s), route(2, {}, u"work.example"_s, u"two"_s),
                                route(3, u".uni.example"_s, {}, u"three"_s), route(4, u".cs.uni.example"_s, {}, u"four"_s),
                                route(5, u"www.cs.uni.example"_s, {}, u"five"_s), route(6, u"home.example"_s, {}, {})});
        const CarrierPointer carrier = table.choose({chosen}, recipient, sender);
        QTEST(carrier ? carrier->host.address : "none"_ba, "host");
    }

    void readsHowItIsReached()
    {
        store::Route made = route(7, {}, {}, u"smtp.example.org"_s);
        made.tls = u"tls"_s;
        made.user = u"anna"_s;
        made.secret = u"geheim"_s;
        const Carrier carrier = carrierFrom(made);
        QVERIFY(carrier.implicitTls);
        QCOMPARE(carrier.tls, TlsPolicy::Verify);
        QCOMPARE(carrier.key, "(route 7)");
        QCOMPARE(carrier.password, "geheim");
        made.tls = u"may"_s;
        QCOMPARE(carrierFrom(made).tls, TlsPolicy::May);
        QVERIFY(!carrierFrom(made).implicitTls);
        QCOMPARE(carrierFrom(route(8, {}, {}, {})), Carrier());
    }
};

QTEST_GUILESS_MAIN(TestCarrier)
#include "test_carrier.moc"
