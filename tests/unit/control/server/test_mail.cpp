// Queue, trace, log, backup, check, export and import through the protocol, on a real store.
#include "house.h"

#include "platform/store/messages.h"
#include "platform/store/queue.h"
#include "platform/store/trace.h"
#include "platform/store/transaction.h"

#include <QDir>
#include <QFile>

namespace posthorn::control {

class TestMail : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_house = std::make_unique<House>();
        QVERIFY(m_house->ok);
    }
    void cleanup() { m_house.reset(); }

    void holdsAndReleasesEntries()
    {
        const QString id = queueOne("anna@elsewhere.example");
        QCOMPARE(m_house->outcome(u"queue.release"_s, {{u"id"_s, id}}), u"denied"_s); // it is not held
        QCOMPARE(state(u"queue.hold"_s, id), u"held"_s);
        const auto held = m_house->call(u"queue.list"_s, {{u"state"_s, u"held"_s}})->toObject();
        QCOMPARE(held.value("entries"_L1).toArray().size(), 1);
        QCOMPARE(m_house->call(u"queue.list"_s, {{u"state"_s, u"waiting"_s}})->toObject().value("entries"_L1).toArray().size(), 0);
        QCOMPARE(state(u"queue.release"_s, id), u"waiting"_s);
        QCOMPARE(state(u"queue.retry"_s, id), u"waiting"_s);
        QCOMPARE(m_house->outcome(u"queue.list"_s, {{u"state"_s, u"lost"_s}}), u"invalid"_s);
        QCOMPARE(m_house->outcome(u"queue.hold"_s, {{u"id"_s, u"4711"_s}}), u"not-found"_s);
    }
    void removingAnEntryTellsTheJourneyWhoAndWhy()
    {
        const QString id = queueOne("anna@elsewhere.example");
        QCOMPARE(m_house->outcome(u"queue.remove"_s, {{u"id"_s, id}, {u"reason"_s, u"sent by mistake"_s}}), u"ok"_s);
        QCOMPARE(m_house->outcome(u"queue.show"_s, {{u"id"_s, id}}), u"not-found"_s);
        const auto steps = m_house->call(u"trace.journey"_s, {{u"journey"_s, u"j1"_s}})->toObject().value("steps"_L1).toArray();
        const QJsonObject last = steps.last().toObject();
        QCOMPARE(last.value("recipient"_L1).toString(), u"anna@elsewhere.example"_s);
        QCOMPARE(last.value("text"_L1).toString(), u"removed from the queue by administrator: sent by mistake"_s);
        QCOMPARE(m_house->told(EventKind::QueueChanged), QStringList{u"queue.remove %1 administrator"_s.arg(id)});
        QCOMPARE(m_house->outcome(u"trace.journey"_s, {{u"journey"_s, u"no such"_s}}), u"not-found"_s);
    }
    void findsRefusals()
    {
        const auto add = [](store::Transaction &transaction) -> Result<bool> {
            store::TraceRow row;
            row.at = 1'700'000'000'000;
            row.journey = "c7";
            row.step = store::Step::Refused;
            row.recipient = "x@elsewhere.example";
            row.text = u"550 5.7.1 No relaying"_s;
            return store::Trace::add(transaction, row).transform([] { return true; });
        };
        QVERIFY(m_house->store->writeNow<bool>(add));
        const auto found = [this](const QJsonObject &query) {
            return m_house->call(u"trace.search"_s, query)->toObject().value("steps"_L1).toArray().size();
        };
        QCOMPARE(found({{u"text"_s, u"elsewhere 5.7.1"_s}}), 1);
        QCOMPARE(found({{u"text"_s, u"elsewhere"_s}, {u"since"_s, qint64{1'700'000'000'001}}}), 0);
        QCOMPARE(found({{u"text"_s, u"nowhere"_s}}), 0);
    }
    void tailsTheLogFromALevelUp()
    {
        m_house->events.emitEvent({EventKind::SignedIn});
        m_house->events.emitEvent({EventKind::StoreFault});
        const auto tail = [this](const QJsonObject &query) {
            return m_house->call(u"log.tail"_s, query)->toObject().value("events"_L1).toArray();
        };
        QCOMPARE(tail({{u"level"_s, u"failure"_s}}).size(), 1);
        QCOMPARE(tail({}).size(), 2);
        QCOMPARE(tail({{u"limit"_s, 1}}).first().toObject().value("kind"_L1).toString(), u"store-fault"_s);
        QCOMPARE(tail({{u"after"_s, tail({}).first().toObject().value("id"_L1)}}).size(), 1);
        QCOMPARE(m_house->outcome(u"log.tail"_s, {{u"level"_s, u"loud"_s}}), u"invalid"_s);
    }
    void backsUpIntoANewFileOnly()
    {
        const QString file = m_house->folder.filePath(u"copy.db"_s);
        const auto made = m_house->call(u"backup.make"_s, {{u"file"_s, file}});
        QVERIFY2(made, made ? "" : qPrintable(made.error().text));
        QVERIFY(made->toObject().value("octets"_L1).toInteger() > 0);
        QCOMPARE(QFile::permissions(file) & (QFile::ReadGroup | QFile::ReadOther), QFile::Permissions());
        QCOMPARE(m_house->outcome(u"backup.make"_s, {{u"file"_s, file}}), u"exists"_s);
        QCOMPARE(m_house->outcome(u"backup.make"_s, {{u"file"_s, u"copy.db"_s}}), u"invalid"_s); // whose folder?
    }
    void checksTheStore()
    {
        const auto report = m_house->call(u"store.check"_s);
        QVERIFY2(report, report ? "" : qPrintable(report.error().text));
        QVERIFY(report->toObject().value("faults"_L1).isArray());
        QCOMPARE(report->toObject().value("faults"_L1).toArray().size(), 0);
    }
    void saysThatTheCheckFoundFaults()
    {
        m_house->call(u"domain.add"_s, {{u"name"_s, u"example.test"_s}});
        m_house->call(u"account.add"_s, {{u"address"_s, u"anna@example.test"_s}, {u"password"_s, u"secret"_s}});
        QCOMPARE(storeState().value("health"_L1).toString(), u"good"_s);
        setUsedOctets(4711);
        m_house->call(u"store.check"_s);
        QCOMPARE(storeState().value("health"_L1).toString(), u"faulty"_s);
        QCOMPARE(storeState().value("faults"_L1).toInt(), 1);
        QVERIFY(storeState().value("firstFault"_L1).toString().contains(u"4711"_s));
        restart();
        QCOMPARE(storeState().value("health"_L1).toString(), u"faulty"_s);
        QVERIFY(storeState().value("firstFault"_L1).toString().contains(u"4711"_s));
        setUsedOctets(0);
        m_house->call(u"store.check"_s);
        QCOMPARE(storeState().value("health"_L1).toString(), u"good"_s);
        restart();
        QCOMPARE(storeState().value("health"_L1).toString(), u"good"_s);
        QCOMPARE(storeState().value("faults"_L1).toInt(), 0);
    }
    void remembersTodayAfterARestart()
    {
        using store::Step;
        QCOMPARE(today(), u"0 0 0"_s);
        const qint64 now = m_house->clock.wallMs(), dayMs = 86'400'000;
        trace({.at = now - 2 * dayMs, .journey = "old", .step = Step::Received, .client = "192.0.2.1"});
        trace({.at = now, .journey = "j1", .step = Step::Received, .client = "192.0.2.1"});
        trace({.at = now, .journey = "j1", .step = Step::Delivered});
        trace({.at = now, .journey = "j1", .step = Step::Delivered});
        trace({.at = now, .step = Step::Refused, .client = "192.0.2.1", .recipient = "who@example.test"});
        trace({.at = now, .step = Step::Denied, .client = "192.0.2.1", .text = u"IMAP sign-in refused"_s});
        QCOMPARE(today(), u"1 2 1"_s);
        QCOMPARE(today(), u"1 2 1"_s);
        restart();
        QCOMPARE(today(), u"1 2 1"_s);
        trace({.at = now, .journey = "j2", .step = Step::Received, .client = "192.0.2.1"});
        QCOMPARE(today(), u"2 2 1"_s);
        m_house->clock.advance(dayMs);
        QCOMPARE(today(), u"0 0 0"_s);
    }
    void exportsAndImportsEverything()
    {
        m_house->call(u"domain.add"_s, {{u"name"_s, u"example.test"_s}});
        m_house->call(u"account.add"_s, {{u"address"_s, u"anna@example.test"_s}, {u"password"_s, u"secret"_s}});
        const QString folder = m_house->folder.filePath(u"export"_s);
        const auto exported = m_house->call(u"store.export"_s, {{u"directory"_s, folder}});
        QVERIFY2(exported, exported ? "" : qPrintable(exported.error().text));
        QCOMPARE(m_house->outcome(u"store.export"_s, {{u"directory"_s, folder}}), u"exists"_s);
        const auto files = QDir(folder).entryInfoList({u"*.jsonl"_s});
        QCOMPARE(files.size(), store::Maintenance::tables().size());
        for (const QFileInfo &file : files)
            QVERIFY2(!(file.permissions() & (QFile::ReadGroup | QFile::ReadOther)), qPrintable(file.fileName()));
        House other;
        const auto imported = other.call(u"store.import"_s, {{u"directory"_s, folder}});
        QVERIFY2(imported, imported ? "" : qPrintable(imported.error().text + imported.error().detail));
        QCOMPARE(imported->toObject().value("rows"_L1), exported->toObject().value("rows"_L1));
        QCOMPARE(other.call(u"account.list"_s)->toObject().value("accounts"_L1).toArray().size(), 1);
        QCOMPARE(other.timesChanged, 1);
    }
    void importsAllOrNothing()
    {
        m_house->call(u"domain.add"_s, {{u"name"_s, u"example.test"_s}});
        const QString folder = m_house->folder.filePath(u"export"_s);
        QVERIFY(m_house->call(u"store.export"_s, {{u"directory"_s, folder}}));
        QVERIFY(QFile::remove(folder + u'/' + store::Maintenance::tables().last() + u".jsonl"_s));
        House other;
        QCOMPARE(other.outcome(u"store.import"_s, {{u"directory"_s, folder}}), u"not-found"_s);
        QCOMPARE(other.call(u"domain.list"_s)->toObject().value("domains"_L1).toArray().size(), 0);
    }
    void importsOlderExports_data()
    {
        QTest::addColumn<QByteArray>("told");
        QTest::addColumn<QStringList>("missing");
        QTest::addColumn<QString>("outcome");
        QTest::newRow("made before there was the table") << QByteArray(R"({"version":11})") << QStringList{u"flag_change"_s} << u"ok"_s;
        QTest::newRow("made when there was") << QByteArray(R"({"version":12})") << QStringList{u"flag_change"_s} << u"not-found"_s;
        QTest::newRow("older than what is missing") << QByteArray(R"({"version":11})") << QStringList{u"flag_change"_s, u"acl"_s} << u"not-found"_s;
        QTest::newRow("does not say") << QByteArray() << QStringList{u"flag_change"_s, u"finding"_s} << u"ok"_s;
        QTest::newRow("does not say, and lacks one of its own")
            << QByteArray() << QStringList{u"flag_change"_s, u"finding"_s, u"acl"_s} << u"not-found"_s;
        QTest::newRow("does not say, and has nothing") << QByteArray() << store::Maintenance::tables() << u"not-found"_s;
        QTest::newRow("newer than this program") << QByteArray(R"({"version":9999})") << QStringList() << u"invalid"_s;
        QTest::newRow("says nonsense") << QByteArray("12") << QStringList() << u"invalid"_s;
    }
    void importsOlderExports()
    {
        QFETCH(QByteArray, told);
        QFETCH(QStringList, missing);
        m_house->call(u"domain.add"_s, {{u"name"_s, u"example.test"_s}});
        const QString folder = m_house->folder.filePath(u"export"_s);
        QVERIFY(m_house->call(u"store.export"_s, {{u"directory"_s, folder}}));
        QFile version(folder + u"/export.json"_s);
        QVERIFY(version.exists() && version.remove());
        if (!told.isEmpty())
            QVERIFY(version.open(QIODevice::WriteOnly) && version.write(told) == told.size());
        version.close();
        for (const QString &table : std::as_const(missing))
            QVERIFY(QFile::remove(folder + u'/' + table + u".jsonl"_s));
        House other;
        QTEST(other.outcome(u"store.import"_s, {{u"directory"_s, folder}}), "outcome");
    }

private:
    void restart()
    {
        m_house->client.reset();
        m_house->server.reset();
        m_house->store.reset();
        m_house->open();
        m_house->meet();
    }
    QJsonObject storeState() { return m_house->call(u"server.status"_s)->toObject().value("store"_L1).toObject(); }
    // Accepted, delivered, refused.
    QString today()
    {
        const QJsonObject tally = m_house->call(u"server.status"_s)->toObject().value("messagesToday"_L1).toObject();
        return u"%1 %2 %3"_s.arg(tally.value("accepted"_L1).toInt()).arg(tally.value("delivered"_L1).toInt()).arg(tally.value("refused"_L1).toInt());
    }
    void trace(const store::TraceRow &row)
    {
        const auto added = m_house->store->writeNow<bool>([row](store::Transaction &transaction) {
            return store::Trace::add(transaction, row).transform([] { return true; });
        });
        QVERIFY(added);
    }
    // Behind the back of the store, which keeps account of it.
    void setUsedOctets(qint64 octets)
    {
        const auto done = m_house->store->writeNow<qint64>([octets](store::Transaction &transaction) {
            return transaction.connection().executeText(u"UPDATE account SET used_octets = ?"_s, std::array{QVariant(octets)});
        });
        QVERIFY(done);
    }
    QString queueOne(const QByteArray &recipient)
    {
        const auto add = [recipient](store::Transaction &transaction) -> Result<store::Entry> {
            store::Digest digest;
            digest.header = "Subject: x\r\n\r\n";
            digest.size = digest.header.size() + 4;
            const auto message = store::Messages::add(transaction, digest, "body");
            if (!message)
                return std::unexpected(message.error());
            store::Entry entry;
            entry.message = *message;
            entry.journey = "j1";
            entry.recipient = recipient;
            entry.domain = recipient.mid(recipient.indexOf('@') + 1);
            const auto id = store::Queue::add(transaction, entry);
            if (!id)
                return std::unexpected(id.error());
            entry.id = *id;
            return entry;
        };
        const auto entry = m_house->store->writeNow<store::Entry>(add);
        return entry ? QString::number(entry->id.value) : entry.error().text;
    }
    QString state(const QString &method, const QString &id)
    {
        const auto entry = m_house->call(method, {{u"id"_s, id}});
        return entry ? entry->toObject().value("state"_L1).toString() : entry.error().text;
    }
    std::unique_ptr<House> m_house;
};

} // namespace posthorn::control

QTEST_GUILESS_MAIN(posthorn::control::TestMail)
#include "test_mail.moc"
