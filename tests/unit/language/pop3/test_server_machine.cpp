// What a transcript can't say: amounts, bounds, and what must not happen.
#include "language/pop3/server_machine.h"

#include "language/pop3/line_reader.h"
#include "transcript.h"
#include "support/work_timer.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::pop3;
using namespace Qt::StringLiterals;

namespace {

const TlsFacts facts{"TLSv1.3", "TLS_AES_256_GCM_SHA384", "mail.example.test", "hash"};

Drop dropOf(qsizetype messages)
{
    Drop drop;
    for (qsizetype i = 0; i < messages; ++i)
        drop.messages += DropMessage{1000 + i, "uid-" + QByteArray::number(i)};
    return drop;
}

// A session that has signed in; the driver's part is played by the test.
struct Session
{
    ServerMachine machine;

    explicit Session(qsizetype messages, ServerConfig config = {}) : machine(std::move(config))
    {
        machine.start(&facts);
        machine.receive("AUTH PLAIN AGEAYg==\r\n");
        machine.answer(machine.nextNeed()->id, SaslAnswer{SaslAnswer::Outcome::Success, {}, u"a@example.test"_s});
        machine.answer(machine.nextNeed()->id, dropOf(messages));
        (void)drain();
    }
    // A peer that reads all at once.
    QByteArray drain()
    {
        QByteArray all;
        for (QByteArray some = machine.takeOutput(); !some.isEmpty(); some = machine.takeOutput()) {
            all += some;
            machine.outputWaiting(0);
        }
        return all;
    }
    QByteArray say(const QByteArray &text)
    {
        machine.receive(text);
        return drain();
    }
};

} // namespace

class TestServerMachine : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void listsManyMessagesInLittleMemory();
    void listsManyMessagesInLinearTime();
    void pipelinedListsDoNotPileUp();
    void cheapCommandsStayCheapInALargeDrop();
    void sendsALargeMessageInLittleMemory();
    void asksForNoPieceWhileThePeerDoesNotRead();
    void topOfALargeMessageReadsOnePiece();
    void endsWhenAPieceIsEmpty();
    void anEndlessLineEndsTheSession();
    void aLongLineIsRefusedAndTheNextIsRead();
    void aLongSaslResponseCancels();
    void longInitialResponsesAreTaken();
    void manyCommandsBeforeSignInEndTheSession();
    void isNotHungryWhileItWorks();
    void doesWhatCameBeforeTheEnd();
    void answersToNobodyAreIgnored();
    void deletesOnlyInUpdate();
    void closesTheDropOnceOnly();
    void tellsItsUserAndPatience();
    void readsLinesCutAnywhere();
};

void TestServerMachine::listsManyMessagesInLittleMemory()
{
    constexpr qsizetype messages = 100'000;
    for (const QByteArray &command : {"LIST\r\n"_ba, "UIDL\r\n"_ba}) {
        Session session(messages);
        session.machine.receive(command);
        qsizetype lines = 0, most = 0;
        for (QByteArray some = session.machine.takeOutput(); !some.isEmpty(); some = session.machine.takeOutput()) {
            most = qMax(most, some.size());
            lines += some.count('\n');
            session.machine.outputWaiting(0);
        }
        QCOMPARE(lines, messages + 2);
        QVERIFY(most < 512 * 1024);
        QCOMPARE(session.machine.stateName(), "transaction"_L1);
    }
}

void TestServerMachine::listsManyMessagesInLinearTime()
{
    const auto cost = [](int messages) {
        Session session(messages);
        const test::WorkTimer timer;
        const QByteArray all = session.say("LIST\r\nUIDL\r\n");
        const qint64 spent = timer.microseconds();
        qInfo("LIST and UIDL of %d: %lld µs, %lld octets", messages, spent, qint64(all.size()));
        return all.endsWith(QByteArray::number(messages) + " uid-" + QByteArray::number(messages - 1) + "\r\n.\r\n") ? spent : -1;
    };
    const qint64 some = cost(10'000), many = cost(100'000);
    QVERIFY(some > 0 && many > 0);
    QVERIFY(many < 40 * qMax<qint64>(some, 1'000)); // ten times as much, not a hundred times
}

void TestServerMachine::pipelinedListsDoNotPileUp()
{
    Session session(10'000);
    session.machine.receive("LIST\r\n"_ba.repeated(10'000));
    qsizetype waiting = 0;
    // A peer that reads nothing: what is made for it stays small.
    for (int i = 0; i < 100; ++i) {
        waiting += session.machine.takeOutput().size();
        session.machine.outputWaiting(waiting);
    }
    QVERIFY(waiting < 1024 * 1024);
    QVERIFY(!session.machine.hungry());
    // It reads at last, and gets all of them.
    session.machine.outputWaiting(0);
    qsizetype ends = 0;
    for (QByteArray some = session.machine.takeOutput(); !some.isEmpty() && ends < 100; some = session.machine.takeOutput()) {
        ends += some.count("\r\n.\r\n");
        session.machine.outputWaiting(0);
    }
    QCOMPARE_GE(ends, 100);
}

void TestServerMachine::cheapCommandsStayCheapInALargeDrop()
{
    const auto cost = [](int messages) {
        Session session(messages);
        const test::WorkTimer timer;
        QByteArray said;
        for (int i = 0; i < 1000; ++i)
            said += session.say("STAT\r\nRSET\r\nDELE 1\r\nLIST 5\r\n");
        return said.count("+OK") == 4000 ? timer.microseconds() : -1;
    };
    const qint64 small = cost(100), large = cost(100'000);
    QVERIFY(small > 0 && large > 0);
    QVERIFY2(large < 20 * qMax<qint64>(small, 1'000), "each must not walk the whole maildrop");
}

void TestServerMachine::sendsALargeMessageInLittleMemory()
{
    constexpr qint64 size = 50ll * 1024 * 1024;
    const QByteArray piece = QByteArray(QByteArray(62, 'x') + "\r\n").repeated(2048); // 128 KiB
    Session session(1);
    session.machine.receive("RETR 1\r\n");
    qint64 read = 0, written = 0;
    qsizetype waiting = 0, most = 0;
    bool isDone = false;
    while (!isDone) {
        while (const auto need = session.machine.nextNeed()) {
            const auto *const what = std::get_if<ReadMessage>(&need->what);
            QVERIFY(what);
            QCOMPARE(what->offset, read);
            read += piece.size();
            session.machine.answer(need->id, Piece{piece, read >= size});
        }
        waiting += session.machine.takeOutput().size();
        most = qMax(most, waiting);
        const qsizetype taken = qMin<qsizetype>(waiting, 64 * 1024); // the peer reads so much at a time
        waiting -= taken;
        written += taken;
        session.machine.outputWaiting(waiting);
        isDone = waiting == 0 && session.machine.stateName() == "transaction"_L1;
    }
    QCOMPARE(read, size);
    QVERIFY(written > size);
    QVERIFY2(most < 600 * 1024, QByteArray::number(most).constData());
}

void TestServerMachine::asksForNoPieceWhileThePeerDoesNotRead()
{
    Session session(1);
    session.machine.receive("RETR 1\r\n");
    const auto need = session.machine.nextNeed();
    session.machine.answer(need->id, Piece{QByteArray(300 * 1024, 'x'), false});
    const qsizetype waiting = session.machine.takeOutput().size();
    session.machine.outputWaiting(waiting);
    QVERIFY(!session.machine.nextNeed());
    session.machine.outputWaiting(waiting / 2);
    QVERIFY(session.machine.nextNeed());
    session.machine.outputWaiting(0);
    QVERIFY(!session.machine.nextNeed()); // one at a time
}

void TestServerMachine::topOfALargeMessageReadsOnePiece()
{
    Session session(1);
    session.machine.receive("TOP 1 1\r\nNOOP\r\n");
    const auto need = session.machine.nextNeed();
    session.machine.answer(need->id, Piece{"A: b\r\n\r\none\r\ntwo\r\n" + QByteArray(100'000, 'x'), false});
    QVERIFY(!session.machine.nextNeed());
    QCOMPARE(session.drain(), "+OK 1000 octets\r\nA: b\r\n\r\none\r\n.\r\n+OK Still here\r\n"_ba);
}

void TestServerMachine::endsWhenAPieceIsEmpty()
{
    Session session(1);
    session.machine.receive("RETR 1\r\n");
    session.machine.answer(session.machine.nextNeed()->id, Piece{{}, false});
    QVERIFY(!session.machine.nextNeed());
    QCOMPARE(session.drain(), "+OK 1000 octets\r\n.\r\n"_ba);
}

void TestServerMachine::anEndlessLineEndsTheSession()
{
    Session session(1);
    qsizetype fed = 0;
    while (session.machine.hungry() && fed < 10'000'000) {
        session.machine.receive(QByteArray(1000, 'x'));
        fed += 1000;
    }
    QVERIFY(session.machine.finished());
    QVERIFY(fed < 100'000);
    QVERIFY(session.drain().startsWith("-ERR"));
}

void TestServerMachine::aLongLineIsRefusedAndTheNextIsRead()
{
    for (const qsizetype piece : {1, 100, 100'000}) {
        Session session(1);
        const QByteArray text = "NOOP " + QByteArray(30'000, 'x') + "\r\nNOOP\r\nNOOP " + QByteArray(505, 'x')
            + "\r\nNOOP " + QByteArray(506, 'x') + "\r\n";
        QByteArray said;
        for (qsizetype at = 0; at < text.size(); at += piece)
            said += session.say(text.mid(at, piece));
        QCOMPARE(said, "-ERR The line is too long\r\n+OK Still here\r\n+OK Still here\r\n-ERR The line is too long\r\n"_ba);
        QVERIFY(std::get<Refused>(session.machine.nextNeed()->what).line == "(too long)");
    }
}

void TestServerMachine::aLongSaslResponseCancels()
{
    ServerMachine machine{ServerConfig()};
    machine.start(&facts);
    machine.receive("AUTH PLAIN\r\n");
    machine.answer(machine.nextNeed()->id, SaslAnswer{SaslAnswer::Outcome::Challenge, {}, {}});
    machine.receive(QByteArray(20'000, 'A') + "\r\nCAPA\r\n");
    QVERIFY(std::holds_alternative<SaslCancel>(machine.nextNeed()->what));
    QVERIFY(machine.takeOutput().contains("-ERR The line is too long\r\n+OK"));
}

void TestServerMachine::longInitialResponsesAreTaken()
{
    ServerMachine machine{ServerConfig()};
    machine.start(&facts);
    const QByteArray response(9000, 'x');
    machine.receive("AUTH PLAIN " + response.toBase64() + "\r\n");
    const auto need = machine.nextNeed();
    QCOMPARE(std::get<SaslBegin>(need->what).initialResponse, std::optional(response));
}

void TestServerMachine::manyCommandsBeforeSignInEndTheSession()
{
    ServerMachine machine{ServerConfig()};
    machine.start(&facts);
    int said = 0;
    for (; said < 1000 && machine.hungry(); ++said) {
        machine.receive("USER somebody\r\n");
        (void)machine.takeOutput();
        machine.outputWaiting(0);
    }
    QVERIFY(machine.finished());
    QCOMPARE_LE(said, 101);
}

void TestServerMachine::isNotHungryWhileItWorks()
{
    Session session(2);
    QVERIFY(session.machine.hungry());
    session.machine.receive("RETR 1\r\n");
    QVERIFY(!session.machine.hungry()); // so the driver does not count this as silence of the peer
    session.machine.answer(session.machine.nextNeed()->id, Piece{"x", true});
    QVERIFY(session.machine.hungry());
    session.machine.receive("QUIT\r\n");
    QVERIFY(!session.machine.hungry());
}

void TestServerMachine::doesWhatCameBeforeTheEnd()
{
    ServerMachine machine{ServerConfig()};
    machine.start(&facts);
    machine.receive("AUTH PLAIN AGEAYg==\r\nDELE 2\r\nQUIT\r\n");
    machine.peerClosed();
    machine.answer(machine.nextNeed()->id, SaslAnswer{SaslAnswer::Outcome::Success, {}, u"a"_s});
    machine.answer(machine.nextNeed()->id, dropOf(2));
    const auto need = machine.nextNeed();
    QCOMPARE(std::get<Update>(need->what).deleted, QList<qsizetype>{1});
    machine.answer(need->id, Done{});
    QVERIFY(machine.finished());
    QVERIFY(!machine.nextNeed());
}

void TestServerMachine::answersToNobodyAreIgnored()
{
    Session session(1);
    for (const NeedId id : {NeedId(0), NeedId(1), NeedId(2), NeedId(77)}) {
        session.machine.answer(id, Done{});
        session.machine.answer(id, dropOf(9));
        session.machine.answer(id, Piece{"stray", true});
        session.machine.answer(id, Failure{});
    }
    QCOMPARE(session.say("STAT\r\n"), "+OK 1 1000\r\n"_ba);
}

void TestServerMachine::deletesOnlyInUpdate()
{
    for (const int ending : {0, 1, 2, 3}) {
        Session session(3);
        QCOMPARE(session.say("DELE 3\r\nDELE 1\r\n"), "+OK Marked\r\n+OK Marked\r\n"_ba);
        QVERIFY(!session.machine.nextNeed());
        if (ending == 0)
            session.machine.receive("QUIT\r\n");
        else if (ending == 1)
            session.machine.peerClosed();
        else if (ending == 2)
            session.machine.timedOut();
        else
            session.machine.shutDown();
        const auto need = session.machine.nextNeed();
        if (ending == 0)
            QCOMPARE(std::get<Update>(need->what).deleted, (QList<qsizetype>{0, 2}));
        else
            QVERIFY(std::holds_alternative<CloseDrop>(need->what));
        QVERIFY(!session.machine.nextNeed());
    }
}

void TestServerMachine::closesTheDropOnceOnly()
{
    Session session(1);
    session.machine.shutDown();
    session.machine.peerClosed();
    session.machine.timedOut();
    session.machine.shutDown();
    QVERIFY(std::holds_alternative<CloseDrop>(session.machine.nextNeed()->what));
    QVERIFY(!session.machine.nextNeed());
}

void TestServerMachine::tellsItsUserAndPatience()
{
    ServerConfig config;
    config.loginPatience = std::chrono::seconds(7);
    config.idlePatience = std::chrono::seconds(700);
    ServerMachine machine(config);
    machine.start(nullptr);
    QCOMPARE(machine.patience(), std::chrono::seconds(7));
    QVERIFY(machine.userName().isEmpty());
    Session session(1, config);
    QCOMPARE(session.machine.patience(), std::chrono::seconds(700));
    QCOMPARE(session.machine.userName(), u"a@example.test"_s);
}

void TestServerMachine::readsLinesCutAnywhere()
{
    const QByteArray text = "one\r\ntwo\n\r\n\nthree\r\r\n" + QByteArray(10, 'x') + "\r\n" + QByteArray(9, 'y') + "\r\n";
    for (qsizetype piece = 1; piece <= text.size(); ++piece) {
        LineReader reader;
        QByteArrayList lines;
        for (qsizetype at = 0; at < text.size(); at += piece) {
            reader.feed(QByteArrayView(text).sliced(at, qMin(piece, text.size() - at)));
            for (auto outcome = reader.next(11); outcome != LineReader::Outcome::More; outcome = reader.next(11))
                lines += outcome == LineReader::Outcome::Line ? reader.line().toByteArray() : "(long)"_ba;
        }
        QCOMPARE(lines, (QByteArrayList{"one", "two", "", "", "three\r", "(long)", "yyyyyyyyy"}));
    }
}

QTEST_APPLESS_MAIN(TestServerMachine)
#include "test_server_machine.moc"
