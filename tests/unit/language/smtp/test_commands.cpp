// Every command in every state, against a table of what must come of it.
#include "fake_service.h"
#include "language/smtp/commands.h"

#include <QTest>

using namespace posthorn::smtp;
using namespace Qt::StringLiterals;

namespace {

// What is said, and for start, ready, mail, rcpt and chunks the reply's code and the state afterwards.
struct Row
{
    const char *line;
    const char *outcomes[5];
};

const char *const states[] = {"start", "ready", "mail", "rcpt", "data"};

const Row table[] = {
    {"MAIL FROM:<a@example.org>", {"503 start", "250 mail", "503 mail", "503 rcpt", "503 data"}},
    {"RCPT TO:<b@example.org>", {"503 start", "503 ready", "250 rcpt", "250 rcpt", "503 data"}},
    {"DATA", {"503 start", "503 ready", "503 mail", "354 data", "503 data"}},
    {"BDAT 2\r\nx", {"503 start", "503 ready", "503 mail", "250 data", "250 data"}},
    {"BDAT 3 LAST\r\nx", {"503 start", "503 ready", "503 mail", "250 ready", "250 ready"}},
    {"BURL imap://x", {"503 start", "503 ready", "503 mail", "250 data", "250 data"}},
    {"BURL imap://x LAST", {"503 start", "503 ready", "503 mail", "250 ready", "250 ready"}},
    {"BURL", {"503 start", "503 ready", "503 mail", "501 rcpt", "501 data"}},
    {"EHLO client.example", {"250 ready", "250 ready", "250 ready", "250 ready", "250 ready"}},
    {"HELO client.example", {"250 ready", "250 ready", "250 ready", "250 ready", "250 ready"}},
    {"QUIT", {"221 over", "221 over", "221 over", "221 over", "221 over"}},
    {"RSET", {"250 start", "250 ready", "250 ready", "250 ready", "250 ready"}},
    {"NOOP", {"250 start", "250 ready", "250 mail", "250 rcpt", "250 data"}},
    {"NOOP with words", {"250 start", "250 ready", "250 mail", "250 rcpt", "250 data"}},
    {"STARTTLS", {"220 tls", "220 tls", "503 mail", "503 rcpt", "503 data"}},
    {"AUTH PLAIN AGEAYg==", {"503 start", "235 ready", "503 mail", "503 rcpt", "503 data"}},
    {"HELP", {"214 start", "214 ready", "214 mail", "214 rcpt", "214 data"}},
    {"VRFY joe", {"252 start", "252 ready", "252 mail", "252 rcpt", "252 data"}},
    {"EXPN list", {"502 start", "502 ready", "502 mail", "502 rcpt", "502 data"}},
    {"TURN", {"502 start", "502 ready", "502 mail", "502 rcpt", "502 data"}},
    {"ETRN example.org", {"502 start", "502 ready", "502 mail", "502 rcpt", "502 data"}},
    {"ATRN example.org", {"502 start", "502 ready", "502 mail", "502 rcpt", "502 data"}},
    {"SEND FROM:<a@example.org>", {"502 start", "502 ready", "502 mail", "502 rcpt", "502 data"}},
    {"SOML FROM:<a@example.org>", {"502 start", "502 ready", "502 mail", "502 rcpt", "502 data"}},
    {"SAML FROM:<a@example.org>", {"502 start", "502 ready", "502 mail", "502 rcpt", "502 data"}},
    {"GET / HTTP/1.1", {"421 over", "421 over", "421 over", "421 over", "421 over"}},
    {"POST / HTTP/1.1", {"421 over", "421 over", "421 over", "421 over", "421 over"}},
    {"PUT / HTTP/1.1", {"421 over", "421 over", "421 over", "421 over", "421 over"}},
    {"HEAD / HTTP/1.1", {"421 over", "421 over", "421 over", "421 over", "421 over"}},
    {"OPTIONS * HTTP/1.1", {"421 over", "421 over", "421 over", "421 over", "421 over"}},
    {"CONNECT a:25 HTTP/1.1", {"421 over", "421 over", "421 over", "421 over", "421 over"}},
    // Not commands, or not well said: a reply and nothing else.
    {"", {"500 start", "500 ready", "500 mail", "500 rcpt", "500 data"}},
    {"XYZZY", {"500 start", "500 ready", "500 mail", "500 rcpt", "500 data"}},
    {"MAILFROM:<a@example.org>", {"500 start", "500 ready", "500 mail", "500 rcpt", "500 data"}},
    {" NOOP", {"500 start", "500 ready", "500 mail", "500 rcpt", "500 data"}},
    {"EHLO", {"501 start", "501 ready", "501 mail", "501 rcpt", "501 data"}},
    {"HELO ", {"501 start", "501 ready", "501 mail", "501 rcpt", "501 data"}},
    {"RSET now", {"501 start", "501 ready", "501 mail", "501 rcpt", "501 data"}},
    {"VRFY", {"501 start", "501 ready", "501 mail", "501 rcpt", "501 data"}},
    {"STARTTLS now", {"501 start", "501 ready", "503 mail", "503 rcpt", "503 data"}},
    {"AUTH", {"503 start", "501 ready", "503 mail", "503 rcpt", "503 data"}},
    {"DATA now", {"503 start", "503 ready", "503 mail", "501 rcpt", "503 data"}},
    {"RCPT TO:<>", {"503 start", "503 ready", "501 mail", "501 rcpt", "503 data"}},
    // How many octets follow can't be known: nothing after it may be taken for a command.
    {"BDAT many", {"501 over", "501 over", "501 over", "501 over", "501 over"}},
};

ServerConfig config()
{
    ServerConfig config;
    config.authOffered = config.burl = config.plaintextAllowed = true;
    return config;
}

// Brings a session into one of the five states.
void bring(FakeService &service, int state)
{
    const char *const lines[] = {"EHLO client.example\r\n", "MAIL FROM:<a@example.org>\r\n",
                                 "RCPT TO:<b@example.org>\r\n", "BDAT 3\r\na\r\n"};
    service.take();
    for (int i = 0; i < state; ++i)
        service.say(lines[i]);
    QCOMPARE(QByteArray(service.machine.stateName().data()), states[state]);
    service.asked.clear();
}

QByteArray nextState(FakeService &service)
{
    return QByteArray(service.machine.stateName().data(), service.machine.stateName().size());
}

} // namespace

class TestCommands : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void answersEveryCommandInEveryState_data();
    void answersEveryCommandInEveryState();
    void hasEveryCommandOfTheTable();
    void takesCommandsInAnyCase();
    void takesNothingForACommandWhereNoneMayBe();
    void offersWhatItUnderstands();
    void refusesWhatItDoesNotOffer();
    void asksForTlsFirstWhereThatIsRequired();
    void asksForAuthenticationWhereThatIsRequired();
};

void TestCommands::answersEveryCommandInEveryState_data()
{
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<int>("state");
    QTest::addColumn<QByteArray>("outcome");
    for (const Row &row : table) {
        for (int state = 0; state < 5; ++state)
            QTest::addRow("%s in %s", row.line, states[state]) << QByteArray(row.line) << state << QByteArray(row.outcomes[state]);
    }
}

void TestCommands::answersEveryCommandInEveryState()
{
    QFETCH(QByteArray, line);
    QFETCH(int, state);
    QFETCH(QByteArray, outcome);
    FakeService service(config());
    bring(service, state);
    // "x" and CRLF: of a chunk of two the LF is left over and begins the next line, so give it whole there.
    const QByteArray wire = line.startsWith("BDAT 2") ? line + '\r' : line + "\r\n";
    const QByteArray reply = service.say(wire);
    QCOMPARE(reply.left(3) + ' ' + nextState(service), outcome);
    QCOMPARE(reply.count("\r\n"), reply.startsWith("250-") ? reply.count("\r\n") : 1);
    // Whatever is refused is told, with what was said.
    QCOMPARE(service.count("Refused"), outcome[0] >= '4' ? 1 : 0);
    // A transaction that ends without its message is given up; one that goes on is not.
    const bool hadMail = state >= 2;
    const bool given = outcome.startsWith("250 ready") && (line.startsWith("BDAT") || line.startsWith("BURL"));
    const bool goesOn = outcome.endsWith("mail") || outcome.endsWith("rcpt") || outcome.endsWith("data");
    QCOMPARE(service.count("AbortMail"), hadMail && !goesOn && !given ? 1 : 0);
}

void TestCommands::hasEveryCommandOfTheTable()
{
    for (const Command &command : commands()) {
        const bool tested = std::ranges::any_of(table, [&](const Row &row) {
            return QByteArray(row.line).split(' ').front() == command.name;
        });
        QVERIFY2(tested, command.name);
    }
}

void TestCommands::takesCommandsInAnyCase()
{
    FakeService service;
    QVERIFY(service.say("eHlO client.example\r\n").startsWith("250-"));
    QVERIFY(service.say("mail from:<a@example.org> size=10 body=8bitmime\r\n").startsWith("250 "));
    QVERIFY(service.say("Rcpt To:<b@example.org>\r\n").startsWith("250 "));
    QVERIFY(service.say("data\r\n").startsWith("354 "));
    QVERIFY(service.say(".\r\n").startsWith("250 "));
}

void TestCommands::takesNothingForACommandWhereNoneMayBe()
{
    for (const Command &command : commands()) {
        const QByteArray line = QByteArray(command.name) + "\r\n";
        FakeService greeting;
        greeting.holds = is<Welcome>;
        ServerMachine early((ServerConfig()));
        early.start(nullptr);
        early.receive(line);
        QVERIFY(early.takeOutput().isEmpty());

        FakeService content;
        content.say("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
        QVERIFY(content.say(line).isEmpty());
        content.say(".\r\n");
        QCOMPARE(content.mails, QList{line});

        FakeService tls;
        tls.say("EHLO c\r\nSTARTTLS\r\n");
        QVERIFY(tls.say(line).isEmpty() && tls.machine.wantsTls());

        FakeService over;
        over.say("QUIT\r\n");
        QVERIFY(over.say(line).isEmpty() && over.machine.finished());
    }
}

void TestCommands::offersWhatItUnderstands()
{
    FakeService plain(config());
    const QByteArray reply = plain.say("EHLO client.example\r\n");
    QCOMPARE(reply, "250-localhost\r\n250-PIPELINING\r\n250-SIZE 67108864\r\n250-8BITMIME\r\n250-BINARYMIME\r\n"
                    "250-CHUNKING\r\n250-BURL\r\n250-SMTPUTF8\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n"
                    "250-AUTH SCRAM-SHA-256 PLAIN LOGIN\r\n250-STARTTLS\r\n250-LIMITS MAILMAX=100000 RCPTMAX=1000\r\n"
                    "250 HELP\r\n"_ba);
    ServerConfig careful = config();
    careful.plaintextAllowed = false;
    QVERIFY(FakeService(careful).say("EHLO c\r\n").contains("AUTH SCRAM-SHA-256\r\n"));
    const QByteArray overTls = FakeService(careful, true).say("EHLO c\r\n");
    QVERIFY(overTls.contains("AUTH SCRAM-SHA-256 PLAIN LOGIN SCRAM-SHA-256-PLUS\r\n"));
    QVERIFY(!overTls.contains("STARTTLS"));
    QVERIFY(overTls.contains("REQUIRETLS\r\n"));
    QCOMPARE(FakeService(config()).say("HELO client.example\r\n"), "250 localhost\r\n"_ba);
}

void TestCommands::refusesWhatItDoesNotOffer()
{
    ServerConfig poor;
    poor.tlsAvailable = false;
    FakeService service(poor);
    const QByteArray offer = service.say("EHLO c\r\n");
    QVERIFY(!offer.contains("STARTTLS") && !offer.contains("AUTH"));
    QCOMPARE(service.say("STARTTLS\r\n").left(9), "502 5.5.1"_ba);
    QCOMPARE(service.say("AUTH PLAIN AGEAYg==\r\n").left(9), "502 5.5.1"_ba);
    QCOMPARE(service.say("MAIL FROM:<a@example.org> AUTH=<>\r\n").left(9), "555 5.5.4"_ba);

    ServerConfig onlyPlain = config();
    onlyPlain.plaintextAllowed = false;
    onlyPlain.mechanisms = {"PLAIN"};
    FakeService careful(onlyPlain);
    QVERIFY(!careful.say("EHLO c\r\n").contains("AUTH"));
    QCOMPARE(careful.say("AUTH PLAIN AGEAYg==\r\n").left(10), "538 5.7.11"_ba);
    QCOMPARE(careful.count("SaslBegin"), 0);

    FakeService overTls(config(), true);
    overTls.say("EHLO c\r\n");
    QCOMPARE(overTls.say("STARTTLS\r\n").left(9), "503 5.5.1"_ba);
}

void TestCommands::asksForTlsFirstWhereThatIsRequired()
{
    ServerConfig strict = config();
    strict.tlsRequired = true;
    FakeService service(strict);
    service.say("EHLO c\r\n");
    QCOMPARE(service.say("MAIL FROM:<>\r\n").left(9), "530 5.7.0"_ba);
    QCOMPARE(service.say("AUTH PLAIN AGEAYg==\r\n").left(9), "530 5.7.0"_ba);
    QVERIFY(service.say("NOOP\r\n").startsWith("250"));
    QVERIFY(service.say("STARTTLS\r\n").startsWith("220"));
    service.machine.tlsStarted({});
    QCOMPARE(service.say("MAIL FROM:<>\r\n").left(9), "503 5.5.1"_ba);
    service.say("EHLO c\r\n");
    QVERIFY(service.say("MAIL FROM:<>\r\n").startsWith("250"));
}

void TestCommands::asksForAuthenticationWhereThatIsRequired()
{
    ServerConfig submission = config();
    submission.role = Role::Submission;
    submission.authRequired = true;
    FakeService service(submission);
    service.say("EHLO c\r\n");
    QCOMPARE(service.say("MAIL FROM:<a@example.org>\r\n"), "530 5.7.0 Authentication required\r\n"_ba);
    QVERIFY(service.say("AUTH PLAIN AGEAYg==\r\n").startsWith("235"));
    QVERIFY(service.say("MAIL FROM:<a@example.org>\r\n").startsWith("250"));

    submission.plaintextAllowed = false;
    submission.mechanisms = {"PLAIN"};
    FakeService plain(submission);
    plain.say("EHLO c\r\n");
    QCOMPARE(plain.say("MAIL FROM:<a@example.org>\r\n"), "530 5.7.0 Must issue a STARTTLS command first\r\n"_ba);
}

QTEST_GUILESS_MAIN(TestCommands)
#include "test_commands.moc"
