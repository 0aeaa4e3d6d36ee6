// What no transcript can be long enough for.
#include "language/imap/server_machine.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::imap;
using namespace Qt::StringLiterals;

namespace {

struct Watching
{
    explicit Watching(const QByteArray &command, bool answers = true)
    {
        static const TlsFacts tls{"TLSv1.3", "cipher", {}, "hash"};
        machine.start(&tls);
        machine.receive("l LOGIN anna secret\r\n");
        machine.answer(machine.nextNeed()->id, SaslAnswer{SaslAnswer::Outcome::Success, {}, u"anna@example.test"_s});
        machine.receive(command + "\r\n");
        if (const auto need = machine.nextNeed(); need && std::holds_alternative<WatchMailboxes>(need->what)) {
            watch = need->id;
            if (answers)
                machine.answer(watch, Done{});
        }
        output = machine.takeOutput();
    }
    QList<Need> needs()
    {
        QList<Need> all;
        while (auto need = machine.nextNeed())
            all += *need;
        return all;
    }
    ServerMachine machine{ServerConfig()};
    NeedId watch = 0;
    QByteArray output;
};

} // namespace

class TestNotify : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void refusesToWatchTooManyNames()
    {
        Watching few("n NOTIFY SET (mailboxes (" + QByteArray("a ").repeated(999) + "a) (MessageNew MessageExpunge))");
        QVERIFY(few.output.contains("n OK"));
        Watching many("n NOTIFY SET (mailboxes (" + QByteArray("a ").repeated(1000) + "a) (MessageNew MessageExpunge))");
        QVERIFY(many.output.contains("n NO [NOTIFICATIONOVERFLOW]"));
    }

    // A client that does not listen must not fill the memory.
    void givesUpWhenTooMuchWaits()
    {
        Watching session("n NOTIFY SET (personal (MessageNew MessageExpunge MailboxName))");
        QVERIFY(session.output.contains("n OK"));
        (void)session.needs();
        for (int i = 0; i < 3'000; ++i) {
            session.machine.noticed({.kind = i % 2 ? Notice::Kind::Messages : Notice::Kind::Created, .mailbox = MailboxId{i + 9},
                                     .name = QString::number(i), .appended = true});
        }
        const QByteArray output = session.machine.takeOutput();
        QCOMPARE(output.count("* OK [NOTIFICATIONOVERFLOW]"), 1);
        const QList<Need> needs = session.needs();
        QVERIFY(!needs.isEmpty() && std::holds_alternative<UnwatchMailboxes>(needs.last().what));
        session.machine.noticed({.kind = Notice::Kind::Messages, .name = u"a"_s, .appended = true});
        QVERIFY(session.needs().isEmpty());
    }

    void givesUpBeforeItHasBegun()
    {
        Watching session("n NOTIFY SET (personal (MailboxName))", false);
        for (int i = 0; i < 3'000; ++i)
            session.machine.noticed({.kind = Notice::Kind::Created, .name = QString::number(i)});
        const QList<Need> needs = session.needs();
        QVERIFY(!needs.isEmpty() && std::holds_alternative<UnwatchMailboxes>(needs.last().what));
        QVERIFY(!session.machine.takeOutput().contains("n OK"));
        session.machine.answer(session.watch, Done{});
        const QByteArray output = session.machine.takeOutput();
        QVERIFY2(output.contains("n OK Done\r\n") && output.contains("* OK [NOTIFICATIONOVERFLOW]"), output);
    }

    void tellsNothingWhenItCantBegin()
    {
        Watching session("n NOTIFY SET (personal (MailboxName))", false);
        session.machine.answer(session.watch, Failure{Error{ErrorKind::Unavailable, {}, {}, -1}});
        const QByteArray output = session.machine.takeOutput();
        QVERIFY2(output.contains("n NO [UNAVAILABLE]") && output.contains("* OK [NOTIFICATIONOVERFLOW]"), output);
        QVERIFY(std::holds_alternative<UnwatchMailboxes>(session.needs().last().what));
        session.machine.noticed({.kind = Notice::Kind::Created, .name = u"a"_s});
        QVERIFY(session.needs().isEmpty());
    }

    void tellsAllOfAMailboxInOneGo()
    {
        Watching session("n NOTIFY SET (personal (MessageNew MessageExpunge))");
        (void)session.needs();
        for (int i = 0; i < 10'000; ++i)
            session.machine.noticed({.kind = Notice::Kind::Messages, .mailbox = MailboxId{9}, .name = u"a"_s, .appended = true});
        const QList<Need> needs = session.needs();
        QCOMPARE(needs.size(), 1);
        session.machine.answer(needs[0].id, MailboxStatus{MailboxId{9}, 5'000});
        QCOMPARE(session.needs().size(), 1); // what came since
        QVERIFY(session.machine.takeOutput().startsWith("* STATUS \"a\" (MESSAGES 5000 "));
    }
};

QTEST_GUILESS_MAIN(TestNotify)
#include "test_notify.moc"
