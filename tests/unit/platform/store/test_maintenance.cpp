#include "platform/store/metadata.h"
#include "platform/store/own_seen.h"
#include "platform/store/sharing.h"
#include "platform/store/dkim_keys.h"
#include "platform/store/queue.h"
#include "platform/store/sql/connection.h"
#include "platform/store/secrets.h"
#include "platform/store/sending.h"
#include "platform/store/tls_policies.h"
#include "platform/store/url_keys.h"
#include "store_fixture.h"

#include <QBuffer>
#include <QJsonDocument>
#include <QJsonObject>

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;

class TestMaintenance : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void keepsSettings();
    void keepsQueueEntries();
    void listsQueueEntriesByFilter();
    void refusesAnEntryWithoutAMessage();
    void findsTraceRowsByWords();
    void keepsLineFeedsOutOfTraceWords();
    void countsTheRowsOfADay();
    void pagesTheTraceFromTheNewest();
    void prunesTheTraceFromTheOldest();
    void findsWhatIsBroken_data();
    void findsWhatIsBroken();
    void findsAMessageThatWasLost();
    void acceptsEveryEndOfAJourney_data();
    void acceptsEveryEndOfAJourney();
    void importsWhatItExported();
    void importsWhatAnOlderVersionExported();
    void refusesBadLines_data();
    void refusesBadLines();
    void importsOnlyIntoEmptyTables();
    void keepsCountingAfterAFailedImport();
};

// Something in every table.
static void furnish(Fixture &house)
{
    const auto alice = house.makeAlice(1'000'000);
    const auto inbox = house.mailbox(alice).id;
    house.write([&](Transaction &t) -> Result<int> {
        must(Accounts::addAlias(
            t, {.address = u"info@example.test"_s, .targets = {u"alice@example.test"_s, u"x@y.test"_s}}));
        must(Settings::set(t, u"smtp.listen"_s, u"127.0.0.1:25 \u00e9\n"_s));
        const auto mark = must(Fixture::deliver(t, inbox, QByteArray("\0\xff\r\n", 4)));
        TraceRow row{
            .at = 5, .journey = "j1", .step = Step::Received, .client = "\xff\xfe", .message = mark.message.value};
        must(Trace::add(t, row));
        row.step = Step::Delivered;
        row.mailbox = inbox.value;
        row.uid = mark.uid;
        must(Trace::add(t, row));
        must(Queue::add(t, {.message = mark.message, .journey = "j1", .recipient = "x@y.test", .domain = "y.test"}));
        row = {.at = 5, .journey = "j1", .step = Step::Queued};
        must(Trace::add(t, row));
        must(Mailboxes::create(t, alice, u"Gone"_s));
        must(Mailboxes::remove(t, alice, u"Gone"_s, u"alice"_s));
        must(Messages::append(t, must(Messages::stage(t)), 0, "staged"));
        must(DkimKeys::add(t, {.domain = u"example.test"_s, .selector = u"s"_s, .algorithm = u"rsa"_s, .privateKey = "pem"}));
        must(Routes::add(t, {.name = u"r"_s, .recipients = {u"y.test"_s}, .host = u"mx.y.test"_s, .port = 25, .secret = u"s"_s}));
        must(TlsPolicies::keep(t, {u"y.test"_s, "1", "version: STSv1\r\n", 5, 6}));
        must(TlsPolicies::count(t, {{7, u"y.test"_s, u"sts"_s, {}, u"mx.y.test"_s, u"192.0.2.1"_s, "p", 1}}));
        must(Secrets::keep(t, u"srs"_s, "\x01\xff"));
        must(UrlKeys::keep(t, alice, inbox, "\x02\xff"));
        must(Suppressions::add(t, {u"x@y.test"_s, 7, u"it said so"_s, u"550 5.1.1 no"_s}));
        must(Sending::put(t, {u"alice@example.test"_s, 1, 2, 3, 4, 5, 6}));
        const auto bob = must(Accounts::addAccount(t, {.address = u"bob@example.test"_s}));
        must(Sharing::setGroup(t, {u"team"_s, {u"bob@example.test"_s}}));
        must(Sharing::setRights(t, inbox, u"group:team"_s, Sharing::Change::Replace, right::Read));
        must(OwnSeen::set(t, inbox, true));
        must(OwnSeen::keep(t, inbox, bob, {{mark.uid, flag::Seen, 1, mark.message, mark.size}}));
        must(Metadata::set(t, inbox, bob, {{"/private/comment", "\xff"}, {"/shared/comment", ""}}));
        must(Maintenance::keepFindings(t, {2, u"The database is damaged"_s}));
        return 0;
    });
    house.fill(inbox, 5);
    house.write([&](Transaction &t) {
        return Mailboxes::setFlags(t, inbox, {{1, 2}}, FlagAction::Add, {"$a", "\\Seen", "\\Flagged"});
    });
    house.write([&](Transaction &t) { return Mailboxes::expunge(t, inbox, {{3, 4}}, true, u"alice"_s); });
}

static QByteArray exported(Fixture &house, const QString &table)
{
    QBuffer buffer;
    buffer.open(QIODevice::WriteOnly);
    house.read([&](Connection &c) { return Maintenance::exportTable(c, table, buffer); });
    return buffer.data();
}

static Result<qint64> import(Fixture &house, const QString &table, const QByteArray &lines, int version = Maintenance::version())
{
    QBuffer buffer;
    buffer.setData(lines);
    buffer.open(QIODevice::ReadOnly);
    return house.tryWrite<qint64>([&](Transaction &t) { return Maintenance::importTable(t, table, buffer, version); });
}

void TestMaintenance::keepsSettings()
{
    Fixture house;
    int told = 0;
    house.store->onCommitted([&](const Committed &changes) { told += changes.settingsChanged ? 1 : 0; });
    must(house.tryWrite<void>([](Transaction &t) { return Settings::set(t, u"a.b"_s, u"1"_s); }));
    must(house.tryWrite<void>([](Transaction &t) { return Settings::set(t, u"a.b"_s, u"2"_s); }));
    must(house.tryWrite<void>([](Transaction &t) { return Settings::set(t, u"c"_s, QString()); }));
    QCOMPARE(house.read([](Connection &c) { return Settings::all(c); }),
             (QHash<QString, QString>{{u"a.b"_s, u"2"_s}, {u"c"_s, u""_s}}));
    must(house.tryWrite<void>([](Transaction &t) { return Settings::unset(t, u"a.b"_s); }));
    QCOMPARE(house.read([](Connection &c) { return Settings::all(c); }).size(), 1);
    QCOMPARE(told, 4);
}

static Entry entryFor(MessageId message, int number)
{
    return {.message = message,
            .journey = "journey" + QByteArray::number(number),
            .reversePath = "sender%1@example.test",
            .recipient = "r" + QByteArray::number(number) + "@y.test",
            .domain = number % 2 ? "y.test" : "z.test",
            .originalRecipient = "rfc822;r",
            .notify = 5,
            .ret = "HDRS",
            .envid = "id",
            .smtpUtf8 = true,
            .body = 2,
            .createdAt = 100,
            .nextAttempt = 200,
            .attempts = 3,
            .lastError = u"later"_s,
            .lastDialogue = "450"};
}

void TestMaintenance::keepsQueueEntries()
{
    Fixture house;
    int told = 0;
    const auto message = house.deliverOne(house.mailbox(house.makeAlice()).id).message;
    house.store->onCommitted([&](const Committed &changes) { told += changes.queueChanged ? 1 : 0; });
    const Entry entry = entryFor(message, 1);
    const auto id = house.write([&](Transaction &t) { return Queue::add(t, entry); });
    const auto get = [&] { return house.read([&](Connection &c) { return Queue::get(c, id); }); };
    const Entry read = get();
    QCOMPARE(read.id, id);
    QCOMPARE(read.message, message);
    QCOMPARE(read.journey, entry.journey);
    QCOMPARE(read.reversePath, entry.reversePath);
    QCOMPARE(read.recipient, entry.recipient);
    QCOMPARE(read.domain, entry.domain);
    QCOMPARE(read.originalRecipient, entry.originalRecipient);
    QCOMPARE(read.notify, entry.notify);
    QCOMPARE(read.ret, entry.ret);
    QCOMPARE(read.envid, entry.envid);
    QCOMPARE(read.smtpUtf8, entry.smtpUtf8);
    QCOMPARE(read.body, entry.body);
    QCOMPARE(read.state, EntryState::Waiting);
    QCOMPARE(read.createdAt, entry.createdAt);
    QCOMPARE(read.nextAttempt, entry.nextAttempt);
    QCOMPARE(read.attempts, entry.attempts);
    QCOMPARE(read.lastError, entry.lastError);
    QCOMPARE(read.lastDialogue, entry.lastDialogue);
    QCOMPARE(read.size, 18);
    must(house.tryWrite<void>([&](Transaction &t) { return Queue::setState(t, id, EntryState::Held); }));
    QCOMPARE(get().state, EntryState::Held);
    must(house.tryWrite<void>([&](Transaction &t) { return Queue::retryNow(t, id); }));
    QVERIFY(get().nextAttempt > 1'700'000'000'000);
    QCOMPARE(get().state, EntryState::Held);
    must(house.tryWrite<void>([&](Transaction &t) { return Queue::remove(t, id); }));
    const auto gone = house.store->readNow<Entry>([&](Connection &c) { return Queue::get(c, id); });
    QCOMPARE(kindOfFailure(gone), ErrorKind::NotFound);
    const auto again = house.tryWrite<void>([&](Transaction &t) { return Queue::remove(t, id); });
    QCOMPARE(kindOfFailure(again), ErrorKind::NotFound);
    QCOMPARE(told, 4);
    QCOMPARE(house.faults(), QStringList());
}

void TestMaintenance::listsQueueEntriesByFilter()
{
    Fixture house;
    const auto message = house.deliverOne(house.mailbox(house.makeAlice()).id).message;
    house.write([&](Transaction &t) -> Result<int> {
        for (int i = 0; i < 10; ++i) {
            Entry entry = entryFor(message, i);
            entry.state = i < 3 ? EntryState::Held : EntryState::Waiting;
            must(Queue::add(t, entry));
        }
        return 0;
    });
    const auto count = [&](const QueueFilter &filter) {
        return house.read([&](Connection &c) { return Queue::list(c, filter); }).size();
    };
    QCOMPARE(count({}), 10);
    QCOMPARE(count({.domain = u"y.test"_s}), 5);
    QCOMPARE(count({.domain = u"y.test"_s, .state = EntryState::Held}), 1);
    QCOMPARE(count({.text = u"R7@"_s}), 1);
    QCOMPARE(count({.text = u"journey3"_s}), 1);
    QCOMPARE(count({.text = u"sender%1"_s}), 10); // no wildcard
    QCOMPARE(count({.text = u"sender%2"_s}), 0);
    QCOMPARE(count({.text = u"r_@"_s}), 0);
    const auto first = house.read([&](Connection &c) { return Queue::list(c, {.limit = 4}); });
    QCOMPARE(first.size(), 4);
    QCOMPARE(count({.afterId = first.last().id.value}), 6);
    QCOMPARE(house.read([](Connection &c) { return Queue::count(c); }), 10);
}

void TestMaintenance::refusesAnEntryWithoutAMessage()
{
    Fixture house;
    const auto added = house.tryWrite<EntryId>([](Transaction &t) { return Queue::add(t, {.message = {99}}); });
    QCOMPARE(kindOfFailure(added), ErrorKind::NotFound);
}

static void trace(Fixture &house, const TraceRow &row)
{
    must(house.tryWrite<void>([&](Transaction &t) { return Trace::add(t, row); }));
}

static QList<TraceRow> search(Fixture &house, const TraceFilter &filter)
{
    return house.read([&](Connection &c) { return Trace::search(c, filter); });
}

void TestMaintenance::findsTraceRowsByWords()
{
    Fixture house;
    const TraceRow row{.at = 1'000,
                       .journey = "abc123",
                       .step = Step::Refused,
                       .client = "192.0.2.1 (mail.example.org)",
                       .tls = "TLSv1.3",
                       .user = u"bjørn"_s,
                       .sender = "a%b@example.org",
                       .recipient = "c@example.test",
                       .messageId = "<1@x>",
                       .subject = u"Grüße an alle"_s,
                       .size = 5,
                       .mailbox = 6,
                       .uid = 7,
                       .message = 8,
                       .text = u"550 5.7.1 No"_s};
    trace(house, row);
    trace(house, {.at = 2'000, .journey = "other", .step = Step::Judged, .text = u"spam"_s});
    for (const auto &text : {u"abc123"_s, u"192.0.2.1"_s, u"MAIL.example"_s, u"bjørn"_s, u"a%b@"_s, u"c@example.test"_s,
                             u"<1@x>"_s, u"Grüße"_s, u"5.7.1"_s, u"No alle 192.0.2.1"_s}) {
        const auto found = search(house, {.text = text});
        QCOMPARE(found.size(), 1);
        QCOMPARE(found.first().journey, row.journey);
    }
    for (const auto &text : {u"a%c"_s, u"nothing"_s, u"abc123 spam"_s, u"a_b@"_s})
        QVERIFY2(search(house, {.text = text}).isEmpty(), qPrintable(text));
    const TraceRow read = house.read([](Connection &c) { return Trace::journey(c, "abc123"); }).first();
    QCOMPARE(read.at, row.at);
    QCOMPARE(read.step, row.step);
    QCOMPARE(read.client, row.client);
    QCOMPARE(read.tls, row.tls);
    QCOMPARE(read.user, row.user);
    QCOMPARE(read.sender, row.sender);
    QCOMPARE(read.recipient, row.recipient);
    QCOMPARE(read.messageId, row.messageId);
    QCOMPARE(read.subject, row.subject);
    QCOMPARE(read.size, row.size);
    QCOMPARE(read.mailbox, row.mailbox);
    QCOMPARE(read.uid, row.uid);
    QCOMPARE(read.message, row.message);
    QCOMPARE(read.text, row.text);
    QCOMPARE(search(house, {.since = 1'500}).size(), 1);
    QCOMPARE(search(house, {.until = 1'500}).size(), 1);
    QCOMPARE(search(house, {}).size(), 2);
}

// A sender chooses these texts; they must not be able to fake another column.
void TestMaintenance::keepsLineFeedsOutOfTraceWords()
{
    Fixture house;
    trace(house, {.journey = "j", .client = "a\nTLSv1.3\nroot", .subject = u"x\ny"_s, .text = QString(5'000, u'ä')});
    const auto row = search(house, {}).first();
    QCOMPARE(row.client, "a TLSv1.3 root");
    QCOMPARE(row.user, QString());
    QCOMPARE(row.subject, u"x y"_s);
    QVERIFY(row.text.size() <= 1'000 && row.text.startsWith(u"ää"_s));
}

void TestMaintenance::pagesTheTraceFromTheNewest()
{
    Fixture house;
    for (int i = 1; i <= 7; ++i)
        trace(house, {.at = i, .journey = "j"});
    const auto first = search(house, {.limit = 3});
    QCOMPARE(first.first().at, 7);
    const auto second = search(house, {.limit = 3, .beforeId = first.last().id});
    QCOMPARE(second.first().at, 4);
    QCOMPARE(search(house, {.limit = 3, .beforeId = second.last().id}).size(), 1);
    QCOMPARE(house.read([](Connection &c) { return Trace::journey(c, "j"); }).first().at, 1);
}

void TestMaintenance::prunesTheTraceFromTheOldest()
{
    Fixture house;
    for (int i = 1; i <= 7; ++i)
        trace(house, {.at = i * 10, .journey = "j"});
    const auto prune = [&](qint64 before, int limit) {
        return house.write([&](Transaction &t) { return Trace::prune(t, before, limit); });
    };
    QVERIFY(prune(50, 3));
    QCOMPARE(search(house, {}).size(), 4);
    QVERIFY(!prune(50, 3));
    QCOMPARE(search(house, {}).size(), 3);
    QCOMPARE(search(house, {}).last().at, 50);
    QVERIFY(!prune(50, 3));
}

void TestMaintenance::findsWhatIsBroken_data()
{
    QTest::addColumn<QString>("damage");
    QTest::newRow("message count") << u"UPDATE mailbox SET messages = messages + 1"_s;
    QTest::newRow("unseen count") << u"UPDATE mailbox SET unseen = unseen + 1"_s;
    QTest::newRow("deleted count") << u"UPDATE mailbox SET deleted = 1"_s;
    QTest::newRow("octets") << u"UPDATE mailbox SET octets = octets - 1"_s;
    QTest::newRow("UIDNEXT") << u"UPDATE mailbox SET uid_next = 2"_s;
    QTest::newRow("HIGHESTMODSEQ") << u"UPDATE mailbox SET highest_mod_seq = 1"_s;
    QTest::newRow("usage") << u"UPDATE account SET used_octets = 0"_s;
    QTest::newRow("body gone") << u"DELETE FROM content WHERE id > 65536 * 2"_s;
    QTest::newRow("body cut") << u"UPDATE content SET octets = substr(octets, 2) WHERE id = 65536"_s;
    QTest::newRow("header cut") << u"UPDATE message SET header = substr(header, 2)"_s;
    QTest::newRow("message gone") << u"DELETE FROM message WHERE id = 1"_s;
    QTest::newRow("mailbox row gone") << u"DELETE FROM mailbox_message WHERE uid = 1"_s;
    QTest::newRow("content that nobody holds") << u"INSERT INTO content VALUES (65536 * 9000, 0, x'00')"_s;
    QTest::newRow("message that nobody holds") << u"INSERT INTO message VALUES (9000, 0, 0, 0, x'', x'', x'', x'')"_s;
    QTest::newRow("queue entry gone") << u"DELETE FROM queue"_s;
    QTest::newRow("nobody removed it") << u"UPDATE expunged SET removed_by = ''"_s;
    QTest::newRow("account gone") << u"DELETE FROM account"_s;
    QTest::newRow("mailbox gone") << u"DELETE FROM mailbox"_s;
}

void TestMaintenance::findsWhatIsBroken()
{
    QFETCH(QString, damage);
    StoreOptions options;
    options.idleAfter = std::chrono::hours(1);
    Fixture house(options);
    furnish(house);
    QCOMPARE(house.faults(), QStringList());
    must(house.tryWrite<void>([&](Transaction &t) -> Result<void> {
        const auto done = t.connection().executeText(damage);
        return done ? Result<void>() : std::unexpected(done.error());
    }));
    const auto faults = house.faults();
    QVERIFY(!faults.isEmpty());
}

void TestMaintenance::findsAMessageThatWasLost()
{
    Fixture house;
    trace(house, {.journey = "lost", .step = Step::Received});
    trace(house, {.journey = "refused", .step = Step::Refused});
    const auto faults = house.faults();
    QCOMPARE(faults.size(), 1);
    QVERIFY(faults.first().contains("lost"_L1));
    trace(house, {.journey = "lost", .step = Step::Delivered, .mailbox = 77, .uid = 1});
    QCOMPARE(house.faults().size(), 1); // in a mailbox that never was
}

void TestMaintenance::acceptsEveryEndOfAJourney_data()
{
    QTest::addColumn<Step>("step");
    QTest::newRow("removed") << Step::Removed;
    QTest::newRow("sent") << Step::Sent;
    QTest::newRow("failed") << Step::Failed;
}

void TestMaintenance::acceptsEveryEndOfAJourney()
{
    QFETCH(Step, step);
    Fixture house;
    trace(house, {.journey = "j", .step = Step::Received});
    trace(house, {.journey = "j", .step = Step::Queued});
    QCOMPARE(house.faults().size(), 1);
    trace(house, {.journey = "j", .step = step});
    QCOMPARE(house.faults(), QStringList());
}

void TestMaintenance::importsWhatItExported()
{
    StoreOptions options;
    options.idleAfter = std::chrono::hours(1);
    Fixture to(options);
    options.manyMessages = 1; // flags of one are carried out later
    Fixture from(options);
    furnish(from);
    from.write([](Transaction &t) {
        const AccountId alice = must(Accounts::accounts(t.connection())).first().id;
        return Mailboxes::setFlags(t, must(Mailboxes::find(t.connection(), alice, u"INBOX"_s)).id, {}, FlagAction::Add, {"\\Flagged"});
    });
    const auto tables = Maintenance::tables();
    for (const QString &table : tables) {
        const QByteArray lines = exported(from, table);
        QVERIFY2(!lines.isEmpty(), qPrintable(table));
        QCOMPARE(must(import(to, table, lines)), lines.count('\n'));
    }
    for (const QString &table : tables)
        QCOMPARE(exported(to, table), exported(from, table));
    QCOMPARE(to.faults(), QStringList());
    // It goes on where the other stopped.
    const auto account = to.read([](Connection &c) { return Accounts::account(c, u"alice@example.test"_s); });
    const auto inbox = to.mailbox(account->id);
    QCOMPARE(to.deliverOne(inbox.id).uid, inbox.uidNext);
    QCOMPARE(to.faults(), QStringList());
    // All tables there are, but for SQLite's own.
    QCOMPARE(to.rows(u"sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search%'"_s), tables.size());
}

static QByteArray without(const QByteArray &lines, const QStringList &columns)
{
    QByteArray left;
    for (const QByteArray &line : lines.split('\n')) {
        if (line.isEmpty())
            continue;
        QJsonObject object = QJsonDocument::fromJson(line).object();
        for (const QString &column : columns)
            object.remove(column);
        left += QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
    }
    return left;
}

// Version 8: nothing was shared, and nobody counted an account's messages.
void TestMaintenance::importsWhatAnOlderVersionExported()
{
    StoreOptions options;
    options.idleAfter = std::chrono::hours(1);
    Fixture from(options), to(options);
    furnish(from);
    const QStringList later{u"account_group"_s, u"group_member"_s, u"acl"_s, u"seen"_s, u"metadata"_s, u"flag_change"_s, u"finding"_s};
    const QStringList columns{u"shared"_s, u"own_seen"_s, u"quota_messages"_s, u"used_messages"_s};
    for (const QString &table : Maintenance::tables()) {
        QCOMPARE(Maintenance::versionOf(table) > 8, later.contains(table));
        if (later.contains(table))
            continue;
        const QByteArray lines = exported(from, table);
        if (table == "account"_L1) { // has columns of 5 and before, of 9 and of 11
            QCOMPARE(kindOfFailure(import(to, table, without(lines, columns))), ErrorKind::Invalid);
            QCOMPARE(kindOfFailure(import(to, table, without(lines, {u"forward_to"_s}), 8)), ErrorKind::Invalid);
        }
        const auto rows = import(to, table, without(lines, columns), 8);
        QVERIFY2(rows, qPrintable(table));
        QCOMPARE(*rows, lines.count('\n'));
    }
    QVERIFY(!to.faults().isEmpty());
    must(to.tryWrite<void>([](Transaction &t) { return Maintenance::importDone(t, 8); }));
    QCOMPARE(to.faults(), QStringList());
    QCOMPARE(exported(to, u"account"_s), exported(from, u"account"_s));
    QCOMPARE(to.mailbox(to.read([](Connection &c) { return Accounts::account(c, u"alice@example.test"_s); })->id).messages, 4);
}

void TestMaintenance::refusesBadLines_data()
{
    QTest::addColumn<QByteArray>("line");
    QTest::newRow("no JSON") << QByteArray("hello");
    QTest::newRow("array") << QByteArray("[1]");
    QTest::newRow("column missing") << QByteArray(R"({"mailbox_id":1,"bit":8})");
    QTest::newRow("column unknown") << QByteArray(R"({"mailbox_id":1,"bit":8,"nome":"eA=="})");
    QTest::newRow("column too many") << QByteArray(R"({"mailbox_id":1,"bit":8,"name":"eA==","x":1})");
    QTest::newRow("text for a number") << QByteArray(R"({"mailbox_id":"1","bit":8,"name":"eA=="})");
    QTest::newRow("broken number") << QByteArray(R"({"mailbox_id":1.5,"bit":8,"name":"eA=="})");
    QTest::newRow("no base64") << QByteArray(R"({"mailbox_id":1,"bit":8,"name":"e!"})");
    QTest::newRow("key twice") << QByteArray(R"({"mailbox_id":1,"bit":7,"name":"eA=="})");
}

void TestMaintenance::refusesBadLines()
{
    QFETCH(QByteArray, line);
    Fixture house;
    const auto imported = import(house, u"keyword"_s,
                                 R"({"mailbox_id":1,"bit":7,"name":"eA=="})"
                                 "\n" +
                                     line + '\n');
    QCOMPARE(kindOfFailure(imported), ErrorKind::Invalid);
    QVERIFY2(imported.error().text.startsWith("Line 2"_L1), qPrintable(imported.error().text));
    QCOMPARE(house.rows(u"keyword"_s), 0);
}

void TestMaintenance::importsOnlyIntoEmptyTables()
{
    Fixture house;
    furnish(house);
    const QByteArray lines = exported(house, u"account"_s);
    QCOMPARE(kindOfFailure(import(house, u"account"_s, lines)), ErrorKind::Exists);
    QCOMPARE(kindOfFailure(import(house, u"sqlite_master"_s, lines)), ErrorKind::NotFound);
}

void TestMaintenance::keepsCountingAfterAFailedImport()
{
    Fixture house;
    const auto inbox = house.mailbox(house.makeAlice()).id;
    house.fill(inbox, 3);
    QCOMPARE(kindOfFailure(import(house, u"staged"_s, "nonsense")), ErrorKind::Invalid);
    QCOMPARE(house.deliverOne(inbox).uid, 4U);
    QCOMPARE(house.faults(), QStringList());
}

void TestMaintenance::countsTheRowsOfADay()
{
    Fixture house;
    constexpr qint64 midnight = 1'000'000;
    const auto receive = [&](qint64 at) {
        const TraceRow row{.at = at, .journey = "j", .step = Step::Received, .client = "192.0.2.1"};
        must(house.tryWrite<void>([&](Transaction &t) { return Trace::add(t, row); }));
    };
    const auto tally = [&](const DayTally &known, qint64 since) {
        return house.read([&](Connection &c) { return Trace::tally(c, known, since); });
    };
    QCOMPARE(tally({}, midnight).accepted, 0);
    for (qint64 i = 0; i < 40; ++i)
        receive(midnight - 40 + i);
    QCOMPARE(tally({}, midnight).accepted, 0);
    for (qint64 i = 0; i < 7; ++i)
        receive(midnight + i);
    must(house.tryWrite<bool>([](Transaction &t) { return Trace::prune(t, midnight - 20, 100); })); // ids begin late then
    DayTally known = tally({}, midnight);
    QCOMPARE(known.accepted, 7);
    receive(midnight + 100);
    known = tally(known, midnight);
    QCOMPARE(known.accepted, 8);
    QCOMPARE(tally(known, midnight).accepted, 8);
    QCOMPARE(tally({}, midnight).accepted, 8);
    receive(2 * midnight);
    QCOMPARE(tally(known, 2 * midnight).accepted, 1); // the next day
    QCOMPARE(tally({}, midnight - 3).accepted, 12);
    must(house.tryWrite<bool>([](Transaction &t) { return Trace::prune(t, 3 * midnight, 100); }));
    receive(3 * midnight);
    QCOMPARE(tally(known, 3 * midnight).accepted, 1); // its id was one of a removed row
}

QTEST_GUILESS_MAIN(TestMaintenance)
#include "test_maintenance.moc"
