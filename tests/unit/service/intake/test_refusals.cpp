// Which refusals are refusals of mail, in the trace, the log and the day's count.
#include "service/intake/refusals.h"

#include <QTemporaryDir>
#include <QTest>

using namespace posthorn;
using namespace posthorn::intake;
using namespace Qt::StringLiterals;
using store::Step;

class TestRefusals : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void tellsMailFromCommands_data()
    {
        QTest::addColumn<QByteArray>("line");
        QTest::addColumn<smtp::Reply>("reply");
        QTest::addColumn<EventKind>("kind");
        const auto row = [](const char *name, const QByteArray &line, const smtp::Reply &reply, EventKind kind) {
            QTest::newRow(name) << line << reply << kind;
        };
        using enum EventKind;
        row("sender", "mail FROM:<a@b.example>", {550, "5.7.1", "Not you"}, MessageRefused);
        row("too big by its word", "MAIL FROM:<a@b.example> SIZE=9999999999", {552, "5.3.4", "Message too big"}, MessageRefused);
        row("recipient", "RCPT TO:<x@b.example>", {550, "5.1.1", "Nobody"}, MessageRefused);
        row("before its text", "DATA", {554, "5.7.1", "Not today"}, MessageRefused);
        row("at its end", "BDAT 5 LAST", {550, "5.7.1", "Spam"}, MessageRefused);
        row("by name", "BURL imap://x LAST", {554, "5.6.6", "It can't be read"}, MessageRefused);
        row("unknown verb", "XYZZY", {500, "5.5.1", "Unknown command"}, CommandRefused);
        row("verb badly written", "RSET now", {501, "5.5.4", "RSET takes nothing"}, CommandRefused);
        row("sender badly written", "MAIL anna", {501, "5.5.4", "MAIL FROM:<address>"}, CommandRefused);
        row("recipient before sender", "RCPT TO:<x@b.example>", {503, "5.5.1", "Say MAIL first"}, CommandRefused);
        row("nobody left to send it to", "DATA", {554, "5.5.1", "No valid recipients"}, CommandRefused);
        row("recipients over the limit", "RCPT TO:<x@b.example>", {452, "4.5.3", "Too many recipients"}, CommandRefused);
        row("connection", {}, {554, "5.7.1", "Go away"}, ConnectionRefused);
    }
    void tellsMailFromCommands()
    {
        QFETCH(QByteArray, line);
        QFETCH(smtp::Reply, reply);
        QFETCH(EventKind, kind);
        filter::Facts facts;
        facts.client = "192.0.2.1";
        facts.recipients.append(smtp::RcptCommand{.forwardPath = {"anna", "example.test"}}); // within a transaction
        QTemporaryDir folder;
        EventLog log;
        const auto store = *store::Store::open({.directory = folder.path()});
        Refusals refusals(*store, log); // until all is written
        refusals.add(facts, {line, reply});
        const auto [rows, today] = kept(*store);
        QCOMPARE(rows.size(), 1);
        QCOMPARE(rows.first().step, kind == EventKind::MessageRefused ? Step::Refused : Step::Denied);
        QVERIFY(!rows.first().recipient.isEmpty());
        QCOMPARE(today.refused, kind == EventKind::MessageRefused ? 1 : 0);
        const auto events = log.since(0, 10);
        QCOMPARE(events.size(), 1);
        QCOMPARE(events.first().second.kind, kind);
    }

private:
    using Kept = std::pair<QList<store::TraceRow>, store::DayTally>;
    static Kept kept(store::Store &store)
    {
        (void)store.writeNow<bool>([](store::Transaction &) { return Result<bool>(true); }); // after what is waiting
        return store
            .readNow<Kept>([](store::Connection &connection) {
                return Result<Kept>({store::Trace::search(connection, {}).value_or(QList<store::TraceRow>()),
                                     store::Trace::tally(connection, {}, 0).value_or(store::DayTally())});
            })
            .value_or(Kept());
    }
};

QTEST_GUILESS_MAIN(TestRefusals)
#include "test_refusals.moc"
