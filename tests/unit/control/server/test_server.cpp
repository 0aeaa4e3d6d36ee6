// Callers: hostile and slow ones, topics, the socket, and answers that come when nobody is there.
#include "house.h"

#include "control/api/messages.h"
#include "control/api/values.h"

#include <QJsonDocument>
#include <QFileInfo>
#include <QLocalSocket>
#include <QThread>

namespace posthorn::control {

namespace {

// A client by hand: lines in, lines out.
struct Raw
{
    explicit Raw(House &house) : pipe(house.server->connector()()) {}
    void say(const QByteArray &line) { pipe->send(line + '\n'); }
    void ask(int id, const QByteArray &method, const QByteArray &parameters = "{}")
    {
        say("{\"jsonrpc\":\"2.0\",\"id\":" + QByteArray::number(id) + ",\"method\":\"" + method + "\",\"params\":"
            + parameters + "}");
    }
    // The next line, or empty when the connection was closed.
    QJsonObject hear()
    {
        std::optional<QByteArray> line;
        (void)test::waitFor([&] {
            line = lines.next();
            const bool ended = pipe->isClosed();
            if (!line && lines.append(pipe->take()))
                line = lines.next();
            return line || ended;
        });
        return line ? QJsonDocument::fromJson(*line).object() : QJsonObject();
    }
    int code() { return hear().value("error"_L1).toObject().value("code"_L1).toInt(); }

    PipePointer pipe;
    LineSplitter lines{maxAnswerOctets};
};

} // namespace

class TestServer : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_house = std::make_unique<House>();
        QVERIFY(m_house->ok);
    }
    void cleanup() { m_house.reset(); }

    void tellsItsStatusAndMethods()
    {
        const auto status = m_house->call(u"server.status"_s)->toObject();
        QCOMPARE(status.value("version"_L1).toString(), QStringLiteral(POSTHORN_VERSION));
        QCOMPARE(status.value("store"_L1).toObject().value("health"_L1).toString(), u"good"_s);
        QCOMPARE(status.value("queued"_L1).toInteger(-1), 0);
        QVERIFY(status.value("services"_L1).toArray().size() >= 7);
        QCOMPARE(m_house->call(u"server.methods"_s)->toObject().value("methods"_L1).toArray().size(),
                 qsizetype(methods().size()));
    }
    void stopsWhenTold()
    {
        QCOMPARE(m_house->outcome(u"server.stop"_s), u"ok"_s);
        QTRY_VERIFY(m_house->stopped);
    }
    void answersHostileLinesAndGoesOn()
    {
        Raw raw(*m_house);
        raw.say("GET / HTTP/1.1\r");
        QCOMPARE(raw.code(), -32700);
        raw.say(QByteArray(100'000, '['));
        QCOMPARE(raw.code(), -32700);
        raw.ask(1, "server.explode");
        QCOMPARE(raw.code(), -32001);
        raw.ask(2, "domain.add", "{\"nme\":\"x\"}");
        QCOMPARE(raw.code(), -32602);
        raw.say("{\"jsonrpc\":\"2.0\",\"method\":\"domain.list\"}"); // nobody waits for it
        raw.ask(3, "domain.list");
        const QJsonObject answer = raw.hear();
        QCOMPARE(answer.value("id"_L1).toInt(), 3);
        QVERIFY(answer.value("result"_L1).isObject());
    }
    void cutsEndlessLines()
    {
        Raw raw(*m_house);
        for (int i = 0; i < 6 && !raw.pipe->isClosed(); ++i) {
            raw.pipe->send(QByteArray(1024 * 1024, 'x'));
            QTRY_VERIFY(raw.pipe->waiting() == 0 || raw.pipe->isClosed());
        }
        QTRY_VERIFY(raw.pipe->isClosed());
        QCOMPARE(m_house->outcome(u"domain.list"_s), u"ok"_s); // others don't notice
    }
    void cutsWhoAsksAndNeverListens()
    {
        Raw raw(*m_house);
        const QByteArray request = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"settings.list\"}\n";
        for (int i = 0; i < 5'000 && !raw.pipe->isClosed(); ++i) {
            raw.pipe->send(request.repeated(20));
            QCoreApplication::processEvents();
        }
        QTRY_VERIFY(raw.pipe->isClosed());
        QCOMPARE(m_house->outcome(u"domain.list"_s), u"ok"_s);
    }
    void limitsCallers()
    {
        std::vector<PipePointer> pipes;
        for (int i = 0; i < 70; ++i)
            pipes.push_back(m_house->server->connector()());
        QTRY_VERIFY(pipes.back()->isClosed());
        QVERIFY(!pipes.front()->isClosed());
        pipes.clear();
        QTRY_VERIFY(connects());
    }
    void dropsAnswersForThoseWhoLeft()
    {
        {
            Raw raw(*m_house);
            for (int i = 0; i < 50; ++i)
                raw.ask(i, "store.check");
            QTRY_COMPARE(raw.pipe->waiting(), 0);
        }
        QCOMPARE(m_house->outcome(u"domain.list"_s), u"ok"_s);
    }
    void goesWhileJobsAreUnderWay()
    {
        Raw raw(*m_house);
        for (int i = 0; i < 20; ++i) {
            raw.ask(i, "account.add", "{\"address\":\"a@example.test\",\"password\":\"x\"}");
            raw.ask(i, "store.check");
            raw.ask(i, "topic.subscribe", "{\"topic\":\"mailboxes\"}");
        }
        QTRY_COMPARE(raw.pipe->waiting(), 0);
        const Connector connector = m_house->server->connector();
        m_house->client.reset();
        m_house->server.reset();
        QVERIFY(raw.pipe->isClosed());
        QVERIFY(!connector());
        QCoreApplication::processEvents();
    }

    void snapshotsThenDeltas()
    {
        m_house->call(u"domain.add"_s, {{u"name"_s, u"a.test"_s}});
        QList<TopicUpdate> updates;
        m_house->client->subscribe(u"mailboxes"_s, [&](const TopicUpdate &update) { updates += update; });
        QTRY_COMPARE(updates.size(), 1);
        QVERIFY(updates[0].snapshot);
        QCOMPARE(updates[0].set.size(), 1);
        QCOMPARE(updates[0].set[0].toObject().value("kind"_L1).toString(), u"domain"_s);
        m_house->call(u"domain.add"_s, {{u"name"_s, u"b.test"_s}});
        QTRY_COMPARE(updates.size(), 2);
        QVERIFY(!updates[1].snapshot);
        QCOMPARE(updates[1].revision, updates[0].revision + 1);
        QCOMPARE(updates[1].set.size(), 1);
        m_house->call(u"domain.remove"_s, {{u"name"_s, u"a.test"_s}});
        QTRY_COMPARE(updates.size(), 3);
        QCOMPARE(updates[2].removed.size(), 1);
        QVERIFY(updates[2].set.isEmpty());
    }
    void gathersEventsIntoFewDeltas()
    {
        qsizetype events = 0, updates = 0;
        m_house->client->subscribe(u"log"_s, [&](const TopicUpdate &update) {
            events += update.set.size();
            ++updates;
        });
        QTRY_COMPARE(updates, 1);
        events = 0;
        for (int i = 0; i < 400; ++i)
            m_house->events.emitEvent({EventKind::SignedIn});
        QTRY_COMPARE(events, 400);
        QVERIFY(updates <= 4);
    }
    void saysHowManyEventsWereLeftOut()
    {
        qint64 events = 0, lost = 0, last = 0;
        bool ready = false;
        m_house->client->subscribe(u"log"_s, [&](const TopicUpdate &update) {
            for (const auto &item : update.set) {
                const qint64 number = item.toObject().value("id"_L1).toString().toLongLong();
                QVERIFY(number > last);
                last = number;
                ++events;
            }
            lost = update.values.value("lost"_L1).toInteger(lost);
            ready = true;
        });
        QTRY_VERIFY(ready);
        for (int i = 0; i < 3'000; ++i)
            m_house->events.emitEvent({EventKind::SignedIn});
        QTRY_COMPARE(last, 3'000);
        QCOMPARE(events + lost, 3'000);
    }
    void showsCountersOnlyWhenTheyChange()
    {
        QList<TopicUpdate> updates;
        m_house->client->subscribe(u"counters"_s, [&](const TopicUpdate &update) { updates += update; });
        QTRY_COMPARE(updates.size(), 1);
        m_house->counters.messagesAccepted = 5;
        QTRY_COMPARE(updates.size(), 2);
        QCOMPARE(updates[1].values, (QJsonObject{{u"messagesAccepted"_s, 5}}));
    }
    void givesSlowSubscribersASnapshotInsteadOfAQueue()
    {
        Raw raw(*m_house);
        raw.ask(1, "topic.subscribe", "{\"topic\":\"log\"}");
        Event event{EventKind::CommandRefused};
        event.with(EventField::Detail, QByteArray(4'000, 'x'));
        int beats = 0;
        m_house->client->subscribe(u"log"_s, [&](const TopicUpdate &) { ++beats; }); // the other one reads
        while (beats < 6) {
            for (int i = 0; i < 500; ++i)
                m_house->events.emitEvent(event);
            const int before = beats;
            QTRY_VERIFY(beats > before);
        }
        QVERIFY(!raw.pipe->isClosed());
        int snapshots = 0;
        for (int i = 0; i < 10 && snapshots < 2; ++i)
            snapshots += raw.hear().value("params"_L1).toObject().contains("snapshot"_L1);
        QCOMPARE(snapshots, 2); // the first, and one for what it missed
    }
    void stopsTellingWhenUnsubscribed()
    {
        int updates = 0;
        const int id = m_house->client->subscribe(u"log"_s, [&](const TopicUpdate &) { ++updates; });
        QTRY_COMPARE(updates, 1);
        m_house->client->unsubscribe(id);
        QCOMPARE(m_house->outcome(u"topic.subscribe"_s, {{u"topic"_s, u"weather"_s}}), u"not-found"_s);
        m_house->events.emitEvent({EventKind::SignedIn});
        int beats = 0;
        m_house->client->subscribe(u"counters"_s, [&](const TopicUpdate &) { ++beats; });
        QTRY_COMPARE(beats, 1);
        m_house->counters.signIns = 1;
        QTRY_COMPARE(beats, 2); // a beat has passed
        QCOMPARE(updates, 1);
    }

    void speaksOverASocketForTheOwnerOnly()
    {
        QVERIFY(m_house->server->listen());
#ifdef Q_OS_UNIX
        const auto permissions = QFileInfo(socketName(m_house->folder.path())).permissions();
        QVERIFY(!(permissions & (QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther | QFile::WriteOther)));
#endif
        Client client(std::make_unique<LocalLink>(m_house->folder.path()));
        std::optional<Result<QJsonValue>> answer;
        connect(&client, &Client::connected, this, [&] {
            client.call(u"domain.list"_s, {}, [&](const Result<QJsonValue> &result) { answer = result; });
        });
        client.open();
        QTRY_VERIFY(answer);
        QVERIFY(answer->has_value());
    }
    void replacesASocketLeftBehind()
    {
#ifdef Q_OS_UNIX
        QFile left(socketName(m_house->folder.path()));
        QVERIFY(left.open(QIODevice::WriteOnly));
        left.close();
        QVERIFY(m_house->server->listen());
        QLocalSocket socket;
        socket.connectToServer(socketName(m_house->folder.path()));
        QVERIFY(socket.waitForConnected(60'000));
#endif
    }
    void carriesBigAnswersOverTheSocket()
    {
        QVERIFY(m_house->server->listen());
        m_house->call(u"domain.add"_s, {{u"name"_s, u"example.test"_s}});
        QJsonArray targets;
        for (int i = 0; i < 1'000; ++i)
            targets += u"%1@elsewhere.example"_s.arg(QString::number(i).rightJustified(40, u'x'));
        for (int i = 0; i < 50; ++i)
            m_house->call(u"alias.add"_s, {{u"address"_s, u"list%1@example.test"_s.arg(i)}, {u"targets"_s, targets}});
        Client client(std::make_unique<LocalLink>(m_house->folder.path()));
        std::optional<Result<QJsonValue>> answer;
        connect(&client, &Client::connected, this, [&] {
            client.call(u"alias.list"_s, {}, [&](const Result<QJsonValue> &result) { answer = result; });
        });
        client.open();
        QTRY_VERIFY(answer);
        QVERIFY(answer->has_value());
        QCOMPARE(answer->value().toObject().value("aliases"_L1).toArray().size(), 50);
    }
    // The engine on one thread, the window on another.
    void servesAClientOnAnotherThread()
    {
        std::atomic<int> answers = 0;
        const Connector connector = m_house->server->connector();
        const std::unique_ptr<QThread> thread(QThread::create([&] {
            Client client(std::make_unique<MemoryLink>(connector));
            QEventLoop loop;
            QObject::connect(&client, &Client::connected, &loop, [&] {
                for (int i = 0; i < 100; ++i) {
                    client.call(u"settings.list"_s, {}, [&](const Result<QJsonValue> &result) {
                        if (result && ++answers == 100)
                            loop.quit();
                    });
                }
            });
            client.open();
            loop.exec();
        }));
        thread->start();
        QTRY_VERIFY(thread->isFinished());
        QCOMPARE(answers.load(), 100);
    }

private:
    bool connects()
    {
        Raw raw(*m_house);
        raw.ask(1, "domain.list");
        return raw.hear().contains("result"_L1);
    }
    std::unique_ptr<House> m_house;
};

} // namespace posthorn::control

QTEST_GUILESS_MAIN(posthorn::control::TestServer)
#include "test_server.moc"
