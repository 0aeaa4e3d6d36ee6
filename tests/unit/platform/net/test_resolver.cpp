// The resolver against a name server of its own: answers by UDP and TCP, silence, forgeries, and who waits for whom.
#include "platform/net/dns_client.h"
#include "platform/net/resolver.h"
#include "support/patience.h"

#include <QNetworkDatagram>
#include <QTcpServer>
#include <QTcpSocket>
#include <QUdpSocket>
#include <QtEndian>

using namespace posthorn;
using namespace posthorn::net;
using namespace Qt::StringLiterals;
using Status = DnsAnswer::Status;

namespace {

// Answers each name by its first label.
class NameServer : public QObject
{
public:
    NameServer()
    {
        m_tcp.listen(QHostAddress::LocalHost);
        m_udp.bind(QHostAddress::LocalHost, m_tcp.serverPort());
        connect(&m_udp, &QUdpSocket::readyRead, this, [this] {
            while (m_udp.hasPendingDatagrams())
                answer(m_udp.receiveDatagram());
        });
        connect(&m_tcp, &QTcpServer::newConnection, this, [this] {
            QTcpSocket *const peer = m_tcp.nextPendingConnection();
            connect(peer, &QTcpSocket::readyRead, this, [this, peer] {
                const QByteArray question = peer->readAll().sliced(2);
                const QByteArray first = question.mid(13, question[12]);
                ++askedByTcp[first];
                if (first == "silent")
                    return;
                const QByteArray octets = reply(question, 0x8180, 40);
                // In two pieces, as it may come.
                peer->write(QByteArray(1, char(octets.size() >> 8)));
                peer->flush();
                peer->write(char(octets.size() & 0xff) + octets);
            });
        });
    }
    [[nodiscard]] quint16 port() const { return m_udp.localPort(); }
    void closeTcp() { m_tcp.close(); }
    QHash<QByteArray, int> asked, askedByTcp; // by first label
    QSet<int> ports;

private:
    static QByteArray reply(const QByteArray &question, quint16 flags, int addresses)
    {
        QByteArray out = question;
        out.truncate(question.indexOf('\0', 12) + 5);
        qToBigEndian(flags, out.data() + 2);
        qToBigEndian(quint16(addresses), out.data() + 6);
        out[10] = out[11] = 0;
        for (int i = 0; i < addresses; ++i)
            out += QByteArray::fromHex("c00c000100010000003c0004c00002") + char(i + 1);
        return out;
    }
    void answer(const QNetworkDatagram &datagram)
    {
        const QByteArray question = datagram.data();
        const QByteArray first = question.mid(13, question[12]);
        ++asked[first];
        ports.insert(datagram.senderPort());
        const auto send = [&](const QByteArray &octets) { m_udp.writeDatagram(datagram.makeReply(octets)); };
        const bool isV4 = question[question.indexOf('\0', 12) + 2] == '\1';
        if (first == "silent" || first.startsWith("deaf") || (first == "slow" && asked[first] <= 4)) // twice each kind of address
            return;
        if (first == "forged") {
            QByteArray other = question;
            other[1] = char(other[1] + 1);
            send(reply(other, 0x8180, 3));
            QUdpSocket stranger;
            stranger.writeDatagram(reply(question, 0x8180, 3), datagram.senderAddress(), quint16(datagram.senderPort()));
        }
        if (first == "broken")
            send(reply(question, 0x8182, 0));
        else if (first == "none")
            send(reply(question, 0x8183, 0));
        else if (first == "long" && isV4)
            send(reply(question, 0x8380, 0));
        else
            send(reply(question, 0x8180, isV4 ? 1 : 0));
    }

    QUdpSocket m_udp;
    QTcpServer m_tcp;
};

} // namespace

class TestResolver : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_server = std::make_unique<NameServer>();
        askAgainAfter(std::chrono::seconds(5)); // not at all, where the server answers
    }
    void tellsAnswersApart_data()
    {
        QTest::addColumn<QByteArray>("name");
        QTest::addColumn<Status>("status");
        QTest::addColumn<int>("count");
        QTest::newRow("found") << "one.example"_ba << Status::Found << 1;
        QTest::newRow("no such name") << "none.example"_ba << Status::NoName << 0;
        QTest::newRow("SERVFAIL") << "broken.example"_ba << Status::Failed << 0;
        QTest::newRow("too long for UDP") << "long.example"_ba << Status::Found << 40;
        QTest::newRow("what comes by UDP is lost") << "deaf.example"_ba << Status::Found << 40;
        QTest::newRow("forgeries") << "forged.example"_ba << Status::Found << 1;
        QTest::newRow("no name at all") << "a..b"_ba << Status::NoName << 0;
    }
    void tellsAnswersApart()
    {
        QFETCH(QByteArray, name);
        if (name.startsWith("deaf"))
            askAgainAfter(std::chrono::milliseconds(100));
        const DnsAnswer answer = look(name);
        QTEST(answer.status, "status");
        QTEST(int(answer.addresses.size()), "count");
    }
    void keepsAnswers()
    {
        look("one.example");
        const int before = m_server->asked["one"];
        look("one.example");
        QCOMPARE(m_server->asked["one"], before);
        look("broken.example");
        const int failures = m_server->asked["broken"];
        look("broken.example"); // of a failure nothing is kept
        QVERIFY(m_server->asked["broken"] > failures);
    }
    void letsNobodyWaitForTheSilent()
    {
        askAgainAfter(std::chrono::seconds(20)); // 68 s until one is given up
        int givenUp = 0;
        for (int i = 0; i < 1'500; ++i)
            m_resolver->addresses("silent.x" + QByteArray::number(i), [&](const DnsAnswer &) { ++givenUp; });
        QCOMPARE(look("one.example").status, Status::Found);
        QCOMPARE(givenUp, 0);
    }
    void asksFromManyPorts()
    {
        int found = 0;
        for (int i = 0; i < 600; ++i)
            m_resolver->addresses("p" + QByteArray::number(i) + ".example", [&](const DnsAnswer &) { ++found; });
        QTRY_COMPARE(found, 600);
        QVERIFY2(m_server->ports.size() >= 20, qPrintable(QString::number(m_server->ports.size())));
    }
    void hearsWhereTcpIsNotServed()
    {
        m_server->closeTcp();
        askAgainAfter(std::chrono::milliseconds(500));
        QCOMPARE(look("slow.example").status, Status::Found); // it answers the third question only
    }
    void asksManyByTcpWhatUdpLoses()
    {
        askAgainAfter(std::chrono::seconds(2)); // who has no turn by TCP within 8 s then is given up
        int found = 0;
        for (int i = 0; i < 500; ++i)
            m_resolver->addresses("deaf" + QByteArray::number(i) + ".example", [&](const DnsAnswer &answer) {
                found += answer.status == Status::Found ? 1 : 0;
            });
        QTRY_COMPARE(found, 500);
    }
    void answersVeryManyWithoutAServer()
    {
        DnsClient client;
        int failed = 0, asked = 100'000;
        const std::function<void(const DnsReply &)> done = [&](const DnsReply &reply) {
            failed += reply.answer.status == Status::Failed ? 1 : 0;
            if (asked++ < 200'000)
                client.ask("again.example", DnsType::A, done); // while it is told of the answer
        };
        for (int i = 0; i < 100'000; ++i)
            client.ask("one.example", DnsType::A, done);
        QCOMPARE(failed, 0); // later, not at once
        QTRY_COMPARE(failed, 200'000);
    }
    void givesUpOnTheSilent()
    {
        askAgainAfter(std::chrono::milliseconds(100));
        QCOMPARE(look("silent.example").status, Status::Failed);
        QTRY_COMPARE(m_server->asked["silent"], 4); // twice each kind of address
        QTRY_COMPARE(m_server->askedByTcp["silent"], 2);
    }

private:
    void askAgainAfter(std::chrono::milliseconds wait)
    {
        m_resolver = std::make_unique<Resolver>(nullptr, wait);
        m_resolver->setServer(QHostAddress::LocalHost, m_server->port());
    }
    DnsAnswer look(const QByteArray &name)
    {
        std::optional<DnsAnswer> found;
        m_resolver->addresses(name, [&](const DnsAnswer &answer) { found = answer; });
        (void)test::waitFor([&] { return found.has_value(); });
        return found.value_or(DnsAnswer{.error = QStringLiteral("no answer")});
    }

    std::unique_ptr<NameServer> m_server;
    std::unique_ptr<Resolver> m_resolver;
};

QTEST_GUILESS_MAIN(TestResolver)
#include "test_resolver.moc"
