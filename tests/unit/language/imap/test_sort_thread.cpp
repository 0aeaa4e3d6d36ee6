#include "language/imap/sort_messages.h"
#include "language/imap/thread_messages.h"
#include "language/message/date.h"
#include "language/message/header.h"
#include "support/work_timer.h"

#include <QRandomGenerator>
#include <QTest>

using namespace posthorn;
using namespace posthorn::imap;
using namespace Qt::StringLiterals;
using By = SortCriterion::By;

namespace {

// "Name: value|Name: value"; the Date field is what the store keeps as the sent date.
FetchedRow row(Uid uid, QByteArray header, qint64 arrived = 0, qint64 size = 0)
{
    header.replace('|', "\r\n");
    FetchedRow row{.mark = {.uid = uid, .size = size}, .internalDate = arrived * 1000, .header = header + "\r\n\r\n"};
    if (const auto date = message::parseDate(message::fieldValue(header, "Date")))
        row.sentDate = date->seconds;
    return row;
}

QByteArray sorted(const QList<FetchedRow> &rows, const QList<SortCriterion> &order)
{
    MessageSorter sorter(order);
    for (const FetchedRow &row : rows)
        sorter.add(row);
    QByteArrayList words;
    for (const Uid uid : sorter.sorted())
        words += QByteArray::number(uid);
    return words.join(' ');
}

// One thread from *at on; dummies are "-".
QByteArray text(const Threaded &threaded, qsizetype &at)
{
    const ThreadNode node = threaded.nodes.at(at++);
    QByteArray line = node.uid ? QByteArray::number(node.uid) : QByteArray("-");
    for (qsizetype i = 0; i < node.children; ++i)
        line += '(' + text(threaded, at) + ')';
    return line;
}

QByteArray threaded(const QList<FetchedRow> &rows, ThreadAlgorithm algorithm)
{
    MessageThreader threader(algorithm);
    for (const FetchedRow &row : rows)
        threader.add(row);
    const Threaded threads = threader.threads();
    QByteArrayList words;
    qsizetype at = 0;
    for (qsizetype i = 0; i < threads.threads; ++i)
        words += text(threads, at);
    return at == threads.nodes.size() ? words.join(' ') : "nodes are left";
}

// "id subject refs..." with dates in the order of the list
QList<FetchedRow> mails(const QByteArrayList &lines)
{
    QList<FetchedRow> rows;
    for (const QByteArray &line : lines) {
        const QByteArrayList words = line.split(' ');
        QByteArray references;
        for (const QByteArray &reference : words.sliced(2))
            references += " <" + reference + "@x>";
        QByteArray header = "Message-ID: <" + words.at(0) + "@x>|Subject: " + QByteArray(words.at(1)).replace('_', ' ');
        if (!references.isEmpty())
            header += "|References:" + references;
        const qint64 date = 1'000'000 + rows.size() * 60;
        rows += row(Uid(rows.size() + 1), header + "|Date: " + message::formatDate(date, 0), date);
    }
    return rows;
}

} // namespace

class TestSortThread : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void sorts_data()
    {
        QTest::addColumn<QList<FetchedRow>>("rows");
        QTest::addColumn<QList<SortCriterion>>("order");
        QTest::addColumn<QByteArray>("expected");
        const auto add = [](const char *name, QList<FetchedRow> rows, QList<SortCriterion> order, const char *expected) {
            QTest::newRow(name) << rows << order << QByteArray(expected);
        };
        const QList<FetchedRow> subjects{row(1, "Subject: Re: b"), row(2, "Subject: a"), row(3, "Subject: [l] B"), row(4, "X: y"), row(5, "Subject: =?utf-8?q?=C3=89?=")};
        add("subject", subjects, {{By::Subject}}, "4 2 1 3 5");
        add("reverse keeps the order of what is alike", subjects, {{By::Subject, true}}, "5 1 3 2 4");
        add("size", {row(1, "", 0, 30), row(2, "", 0, 5), row(3, "", 0, 30)}, {{By::Size}}, "2 1 3");
        add("arrival", {row(1, "", 30), row(2, "", -5), row(3, "", 7)}, {{By::Arrival}}, "2 3 1");
        add("date, else arrival",
            {row(1, "Date: Thu, 1 Jan 1970 02:00:00 +0100"), row(2, "Date: Thu, 1 Jan 1970 00:30:00 +0000"), row(3, "Date: never", 2000), row(4, "", 10)},
            {{By::Date}}, "4 2 3 1");
        add("date and zone", {row(1, "Date: Thu, 1 Jan 1970 10:00:00 +0900"), row(2, "Date: Thu, 1 Jan 1970 02:00:00 +0000")}, {{By::Date}}, "1 2");
        add("from: the local part of the first",
            {row(1, "From: Ann <zoe@a.test>"), row(2, "From: Zed <bob@z.test>, a@b"), row(3, "From: BOB@a.test"), row(4, "X: y")}, {{By::From}}, "4 2 3 1");
        add("to and cc", {row(1, "To: b@x|Cc: a@x"), row(2, "To: a@x|Cc: b@x"), row(3, "To: a@x|Cc: a@x")}, {{By::To}, {By::Cc}}, "3 2 1");
        add("a group", {row(1, "To: z@x"), row(2, "To: Friends: a@x, b@x;"), row(3, "To: empty:;")}, {{By::To}}, "3 2 1");
        add("display names",
            {row(1, "From: Zed <a@x>"), row(2, "From: =?utf-8?q?=C3=84nne?= <b@x>"), row(3, "From: m@x"), row(4, "From: \"ann b\" <c@x>"), row(5, "X: y")},
            {{By::DisplayFrom}}, "5 4 2 3 1");
        add("display name of a group", {row(1, "To: Zoo: a@x;"), row(2, "To: Ann <z@x>")}, {{By::DisplayTo}}, "2 1");
        add("several", {row(1, "Subject: b", 5), row(2, "Subject: a", 6), row(3, "Subject: a", 7)}, {{By::Subject}, {By::Arrival, true}}, "3 2 1");
        add("long alike beginnings", {row(1, "Subject: aaaaaaaaaaB"), row(2, "Subject: aaaaaaaaaaA"), row(3, "Subject: aaaaaaaa")}, {{By::Subject}}, "3 2 1");
    }
    void sorts()
    {
        QFETCH(QList<FetchedRow>, rows);
        QFETCH(QList<SortCriterion>, order);
        QFETCH(QByteArray, expected);
        QCOMPARE(sorted(rows, order), expected);
    }

    void threads_data()
    {
        QTest::addColumn<QByteArrayList>("lines");
        QTest::addColumn<QByteArray>("references");
        const auto add = [](const char *name, const QByteArrayList &lines, const char *references) {
            QTest::newRow(name) << lines << QByteArray(references);
        };
        add("none", {}, "");
        add("strangers", {"a A", "b B", "c C"}, "1 2 3");
        add("a chain", {"a A", "b Re:_A a", "c Re:_A a b"}, "1(2(3))");
        add("branches", {"a A", "b Re:_A a", "c Re:_A a", "d Re:_A a b"}, "1(2(4))(3)");
        add("answers came first", {"b Re:_A a", "a A"}, "2(1)");
        add("the first is missing", {"b Re:_A a", "c Re:_A a"}, "-(1)(2)");
        add("only one answer to what is missing", {"b Re:_A a"}, "1");
        add("one is missing in the middle", {"a A", "c Re:_A a b", "d Re:_A a b"}, "1(2)(3)");
        add("a loop", {"a A b", "b B a"}, "2(1)");
        add("of itself", {"a A a"}, "1");
        add("the same name twice", {"a A", "a B", "c C a"}, "1(3) 2");
        add("own references count more", {"c C a b", "b B", "a A"}, "2(1) 3");
        add("one subject, no references", {"a A", "b Re:_A", "c re:_[x]_A"}, "1(2)(3)");
        add("answers without the question", {"a Re:_A", "b Re:_A"}, "-(1)(2)");
        add("the question came later", {"a Re:_A", "b A"}, "2(1)");
        add("two questions", {"a A", "b A"}, "-(1)(2)");
        add("two questions and an answer", {"a A", "b A", "c Re:_A"}, "-(1)(2)(3)");
        add("two dummies of one subject", {"b Re:_A a", "c Re:_A a", "e Re:_A d", "f Re:_A d"}, "-(1)(2)(3)(4)");
        add("a dummy takes strangers in", {"x A", "b Re:_A a", "c Re:_A a"}, "-(1)(2)(3)");
        add("no subject is no subject", {"a ", "b Re:_"}, "1 2");
    }
    void threads()
    {
        QFETCH(QByteArrayList, lines);
        QFETCH(QByteArray, references);
        QCOMPARE(threaded(mails(lines), ThreadAlgorithm::References), references);
    }

    void takesInReplyToForReferences()
    {
        QList<FetchedRow> rows{row(1, "Message-ID: <a@x>|Subject: A"),
                               row(2, "Message-ID: <b@x>|Subject: B|In-Reply-To: your mail of <a@x> and <z@x>|References: none"),
                               row(3, "Message-ID: <c@x>|Subject: C|References: < \"b\" @x >")};
        QCOMPARE(threaded(rows, ThreadAlgorithm::References), "1(2(3))");
    }

    void threadsBySubjectAlone()
    {
        QList<FetchedRow> rows = mails({"a B", "b A", "c Re:_B a", "d Fwd:_A", "e "});
        QCOMPARE(threaded(rows, ThreadAlgorithm::OrderedSubject), "1(3) 2(4) 5");
    }

    void threadsByReferencesAlone()
    {
        QList<FetchedRow> rows = mails({"a A", "b B", "c Re:_A a", "d B"});
        QCOMPARE(threaded(rows, ThreadAlgorithm::Refs), "2 1(3) 4"); // by the newest of each
    }

    // Every message is there once, whatever the fields say.
    void losesNone()
    {
        QRandomGenerator random(7);
        for (int round = 0; round < 400; ++round) {
            QByteArrayList lines;
            const int count = random.bounded(1, 25);
            for (int i = 0; i < count; ++i) {
                QByteArray line = "m" + QByteArray::number(random.bounded(12)) + (random.bounded(2) ? " Re:_" : " ") + char('A' + random.bounded(3));
                for (int refs = random.bounded(4); refs > 0; --refs)
                    line += " m" + QByteArray::number(random.bounded(14));
                lines += line;
            }
            for (const auto algorithm : {ThreadAlgorithm::OrderedSubject, ThreadAlgorithm::References, ThreadAlgorithm::Refs}) {
                QByteArray text = threaded(mails(lines), algorithm);
                QByteArrayList found = text.replace('(', ' ').replace(')', ' ').simplified().split(' ');
                found.removeAll("-");
                QList<int> uids;
                for (const QByteArray &word : std::as_const(found))
                    uids += word.toInt();
                std::ranges::sort(uids);
                QCOMPARE(uids.size(), count);
                for (int i = 0; i < count; ++i)
                    QCOMPARE(uids[i], i + 1);
            }
        }
    }

    void aLongThreadTakesNoLongTime()
    {
        const test::WorkTimer timer;
        for (const bool backwards : {false, true}) {
            MessageThreader threader(ThreadAlgorithm::References);
            for (int i = 0; i < 50'000; ++i) {
                const int id = backwards ? 50'000 - i : i;
                threader.add(row(Uid(i + 1), "Message-ID: <" + QByteArray::number(id) + "@x>|References: <" + QByteArray::number(id - 1) + "@x>|Subject: x"));
            }
            QCOMPARE(threader.threads().nodes.size() >= 50'000, true);
        }
        QVERIFY2(timer.milliseconds() < 20'000, qPrintable(QString::number(timer.milliseconds())));
    }
};

QTEST_GUILESS_MAIN(TestSortThread)
#include "test_sort_thread.moc"
