#include "platform/store/tls_policies.h"

#include "store_fixture.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;

class TestTlsPolicies : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void keepsPoliciesUntilTheyExpire();
    void countsSessionsOfADay();
};

void TestTlsPolicies::keepsPoliciesUntilTheyExpire()
{
    Fixture house;
    const auto keep = [&](const QString &domain, const QByteArray &id, qint64 expires) {
        house.write([&](Transaction &t) -> Result<bool> {
            must(TlsPolicies::keep(t, {domain, id, "version: STSv1\n", 5, expires}));
            return true;
        });
    };
    keep(u"a.example"_s, "1", 100);
    keep(u"b.example"_s, "1", 200);
    keep(u"b.example"_s, "2", 300);
    house.write([](Transaction &t) -> Result<bool> {
        must(TlsPolicies::prune(t, 100));
        return true;
    });
    const auto left = house.read(TlsPolicies::all);
    QCOMPARE(left.size(), 1);
    QCOMPARE(left.front().domain, u"b.example"_s);
    QCOMPARE(left.front().id, "2");
    QCOMPARE(left.front().expiresAt, 300);
}

void TestTlsPolicies::countsSessionsOfADay()
{
    Fixture house;
    const auto count = [&](qint64 day, const QString &result, qint64 sessions) {
        house.write([&](Transaction &t) -> Result<bool> {
            must(TlsPolicies::count(t, {{day, u"a.example"_s, u"sts"_s, result, u"mx"_s, u"192.0.2.1"_s, "p", sessions}}));
            return true;
        });
    };
    count(7, {}, 3);
    count(7, {}, 2);
    count(7, u"starttls-not-supported"_s, 1);
    count(8, {}, 1);
    const auto before = [&](qint64 day) {
        return house.read([day](Connection &connection) { return TlsPolicies::results(connection, day); });
    };
    QCOMPARE(before(9).size(), 3);
    QCOMPARE(before(8).size(), 2);
    QCOMPARE(before(8).front().sessions, 5);
    house.write([](Transaction &t) -> Result<bool> {
        must(TlsPolicies::forget(t, 7, u"a.example"_s));
        return true;
    });
    QCOMPARE(before(8).size(), 0);
    QCOMPARE(before(9).size(), 1);
}

QTEST_GUILESS_MAIN(TestTlsPolicies)
#include "test_tls_policies.moc"
