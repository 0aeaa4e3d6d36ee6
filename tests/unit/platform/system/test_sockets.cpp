#include "platform/system/poller.h"
#include "platform/system/sockets.h"
#include "support/patience.h"

#include <QTcpServer>
#include <QTcpSocket>

using namespace posthorn;
using system::Poller;
using namespace Qt::StringLiterals;

// A listening socket, and pairs of one of ours and a client of Qt's.
class TestSockets : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void sendsAndReceives();
    void saysWhenItWouldBlock();
    void saysWhenThePeerHasClosed();
    void looksWithoutTaking();
    void closesOneSideOnly();
    void tellsBothEnds();
    void tellsMappedAddressesAsIpv4();
    void tellsIpv6Addresses();
    void acceptsNothingWhenNobodyWaits();
    void tellsWhatIsReady_data();
    void tellsWhatIsReady();
    void forgetsRemovedSockets_data() { tellsWhatIsReady_data(); }
    void forgetsRemovedSockets();
    void tellsOfResets();
    void waitsForEnoughOctets();

private:
    void connectPair(const QHostAddress &address = QHostAddress::LocalHost);
    system::Socket m_socket = -1;
    system::SocketEnd m_remote;
    std::unique_ptr<QTcpServer> m_server;
    std::unique_ptr<QTcpSocket> m_client;
};

void TestSockets::init()
{
    m_server = std::make_unique<QTcpServer>();
    connectPair();
}

void TestSockets::cleanup()
{
    m_client.reset();
    if (m_socket >= 0)
        system::closeSocket(std::exchange(m_socket, -1));
}

void TestSockets::connectPair(const QHostAddress &address)
{
    if (m_socket >= 0)
        system::closeSocket(m_socket);
    m_server->close();
    QVERIFY(m_server->listen(address));
    m_server->pauseAccepting();
    system::prepareListening(m_server->socketDescriptor());
    m_client = std::make_unique<QTcpSocket>();
    m_client->connectToHost(address == QHostAddress::Any ? QHostAddress(u"127.0.0.1"_s) : address, m_server->serverPort());
    QVERIFY(m_client->waitForConnected());
    // The client may know of its connection before the system has told the server.
    QVERIFY(test::waitFor([this] { return (m_socket = system::accept(m_server->socketDescriptor(), m_remote)) >= 0; }));
}

void TestSockets::sendsAndReceives()
{
    QCOMPARE(system::send(m_socket, "hello"), 5);
    QVERIFY(m_client->waitForReadyRead());
    QCOMPARE(m_client->readAll(), "hello");
    m_client->write("answer");
    QVERIFY(m_client->waitForBytesWritten());
    char buffer[16];
    QTRY_COMPARE(system::peek(m_socket, buffer, sizeof buffer), 6);
    QCOMPARE(system::receive(m_socket, buffer, sizeof buffer), 6);
    QCOMPARE(QByteArrayView(buffer, 6), "answer");
}

void TestSockets::saysWhenItWouldBlock()
{
    char buffer[16];
    QCOMPARE(system::receive(m_socket, buffer, sizeof buffer), system::WouldBlock);
    const QByteArray much(1024 * 1024, 'x');
    qint64 sent = 0;
    for (int i = 0; i < 1000 && sent != system::WouldBlock; ++i)
        sent = system::send(m_socket, much);
    QCOMPARE(sent, system::WouldBlock);
}

void TestSockets::saysWhenThePeerHasClosed()
{
    char buffer[16];
    m_client->disconnectFromHost();
    QTRY_COMPARE(system::receive(m_socket, buffer, sizeof buffer), 0);
    m_client.reset();
    QTRY_COMPARE(system::send(m_socket, "x") >= 0 ? system::send(m_socket, "x") : system::Broken, system::Broken);
    QCOMPARE(system::receive(-1, buffer, sizeof buffer), system::Broken);
}

void TestSockets::looksWithoutTaking()
{
    m_client->write("look");
    QVERIFY(m_client->waitForBytesWritten());
    char buffer[16];
    QTRY_COMPARE(system::peek(m_socket, buffer, sizeof buffer), 4);
    QCOMPARE(system::peek(m_socket, buffer, 2), 2);
    QCOMPARE(system::receive(m_socket, buffer, sizeof buffer), 4);
    QCOMPARE(system::peek(m_socket, buffer, sizeof buffer), system::WouldBlock);
}

void TestSockets::closesOneSideOnly()
{
    system::shutDownSending(m_socket);
    QTRY_COMPARE(m_client->state(), QAbstractSocket::UnconnectedState);
}

void TestSockets::tellsBothEnds()
{
    QCOMPARE(m_remote.address, "127.0.0.1");
    QCOMPARE(m_remote.port, m_client->localPort());
    QVERIFY(m_remote.loopback);
    const system::SocketEnd local = system::localEnd(m_socket);
    QCOMPARE(local.address, "127.0.0.1");
    QCOMPARE(local.port, m_server->serverPort());
    QCOMPARE(system::localEnd(-1).address, "");
}

void TestSockets::tellsMappedAddressesAsIpv4()
{
    connectPair(QHostAddress::Any); // both families on one socket
    QCOMPARE(m_remote.address, "127.0.0.1");
    QVERIFY(m_remote.loopback);
    QCOMPARE(system::localEnd(m_socket).address, "127.0.0.1");
}

void TestSockets::tellsIpv6Addresses()
{
    QTcpServer probe;
    if (!probe.listen(QHostAddress::LocalHostIPv6))
        QSKIP("no IPv6 here");
    connectPair(QHostAddress::LocalHostIPv6);
    QCOMPARE(m_remote.address, "::1");
    QVERIFY(m_remote.loopback);
}

void TestSockets::acceptsNothingWhenNobodyWaits()
{
    system::SocketEnd remote;
    QCOMPARE(system::accept(m_server->socketDescriptor(), remote), system::WouldBlock);
}

void TestSockets::tellsWhatIsReady_data()
{
    QTest::addColumn<int>("way");
    QTest::newRow("fastest") << int(Poller::Way::Fastest);
    QTest::newRow("notifiers") << int(Poller::Way::Notifiers);
}

void TestSockets::tellsWhatIsReady()
{
    QFETCH(int, way);
    QList<std::pair<quint64, int>> told;
    int rounds = 0;
    Poller poller([&](quint64 tag, quint8 events) { told.append({tag, events}); }, {.after = [&] { ++rounds; }}, Poller::Way(way));
    QVERIFY(poller.add(m_socket, 7, Poller::Readable));
    QCoreApplication::processEvents();
    QVERIFY(told.isEmpty());

    m_client->write("x");
    QTRY_VERIFY(!told.isEmpty());
    QCOMPARE(told.first(), (std::pair<quint64, int>(7, Poller::Readable)));
    const auto before = told.size();
    QTRY_VERIFY(told.size() > before); // again and again, for nobody has read it
    QVERIFY(rounds > 0);

    poller.watch(m_socket, 7, 0);
    QCoreApplication::processEvents();
    told.clear();
    QCoreApplication::processEvents();
    QVERIFY(told.isEmpty());

    poller.watch(m_socket, 7, Poller::Writable);
    QTRY_VERIFY(!told.isEmpty());
    QCOMPARE(told.first(), (std::pair<quint64, int>(7, Poller::Writable)));
    poller.remove(m_socket);
}

void TestSockets::forgetsRemovedSockets()
{
    QFETCH(int, way);
    int told = 0;
    Poller *self = nullptr;
    Poller poller(
        [&](quint64, quint8) {
            ++told;
            self->remove(m_socket);
        },
        {}, Poller::Way(way));
    self = &poller;
    QVERIFY(poller.add(m_socket, 1, Poller::Readable | Poller::Writable));
    m_client->write("x");
    QTRY_VERIFY(told > 0);
    const int before = told;
    for (int i = 0; i < 5; ++i)
        QCoreApplication::processEvents();
    QVERIFY(told <= before + (way == int(Poller::Way::Notifiers) ? 1 : 0));
    QVERIFY(poller.add(m_socket, 1, Poller::Readable)); // and may come back
    QTRY_VERIFY(told > before);
}

void TestSockets::tellsOfResets()
{
    quint8 told = 0;
    Poller poller([&](quint64, quint8 events) { told |= events; });
    QVERIFY(poller.add(m_socket, 1, 0));
    m_client->setReadBufferSize(1); // what the client's system still holds makes its end a reset
    QCOMPARE(system::send(m_socket, "unread"), 6);
    QTRY_COMPARE(m_client->bytesAvailable(), 1);
    m_client.reset();
    QTRY_VERIFY(told & Poller::Failed); // though nothing was asked for
    poller.remove(m_socket);
}

void TestSockets::waitsForEnoughOctets()
{
    int told = 0;
    Poller poller([&](quint64, quint8) { ++told; });
    if (!system::setReadableFrom(m_socket, 4))
        QSKIP("this system can't");
    QVERIFY(poller.add(m_socket, 1, Poller::Readable));
    m_client->write("abc");
    char buffer[8];
    QTRY_COMPARE(system::peek(m_socket, buffer, 8), 3);
    QCoreApplication::processEvents();
    QCOMPARE(told, 0);
    m_client->write("d");
    QTRY_VERIFY(told > 0);
    poller.remove(m_socket);
}

QTEST_GUILESS_MAIN(TestSockets)
#include "test_sockets.moc"
