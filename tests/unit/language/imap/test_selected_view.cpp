#include "language/imap/selected_view.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::imap;
using Telling = SelectedView::Telling;

namespace {

constexpr MailboxId here{1};

Selected fiveMessages(Uid firstRecent = 0)
{
    Selected selected;
    selected.mailbox = here;
    selected.uids = {10, 20, 30, 40, 50};
    selected.firstRecent = firstRecent;
    return selected;
}

MailboxChange appended(std::initializer_list<Uid> uids)
{
    MailboxChange change{.mailbox = here, .modSeq = 5};
    for (const Uid uid : uids)
        change.appended += MessageMark{uid, 0, 5, MessageId{1}, 1};
    return change;
}

MailboxChange expunged(QList<UidRange> ranges)
{
    MailboxChange change{.mailbox = here, .modSeq = 5};
    change.expunged = std::move(ranges);
    return change;
}

MailboxChange altered(Uid uid, Flags flags, ModSeq modSeq = 5)
{
    MailboxChange change{.mailbox = here, .modSeq = modSeq};
    change.altered = {MessageMark{uid, flags, modSeq, MessageId{1}, 1}};
    return change;
}

MailboxChange elsewhere()
{
    MailboxChange change = appended({60});
    change.mailbox = MailboxId{2};
    return change;
}

} // namespace

class TestSelectedView : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void tellsWhatMayBeTold_data()
    {
        QTest::addColumn<QList<MailboxChange>>("changes");
        QTest::addColumn<QByteArray>("duringFetch");
        QTest::addColumn<QByteArray>("afterwards");
        QTest::addColumn<QList<Uid>>("left");
        const auto row = [](const char *name, QList<MailboxChange> changes, const char *during, const char *after,
                            QList<Uid> left) {
            QTest::newRow(name) << std::move(changes) << QByteArray(during) << QByteArray(after) << std::move(left);
        };
        row("nothing", {}, "", "", {10, 20, 30, 40, 50});
        row("another mailbox", {elsewhere()}, "", "", {10, 20, 30, 40, 50});
        row("one new", {appended({60})}, "* 6 EXISTS\r\n* 0 RECENT\r\n", "", {10, 20, 30, 40, 50, 60});
        row("new ones are told once", {appended({60}), appended({61, 62})}, "* 8 EXISTS\r\n* 0 RECENT\r\n", "",
            {10, 20, 30, 40, 50, 60, 61, 62});
        row("an append told twice", {appended({60}), appended({60})}, "* 6 EXISTS\r\n* 0 RECENT\r\n", "",
            {10, 20, 30, 40, 50, 60});
        row("one gone", {expunged({{30, 30}})}, "", "* 3 EXPUNGE\r\n", {10, 20, 40, 50});
        row("several gone", {expunged({{10, 25}}), expunged({{45, 99}})}, "",
            "* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n* 3 EXPUNGE\r\n", {30, 40});
        row("all gone", {expunged({{1, 100}})}, "",
            "* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n", {});
        row("gone twice", {expunged({{10, 10}}), expunged({{10, 10}})}, "", "* 1 EXPUNGE\r\n", {20, 30, 40, 50});
        row("gone and new", {expunged({{10, 10}}), appended({60})}, "* 6 EXISTS\r\n* 0 RECENT\r\n",
            "* 1 EXPUNGE\r\n", {20, 30, 40, 50, 60});
        row("gone before it was told", {appended({60, 61}), expunged({{60, 60}})}, "* 6 EXISTS\r\n* 0 RECENT\r\n", "",
            {10, 20, 30, 40, 50, 61});
        row("flags", {altered(20, flag::Seen)}, "* 2 FETCH (UID 20 FLAGS (\\Seen))\r\n", "", {10, 20, 30, 40, 50});
        row("flags twice: the last", {altered(20, flag::Seen, 5), altered(10, 0, 6), altered(20, flag::Draft, 7)},
            "* 1 FETCH (UID 10 FLAGS ())\r\n* 2 FETCH (UID 20 FLAGS (\\Draft))\r\n", "", {10, 20, 30, 40, 50});
        row("flags of one not told", {appended({60}), altered(60, flag::Seen)}, "* 6 EXISTS\r\n* 0 RECENT\r\n", "",
            {10, 20, 30, 40, 50, 60});
        row("flags of one unknown", {altered(15, flag::Seen)}, "", "", {10, 20, 30, 40, 50});
        row("flags of one gone", {expunged({{20, 20}}), altered(30, flag::Seen)},
            "* 3 FETCH (UID 30 FLAGS (\\Seen))\r\n", "* 2 EXPUNGE\r\n", {10, 30, 40, 50});
    }
    void tellsWhatMayBeTold()
    {
        QFETCH(QList<MailboxChange>, changes);
        QFETCH(QByteArray, duringFetch);
        QFETCH(QByteArray, afterwards);
        QFETCH(QList<Uid>, left);
        SelectedView view(fiveMessages(), true);
        for (const MailboxChange &change : changes)
            view.note(change);
        QByteArray out;
        view.tell(out, Telling::NoExpunges);
        QCOMPARE(out, duringFetch);
        out.clear();
        view.tell(out, Telling::All);
        QCOMPARE(out, afterwards);
        QVERIFY(!view.hasNews());
        QList<Uid> uids;
        for (qsizetype i = 0; i < view.messages().count(); ++i)
            uids += view.messages().at(i);
        QCOMPARE(uids, left);
    }

    void keepsNumbersWhileExpungesAreNotTold()
    {
        SelectedView view(fiveMessages(), true);
        view.note(expunged({{10, 10}}));
        QByteArray out;
        view.tell(out, Telling::NoExpunges);
        QCOMPARE(view.messages().at(1), Uid(20));
        view.tell(out, Telling::All);
        QCOMPARE(view.messages().at(1), Uid(30));
    }

    void tellsExpungesBeforeNewCounts()
    {
        SelectedView view(fiveMessages(), false);
        view.note(appended({60}));
        view.note(expunged({{50, 50}}));
        QByteArray out;
        view.tell(out, Telling::All);
        QCOMPARE(out, QByteArray("* 5 EXPUNGE\r\n* 5 EXISTS\r\n"));
    }

    void tellsOwnDeedsAndOthersInOrder()
    {
        SelectedView view(fiveMessages(), true);
        view.note(altered(20, flag::Draft, 5)); // before our own STORE was committed
        FlagsStored stored;
        stored.altered = {MessageMark{20, flag::Seen, 6, MessageId{1}, 1}};
        stored.highestModSeq = 6;
        view.noteStored(stored);
        QVERIFY(!view.hasNews());
        view.note(altered(20, flag::Draft, 5)); // late
        QVERIFY(!view.hasNews());
        view.note(altered(20, flag::Flagged, 7));
        QByteArray out;
        view.tell(out, Telling::NoExpunges);
        QCOMPARE(out, QByteArray("* 2 FETCH (UID 20 FLAGS (\\Flagged))\r\n"));
    }

    // A client takes it that a silent STORE did to the flags it knew what it said: it must learn that these were others.
    void tellsWhatOthersDidBeforeASilentStore()
    {
        SelectedView view(fiveMessages(), true);
        view.note(altered(20, flag::Draft, 5));
        FlagsStored stored;
        stored.altered = {MessageMark{10, flag::Seen, 6, MessageId{1}, 1}, MessageMark{20, flag::Draft | flag::Seen, 6, MessageId{1}, 1}};
        stored.highestModSeq = 6;
        view.noteStored(stored, true);
        QByteArray out;
        view.tell(out, Telling::NoExpunges);
        QCOMPARE(out, QByteArray("* 2 FETCH (UID 20 FLAGS (\\Seen \\Draft))\r\n"));
    }

    void knowsWhatIsRecent()
    {
        SelectedView view(fiveMessages(40), true);
        QCOMPARE(view.recentCount(), 2);
        view.note(appended({60}));
        view.note(expunged({{40, 40}}));
        QByteArray out;
        view.tell(out, Telling::All);
        QCOMPARE(out, QByteArray("* 4 EXPUNGE\r\n* 5 EXISTS\r\n* 2 RECENT\r\n"));
        out.clear();
        view.appendFlags(out, {.uid = 60, .flags = flag::Seen}, false);
        QCOMPARE(out, QByteArray("* 5 FETCH (FLAGS (\\Seen \\Recent))\r\n"));
        QCOMPARE(SelectedView(fiveMessages(40), false).recentCount(), 0);
    }

    void tellsKeywordsBeforeTheyAreUsed()
    {
        SelectedView view(fiveMessages(), true);
        MailboxChange change = altered(10, Flags(1) << flag::firstKeywordBit);
        change.keywords = {"$Work"};
        view.note(change);
        QByteArray out;
        view.tell(out, Telling::NoExpunges);
        QCOMPARE(out, QByteArray("* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work)\r\n"
                                 "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work \\*)] "
                                 "Flags permitted\r\n"
                                 "* 1 FETCH (UID 10 FLAGS ($Work))\r\n"));
    }

    void holdsNoMoreThanOneNewsForEachMessage()
    {
        SelectedView view(fiveMessages(), true);
        for (int i = 0; i < 100'000; ++i)
            view.note(altered(10 + 10 * (i % 5), Flags(i % 2), ModSeq(5 + i)));
        QByteArray out;
        view.tell(out, Telling::NoExpunges);
        QCOMPARE(out.count("FETCH"), 5);
    }
};

QTEST_GUILESS_MAIN(TestSelectedView)
#include "test_selected_view.moc"
