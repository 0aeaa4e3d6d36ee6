// MESSAGELIMIT (RFC 9738): which messages a command works on, and what it says of the others.
#include "language/imap/server_machine.h"
#include "support/imap_describe.h"

#include <QRandomGenerator>
#include <QTest>

using namespace posthorn;
using namespace posthorn::imap;
using namespace Qt::StringLiterals;

namespace {

// A session in a mailbox; what it needs is noted and met with nothing.
class Client
{
public:
    Client(const QList<Uid> &uids, qint64 limit) : m_uids(uids), m_machine(config(limit))
    {
        const TlsFacts tls{"TLSv1.3", "cipher", {}, "hash"};
        m_machine.start(&tls);
        say("l AUTHENTICATE SCRAM-SHA-256 AAAA");
        say("s SELECT INBOX");
    }

    // Its last line, without the tag.
    QByteArray say(const QByteArray &line)
    {
        needed.clear();
        m_machine.receive(line + "\r\n");
        while (const auto need = m_machine.nextNeed()) {
            needed += transcript::text(need->what);
            m_machine.answer(need->id, std::visit(*this, need->what));
        }
        output = m_machine.takeOutput().trimmed();
        const QByteArray last = output.mid(output.lastIndexOf('\n') + 1);
        return last.mid(last.indexOf(' ') + 1);
    }

    void changed(const MailboxChange &change) { m_machine.changed(change); }

    Answer operator()(const SaslBegin &) const { return SaslAnswer{SaslAnswer::Outcome::Success, {}, u"anna@example.test"_s}; }
    Answer operator()(const SelectMailbox &) const
    {
        Selected selected{.mailbox = MailboxId{1}, .name = u"INBOX"_s, .uidValidity = 7};
        selected.uids = m_uids;
        selected.uidNext = m_uids.isEmpty() ? 1 : m_uids.last() + 1;
        return selected;
    }
    Answer operator()(const FetchMessages &need) const
    {
        FetchedRows rows;
        for (const UidRange &range : need.uids) {
            for (const Uid uid : m_uids) {
                if (uid < range.first || uid > range.last)
                    continue;
                if (batch > 0 && rows.rows.size() == batch) {
                    rows.nextUid = uid;
                    return rows;
                }
                rows.rows += FetchedRow{.mark = {uid, flag::Seen, 1, MessageId{uid}, 1}};
            }
        }
        return rows;
    }
    Answer operator()(const StoreFlags &) const { return FlagsStored{}; }
    Answer operator()(const CopyMessages &need) const { return Copied{7, need.uids, need.uids, {}, 5}; }
    Answer operator()(const ExpungeMessages &) const { return Expunged{}; }
    Answer operator()(const SearchMessages &) const { return Found{}; }
    Answer operator()(const ThreadMessages &) const { return Threaded{}; }
    template<typename T>
    Answer operator()(const T &) const { return Done{}; }

    qsizetype batch = 0; // rows of one answer at most; 0: any number
    QByteArrayList needed;
    QByteArray output; // of the last command

private:
    static ServerConfig config(qint64 limit)
    {
        ServerConfig config;
        config.messageLimit = limit;
        return config;
    }

    QList<Uid> m_uids;
    ServerMachine m_machine;
};

} // namespace

class TestMessageLimit : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void isToldInTheCode_data()
    {
        QTest::addColumn<QByteArray>("command");
        QTest::addColumn<QByteArray>("needed");
        QTest::addColumn<QByteArray>("reply");
        const auto row = [](const char *command, const char *needed, const char *reply) {
            QTest::newRow(command) << QByteArray(command) << QByteArray(needed) << QByteArray(reply);
        };
        row("UID FETCH 1:* UID", "FetchMessages 30:50", "OK [MESSAGELIMIT 3 30] ");
        row("UID FETCH 50:1 UID", "FetchMessages 30:50", "OK [MESSAGELIMIT 3 30] ");
        row("UID FETCH 1:35,50 UID", "FetchMessages 20:30,50", "OK [MESSAGELIMIT 3 20] ");
        row("UID FETCH 25:* UID", "FetchMessages 30:50", "OK Done");
        row("UID FETCH 10,20,99 UID", "FetchMessages 10,20", "OK Done");
        row("UID FETCH 10,20,30,40 UID", "FetchMessages 20,30,40", "OK [MESSAGELIMIT 3 20] ");
        row("FETCH 1:4 UID", "FetchMessages 20:40", "OK [MESSAGELIMIT 3 20] ");
        row("FETCH 5,1,2,4 UID", "FetchMessages 20,40:50", "OK [MESSAGELIMIT 3 20] ");
        row("FETCH 3:* UID", "FetchMessages 30:50", "OK Done");
        row("FETCH 6 UID", "", "BAD No such message");
        row("UID FETCH 1:* UID (PARTIAL -1:-3)", "FetchMessages 30:50", "OK Done");
        row("UID FETCH 1:* UID (PARTIAL -1:-9)", "", "NO [MESSAGELIMIT 3] ");
        row("STORE 1:* +FLAGS (x)", "StoreFlags 30:50 +(x)", "OK [MESSAGELIMIT 3 30] ");
        row("UID STORE 1:39 FLAGS ()", "StoreFlags 10:30 =()", "OK Done");
        row("COPY 1:4 a", "", "NO [MESSAGELIMIT 3] ");
        row("UID COPY 20:40 a", "CopyMessages 20:40 a", "OK [COPYUID ");
        row("MOVE 1:4 a", "MoveMessages 20:40 a", "OK [MESSAGELIMIT 3 20] ");
        row("UID MOVE 1:* a", "MoveMessages 30:50 a", "OK [MESSAGELIMIT 3 30] ");
        row("UID EXPUNGE 1:*", "ExpungeMessages 30:50", "OK [MESSAGELIMIT 3 30] ");
        row("EXPUNGE", "ExpungeMessages 1:50", "OK Done");
        row("SEARCH 2:*", "SearchMessages And (Uids 30:50) (Uids 20:50)", "OK [MESSAGELIMIT 3 30] ");
        row("SEARCH 2:4", "SearchMessages Uids 20:40", "OK Done");
        row("SEARCH NOT 2:4", "SearchMessages And (Uids 30:50) (Not (Uids 20:40))", "OK [MESSAGELIMIT 3 30] ");
        row("SEARCH UID 1:39 2:5 SEEN", "SearchMessages And (Uids 10:30) (Uids 20:50 1) (HasFlags 1)", "OK Done");
        row("UID SEARCH (UIDAFTER 20)", "SearchMessages Uids 30:50", "OK Done");
        row("UID SEARCH uidbefore 50", "SearchMessages And (Uids 20:40) (Uids 10:40)", "OK [MESSAGELIMIT 3 20] ");
        row("UID SEARCH UIDAFTER 4294967295", "SearchMessages Uids -", "OK Done");
        row("UID SEARCH UIDAFTER 0", "", "BAD ");
        row("SORT (SIZE) UTF-8 SEEN", "", "NO [MESSAGELIMIT 3] ");
        row("THREAD REFS UTF-8 SEEN", "", "NO [MESSAGELIMIT 3] ");
    }
    void isToldInTheCode()
    {
        QFETCH(QByteArray, command);
        QFETCH(QByteArray, needed);
        QFETCH(QByteArray, reply);
        Client client({10, 20, 30, 40, 50}, 3);
        const QByteArray said = client.say("x " + command);
        QVERIFY2(said.startsWith(reply), said);
        client.needed.removeIf([](const QByteArray &need) { return need.startsWith("Refused"); });
        QCOMPARE(client.needed.join(" | "), needed);
    }

    // At the default, and where there is none, nothing is different.
    void isNoMatterBelow()
    {
        for (const qint64 limit : {qint64(0), qint64(5), ServerConfig().messageLimit}) {
            Client client({10, 20, 30, 40, 50}, limit);
            for (const char *command : {"UID FETCH 1:* UID", "STORE 1:* FLAGS ()", "COPY 1:* a", "MOVE 1:* a", "UID EXPUNGE 1:*",
                                        "SEARCH ALL", "SORT (SIZE) UTF-8 ALL", "THREAD REFS UTF-8 ALL",
                                        "UID FETCH 1:* UID (PARTIAL 1:99)"}) {
                const QByteArray said = client.say("x " + QByteArray(command));
                QVERIFY2(said.startsWith("OK") && !client.output.contains("MESSAGELIMIT"), command + (": " + said));
            }
        }
    }

    void isAnnounced()
    {
        Client client({}, 3);
        client.say("x CAPABILITY");
        QVERIFY2(client.output.contains(" MESSAGELIMIT=3\r\n"), client.output);
        QVERIFY(!client.output.contains("SAVELIMIT"));
        Client without({}, 0);
        without.say("x CAPABILITY");
        QVERIFY2(!without.output.contains("MESSAGELIMIT"), without.output);
    }

    // §3.1: from the newest down, whatever batches they come in.
    void fetchesTheNewestFirst_data()
    {
        QTest::addColumn<int>("messages");
        QTest::addColumn<int>("limit");
        QTest::addColumn<int>("batch");
        QTest::newRow("few") << 10 << 4 << 0;
        QTest::newRow("few in batches") << 10 << 7 << 2;
        QTest::newRow("many") << 5000 << 2100 << 0;
        QTest::newRow("many in batches") << 5000 << 2100 << 300;
        QTest::newRow("one by one") << 1501 << 1500 << 1;
        QTest::newRow("not cut, in batches") << 1500 << 1500 << 7;
    }
    void fetchesTheNewestFirst()
    {
        QFETCH(int, messages);
        QFETCH(int, limit);
        QFETCH(int, batch);
        QList<Uid> uids;
        for (int i = 1; i <= messages; ++i)
            uids += Uid(3 * i);
        Client client(uids, limit);
        client.batch = batch;
        client.say("f UID FETCH 1:* UID");
        QByteArrayList expected;
        for (int number = messages - limit + 1; number <= messages; ++number)
            expected += "* " + QByteArray::number(number) + " FETCH (UID " + QByteArray::number(3 * number) + ")\r";
        if (limit < messages)
            std::ranges::reverse(expected);
        const QByteArrayList lines = client.output.split('\n');
        QCOMPARE(lines.first(lines.size() - 1), expected);
    }

    // Who goes on below the UID it was told comes to every message, once.
    void leadsToEveryMessage()
    {
        QRandomGenerator random(42);
        for (int round = 0; round < 200; ++round) {
            QList<Uid> uids;
            for (Uid uid = 1; uid < 60; ++uid) {
                if (random.bounded(3) > 0)
                    uids += uid;
            }
            Client client(uids, random.bounded(1, 12));
            for (Uid gone = 1; gone < 60 && random.bounded(2); gone += random.bounded(1, 20))
                client.changed({.mailbox = MailboxId{1}, .modSeq = gone, .expunged = {{gone, gone + 1}}});
            if (random.bounded(2))
                client.say("n NOOP");
            QList<Uid> seen;
            QByteArray to = "*";
            for (;;) {
                const QByteArray said = client.say("f UID FETCH 1:" + to + " UID");
                for (const QByteArray &need : std::as_const(client.needed)) {
                    for (const Uid uid : transcript::uids(need.mid(need.indexOf(' ') + 1)))
                        seen += uids.contains(uid) ? QList{uid} : QList<Uid>();
                }
                const qsizetype at = said.indexOf("MESSAGELIMIT ");
                if (at < 0)
                    break;
                const Uid lowest = said.sliced(at, said.indexOf(']') - at).split(' ').last().toUInt();
                QVERIFY(lowest > 1 && uids.contains(lowest));
                to = QByteArray::number(lowest - 1);
            }
            std::ranges::sort(seen);
            QVERIFY(std::ranges::adjacent_find(seen) == seen.end());
            for (const Uid uid : std::as_const(uids)) { // but for those that it has been told are gone
                const QByteArray again = client.say("f UID FETCH " + QByteArray::number(uid) + " UID");
                QVERIFY(seen.contains(uid) || again == "OK Nothing to do");
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestMessageLimit)
#include "test_message_limit.moc"
