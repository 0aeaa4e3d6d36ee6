// The published shapes of SRS and BATV addresses, there and back.
#include "platform/crypto/hash.h"
#include "policy/trust/batv.h"
#include "policy/trust/srs.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::trust;

namespace {

const QByteArray key = "a key of our own";
constexpr qint64 day = 86'400, now = 20'000 * day + 4'711;

smtp::Address address(const char *text) { return smtp::parseAddress(text).value(); }
smtp::Address sentOn(const smtp::Address &sender, const char *domain, const QByteArray &with = key)
{
    return srsForward(sender, domain, with, now);
}

} // namespace

class TestSrs : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void hasThePublishedShape_data()
    {
        QTest::addColumn<QByteArray>("sender");
        QTest::addColumn<QByteArray>("shape"); // HH: a hash, TT: a time
        const auto row = [](const char *name, const char *sender, const char *shape) {
            QTest::newRow(name) << QByteArray(sender) << QByteArray(shape);
        };
        row("first", "user@source.example", "SRS0=HH=TT=source.example=user@we.example");
        row("user with =", "a=b=c@source.example", "SRS0=HH=TT=source.example=a=b=c@we.example");
        row("second", "SRS0=abcd=TY=source.example=user@first.example",
            "SRS1=HH=first.example==abcd=TY=source.example=user@we.example");
        row("second, another separator", "SRS0+abcd=TY=source.example=user@first.example",
            "SRS1=HH=first.example=+abcd=TY=source.example=user@we.example");
        row("third", "SRS1=wxyz=first.example==abcd=TY=source.example=user@second.example",
            "SRS1=HH=first.example==abcd=TY=source.example=user@we.example");
        row("third, written small", "srs1=wxyz=first.example=-abcd=TY=source.example=user@second.example",
            "SRS1=HH=first.example=-abcd=TY=source.example=user@we.example");
    }
    void hasThePublishedShape()
    {
        QFETCH(QByteArray, sender);
        QFETCH(QByteArray, shape);
        const QByteArray made = sentOn(address(sender), "we.example").toString();
        const auto parts = made.split('=');
        QByteArray seen = made;
        QCOMPARE(parts[1].size(), 6);
        seen.replace(5, 6, "HH");
        if (seen.startsWith("SRS0"))
            seen.replace(8, 2, "TT");
        QCOMPARE(seen, shape);
        QVERIFY(isSrs(address(made).localPart));
        const auto back = srsReverse(address(made), key, now);
        QVERIFY(back);
        if (shape.startsWith("SRS0"))
            QCOMPARE(back->toString(), sender);
        else
            QVERIFY2(back->toString().startsWith("SRS0") && back->domain == "first.example", back->toString().constData());
    }

    // Three forward it one after the other; a bounce goes from the last to the first, past the second, and to the sender.
    void forwardsOfForwardsFindTheirWayBack()
    {
        const smtp::Address sender = address("user@source.example");
        const smtp::Address first = sentOn(sender, "first.example", "first key");
        const smtp::Address second = sentOn(first, "second.example", "second key");
        QVERIFY(second.toString().startsWith("SRS1="));
        QVERIFY(second.toString().endsWith("=first.example=" + first.localPart.sliced(4) + "@second.example"));
        const smtp::Address third = sentOn(second, "third.example", "third key");
        QVERIFY(third.toString().startsWith("SRS1="));
        QVERIFY(!third.toString().contains("second.example")); // it grows no further
        QCOMPARE(third.toString().size(), second.toString().size() - 1); // "second" and "third"
        QCOMPARE(srsReverse(third, "third key", now).value(), first);
        QCOMPARE(srsReverse(second, "second key", now).value(), first);
        QCOMPARE(srsReverse(first, "first key", now).value(), sender);
        QVERIFY(!srsReverse(third, "second key", now));
        QVERIFY(!srsReverse(second, "first key", now));
        // Only the first one knows how old it is.
        QCOMPARE(srsReverse(third, "third key", now + 100 * day).value(), first);
        QVERIFY(!srsReverse(first, "first key", now + 100 * day));
    }

    void keepsTimeForThreeWeeks_data()
    {
        QTest::addColumn<qint64>("later"); // days
        QTest::addColumn<bool>("good");
        for (const auto &[later, good] : {std::pair(0, true), {1, true}, {21, true}, {22, false}, {500, false}, {-1, false}})
            QTest::addRow("%d days", later) << qint64(later) << good;
        QTest::addRow("round the clock of 1024 days") << qint64(1024) << true;
    }
    void keepsTimeForThreeWeeks()
    {
        QFETCH(qint64, later);
        const auto made = sentOn(address("user@source.example"), "we.example");
        QTEST(srsReverse(made, key, now + later * day).has_value(), "good");
    }

    void takesNothingForged_data()
    {
        QTest::addColumn<QByteArray>("text");
        const smtp::Address made = sentOn(address("user@source.example"), "we.example");
        const QByteArray good = made.toString();
        const QByteArray later = sentOn(made, "we.example").toString();
        const auto row = [](const char *name, const QByteArray &text) { QTest::newRow(name) << text; };
        row("another user", QByteArray(good).replace("=user@", "=boss@"));
        row("another domain", QByteArray(good).replace("source", "target"));
        row("another time", QByteArray(good).replace(12, 1, good[12] == 'A' ? "B" : "A"));
        row("no hash", "SRS0==TT=source.example=user@we.example");
        row("short hash", QByteArray(good).remove(6, 3));
        row("too few parts", "SRS0=abcdef=TT=user@we.example");
        row("nothing", "SRS0=@we.example");
        row("another forwarder", QByteArray(later).replace("we.example==", "me.example=="));
        row("the first one's words changed", QByteArray(later).replace("=user@", "=boss@"));
        row("with another key", sentOn(address("user@source.example"), "we.example", "another key").toString());
        row("no such address", "user@we.example");
    }
    void takesNothingForged()
    {
        QFETCH(QByteArray, text);
        const auto parsed = smtp::parseAddress(text);
        QVERIFY(parsed);
        QVERIFY(!srsReverse(*parsed, key, now));
        QVERIFY(!srsReverse(*parsed, {}, now));
    }

    void survivesAChangeOfCase()
    {
        const auto made = sentOn(address("User@source.example"), "we.example");
        const auto lower = srsReverse({made.localPart.toLower(), made.domain}, key, now);
        QVERIFY(lower);
        QCOMPARE(lower->toString(), "user@source.example");
        const auto upper = srsReverse({made.localPart.toUpper(), made.domain}, key, now);
        QVERIFY(upper);
        QCOMPARE(upper->toString(), "USER@source.example");
    }

    void leavesAloneWhatCanNotBeRewritten()
    {
        QCOMPARE(sentOn({}, "we.example"), smtp::Address());
        QCOMPARE(sentOn(address("user@[192.0.2.1]"), "we.example"), address("user@[192.0.2.1]"));
        const smtp::Address longest{QByteArray(64, 'x'), QByteArray(180, 'y') + ".example"};
        QCOMPARE(sentOn(longest, "we.example"), longest);
    }

    void longAddressesCanComeBack()
    {
        const auto made = sentOn(address("bounces+12345-0a1b-someone=elsewhere.example@em1234.mailing.example"), "we.example");
        QVERIFY(made.localPart.size() > 64);
        QCOMPARE(smtp::parseAddress(made.toString()).value(), made);
        QVERIFY(!smtp::parseAddress(QByteArray(65, 'x') + "@we.example"));
    }

    void tagsBounceAddresses()
    {
        const smtp::Address anna = address("anna@we.example");
        const smtp::Address tagged = batvTag(anna, key, now);
        QVERIFY(tagged.toString().startsWith("prvs=0007")); // day 20007
        QCOMPARE(tagged.localPart.size(), 5 + 10 + 1 + 4);
        QVERIFY(isBatv(tagged.localPart));
        QCOMPARE(batvUntag(tagged, key, now).value(), anna);
        QCOMPARE(batvUntag({tagged.localPart.toUpper(), tagged.domain}, key, now).value().toString(), "ANNA@we.example");
        QVERIFY(batvUntag(tagged, key, now + 7 * day));
        QVERIFY(!batvUntag(tagged, key, now + 8 * day));
        QVERIFY(!batvUntag(tagged, "another key", now));
        QVERIFY(!batvUntag({QByteArray(tagged.localPart).replace("anna", "boss"), tagged.domain}, key, now));
        QVERIFY(!batvUntag(anna, key, now));
        QCOMPARE(batvTag(tagged, key, now), tagged);
        QCOMPARE(batvTag({}, key, now), smtp::Address());
    }
};

QTEST_GUILESS_MAIN(TestSrs)
#include "test_srs.moc"
