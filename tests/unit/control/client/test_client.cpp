// The client against a server played by the test: deadlines, lost connections, gaps in topics, nonsense.
#include "control/api/messages.h"
#include "control/api/values.h"
#include "control/client/client.h"
#include "support/patience.h"

#include <QLocalServer>
#include <QLocalSocket>
#include <QSignalSpy>
#include <QTemporaryDir>

#include <optional>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace posthorn::control {

class TestClient : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_running = true;
        m_client = std::make_unique<Client>(std::make_unique<MemoryLink>([this]() -> PipePointer {
            ++m_attempts;
            if (!m_running)
                return nullptr;
            auto [ours, theirs] = joinPipes();
            m_peer = ours;
            m_lines = LineSplitter(maxLineOctets);
            return theirs;
        }));
        m_attempts = 0;
    }
    void cleanup()
    {
        m_client.reset();
        m_peer.reset();
    }

    void failsAtOnceWithoutAConnection()
    {
        std::optional<Result<QJsonValue>> answer;
        m_client->call(u"domain.list"_s, {}, [&](const Result<QJsonValue> &result) { answer = result; });
        QVERIFY(!answer); // never from within
        QTRY_VERIFY(answer);
        QCOMPARE(answer->error().kind, ErrorKind::Unavailable);
    }
    void matchesAnswersToCalls()
    {
        open();
        QStringList order;
        for (const QString &name : {u"one"_s, u"two"_s})
            m_client->call(name, {}, [&order, name](const Result<QJsonValue> &result) {
                order += name + (result ? u" ok"_s : u" "_s + nameOf(result.error().kind));
            });
        const QJsonValue first = hear().id, second = hear().id;
        say(toLine(Response{second, fail(ErrorKind::Exists, u"x"_s)}) + toLine(Response{first, QJsonValue(1)}));
        QTRY_COMPARE(order, (QStringList{u"two exists"_s, u"one ok"_s}));
    }
    void givesUpAtTheDeadlineAndIgnoresTheLateAnswer()
    {
        open();
        QList<Result<QJsonValue>> answers;
        m_client->call(u"slow"_s, {}, [&](const Result<QJsonValue> &result) { answers += result; }, 20ms);
        const QJsonValue id = hear().id;
        QTRY_COMPARE(answers.size(), 1);
        QCOMPARE(answers[0].error().kind, ErrorKind::Unavailable);
        say(toLine(Response{id, QJsonValue(1)}));
        bool later = false;
        m_client->call(u"other"_s, {}, [&](const Result<QJsonValue> &) { later = true; });
        say(toLine(Response{hear().id, QJsonValue(1)}));
        QTRY_VERIFY(later);
        QCOMPARE(answers.size(), 1);
    }
    void doesNotCallAContextThatIsGone()
    {
        open();
        auto context = std::make_unique<QObject>();
        bool called = false, later = false;
        m_client->call(u"one"_s, {}, context.get(), [&](const Result<QJsonValue> &) { called = true; });
        m_client->call(u"two"_s, {}, [&](const Result<QJsonValue> &) { later = true; });
        context.reset();
        say(toLine(Response{hear().id, QJsonValue(1)}) + toLine(Response{hear().id, QJsonValue(1)}));
        QTRY_VERIFY(later);
        QVERIFY(!called);
    }
    void failsCallsWhenTheConnectionIsLostAndConnectsAgain()
    {
        open();
        QSignalSpy lost(m_client.get(), &Client::disconnected), back(m_client.get(), &Client::connected);
        std::optional<Result<QJsonValue>> answer;
        m_client->call(u"one"_s, {}, [&](const Result<QJsonValue> &result) { answer = result; });
        m_running = false;
        m_peer->close();
        QTRY_VERIFY(answer);
        QCOMPARE(answer->error().kind, ErrorKind::Unavailable);
        QTRY_VERIFY(lost.size() >= 2); // an attempt failed as well
        QCOMPARE(m_client->state(), Client::State::Connecting);
        m_running = true;
        QTRY_COMPARE(back.size(), 1);
        QVERIFY(m_client->isConnected());
    }
    void subscribesAgainAfterAReconnection()
    {
        open();
        QList<TopicUpdate> updates;
        m_client->subscribe(u"queue"_s, [&](const TopicUpdate &update) { updates += update; });
        QCOMPARE(hear().method, u"topic.subscribe"_s);
        QSignalSpy back(m_client.get(), &Client::connected);
        m_peer->close();
        QTRY_COMPARE(back.size(), 1);
        QCOMPARE(hear().parameters.value("topic"_L1).toString(), u"queue"_s);
        tell(9, true);
        QTRY_COMPARE(updates.size(), 1);
    }
    void asksForASnapshotWhenADeltaIsMissing()
    {
        open();
        QList<qint64> revisions;
        m_client->subscribe(u"queue"_s, [&](const TopicUpdate &update) { revisions += update.revision; });
        hear();
        tell(4, false); // before any snapshot: not ours
        tell(5, true);
        tell(6, false);
        tell(8, false); // 7 is missing
        tell(9, false);
        QCOMPARE(hear().method, u"topic.subscribe"_s);
        tell(9, true);
        QTRY_COMPARE(revisions, (QList<qint64>{5, 6, 9}));
    }
    void sharesASubscriptionAndEndsItWithTheLast()
    {
        open();
        int one = 0, two = 0;
        const int first = m_client->subscribe(u"queue"_s, [&](const TopicUpdate &) { ++one; });
        auto context = std::make_unique<QObject>();
        m_client->subscribe(u"queue"_s, context.get(), [&](const TopicUpdate &) { ++two; });
        hear();
        hear(); // the newcomer needs a snapshot
        tell(1, true);
        QTRY_COMPARE(two, 1);
        m_client->unsubscribe(first);
        context.reset();
        tell(2, false);
        QCOMPARE(hear().method, u"topic.unsubscribe"_s);
        QCOMPARE(one, 1);
        QCOMPARE(two, 1);
    }
    void leavesAServerThatTalksNonsense()
    {
        for (const QByteArray &line : {"hello\n"_ba, "[]\n"_ba, "{}\n"_ba, QByteArray(1000, '[') + '\n'}) {
            open();
            QSignalSpy lost(m_client.get(), &Client::disconnected);
            say(line);
            QTRY_VERIFY(!lost.isEmpty());
            m_client->close();
        }
    }
    void mayBeClosedFromItsCallback()
    {
        open();
        bool called = false;
        m_client->call(u"one"_s, {}, [&](const Result<QJsonValue> &) {
            called = true;
            m_client.reset();
        });
        const QJsonValue id = hear().id;
        say(toLine(Response{id, QJsonValue(1)}) + toLine(Response{id, QJsonValue(2)}));
        QTRY_VERIFY(called);
    }
    void staysClosedWhenTold()
    {
        open();
        m_client->close();
        const int attempts = m_attempts;
        QCOMPARE(m_client->state(), Client::State::Closed);
        QVERIFY(m_peer->isClosed());
        m_client->open();
        QTRY_VERIFY(m_client->isConnected());
        QCOMPARE(m_attempts, attempts + 1);
    }
    void saysWhenNoServerIsThere()
    {
        const QTemporaryDir folder;
        LocalLink link(folder.path());
        QSignalSpy closed(&link, &Link::closed);
        link.open();
        QCOMPARE(closed.size(), 0); // never from within
        QTRY_COMPARE(closed.size(), 1);
        QCOMPARE(link.trouble(), ErrorKind::NotFound);
    }
    void survivesAServerThatDies()
    {
        const QTemporaryDir folder;
        QLocalServer server;
        QVERIFY(server.listen(socketName(folder.path())));
        LocalLink link(folder.path());
        QSignalSpy opened(&link, &Link::opened), closed(&link, &Link::closed);
        for (int life = 1; life <= 3; ++life) {
            link.open();
            QTRY_COMPARE(opened.size(), life);
            QTRY_VERIFY(server.hasPendingConnections());
            QLocalSocket *peer = server.nextPendingConnection();
            link.send("{}\n");
            QTRY_VERIFY(peer->bytesAvailable() > 0);
            if (life == 2)
                link.close(); // given up here as well, before its end is told
            peer->abort();
            delete peer;
            QTRY_COMPARE(closed.size(), life == 3 ? 2 : 1);
            QCoreApplication::processEvents(); // what is told late is told of nobody
        }
        QCOMPARE(closed.size(), 2);
    }

private:
    void open()
    {
        m_client->open();
        QTRY_VERIFY(m_client->isConnected());
    }
    void say(const QByteArray &octets) { m_peer->send(octets); }
    void tell(qint64 revision, bool snapshot)
    {
        const TopicUpdate update{u"queue"_s, revision, snapshot, {QJsonObject{{u"id"_s, u"1"_s}}}, {}, {}};
        say(toLine(Notification{u"topic"_s, toJson(update)}));
    }
    Request hear()
    {
        std::optional<QByteArray> line;
        (void)test::waitFor([&] {
            line = m_lines.next();
            if (!line && m_lines.append(m_peer->take()))
                line = m_lines.next();
            return line.has_value();
        });
        return line ? parseRequest(*line).value_or(Request{}) : Request{};
    }

    std::unique_ptr<Client> m_client;
    PipePointer m_peer;
    LineSplitter m_lines{maxLineOctets};
    bool m_running = true;
    int m_attempts = 0;
};

} // namespace posthorn::control

QTEST_GUILESS_MAIN(posthorn::control::TestClient)
#include "test_client.moc"
