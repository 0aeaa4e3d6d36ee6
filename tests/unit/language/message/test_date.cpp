#include "language/message/date.h"

#include <QTest>

#include <optional>

using namespace posthorn::message;
using namespace Qt::StringLiterals;

class TestDate : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void reads_data();
    void reads();
    void refuses_data();
    void refuses();
    void writes_data();
    void writes();
    void readsWhatItWrites();
    void staysInsideOfFourDigits();
    void knowsTheCalendar();
};

void TestDate::reads_data()
{
    QTest::addColumn<QByteArray>("field");
    QTest::addColumn<qint64>("seconds");
    QTest::addColumn<int>("offset");
    const auto row = [](const char *field, qint64 seconds, int offset) {
        QTest::newRow(field) << QByteArray(field) << seconds << offset;
    };
    row("Tue, 1 Jul 2003 10:52:37 +0200", 1'057'049'557, 120);
    row("Tue, 01 Jul 2003 10:52:37 +0200 (CEST)", 1'057'049'557, 120);
    row("1 Jul 2003 10:52 -0330", 1'057'069'320, -210);
    row("Thu,\r\n\t13\r\n\tFeb\r\n\t1969\r\n\t23:32\r\n\t-0330 (Newfoundland Time)", -27'723'480, -210);
    row("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", 880'127'706, -360);
    row("21 Nov 97 09:55:06 GMT", 880'106'106, 0);
    row("21 Nov 03 09:55:06 EST", 1'069'426'506, -300);
    row("21 Nov 103 09:55:06 pdt", 1'069'433'706, -420);
    row("21 Nov 2003 09:55:06 Z", 1'069'408'506, 0);
    row("21 Nov 2003 09:55:06 A", 1'069'408'506, 0);
    row("21 Nov 2003 09:55:06 Nowhere", 1'069'408'506, 0);
    row("21 Nov 2003 09:55:06", 1'069'408'506, 0);
    row("21 Nov 2003 09:55:06 +02:00", 1'069'401'306, 120);
    row("Friday, 21 November 2003 09:55:06 +0000", 1'069'408'506, 0);
    row("Fri 21-Nov-2003 09:55:06 -0000", 1'069'408'506, 0);
    row("Fri Nov 21 09:55:06 2003", 1'069'408'506, 0);
    row("Fri Nov 21 09:55:06 EST 2003", 1'069'426'506, -300);
    row("29 Feb 2000 23:59:60 +0000", 951'868'800, 0);
    row("1 Jan 1970 00:00:00 +0000", 0, 0);
    row("31 Dec 9999 23:59:59 +0000", 253'402'300'799, 0);
}

void TestDate::reads()
{
    QFETCH(QByteArray, field);
    QFETCH(qint64, seconds);
    QFETCH(int, offset);
    const std::optional<Date> date = parseDate(field);
    QVERIFY(date.has_value());
    QCOMPARE(date->seconds, seconds);
    QCOMPARE(date->offsetMinutes, offset);
}

void TestDate::refuses_data()
{
    QTest::addColumn<QByteArray>("field");
    for (const char *field : {"",
                              "yesterday",
                              "Tue,",
                              "1",
                              "1 Jul",
                              "1 Jul 2003",
                              "1 Jul 2003 10",
                              "30 Feb 2003 10:00:00 +0000",
                              "29 Feb 1900 10:00 +0000",
                              "0 Jul 2003 10:00 +0000",
                              "32 Jul 2003 10:00 +0000",
                              "1 Juk 2003 10:00 +0000",
                              "1 Jul 2003 24:00 +0000",
                              "1 Jul 2003 10:60 +0000",
                              "1 Jul 2003 10:00:61 +0000",
                              "1 Jul 3 10:00",
                              "99999999999999999999 Jul 2003 10:00",
                              "1 Jul 99999999999999 10:00",
                              "2003-07-01 10:00:00",
                              "(((((",
                              "Jul Jul Jul",
                              "1 Jul 2003 99999999999:00"}) {
        QTest::newRow(field) << QByteArray(field);
    }
}

void TestDate::refuses()
{
    QFETCH(QByteArray, field);
    QVERIFY(!parseDate(field).has_value());
}

void TestDate::writes_data()
{
    QTest::addColumn<qint64>("seconds");
    QTest::addColumn<int>("offset");
    QTest::addColumn<QByteArray>("expected");
    QTest::newRow("east") << qint64(1'057'049'557) << 120 << "Tue, 01 Jul 2003 10:52:37 +0200"_ba;
    QTest::newRow("west") << qint64(1'057'069'320) << -210 << "Tue, 01 Jul 2003 10:52:00 -0330"_ba;
    QTest::newRow("the beginning") << qint64(0) << 0 << "Thu, 01 Jan 1970 00:00:00 +0000"_ba;
    QTest::newRow("before it") << qint64(-1) << 0 << "Wed, 31 Dec 1969 23:59:59 +0000"_ba;
    QTest::newRow("the zone changes the day") << qint64(951'868'799) << 60 << "Wed, 01 Mar 2000 00:59:59 +0100"_ba;
}

void TestDate::writes()
{
    QFETCH(qint64, seconds);
    QFETCH(int, offset);
    QTEST(formatDate(seconds, offset), "expected");
}

void TestDate::readsWhatItWrites()
{
    for (qint64 seconds = -62'000'000'000; seconds < 253'000'000'000; seconds += 987'654'321) {
        for (const int offset : {0, 1, -1, 720, -720, 1439, -1439})
            QCOMPARE(parseDate(formatDate(seconds, offset)), (std::optional<Date>{Date{seconds, offset}}));
    }
}

void TestDate::staysInsideOfFourDigits()
{
    for (const qint64 seconds : {std::numeric_limits<qint64>::min(), std::numeric_limits<qint64>::max()}) {
        for (const int offset : {std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}) {
            QCOMPARE(formatDate(seconds, offset).size(), 31);
            QVERIFY(parseDate(formatDate(seconds, offset)).has_value());
        }
    }
}

void TestDate::knowsTheCalendar()
{
    QCOMPARE(daysFromCivil(1970, 1, 1), 0);
    QCOMPARE(daysFromCivil(2000, 2, 29), 11'016);
    for (qint64 days = -1'000'000; days < 1'000'000; days += 7) {
        const CivilDate date = civilFromDays(days);
        QCOMPARE(daysFromCivil(date.year, date.month, date.day), days);
    }
}

QTEST_GUILESS_MAIN(TestDate)
#include "test_date.moc"
