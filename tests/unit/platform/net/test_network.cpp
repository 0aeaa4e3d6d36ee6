#include "fake_session.h"

#include "platform/net/arrival.h"
#include "platform/system/process.h"

#include <QSignalSpy>
#include <QTcpServer>
#include <QTcpSocket>

#include <thread>

#ifdef Q_OS_UNIX
#include <sys/resource.h>
#endif

using namespace posthorn;
using namespace Qt::StringLiterals;
using fake::Client;

class TestNetwork : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { system::raiseDescriptorLimit(); }
    void init();
    void cleanup();

    void tellsRealPorts();
    void saysWhenThePortIsTaken();
    void keepsConversationsWhenItNoLongerListens();
    void listsConversations();
    void closesOneByAnAdministratorsWord();
    void tellsWhoCameAndWent();
    void saysBusyBeyondItsSeats();
    void countsSeatsOfEachAddress();
    void servesAThousandAtOnce();
    void saysGoodbyeWhenItStops();
    void waitsForWorkUnderWayWhenItStops();
    void cutsAfterTheGrace();
    void stopsWithoutConversations();
    void endsAtAnyTime();
    void ignoresAnswersAfterItsEnd();
    void recoversFromLackOfDescriptors();

private:
    quint16 listen() { return m_network->listen(fake::listenerOptions(*m_diary)).value(); }
    QList<net::ConversationState> conversations()
    {
        std::optional<QList<net::ConversationState>> states;
        m_network->conversations([&](QList<net::ConversationState> got) { states = std::move(got); });
        return test::waitFor([&] { return states.has_value(); }) ? *states : QList<net::ConversationState>{};
    }

    std::unique_ptr<fake::Diary> m_diary;
    std::unique_ptr<net::Network> m_network;
};

void TestNetwork::init()
{
    m_diary = std::make_unique<fake::Diary>();
    m_network = std::make_unique<net::Network>(2, fake::contexts());
}

void TestNetwork::cleanup()
{
    m_network.reset();
    QCOMPARE(m_diary->closed.load(), m_diary->opened.load());
}

void TestNetwork::tellsRealPorts()
{
    const quint16 port = listen();
    QVERIFY(port > 0);
    const auto states = m_network->listeners();
    QCOMPARE(states.size(), 1);
    QCOMPARE(states.first().name, "fake");
    QCOMPARE(states.first().port, port);
    QVERIFY(states.first().listening);
    QVERIFY(states.first().error.isEmpty());
}

void TestNetwork::saysWhenThePortIsTaken()
{
    QTcpServer other;
    QVERIFY(other.listen(QHostAddress::LocalHost));
    auto options = fake::listenerOptions(*m_diary);
    options.port = other.serverPort();
    const auto port = m_network->listen(options);
    QVERIFY(!port);
    QCOMPARE(port.error().kind, ErrorKind::Exists);
    QVERIFY(m_network->listeners().isEmpty());
    QCOMPARE(m_network->listenFaults().size(), 1); // and goes on saying it
    QCOMPARE(m_network->listenFaults().first().port, other.serverPort());
    QCOMPARE(m_network->listenFaults().first().error, port.error().text);
    m_network->unlisten("fake");
    QVERIFY(m_network->listenFaults().isEmpty());
}

void TestNetwork::keepsConversationsWhenItNoLongerListens()
{
    const quint16 port = listen();
    Client client(port);
    QCOMPARE(client.line(), "hello");
    m_network->unlisten("other");
    QCOMPARE(m_network->listeners().size(), 1);
    m_network->unlisten("fake");
    QVERIFY(m_network->listeners().isEmpty());
    client.say("ECHO still\r\n");
    QCOMPARE(client.line(), "still");
    Client late(port);
    QVERIFY(late.waitClosed());
    QCOMPARE(late.error(), QAbstractSocket::ConnectionRefusedError);
}

void TestNetwork::listsConversations()
{
    Client client(listen());
    QCOMPARE(client.line(), "hello");
    client.say("ECHO 12345\r\nLATER\r\n");
    QCOMPARE(client.line(), "12345");
    QTRY_COMPARE(fake::heldCount(*m_diary), 1);
    const auto states = conversations();
    QCOMPARE(states.size(), 1);
    const net::ConversationState state = states.first();
    QCOMPARE(state.protocol, "fake"_L1);
    QCOMPARE(state.state, "waiting"_L1);
    QCOMPARE(state.user, u"nobody"_s);
    QCOMPARE(state.peer.address, "127.0.0.1");
    QCOMPARE(state.peer.localAddress, "127.0.0.1");
    QCOMPARE(state.peer.port, client.localPort());
    QCOMPARE(state.peer.localPort, client.peerPort());
    QVERIFY(state.peer.loopback);
    QCOMPARE(state.tls, "");
    QCOMPARE(state.bytesIn, 19);
    QCOMPARE(state.bytesOut, 14);
    QVERIFY(qAbs(state.startedAt - QDateTime::currentMSecsSinceEpoch()) < 60'000);
}

void TestNetwork::closesOneByAnAdministratorsWord()
{
    const quint16 port = listen();
    Client first(port), second(port);
    QCOMPARE(first.line(), "hello");
    QCOMPARE(second.line(), "hello");
    first.say("LATER\r\n");
    QTRY_COMPARE(fake::heldCount(*m_diary), 1);
    for (const auto &state : conversations()) {
        if (state.state == "waiting"_L1)
            m_network->close(state.id);
    }
    QCOMPARE(first.line(), "goodbye");
    QCOMPARE(first.line(), "(closed)");
    second.say("ECHO still\r\n");
    QCOMPARE(second.line(), "still");
    m_network->close(ConversationId{4711}); // none of that name
}

void TestNetwork::tellsWhoCameAndWent()
{
    const quint16 port = listen();
    {
        Client unseen(port);
        unseen.say("QUIT\r\n");
        QVERIFY(unseen.waitClosed());
    }
    QSignalSpy opened(m_network.get(), &net::Network::conversationOpened);
    QSignalSpy closed(m_network.get(), &net::Network::conversationClosed);
    Client client(port);
    QTRY_COMPARE(opened.size(), 1);
    QCOMPARE(closed.size(), 0);
    client.say("ECHO x\r\nQUIT\r\n");
    QTRY_COMPARE(closed.size(), 1);
    const auto came = opened.first().first().value<net::ConversationState>();
    const auto went = closed.first().first().value<net::ConversationState>();
    QCOMPARE(came.id, went.id);
    QCOMPARE(went.bytesIn, 14);
    QCOMPARE(went.bytesOut, 15);
    QCOMPARE(went.protocol, "fake"_L1);
}

void TestNetwork::saysBusyBeyondItsSeats()
{
    auto options = fake::listenerOptions(*m_diary);
    options.maxConnections = 2;
    const quint16 port = m_network->listen(std::move(options)).value();
    auto first = std::make_unique<Client>(port);
    Client second(port);
    QCOMPARE(first->line(), "hello");
    QCOMPARE(second.line(), "hello");
    Client third(port);
    QCOMPARE(third.line(), "busy");
    QCOMPARE(third.line(), "(closed)");
    QCOMPARE(m_network->listeners().first().connections, 2);
    first.reset();
    QTRY_COMPARE(m_network->listeners().first().connections, 1);
    Client fourth(port);
    QCOMPARE(fourth.line(), "hello");
}

void TestNetwork::countsSeatsOfEachAddress()
{
    net::ListenerOptions options;
    options.maxConnections = 4;
    options.maxConnectionsPerAddress = 2;
    const auto reception = std::make_shared<net::Reception>(options);
    net::Peer far, other, loopback;
    far.address = "192.0.2.1";
    other.address = "2001:db8::1";
    loopback.address = "127.0.0.1";
    loopback.loopback = true;
    const auto seat = [&](const net::Peer &peer) {
        return reception->admit(peer) ? std::make_unique<net::Arrival>(-1, peer, reception) : nullptr;
    };
    auto first = seat(far);
    auto second = seat(far);
    QVERIFY(first && second);
    QVERIFY(!seat(far));
    QCOMPARE(reception->seated(), 2);
    QVERIFY(seat(other));
    auto third = seat(loopback);
    auto fourth = seat(loopback);
    QVERIFY(third && fourth);
    QVERIFY(!seat(loopback)); // full
    first.reset();
    QVERIFY(seat(far));
    net::Arrival moved(std::move(*second));
    second.reset();
    QCOMPARE(reception->seated(), 3); // moving gives no seat free
}

void TestNetwork::servesAThousandAtOnce()
{
    constexpr int count = 1000;
    const quint16 port = listen();
    std::vector<std::unique_ptr<QTcpSocket>> clients;
    for (int i = 0; i < count; ++i) {
        clients.push_back(std::make_unique<QTcpSocket>());
        clients.back()->connectToHost(QHostAddress::LocalHost, port);
        QObject::connect(clients.back().get(), &QTcpSocket::connected, clients.back().get(),
                         [client = clients.back().get(), i] { client->write("LATER\r\nECHO " + QByteArray::number(i) + "\r\n"); });
    }
    QTRY_COMPARE(fake::heldCount(*m_diary), count);
    QCOMPARE(m_network->conversationCount(), count);
    QCOMPARE(conversations().size(), count);
    fake::answerAll(*m_diary);
    for (int i = 0; i < count; ++i) {
        const QByteArray expected = "hello\r\nlater\r\n" + QByteArray::number(i) + "\r\n";
        QTRY_COMPARE(clients[size_t(i)]->bytesAvailable(), expected.size());
        QCOMPARE(clients[size_t(i)]->readAll(), expected);
    }
    clients.clear();
    QTRY_COMPARE(m_network->conversationCount(), 0);
    QCOMPARE(m_diary->closed.load(), count);
}

void TestNetwork::saysGoodbyeWhenItStops()
{
    const quint16 port = listen();
    Client first(port), second(port);
    QCOMPARE(first.line(), "hello");
    QCOMPARE(second.line(), "hello");
    bool done = false;
    m_network->shutDown(std::chrono::seconds(30), [&] { done = true; });
    QCOMPARE(first.line(), "goodbye");
    QCOMPARE(second.line(), "goodbye");
    QVERIFY(first.waitClosed() && second.waitClosed());
    QTRY_VERIFY(done);
    QCOMPARE(m_network->conversationCount(), 0);
    Client late(port);
    QVERIFY(late.waitClosed());
}

void TestNetwork::waitsForWorkUnderWayWhenItStops()
{
    m_diary->slowGoodbye = true;
    Client client(listen());
    QCOMPARE(client.line(), "hello");
    client.say("LATER\r\n");
    QTRY_COMPARE(fake::heldCount(*m_diary), 1);
    bool done = false;
    m_network->shutDown(std::chrono::seconds(30), [&] { done = true; });
    conversations(); // the worker has heard of it by now
    QVERIFY(!done);
    fake::answerAll(*m_diary);
    QCOMPARE(client.line(), "later");
    QCOMPARE(client.line(), "(closed)");
    QTRY_VERIFY(done);
}

void TestNetwork::cutsAfterTheGrace()
{
    m_diary->slowGoodbye = true;
    Client client(listen());
    QCOMPARE(client.line(), "hello");
    client.say("LATER\r\n");
    QTRY_COMPARE(fake::heldCount(*m_diary), 1);
    bool done = false;
    m_network->shutDown(std::chrono::milliseconds(100), [&] { done = true; });
    QTRY_VERIFY(done);
    QCOMPARE(client.line(), "(closed)");
    QCOMPARE(m_diary->closed.load(), 1);
}

void TestNetwork::stopsWithoutConversations()
{
    listen();
    bool done = false;
    m_network->shutDown(std::chrono::seconds(30), [&] { done = true; });
    QVERIFY(!done); // never from within
    QTRY_VERIFY(done);
}

void TestNetwork::endsAtAnyTime()
{
    for (int round = 0; round < 30; ++round) {
        fake::Diary diary;
        auto network = std::make_unique<net::Network>(2, fake::contexts());
        QSignalSpy opened(network.get(), &net::Network::conversationOpened);
        const quint16 port = network->listen(fake::listenerOptions(diary)).value();
        auto tls = fake::listenerOptions(diary);
        tls.implicitTls = true;
        const quint16 tlsPort = network->listen(std::move(tls)).value();
        std::vector<std::unique_ptr<Client>> clients;
        for (int i = 0; i < 8; ++i) {
            clients.push_back(std::make_unique<Client>(i % 2 ? port : tlsPort));
            if (i % 2 == 0)
                QObject::connect(clients.back().get(), &QSslSocket::connected, clients.back().get(),
                                 [client = clients.back().get()] { client->startClientEncryption(); });
            else
                QObject::connect(clients.back().get(), &QSslSocket::connected, clients.back().get(),
                                 [client = clients.back().get()] { client->write("ECHO 1\r\nLATER\r\nBIG 10000000\r\n"); });
        }
        std::atomic<bool> stop = false;
        std::thread answers([&] {
            while (!stop)
                fake::answerAll(diary);
        });
        std::atomic<bool> down = false;
        if (round % 3 == 0)
            network->shutDown(std::chrono::milliseconds(1), [&] { down = true; });
        // Eight are opened and four answered: each time it has come a bit further.
        const bool isFar = test::waitFor([&] { return down || diary.opened + diary.answered >= round % 13; });
        network.reset();
        stop = true;
        answers.join();
        QVERIFY(isFar);
        QCOMPARE(diary.closed.load(), diary.opened.load());
    }
}

void TestNetwork::ignoresAnswersAfterItsEnd()
{
    Client client(listen());
    client.say("LATER\r\n");
    QTRY_COMPARE(fake::heldCount(*m_diary), 1);
    m_network.reset();
    QCOMPARE(fake::answerAll(*m_diary), 1);
    QCOMPARE(m_diary->answered.load(), 0);
}

void TestNetwork::recoversFromLackOfDescriptors()
{
#ifdef Q_OS_UNIX
    Client live(listen());
    QCOMPARE(live.line(), "hello");
    QTcpSocket waiting;
    QVERIFY(waiting.bind(QHostAddress::LocalHost)); // has its descriptor
    rlimit before = {};
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit tight = before;
    tight.rlim_cur = 128;
    ::setrlimit(RLIMIT_NOFILE, &tight);
    std::vector<std::unique_ptr<QFile>> hoard;
    do {
        hoard.push_back(std::make_unique<QFile>(fake::data("default.crt")));
    } while (hoard.back()->open(QIODevice::ReadOnly) && hoard.size() < 1000);

    waiting.connectToHost(QHostAddress::LocalHost, m_network->listeners().first().port);
    QTRY_VERIFY(!m_network->listeners().first().error.isEmpty());
    QCOMPARE(waiting.bytesAvailable(), 0);
    live.say("ECHO still\r\n");
    QCOMPARE(live.line(), "still");

    hoard.clear();
    QTRY_COMPARE(waiting.bytesAvailable(), 7);
    QVERIFY(m_network->listeners().first().listening);
    ::setrlimit(RLIMIT_NOFILE, &before);
#else
    QSKIP("there is no such limit here");
#endif
}

QTEST_GUILESS_MAIN(TestNetwork)
#include "test_network.moc"
