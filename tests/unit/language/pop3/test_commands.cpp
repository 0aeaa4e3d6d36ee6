// Every command in every state: the table is the gate.
#include "language/pop3/commands.h"

#include "transcript.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::pop3;
using namespace Qt::StringLiterals;

namespace {

const TlsFacts facts{"TLSv1.3", "TLS_AES_256_GCM_SHA384", "mail.example.test", "hash"};

struct Session
{
    std::unique_ptr<ServerMachine> machine;

    explicit Session(const QByteArray &where)
    {
        ServerConfig config;
        config.plaintextAllowed = where == "plaintext";
        config.tlsAvailable = where != "no TLS";
        machine = std::make_unique<ServerMachine>(config);
        machine->start(where == "TLS" || where == "transaction" ? &facts : nullptr);
        if (where == "transaction") {
            machine->receive("AUTH PLAIN AGEAYg==\r\n");
            machine->answer(machine->nextNeed()->id, SaslAnswer{SaslAnswer::Outcome::Success, {}, u"a"_s});
            machine->answer(machine->nextNeed()->id, Drop{{{10, "x"}, {20, "y"}}});
        }
        (void)machine->takeOutput();
    }
    // The response and the needs, one a line.
    QByteArray say(const QByteArray &line)
    {
        machine->receive(line + "\r\n");
        QByteArray all = machine->takeOutput();
        while (const auto need = machine->nextNeed())
            all += "? " + transcript::describe(need->what) + '\n';
        return all;
    }
};

QByteArray nameOf(const Command &command)
{
    return {command.name.data(), command.name.size()};
}

} // namespace

class TestCommands : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyCommandInEveryState_data();
    void everyCommandInEveryState();
    void everyCommandAfterTheEnd();
    void everyCommandIsTextDuringSasl();
    void capabilitiesAreWhatTheTableAllows();
    void caseOfLettersDoesNotMatter();
    void unknownVerbsAreNotFound();
    void tellsLimitsOfTheConfiguration();
};

void TestCommands::everyCommandInEveryState_data()
{
    QTest::addColumn<QByteArray>("where");
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<QByteArray>("reply"); // its beginning
    const QHash<QByteArray, QByteArrayList> replies{
        // verb: argument, then what plain authorization, TLS, plaintext allowed, no TLS at all and transaction say
        {"CAPA", {"", "+OK", "+OK", "+OK", "+OK", "+OK"}},
        {"STLS", {"", "+OK Begin", "-ERR TLS is there", "+OK Begin", "-ERR TLS is not", "-ERR Not after"}},
        {"USER", {" a", "-ERR [AUTH]", "+OK", "+OK", "-ERR [AUTH]", "-ERR Not after"}},
        {"PASS", {" b", "-ERR [AUTH]", "-ERR USER comes", "-ERR USER comes", "-ERR [AUTH]", "-ERR Not after"}},
        {"AUTH", {" PLAIN", "-ERR [AUTH]", "? SaslBegin", "? SaslBegin", "-ERR [AUTH]", "-ERR Not after"}},
        {"APOP", {" a b", "-ERR APOP", "-ERR APOP", "-ERR APOP", "-ERR APOP", "-ERR Not after"}},
        {"UTF8", {"", "+OK", "+OK", "+OK", "+OK", "-ERR Not after"}},
        {"LANG", {" en", "+OK en", "+OK en", "+OK en", "+OK en", "+OK en"}},
        {"STAT", {"", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "+OK 2 30"}},
        {"LIST", {" 1", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "+OK 1 10"}},
        {"UIDL", {" 1", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "+OK 1 x"}},
        {"RETR", {" 1", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "? ReadMessage 0 @0"}},
        {"TOP", {" 2 0", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "? ReadMessage 1 @0"}},
        {"DELE", {" 1", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "+OK Marked"}},
        {"RSET", {"", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "+OK 2"}},
        {"NOOP", {"", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "+OK"}},
        {"LAST", {"", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "-ERR Sign in", "+OK 0"}},
        {"QUIT", {"", "+OK", "+OK", "+OK", "+OK", "? Update"}},
    };
    const QByteArrayList places{"plain", "TLS", "plaintext", "no TLS", "transaction"};
    for (const Command &command : commands()) {
        const QByteArrayList row = replies.value(nameOf(command));
        QVERIFY2(row.size() == 6, nameOf(command).constData()); // a new command belongs in here
        for (qsizetype i = 0; i < places.size(); ++i)
            QTest::addRow("%s, %s", nameOf(command).constData(), places[i].constData())
                << places[i] << nameOf(command) + row[0] << row[i + 1];
    }
}

void TestCommands::everyCommandInEveryState()
{
    QFETCH(const QByteArray, where);
    QFETCH(const QByteArray, line);
    QFETCH(const QByteArray, reply);
    Session session(where);
    const QByteArray said = session.say(line);
    QVERIFY2(said.startsWith(reply), said.constData());
    // A command that the state does not allow is told to the log and alters nothing.
    const Command *const command = findCommand(line.split(' ').first());
    const State state = where == "transaction" ? State::Transaction : State::Authorization;
    if (!(command->states & unsigned(state))) {
        QVERIFY2(said.contains("? Refused " + nameOf(*command)), said.constData());
        QCOMPARE(session.machine->stateName(), state == State::Transaction ? "transaction"_L1 : "authorization"_L1);
        QVERIFY(session.say("CAPA").startsWith("+OK"));
    }
}

void TestCommands::everyCommandAfterTheEnd()
{
    for (const Command &command : commands()) {
        Session session("TLS");
        QCOMPARE(session.say("QUIT"), "+OK Goodbye\r\n"_ba);
        QCOMPARE(session.say(nameOf(command) + " 1 1"), ""_ba);
        QVERIFY(session.machine->finished());
    }
}

void TestCommands::everyCommandIsTextDuringSasl()
{
    for (const Command &command : commands()) {
        Session session("TLS");
        session.machine->receive("AUTH PLAIN\r\n");
        session.machine->answer(session.machine->nextNeed()->id, SaslAnswer{SaslAnswer::Outcome::Challenge, {}, {}});
        QCOMPARE(session.machine->takeOutput(), "+ \r\n"_ba);
        const QByteArray said = session.say(nameOf(command));
        QVERIFY2(said.startsWith("? SaslContinue") || said.contains("-ERR Not base64"), said.constData());
    }
}

void TestCommands::capabilitiesAreWhatTheTableAllows()
{
    for (const bool tls : {false, true}) {
        for (const bool plaintext : {false, true}) {
            ServerConfig config;
            config.plaintextAllowed = plaintext;
            const QList<QByteArray> lines = capabilities(config, {tls, tls});
            QCOMPARE(lines.contains("STLS"), !tls);
            QCOMPARE(lines.contains("USER"), tls || plaintext);
            const QByteArray all = lines.join('\n');
            QCOMPARE(all.contains(" PLAIN"), tls || plaintext);
            QCOMPARE(all.contains("-PLUS"), tls);
            for (const char *always : {"TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "UTF8 USER", "LANG"})
                QVERIFY2(lines.contains(always), always);
        }
    }
    ServerConfig bare;
    bare.mechanisms = {"PLAIN"};
    bare.tlsAvailable = false;
    const QList<QByteArray> lines = capabilities(bare, {});
    QVERIFY(!lines.contains("STLS"));
    for (const QByteArray &line : lines)
        QVERIFY(!line.startsWith("SASL"));
}

void TestCommands::caseOfLettersDoesNotMatter()
{
    for (const Command &command : commands()) {
        QCOMPARE(findCommand(nameOf(command).toLower()), &command);
        QCOMPARE(findCommand(nameOf(command)), &command);
    }
}

void TestCommands::unknownVerbsAreNotFound()
{
    for (const char *verb : {"", "RET", "RETRX", "XTND", "RPOP", "RETR\t1", "\xFF"})
        QVERIFY(!findCommand(verb));
}

void TestCommands::tellsLimitsOfTheConfiguration()
{
    ServerConfig config;
    config.expireDays = 30;
    config.loginDelay = 60;
    config.implementation = "Some-1.0";
    const QList<QByteArray> lines = capabilities(config, {});
    for (const char *line : {"EXPIRE 30", "LOGIN-DELAY 60", "IMPLEMENTATION Some-1.0"})
        QVERIFY2(lines.contains(line), line);
}

QTEST_APPLESS_MAIN(TestCommands)
#include "test_commands.moc"
