#include "fake_session.h"

#include "platform/system/sockets.h"

#include <QSemaphore>
#include <QTcpSocket>

#include <thread>

using namespace posthorn;
using namespace Qt::StringLiterals;
using fake::Client;

class TestConversation : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void greetsAndAnswers();
    void answersInOrderWhatComesInOnePiece();
    void closesAfterTheLastReply();
    void takesAnswersFromOtherThreads();
    void dropsAnswersForTheGone();
    void hearsNewsBeforeWhatIsSaidAfterThem();
    void deliversToAHalfClosedPeer();
    void tellsTheMachineThatThePeerIsGone();
    void noticesAResetWhileWaiting();
    void stopsReadingWhenNotHungry();
    void pullsBigAnswersInPieces();
    void cutsTheSilent();
    void cutsThoseWhoTrickle();
    void waitsForOurOwnAnswerWithoutEnd();
    void upgradesToTls();
    void dropsOctetsBeforeTheHandshake();
    void dropsOctetsThatCameInASecondPiece();
    void losesNoClientHello();
    void choosesTheCertificateByName();
    void speaksTlsFromTheStart();
    void refusesRubbishInsteadOfTls();
    void movesMuchOverTls();
    void stopsReadingTlsWhenNotHungry();
    void takesAnswersOverTls();
    void endsWhenTheFactoryGivesNothing();
    void deliversGoodbyeToAPeerThatStillSends();

private:
    quint16 listen(bool implicitTls = false)
    {
        auto options = fake::listenerOptions(*m_diary);
        options.implicitTls = implicitTls;
        return m_network->listen(std::move(options)).value();
    }
    bool allClosed()
    {
        return test::waitFor([this] { return m_diary->closed == m_diary->opened && m_network->conversationCount() == 0; });
    }

    std::unique_ptr<fake::Diary> m_diary;
    std::unique_ptr<net::Network> m_network;
};

void TestConversation::init()
{
    m_diary = std::make_unique<fake::Diary>();
    m_network = std::make_unique<net::Network>(2, fake::contexts());
}

void TestConversation::cleanup()
{
    m_network.reset();
    QCOMPARE(m_diary->closed.load(), m_diary->opened.load());
    m_diary.reset();
}

void TestConversation::greetsAndAnswers()
{
    Client client(listen());
    QCOMPARE(client.line(), "hello");
    client.say("ECHO one\r\n");
    QCOMPARE(client.line(), "one");
    client.say("EC");
    QTRY_COMPARE(m_diary->received.load(), qsizetype(qstrlen("ECHO one\r\nEC")));
    client.say("HO two\r\n");
    QCOMPARE(client.line(), "two");
}

void TestConversation::answersInOrderWhatComesInOnePiece()
{
    Client client(listen());
    client.say("ECHO 1\r\nLATER\r\nECHO 2\r\nLATER\r\nECHO 3\r\nQUIT\r\n");
    QTRY_COMPARE(fake::heldCount(*m_diary), 1);
    QCOMPARE(client.line(), "hello");
    QCOMPARE(client.line(), "1");
    QCOMPARE(client.bytesAvailable(), 0);
    fake::answerAll(*m_diary);
    QTRY_COMPARE(fake::heldCount(*m_diary), 1);
    fake::answerAll(*m_diary);
    for (const char *expected : {"later", "2", "later", "3", "bye", "(closed)"})
        QCOMPARE(client.line(), expected);
}

void TestConversation::closesAfterTheLastReply()
{
    Client client(listen());
    client.say("QUIT\r\n");
    QCOMPARE(client.line(), "hello");
    QCOMPARE(client.line(), "bye");
    QVERIFY(client.waitClosed());
    QCOMPARE(client.error(), QAbstractSocket::RemoteHostClosedError);
    QVERIFY(allClosed());
    QCOMPARE(m_diary->peerClosed.load(), 0);
}

void TestConversation::takesAnswersFromOtherThreads()
{
    const quint16 port = listen();
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(std::make_unique<Client>(port));
        clients.back()->say("LATER\r\n");
    }
    QTRY_COMPARE(fake::heldCount(*m_diary), 20);
    std::thread other([this] { fake::answerAll(*m_diary); });
    other.join();
    for (const auto &client : clients) {
        QCOMPARE(client->line(), "hello");
        QCOMPARE(client->line(), "later");
    }
}

void TestConversation::dropsAnswersForTheGone()
{
    Client client(listen());
    client.say("LATER\r\n");
    QTRY_COMPARE(fake::heldCount(*m_diary), 1);
    m_network->close(m_diary->held.front().conversation);
    QVERIFY(client.waitClosed());
    QVERIFY(allClosed());
    QCOMPARE(fake::answerAll(*m_diary), 1);
    Client other(m_network->listeners().first().port);
    QCOMPARE(other.line(), "hello");
    QCOMPARE(m_diary->answered.load(), 0);
    net::post({nullptr, ConversationId{1}}, [](net::Session &) { qFatal("delivered to nobody"); });
}

// However busy its worker is: who asks for news after there are some has them.
void TestConversation::hearsNewsBeforeWhatIsSaidAfterThem()
{
    m_network = std::make_unique<net::Network>(1, fake::contexts());
    const quint16 port = listen();
    Client client(port), other(port);
    client.say("LATER\r\n");
    QTRY_COMPARE(fake::heldCount(*m_diary), 1);
    const net::Address address = m_diary->held.front();
    fake::answerAll(*m_diary);
    for (const char *expected : {"hello", "later"})
        QCOMPARE(client.line(), expected);
    QSemaphore entered, goOn;
    const auto wait = [&] {
        entered.release();
        goOn.acquire();
    };
    {
        const std::scoped_lock lock(m_diary->mutex);
        m_diary->whenAsked = wait;
    }
    other.say("LATER\r\n");
    entered.acquire(); // the worker serves sockets
    net::post(address, [&](net::Session &) { wait(); });
    goOn.release();
    entered.acquire(); // and delivers, before it looks at the sockets again
    net::post(address, [](net::Session &session) { session.machine().receive("ECHO news\r\n"); });
    client.say("ECHO answer\r\n");
    goOn.release();
    for (const char *expected : {"news", "answer"})
        QCOMPARE(client.line(), expected);
}

void TestConversation::deliversToAHalfClosedPeer()
{
    QTcpSocket client;
    client.connectToHost(QHostAddress::LocalHost, listen());
    QTRY_COMPARE(client.state(), QAbstractSocket::ConnectedState);
    client.write("LATER\r\n");
    client.flush();
    QTRY_COMPARE(fake::heldCount(*m_diary), 1);
    // Qt can't close one side; a SHUT_WR of its descriptor does.
    system::shutDownSending(client.socketDescriptor());
    fake::answerAll(*m_diary);
    QTRY_VERIFY(client.bytesAvailable() >= 14 || client.state() == QAbstractSocket::UnconnectedState);
    QCOMPARE(client.readAll(), "hello\r\nlater\r\n");
    QVERIFY(allClosed());
}

void TestConversation::tellsTheMachineThatThePeerIsGone()
{
    Client client(listen());
    QCOMPARE(client.line(), "hello");
    client.abort();
    QVERIFY(allClosed());
    QCOMPARE(m_diary->peerClosed.load(), 1);
}

void TestConversation::noticesAResetWhileWaiting()
{
    QTcpSocket client;
    client.setReadBufferSize(1); // what the system still holds makes the end a reset
    client.connectToHost(QHostAddress::LocalHost, listen());
    client.write("LATER\r\n");
    QTRY_COMPARE(fake::heldCount(*m_diary), 1);
    QTRY_COMPARE(client.bytesAvailable(), 1);
    client.abort();
    QVERIFY(allClosed());
    QCOMPARE(m_diary->peerClosed.load(), 1);
}

void TestConversation::stopsReadingWhenNotHungry()
{
    constexpr qint64 size = 64 * 1024 * 1024;
    Client client(listen());
    client.say("LATER\r\nSINK " + QByteArray::number(size) + "\r\n");
    QTRY_COMPARE(fake::heldCount(*m_diary), 1);
    for (int i = 0; i < 64; ++i)
        client.write(QByteArray(size / 64, 'z'));
    qint64 before = 0; // until the system takes no more
    QVERIFY(test::waitFor([&] { return std::exchange(before, client.bytesToWrite()) == client.bytesToWrite(); }));
    QVERIFY(client.bytesToWrite() > size / 2);
    QVERIFY(m_diary->received < 1024 * 1024);
    fake::answerAll(*m_diary);
    for (const char *expected : {"hello", "later", "sunk"})
        QCOMPARE(client.line(), expected);
}

void TestConversation::pullsBigAnswersInPieces()
{
    constexpr qint64 size = 48 * 1024 * 1024;
    Client client(listen());
    client.setReadBufferSize(64 * 1024);
    QCOMPARE(client.line(), "hello");
    client.say("BIG " + QByteArray::number(size) + "\r\nQUIT\r\n");
    QTRY_VERIFY(m_diary->mostWaiting > 0); // the system takes no more
    QVERIFY(m_diary->pieces < size / (16 * 1024));
    QVERIFY(m_diary->mostWaiting < 96 * 1024);
    client.setReadBufferSize(0);
    qint64 got = 0;
    QByteArray last;
    QVERIFY(test::waitFor(
        [&] {
            const QByteArray octets = client.readAll();
            got += octets.size();
            last = (last + octets).right(5);
            return last == "bye\r\n";
        }));
    QCOMPARE(got, size + 5);
}

void TestConversation::cutsTheSilent()
{
    m_diary->patience = std::chrono::milliseconds(300);
    Client client(listen());
    QCOMPARE(client.line(), "hello");
    QCOMPARE(client.line(), "too slow");
    QVERIFY(client.waitClosed());
    QCOMPARE(m_diary->timedOut.load(), 1);
}

void TestConversation::cutsThoseWhoTrickle()
{
    m_diary->patience = std::chrono::milliseconds(1000);
    Client client(listen());
    QCOMPARE(client.line(), "hello");
    QVERIFY(test::waitFor(
        [&] {
            client.say("E");
            return client.canReadLine();
        }));
    QCOMPARE(client.line(), "too slow");
}

void TestConversation::waitsForOurOwnAnswerWithoutEnd()
{
    const quint16 port = listen();
    Client waiting(port);
    waiting.say("LATER\r\n");
    QTRY_COMPARE(fake::heldCount(*m_diary), 1);
    m_diary->patience = std::chrono::milliseconds(100); // not before, for it may take long until its line is read
    Client silent(port); // both workers tick alike: this one's end shows that patience has run out since
    QCOMPARE(silent.line(), "hello");
    QCOMPARE(silent.line(), "too slow");
    QCOMPARE(m_diary->timedOut.load(), 1);
    fake::answerAll(*m_diary);
    QCOMPARE(waiting.line(), "hello");
    QCOMPARE(waiting.line(), "later");
}

void TestConversation::upgradesToTls()
{
    Client client(listen());
    QCOMPARE(client.line(), "hello");
    client.say("STARTTLS\r\n");
    QCOMPARE(client.line(), "go");
    QVERIFY(client.startTls());
    client.say("ECHO safe\r\n");
    QCOMPARE(client.line(), "safe");
    const TlsFacts facts = m_diary->lastFacts();
    QCOMPARE(facts.protocol, "TLSv1.3");
    QVERIFY(facts.cipher.startsWith("TLS_"));
    QCOMPARE(facts.serverName, "mail.example.test");
    QCOMPARE(facts.certificateHash, client.peerCertificate().digest(QCryptographicHash::Sha256));
    client.say("QUIT\r\n");
    QCOMPARE(client.line(), "bye");
    QVERIFY(client.waitClosed());
    QVERIFY(allClosed());
}

void TestConversation::dropsOctetsBeforeTheHandshake()
{
    Client client(listen());
    QCOMPARE(client.line(), "hello");
    client.say("STARTTLS\r\nECHO evil\r\n");
    QCOMPARE(client.line(), "go");
    QVERIFY(client.startTls());
    client.say("ECHO good\r\n");
    QCOMPARE(client.line(), "good");
    QCOMPARE(m_diary->takeLines(), (QByteArrayList{"STARTTLS", "ECHO good"}));
}

// Octets that the machine has never seen: they wait in the system until the reply that begins TLS goes out.
void TestConversation::dropsOctetsThatCameInASecondPiece()
{
    Client client(listen());
    client.say("LATER\r\nSTARTTLS\r\n");
    QCOMPARE(client.line(), "hello");
    QTRY_COMPARE(fake::heldCount(*m_diary), 1);
    client.say(QByteArray("ECHO evil\r\n").repeated(20'000));
    QTRY_COMPARE(client.bytesToWrite(), 0);
    fake::answerAll(*m_diary);
    QCOMPARE(client.line(), "later");
    QCOMPARE(client.line(), "go");
    QVERIFY(client.startTls());
    client.say("ECHO good\r\n");
    QCOMPARE(client.line(), "good");
    QCOMPARE(m_diary->takeLines(), (QByteArrayList{"LATER", "STARTTLS", "ECHO good"}));
}

void TestConversation::losesNoClientHello()
{
    const quint16 port = listen();
    for (int round = 0; round < 100; ++round) {
        Client client(port);
        client.say("STARTTLS\r\n");
        QCOMPARE(client.line(), "hello");
        QCOMPARE(client.line(), "go");
        QVERIFY2(client.startTls(), qPrintable(QString::number(round) + client.errorString()));
        client.say("ECHO x\r\n");
        QCOMPARE(client.line(), "x");
    }
}

void TestConversation::choosesTheCertificateByName()
{
    for (const bool implicitTls : {false, true}) {
        Client client(listen(implicitTls));
        QVERIFY(client.isConnected());
        if (!implicitTls) {
            client.say("STARTTLS\r\n");
            QCOMPARE(client.line(), "hello");
            QCOMPARE(client.line(), "go");
        }
        QVERIFY(client.startTls(u"other.test"_s));
        client.say("ECHO x\r\n");
        QCOMPARE(client.line(), implicitTls ? "hello tls" : "x");
        const QSslCertificate certificate = client.peerCertificate();
        QCOMPARE(certificate.subjectInfo(QSslCertificate::CommonName).value(0), u"other.test"_s);
        QCOMPARE(m_diary->lastFacts().serverName, "other.test");
        QCOMPARE(m_diary->lastFacts().certificateHash, certificate.digest(QCryptographicHash::Sha384));
        m_network->unlisten("fake");
    }
}

void TestConversation::speaksTlsFromTheStart()
{
    Client client(listen(true));
    QVERIFY(client.isConnected());
    QCOMPARE(m_diary->opened.load(), 0);
    QVERIFY(client.startTls());
    QCOMPARE(client.line(), "hello tls");
    client.say("ECHO one\r\nQUIT\r\n");
    QCOMPARE(client.line(), "one");
    QCOMPARE(client.line(), "bye");
    QVERIFY(client.waitClosed());
    QVERIFY(allClosed());
}

void TestConversation::refusesRubbishInsteadOfTls()
{
    const quint16 port = listen(true);
    for (const QByteArray &rubbish :
         {"EHLO a.test\r\n"_ba, QByteArray(100'000, '\x16'), QByteArray("\x16\x03\x01\x02", 4), QByteArray(70'000, 'G')}) {
        Client client(port);
        QVERIFY(client.isConnected());
        client.say(rubbish);
        if (rubbish.size() < 10)
            client.disconnectFromHost();
        QVERIFY(client.waitClosed());
    }
    QVERIFY(allClosed());
    QCOMPARE(m_diary->opened.load(), 0);
}

void TestConversation::movesMuchOverTls()
{
    constexpr qint64 size = 8 * 1024 * 1024;
    Client client(listen(true));
    QVERIFY(client.isConnected() && client.startTls());
    QCOMPARE(client.line(), "hello tls");
    client.say("SINK " + QByteArray::number(size) + "\r\n" + QByteArray(size, 'z'));
    QCOMPARE(client.line(), "sunk");
    client.say("BIG " + QByteArray::number(size) + "\r\nQUIT\r\n");
    QVERIFY(test::waitFor([&] { return client.bytesAvailable() == size + 5; }));
    QVERIFY(m_diary->mostWaiting < 512 * 1024);
    QVERIFY(client.readAll().endsWith("xbye\r\n"));
}

void TestConversation::stopsReadingTlsWhenNotHungry()
{
    constexpr qint64 size = 32 * 1024 * 1024;
    Client client(listen(true));
    QVERIFY(client.isConnected() && client.startTls());
    QCOMPARE(client.line(), "hello tls");
    client.say("LATER\r\nSINK " + QByteArray::number(size) + "\r\n");
    QTRY_COMPARE(fake::heldCount(*m_diary), 1);
    client.say(QByteArray(size, 'z'));
    qint64 before = 0;
    QVERIFY(test::waitFor([&] {
        const qint64 left = client.encryptedBytesToWrite();
        return std::exchange(before, left) == left && left > 0;
    }));
    QVERIFY(client.encryptedBytesToWrite() > size / 2);
    QVERIFY(m_diary->received < 1024 * 1024);
    fake::answerAll(*m_diary);
    QCOMPARE(client.line(), "later");
    QCOMPARE(client.line(), "sunk");
}

void TestConversation::takesAnswersOverTls()
{
    Client client(listen(true));
    QVERIFY(client.isConnected() && client.startTls());
    QCOMPARE(client.line(), "hello tls");
    for (int i = 0; i < 20; ++i) {
        client.say("LATER\r\nECHO x\r\n");
        QTRY_COMPARE(fake::heldCount(*m_diary), 1);
        fake::answerAll(*m_diary);
        QCOMPARE(client.line(), "later");
        QCOMPARE(client.line(), "x");
    }
}

void TestConversation::endsWhenTheFactoryGivesNothing()
{
    auto options = fake::listenerOptions(*m_diary);
    options.factory = [](const net::Peer &) { return nullptr; };
    Client client(m_network->listen(std::move(options)).value());
    QCOMPARE(client.line(), "(closed)");
    QVERIFY(allClosed());
}

void TestConversation::deliversGoodbyeToAPeerThatStillSends()
{
    Client client(listen());
    QCOMPARE(client.line(), "hello");
    client.say("QUIT\r\n" + QByteArray(2 * 1024 * 1024, 'z'));
    QCOMPARE(client.line(), "bye");
    QVERIFY(client.waitClosed());
    QVERIFY(allClosed());
}

QTEST_GUILESS_MAIN(TestConversation)
#include "test_conversation.moc"
