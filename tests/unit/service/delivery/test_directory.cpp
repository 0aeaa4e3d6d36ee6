#include "service/delivery/directory.h"

#include <QSet>
#include <QTest>

using namespace posthorn;
using namespace posthorn::delivery;
using namespace Qt::StringLiterals;

namespace {

DirectorySnapshot house(QChar separator = u'+')
{
    const QList<store::Domain> domains{{.name = u"a.test"_s},
                                       {.name = u"b.test"_s, .catchAll = u"ann@a.test"_s},
                                       {.name = u"other-a.test"_s, .aliasOf = u"a.test"_s}};
    const QList<store::Account> accounts{{.id = {1}, .address = u"ann@a.test"_s},
                                         {.id = {2}, .address = u"ben@a.test"_s, .quotaOctets = 100, .usedOctets = 60},
                                         {.id = {3}, .address = u"boss@b.test"_s, .administrator = true},
                                         {.id = {4}, .address = u"ann@b.test"_s},
                                         {.id = {5}, .address = u"a+b@a.test"_s}};
    const QList<store::Alias> aliases{
        {.address = u"info@a.test"_s, .targets = {u"ann@a.test"_s, u"ben@a.test"_s, u"out@far.test"_s}},
        {.address = u"all@a.test"_s, .targets = {u"info@a.test"_s, u"ben@a.test"_s, u"all@a.test"_s}},
        {.address = u"loop@a.test"_s, .targets = {u"pool@a.test"_s}},
        {.address = u"pool@a.test"_s, .targets = {u"loop@a.test"_s}},
        {.address = u"dead@a.test"_s, .targets = {u"nobody@a.test"_s}},
        {.address = u"own@other-a.test"_s, .targets = {u"ben@a.test"_s}},
        {.address = u"away@a.test"_s, .targets = {u"ann@far.test"_s}}};
    return {{domains, accounts, aliases, {}}, separator, nullptr};
}

QByteArrayList addressesOf(const QList<Onward> &elsewhere)
{
    QByteArrayList addresses;
    for (const Onward &onward : elsewhere)
        addresses += onward.address;
    return addresses;
}

} // namespace

class TestDirectory : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void findsWhoGetsTheMail_data()
    {
        QTest::addColumn<QByteArray>("local");
        QTest::addColumn<QByteArray>("domain");
        QTest::addColumn<QByteArray>("gets"); // accounts, then addresses elsewhere; empty: nobody
        const auto add = [](const char *local, const char *domain, const char *gets) {
            QTest::newRow(qPrintable(QString::fromLatin1(local) + u'@' + QString::fromLatin1(domain)))
                << QByteArray(local) << QByteArray(domain) << QByteArray(gets);
        };
        add("ann", "a.test", "ann@a.test");
        add("ANN", "a.test", "ann@a.test");
        add("ann", "b.test", "ann@b.test");
        add("ann+shop", "a.test", "ann@a.test");
        add("a+b", "a.test", "a+b@a.test");
        add("+x", "a.test", "");
        add("nobody", "a.test", "");
        add("nobody", "b.test", "ann@a.test"); // catch-all
        add("ann", "other-a.test", "ann@a.test");
        add("ann+x", "other-a.test", "ann@a.test");
        add("own", "other-a.test", "ben@a.test");
        add("own", "a.test", "");
        add("info", "a.test", "ann@a.test ben@a.test out@far.test");
        add("info+x", "a.test", "ann@a.test ben@a.test out@far.test");
        add("all", "a.test", "ann@a.test ben@a.test out@far.test");
        add("loop", "a.test", "");
        add("dead", "a.test", "");
        add("away", "a.test", "ann@far.test");
        add("x", "far.test", "x@far.test");
        add("postmaster", "a.test", "boss@b.test"); // the administrator
        add("Postmaster", "b.test", "boss@b.test");
        add("postmaster", "other-a.test", "boss@b.test");
        add("postmaster", "", "boss@b.test");
    }
    void findsWhoGetsTheMail()
    {
        QFETCH(QByteArray, local);
        QFETCH(QByteArray, domain);
        const auto found = house().resolve({local, domain});
        QByteArrayList gets;
        if (found) {
            for (const auto &account : found->accounts)
                gets += account->address.toUtf8();
            gets += addressesOf(found->elsewhere);
        } else {
            QCOMPARE(found.error().kind, ErrorKind::NotFound);
        }
        QTEST(gets.join(' '), "gets");
        if (found)
            QCOMPARE(found->localDomain, domain != "far.test");
    }

    void withoutASeparatorAPlusIsALetter()
    {
        QVERIFY(!house(QChar()).resolve({"ann+shop", "a.test"}));
        QVERIFY(house(u'-').resolve({"ann-shop", "a.test"}));
        QVERIFY(!house(u'-').resolve({"ann+shop", "a.test"}));
    }

    void signsInByLocalPartOnlyWhenItIsClear()
    {
        const DirectorySnapshot snapshot = house();
        QCOMPARE(snapshot.account(u"ben"_s)->address, u"ben@a.test"_s);
        QVERIFY(!snapshot.account(u"ann"_s)); // there are two
        QCOMPARE(snapshot.account(u"ann@b.test"_s)->id, AccountId{4});
        QVERIFY(!snapshot.account(u"nobody"_s));
        QVERIFY(!snapshot.account(u""_s));
    }

    void knowsHowMuchRoomThereIs()
    {
        const DirectorySnapshot before = house();
        const auto ben = before.account(AccountId{2});
        QVERIFY(ben->hasRoomFor(40));
        QVERIFY(!ben->hasRoomFor(41));
        QVERIFY(before.account(AccountId{1})->hasRoomFor(qint64(1) << 60));
        // What was counted since lives on when the tables are read again.
        ben->used->octets = 90;
        const DirectorySnapshot after({.accounts = {{.id = {2}, .address = u"ben@a.test"_s, .quotaOctets = 100, .usedOctets = 60}}}, u'+', &before);
        QVERIFY(!after.account(AccountId{2})->hasRoomFor(11));
    }

    void aDisabledAccountIsNoPostmaster()
    {
        const DirectorySnapshot snapshot({{{.name = u"a.test"_s}},
                                          {{.id = {1}, .address = u"x@a.test"_s, .enabled = false, .administrator = true},
                                           {.id = {2}, .address = u"y@a.test"_s}},
                                          {},
                                          {}},
                                         u'+', nullptr);
        const auto found = snapshot.resolve({"postmaster", "a.test"});
        QVERIFY(found);
        QCOMPARE(found->accounts.value(0)->address, u"y@a.test"_s);
    }

    void manyTargetsAreBounded()
    {
        QList<store::Alias> aliases;
        for (int i = 0; i < 200; ++i) { // each leads to all of them
            store::Alias alias{.address = u"l%1@a.test"_s.arg(i), .targets = {}};
            for (int j = 0; j < 200; ++j)
                alias.targets += u"l%1@a.test"_s.arg(j);
            alias.targets += u"out%1@far.test"_s.arg(i);
            aliases += alias;
        }
        const DirectorySnapshot snapshot({{{.name = u"a.test"_s}}, {}, aliases, {}}, u'+', nullptr);
        const auto found = snapshot.resolve({"l0", "a.test"});
        QVERIFY(found);
        const QByteArrayList all = addressesOf(found->elsewhere);
        QCOMPARE(all.size(), QSet<QByteArray>(all.begin(), all.end()).size());
    }
};

QTEST_GUILESS_MAIN(TestDirectory)
#include "test_directory.moc"
