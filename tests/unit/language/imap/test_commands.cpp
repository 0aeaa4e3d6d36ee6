#include "language/imap/commands.h"
#include "language/imap/server_machine.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::imap;
using namespace Qt::StringLiterals;

namespace {

const TlsFacts someTls{"TLSv1.3", "cipher", {}, "hash"};

Selected threeMessages()
{
    Selected selected;
    selected.mailbox = MailboxId{1};
    selected.name = u"INBOX"_s;
    selected.uids = {1, 2, 3};
    selected.uidNext = 4;
    return selected;
}

// A session brought to a state, whose needs and output are thrown away up to there.
struct Brought
{
    explicit Brought(quint8 state, bool tls = true, ServerConfig config = {}) : machine(std::move(config))
    {
        machine.start(tls ? &someTls : nullptr);
        if (state != NotAuthenticated) {
            say("l AUTHENTICATE SCRAM-SHA-256 AAAA");
            answer(SaslAnswer{SaslAnswer::Outcome::Success, {}, u"anna@example.test"_s});
        }
        if (state == MailboxSelected) {
            say("s SELECT INBOX");
            answer(threeMessages());
        }
        (void)machine.takeOutput();
    }
    void say(const QByteArray &line)
    {
        machine.receive(line + "\r\n");
    }
    void answer(Answer value)
    {
        NeedId id = 0;
        while (const auto need = machine.nextNeed())
            id = need->id;
        machine.answer(id, std::move(value));
    }
    QByteArray ask(const QByteArray &line)
    {
        (void)machine.takeOutput();
        say(line);
        return machine.takeOutput();
    }
    ServerMachine machine;
};

QByteArray nameOf(const Command &command)
{
    return QByteArray(command.name.data(), command.name.size());
}

// Arguments that each command takes.
QByteArray argumentsOf(const QByteArray &name)
{
    static const QHash<QByteArray, QByteArray> arguments{
        {"ID", "NIL"}, {"AUTHENTICATE", "PLAIN AAAA"}, {"LOGIN", "a b"}, {"ENABLE", "X"}, {"SELECT", "INBOX"},
        {"EXAMINE", "INBOX"}, {"CREATE", "a"}, {"DELETE", "a"}, {"RENAME", "a b"}, {"SUBSCRIBE", "a"},
        {"UNSUBSCRIBE", "a"}, {"NOTIFY", "NONE"}, {"LIST", "\"\" *"}, {"LSUB", "\"\" *"}, {"STATUS", "a (MESSAGES)"}, {"APPEND", "a {1+}\r\nx"},
        {"GETQUOTA", "a"}, {"GETQUOTAROOT", "a"}, {"FETCH", "1 FLAGS"}, {"STORE", "1 FLAGS ()"}, {"SEARCH", "ALL"},
        {"SORT", "(SIZE) UTF-8 ALL"}, {"UID SORT", "(SIZE) UTF-8 ALL"}, {"CANCELUPDATE", "\"a\""}, {"ESEARCH", "IN (personal) ALL"}, {"THREAD", "REFS UTF-8 ALL"}, {"UID THREAD", "REFS UTF-8 ALL"},
        {"COPY", "1 a"}, {"MOVE", "1 a"}, {"UID FETCH", "1 FLAGS"}, {"UID STORE", "1 FLAGS ()"}, {"UID SEARCH", "ALL"},
        {"UID COPY", "1 a"}, {"UID MOVE", "1 a"}, {"COMPRESS", "DEFLATE"}, {"GENURLAUTH", "imap://anna@localhost/a/;UID=1;URLAUTH=anonymous INTERNAL"},
        {"URLFETCH", "imap://x"}, {"UID EXPUNGE", "1"}, {"SETACL", "a b lr"}, {"DELETEACL", "a b"}, {"GETACL", "a"},
        {"LISTRIGHTS", "a b"}, {"MYRIGHTS", "a"}, {"GETMETADATA", "a /shared/x"}, {"SETMETADATA", "a (/shared/x NIL)"},
        {"SETQUOTA", "a ()"}, {"REPLACE", "1 a {1+}\r\nx"}, {"UID REPLACE", "1 a {1+}\r\nx"},
    };
    return arguments.contains(name) ? ' ' + arguments.value(name) : QByteArray();
}

} // namespace

class TestCommands : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void areAllowedWhereTheTableSays()
    {
        for (const Command &command : commands()) {
            for (const quint8 state : {NotAuthenticated, Authenticated, MailboxSelected}) {
                Brought session(state);
                const QByteArray name = nameOf(command);
                const QByteArray reply = session.ask("x " + name + argumentsOf(name));
                const bool refused = reply.startsWith("x BAD Sign in first") || reply.startsWith("x BAD Not in this state");
                QVERIFY2(refused == !(command.states & state), name + ": " + reply);
                QVERIFY2(refused || !reply.startsWith("x BAD") || name == "STARTTLS", name + ": " + reply);
            }
        }
    }

    void refuseMissingAndSurplusArguments()
    {
        for (const Command &command : commands()) {
            if (command.flags & Junk || command.name == "LANGUAGE"_L1) // which takes any number
                continue;
            const quint8 state = command.states & MailboxSelected ? MailboxSelected
                                 : command.states & Authenticated ? Authenticated
                                                                  : NotAuthenticated;
            const QByteArray name = nameOf(command);
            const QByteArray arguments = argumentsOf(name);
            QVERIFY2(Brought(state).ask("x " + name + ' ').startsWith("x BAD"), name);
            if (!arguments.isEmpty())
                QVERIFY2(Brought(state).ask("x " + name).startsWith("x BAD"), name);
            else
                QVERIFY2(Brought(state).ask("x " + name + (name == "RESETKEY" ? " a (" : " surplus")).startsWith("x BAD"), name);
            if (!arguments.isEmpty() && name != "AUTHENTICATE" && !(command.flags & StreamsLiteral))
                QVERIFY2(Brought(state).ask("x " + name + arguments + ')').startsWith("x BAD"), name);
        }
    }

    void needPrivacyWhereTheTableSays()
    {
        for (const Command &command : commands()) {
            const QByteArray name = nameOf(command);
            const QByteArray reply = Brought(NotAuthenticated, false).ask("x " + name + argumentsOf(name));
            const bool refused = reply.startsWith("x NO [PRIVACYREQUIRED]");
            QVERIFY2(refused == bool(command.flags & NeedsPrivacy) || name == "AUTHENTICATE", name + ": " + reply);
            QVERIFY2(!reply.startsWith("x NO") || (command.flags & Secret), name);
        }
    }

    void ofSecretArgumentsAreNeverTold()
    {
        for (const Command &command : commands()) {
            if (!(command.flags & Secret))
                continue;
            Brought session(MailboxSelected);
            session.say("x " + nameOf(command) + " secret {3+}\r\nabc");
            const auto need = session.machine.nextNeed();
            QVERIFY(need && std::holds_alternative<Refused>(need->what));
            QCOMPARE(std::get<Refused>(need->what).line, nameOf(command));
        }
    }

    void appearInCapabilityAsTheTableSays()
    {
        const QByteArray before = Brought(NotAuthenticated).ask("x CAPABILITY");
        const QByteArray after = Brought(Authenticated).ask("x CAPABILITY");
        for (const Command &command : commands()) {
            for (const QByteArray &word : QByteArray(command.capabilities.data(), command.capabilities.size()).split(' ')) {
                if (command.states & SignedIn)
                    QVERIFY2(after.contains(' ' + word), word);
                if (command.states & NotAuthenticated)
                    QVERIFY2(before.contains(' ' + word), word);
            }
        }
        QVERIFY(!before.contains("STARTTLS"));
        QVERIFY(!after.contains(" AUTH="));
        QVERIFY(Brought(NotAuthenticated, false).ask("x CAPABILITY").contains(" STARTTLS "));
        ServerConfig noTls;
        noTls.tlsAvailable = false;
        QVERIFY(!Brought(NotAuthenticated, false, noTls).ask("x CAPABILITY").contains("STARTTLS"));
        ServerConfig plain;
        plain.plaintextAllowed = true;
        const QByteArray words = Brought(NotAuthenticated, false, plain).ask("x CAPABILITY");
        QVERIFY(words.contains("AUTH=PLAIN") && !words.contains("LOGINDISABLED"));
    }

    void endTheSessionWhenTooManyAreBad()
    {
        Brought session(NotAuthenticated);
        QByteArray all;
        for (int i = 0; i < 30; ++i)
            all += "x FROBNICATE\r\n";
        session.machine.receive(all);
        const QByteArray output = session.machine.takeOutput();
        QCOMPARE(output.count("x BAD"), 20);
        QVERIFY(output.endsWith("* BYE Too many bad commands\r\n"));
        QVERIFY(session.machine.finished());
    }

    // RFC 9051 §7: whatever becomes of a command, at its end the client is told what others did meanwhile; but no number
    // changes its meaning while one that uses numbers is under way.
    void tellNewsOfOthersAtTheirEnd()
    {
        const QByteArrayList leaving{"LOGOUT", "SELECT", "EXAMINE", "CLOSE", "UNSELECT", "UNAUTHENTICATE"};
        MailboxChange news{.mailbox = MailboxId{1}, .modSeq = 9};
        news.appended = {{4, 0, 8, MessageId{4}, 10}};
        news.altered = {{2, flag::Seen | Flags(1) << flag::firstKeywordBit, 7, MessageId{2}, 10}};
        news.expunged = {{1, 1}};
        news.keywords = {"$New"};
        for (const Command &command : commands()) {
            const QByteArray name = nameOf(command);
            if (!(command.states & MailboxSelected) || leaving.contains(name))
                continue;
            for (const bool qresync : {false, true}) {
                Brought session(MailboxSelected);
                if (qresync)
                    session.say("q ENABLE QRESYNC");
                (void)session.machine.takeOutput();
                session.machine.changed(news);
                QVERIFY2(session.machine.takeOutput().isEmpty(), "told while no command is there");
                session.say("x " + name + argumentsOf(name));
                for (int i = 0; i < 5; ++i)
                    session.answer(Failure{Error{ErrorKind::Unavailable, u"Not now"_s, {}, -1}});
                if (name == "IDLE")
                    session.say("DONE");
                const QByteArray output = session.machine.takeOutput();
                const bool usesNumbers = command.flags & UsesSequence;
                QVERIFY2(output.contains("\r\nx ") || output.startsWith("x "), name + ": " + output);
                QVERIFY2(output.contains("* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $New)\r\n"), name + ": " + output);
                QVERIFY2(output.contains(qresync ? "* VANISHED 1\r\n" : "* 1 EXPUNGE\r\n") == !usesNumbers, name + ": " + output);
                QVERIFY2(output.contains(usesNumbers ? "* 4 EXISTS\r\n" : "* 3 EXISTS\r\n"), name + ": " + output);
                const QByteArray flags = " FETCH (UID 2 FLAGS (\\Seen $New)" + QByteArray(qresync ? " MODSEQ (7)" : "") + ")\r\n";
                QVERIFY2(output.contains((usesNumbers ? "* 2" : "* 1") + flags), name + ": " + output);
                QVERIFY2(output.indexOf("* FLAGS") < output.indexOf(flags), name);
                QCOMPARE(session.ask("y NOOP"), usesNumbers ? (qresync ? "* VANISHED 1\r\ny OK Done\r\n"_ba : "* 1 EXPUNGE\r\ny OK Done\r\n"_ba)
                                                            : "y OK Done\r\n"_ba);
            }
        }
    }

    void waitForTheOneBefore()
    {
        Brought session(Authenticated);
        session.machine.receive("a STATUS x (MESSAGES)\r\nb ENABLE X\r\nc STATUS y (MESSAGES)\r\n");
        QCOMPARE(session.machine.takeOutput(), QByteArray());
        QVERIFY(!session.machine.hungry());
        session.answer(MailboxStatus{});
        QCOMPARE(session.machine.takeOutput(), QByteArray("* STATUS \"x\" (MESSAGES 0)\r\na OK Done\r\n* ENABLED\r\nb OK Done\r\n"));
        session.answer(MailboxStatus{});
        QVERIFY(session.machine.takeOutput().endsWith("c OK Done\r\n"));
        QVERIFY(session.machine.hungry());
    }

    void finishBeforeTheServerStops()
    {
        Brought session(Authenticated);
        session.machine.receive("a STATUS x (MESSAGES)\r\nb ENABLE X\r\n");
        session.machine.shutDown();
        QVERIFY(!session.machine.finished());
        session.answer(MailboxStatus{});
        const QByteArray output = session.machine.takeOutput();
        QVERIFY(output.contains("a OK Done\r\n* BYE"));
        QVERIFY(!output.contains("b OK"));
        QVERIFY(session.machine.finished());
    }

    void finishWhenTheClientHasGone()
    {
        Brought session(Authenticated);
        session.machine.receive("a STATUS x (MESSAGES)\r\nb LOGOUT\r\n");
        session.machine.peerClosed();
        QVERIFY(!session.machine.finished());
        QVERIFY(!session.machine.hungry());
        session.answer(MailboxStatus{});
        QVERIFY(session.machine.finished());
        QVERIFY(session.machine.takeOutput().endsWith("b OK Signed out\r\n"));
    }

    void stopWhileOutputPilesUp()
    {
        Brought session(Authenticated);
        session.machine.outputWaiting(10'000'000);
        QVERIFY(!session.machine.hungry());
        session.machine.receive("a NOOP\r\n");
        QCOMPARE(session.machine.takeOutput(), QByteArray());
        session.machine.outputWaiting(0);
        QCOMPARE(session.machine.takeOutput(), QByteArray("a OK Done\r\n"));
    }

    void ignoreAnswersNobodyWaitsFor()
    {
        Brought session(MailboxSelected);
        session.machine.answer(1, Done{});
        session.machine.answer(4711, Failure{});
        session.say("a STATUS x (MESSAGES)");
        session.machine.answer(1, Failure{});
        QCOMPARE(session.machine.takeOutput(), QByteArray());
        session.answer(Expunged{}); // of another kind
        QVERIFY(session.machine.takeOutput().startsWith("a NO [SERVERBUG]"));
    }

    void arePatientAsConfigured()
    {
        QCOMPARE(Brought(NotAuthenticated).machine.patience(), std::chrono::seconds(60));
        QCOMPARE(Brought(Authenticated).machine.patience(), std::chrono::minutes(30));
    }
};

QTEST_GUILESS_MAIN(TestCommands)
#include "test_commands.moc"
