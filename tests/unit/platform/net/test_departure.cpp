// Connections that we begin, against a plain or TLS server of Qt's.
#include "platform/net/network.h"
#include "support/patience.h"

#include <QFile>
#include <QSslConfiguration>
#include <QSslKey>
#include <QSslServer>
#include <QSslSocket>
#include <QTcpServer>
#include <QTemporaryDir>

#include <mutex>

using namespace posthorn;
using namespace Qt::StringLiterals;

namespace {

// What a session saw, from the test's thread.
struct Diary
{
    std::mutex mutex;
    QByteArray heard;
    QString failure;
    net::LinkStep step = net::LinkStep::Connect;
    TlsFacts facts;
    std::atomic<int> failed = 0, closed = 0, lines = 0;
};

// Says "hello", and asks for TLS when it is told to; ends at "bye".
class EchoMachine : public Machine
{
public:
    explicit EchoMachine(Diary &diary) : m_diary(diary) {}
    void start(const TlsFacts *tls) override
    {
        if (tls)
            note(*tls);
        m_output = "hello\r\n";
    }
    void receive(QByteArrayView bytes) override
    {
        const std::scoped_lock lock(m_diary.mutex);
        m_diary.heard += bytes;
        m_diary.lines += int(bytes.count('\n'));
        m_wantsTls = m_diary.heard.endsWith("tls\r\n");
        m_over = m_diary.heard.endsWith("bye\r\n");
    }
    void tlsStarted(const TlsFacts &tls) override
    {
        note(tls);
        m_wantsTls = false;
        m_output = "again\r\n";
    }
    void peerClosed() override { m_over = true; }
    void timedOut() override {}
    void shutDown() override { m_over = true; }
    QByteArray takeOutput() override { return std::exchange(m_output, {}); }
    std::chrono::milliseconds patience() const override { return std::chrono::milliseconds(0); }
    bool hungry() const override { return !m_wantsTls; }
    bool wantsTls() const override { return m_wantsTls; }
    bool finished() const override { return m_over; }
    QLatin1StringView stateName() const override { return "talk"_L1; }

private:
    void note(const TlsFacts &tls)
    {
        const std::scoped_lock lock(m_diary.mutex);
        m_diary.facts = tls;
    }
    Diary &m_diary;
    QByteArray m_output;
    bool m_wantsTls = false, m_over = false;
};

class EchoSession : public net::Session
{
public:
    explicit EchoSession(Diary &diary) : m_diary(diary), m_machine(diary) {}
    Machine &machine() override { return m_machine; }
    void pump() override {}
    void attach(net::Address, const net::Peer &) override {}
    void failed(net::LinkStep step, const QString &why) override
    {
        const std::scoped_lock lock(m_diary.mutex);
        m_diary.step = step;
        m_diary.failure = why;
        ++m_diary.failed;
    }
    void closed() override { ++m_diary.closed; }
    QLatin1StringView protocol() const override { return "echo"_L1; }

private:
    Diary &m_diary;
    EchoMachine m_machine;
};

const QString folder = QStringLiteral(POSTHORN_SOURCE_DIR "/tests/data/tls/");

void setUp(QSslServer &server)
{
    QFile certificate(folder + u"default.crt"_s), key(folder + u"default.key"_s);
    QVERIFY(certificate.open(QFile::ReadOnly) && key.open(QFile::ReadOnly));
    QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
    configuration.setLocalCertificate(QSslCertificate(&certificate));
    configuration.setPrivateKey(QSslKey(&key, QSsl::Rsa));
    if (configuration.privateKey().isNull()) {
        key.seek(0);
        configuration.setPrivateKey(QSslKey(&key, QSsl::Ec));
    }
    QVERIFY(!configuration.privateKey().isNull());
    server.setSslConfiguration(configuration);
    QVERIFY(server.listen(QHostAddress::LocalHost));
}

} // namespace

class TestDeparture : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { network = std::make_unique<net::Network>(1, std::make_shared<net::TlsContexts>()); }
    void cleanup()
    {
        network.reset();
        diary.reset(new Diary);
    }

    void speaksOverAConnectionItBegan()
    {
        QTcpServer server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        network->depart(departure(server.serverPort()));
        QVERIFY(server.waitForNewConnection(60'000));
        QTcpSocket &peer = *server.nextPendingConnection();
        QTRY_COMPARE(peer.peek(100), "hello\r\n"_ba);
        peer.write("bye\r\n");
        QTRY_COMPARE(diary->closed.load(), 1);
        QCOMPARE(diary->failed.load(), 0);
        QTRY_COMPARE(network->conversationCount(), 0);
    }

    void tellsThatNobodyListens()
    {
        QTcpServer server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        const quint16 port = server.serverPort();
        server.close();
        network->depart(departure(port));
        QTRY_COMPARE(diary->closed.load(), 1);
        QCOMPARE(diary->failed.load(), 1);
        QVERIFY(diary->step == net::LinkStep::Connect);
        QVERIFY2(diary->failure.contains("refused"_L1), qPrintable(diary->failure));
    }

    void tellsThatTheAddressIsNone()
    {
        auto link = departure(25);
        link.address = "nobody";
        network->depart(std::move(link));
        QTRY_COMPARE(diary->closed.load(), 1);
        QCOMPARE(diary->failed.load(), 1);
    }

    void beginsWithTls()
    {
        QSslServer server;
        setUp(server);
        auto link = departure(server.serverPort());
        link.implicitTls = true;
        network->depart(std::move(link));
        QTRY_VERIFY(server.hasPendingConnections());
        QTcpSocket *const peer = server.nextPendingConnection();
        QTRY_COMPARE(peer->peek(100), "hello\r\n"_ba);
        QCOMPARE(facts().protocol, "TLSv1.3"_ba);
        peer->write("bye\r\n");
        QTRY_COMPARE(diary->closed.load(), 1);
        QCOMPARE(diary->failed.load(), 0);
    }

    void startsTlsLater()
    {
        QTcpServer server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        network->depart(departure(server.serverPort()));
        QVERIFY(server.waitForNewConnection(60'000));
        QTcpSocket &plain = *server.nextPendingConnection();
        QTRY_COMPARE(plain.peek(100), "hello\r\n"_ba);
        plain.write("tls\r\n");
        QTRY_COMPARE(plain.peek(8).mid(7), "\x16"_ba); // the client's hello, after ours
    }

    void refusesACertificateItDoesNotTrust()
    {
        QSslServer server;
        setUp(server);
        auto link = departure(server.serverPort());
        link.implicitTls = link.tls.verify = true;
        network->depart(std::move(link));
        QTRY_COMPARE(diary->closed.load(), 1);
        QCOMPARE(diary->failed.load(), 1);
        QVERIFY(diary->step == net::LinkStep::Tls);
        QVERIFY2(diary->failure.contains("certificate"_L1), qPrintable(diary->failure));
    }

    void trustsTheAuthoritiesItIsGivenForTheNameOnly_data()
    {
        QTest::addColumn<QByteArray>("name");
        QTest::addColumn<bool>("good");
        QFile file(folder + u"default.crt"_s);
        QVERIFY(file.open(QFile::ReadOnly));
        const auto names = QSslCertificate(&file).subjectAlternativeNames().values(QSsl::DnsEntry);
        QVERIFY(!names.isEmpty());
        QTest::newRow("its name") << names.front().toLatin1() << true;
        QTest::newRow("another name") << "elsewhere.example"_ba << false;
    }
    void trustsTheAuthoritiesItIsGivenForTheNameOnly()
    {
        QFETCH(QByteArray, name);
        QFETCH(bool, good);
        QSslServer server;
        setUp(server);
        auto link = departure(server.serverPort());
        link.tls = {net::TlsTrust(folder + u"default.crt"_s).context(), name, true};
        link.implicitTls = true;
        network->depart(std::move(link));
        QTRY_VERIFY(diary->failed == (good ? 0 : 1) && (good ? !facts().protocol.isEmpty() : diary->closed == 1));
    }

private:
    net::Departure departure(quint16 port)
    {
        net::Departure link;
        link.address = "127.0.0.1";
        link.port = port;
        link.tls.context = net::TlsTrust(QString()).context();
        link.session = std::make_unique<EchoSession>(*diary);
        return link;
    }
    TlsFacts facts()
    {
        const std::scoped_lock lock(diary->mutex);
        return diary->facts;
    }
    std::unique_ptr<net::Network> network;
    std::unique_ptr<Diary> diary = std::make_unique<Diary>();
};

QTEST_GUILESS_MAIN(TestDeparture)
#include "test_departure.moc"
