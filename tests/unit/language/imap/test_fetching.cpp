// What transcripts can't show of FETCH: big messages, big mailboxes, content that fails.
#include "language/imap/server_machine.h"
#include "language/message/structure.h"
#include "support/work_timer.h"

#include <QTest>

using namespace posthorn;
using namespace posthorn::imap;
using namespace Qt::StringLiterals;

namespace {

const QByteArray header = "From: anna@example.test\r\nSubject: Hello\r\n\r\n";

FetchedRow rowOf(Uid uid, const QByteArray &message, const FetchWants &wants)
{
    FetchedRow row{.mark = {uid, 0, 1, MessageId{uid}, message.size()}};
    const message::Structure structure = message::parseStructure(message);
    if (wants.header)
        row.header = structure.header;
    if (wants.parts)
        row.parts = message::packOffsets(structure.root);
    if (wants.body && message.size() <= FetchWants::inlineBodySize)
        row.body = message;
    return row;
}

// A session with a mailbox of `count` messages selected.
class Client
{
public:
    explicit Client(qsizetype count, bool readOnly = true)
    {
        static const TlsFacts tls{"TLSv1.3", {}, {}, "hash"};
        machine.start(&tls);
        machine.receive("l AUTHENTICATE SCRAM-SHA-256 AAAA\r\n");
        machine.answer(need<SaslBegin>().first, SaslAnswer{SaslAnswer::Outcome::Success, {}, u"anna"_s});
        machine.receive("s SELECT INBOX\r\n");
        Selected selected;
        selected.mailbox = MailboxId{1};
        selected.name = u"INBOX"_s;
        for (qsizetype i = 0; i < count; ++i)
            selected.uids += Uid(i + 1);
        selected.readOnly = readOnly;
        machine.answer(need<SelectMailbox>().first, selected);
        (void)machine.takeOutput();
    }

    template<typename T>
    std::pair<NeedId, T> need()
    {
        const auto next = machine.nextNeed();
        if (!next || !std::holds_alternative<T>(next->what)) {
            QTest::qFail("another need is expected", __FILE__, __LINE__);
            return {};
        }
        return {next->id, std::get<T>(next->what)};
    }

    QByteArray take()
    {
        QByteArray all;
        for (QByteArray some = machine.takeOutput(); !some.isEmpty(); some = machine.takeOutput()) {
            all += some;
            machine.outputWaiting(0);
        }
        return all;
    }

    ServerMachine machine{ServerConfig{}};
};

} // namespace

class TestFetching : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void decodesParts_data()
    {
        QTest::addColumn<QByteArray>("items");
        QTest::addColumn<QByteArray>("expected");
        const auto add = [](const char *items, const QByteArray &expected) { QTest::newRow(items) << QByteArray(items) << expected; };
        const QByteArray ok = "f OK Done\r\n", unknown = "f NO [UNKNOWN-CTE] The encoding of a part is not known\r\n";
        add("BINARY.PEEK[1]", "(BINARY[1] {7}\r\ncaf\xc3\xa9 x)\r\n" + ok);
        add("BINARY.PEEK[1]<3.2>", "(BINARY[1]<3> {2}\r\n\xc3\xa9)\r\n" + ok);
        add("BINARY.PEEK[1]<100.2>", "(BINARY[1]<100> {0}\r\n)\r\n" + ok);
        add("BINARY.SIZE[1]", "(BINARY.SIZE[1] 7)\r\n" + ok);
        add("BINARY.PEEK[2]", QByteArray("(BINARY[2] ~{5}\r\na\0b\xff\n)\r\n", 25) + ok);
        add("(BINARY.SIZE[2] BINARY.PEEK[2]<2.1> UID)", "(BINARY.SIZE[2] 5 BINARY[2]<2> {1}\r\nb UID 1)\r\n" + ok);
        add("BINARY.PEEK[3]", "(BINARY[3] NIL)\r\n" + unknown);
        add("(BINARY.SIZE[3] UID)", "(BINARY.SIZE[3] 0 UID 1)\r\n" + unknown);
        add("BINARY.PEEK[4]", "(BINARY[4] {15}\r\nSubject: x\r\n\r\ny)\r\n" + ok);
        add("BINARY.PEEK[4.1]", "(BINARY[4.1] {1}\r\ny)\r\n" + ok);
        add("BINARY.SIZE[4]", "(BINARY.SIZE[4] 15)\r\n" + ok);
        add("BINARY.PEEK[9]", "(BINARY[9] NIL)\r\n" + ok);
        add("BINARY.SIZE[9]", "(BINARY.SIZE[9] 0)\r\n" + ok);
        add("BINARY.PEEK[]<0.7>", "(BINARY[]<0> {7}\r\nSubject)\r\n" + ok);
        add("BINARY.PEEK[5]", "(BINARY[5] {0}\r\n)\r\n" + ok);
        const auto nul = [](QByteArray text) { return text.replace('^', '\0'); };
        add("BINARY.PEEK[6]", nul("(BINARY[6] ~{3}\r\nx^y)\r\n") + ok);
        add("BODY.PEEK[6]", "(BODY[6] {3}\r\nx\x80y)\r\n" + ok);
        add("(BODY.PEEK[6.MIME] BODY.PEEK[6]<1.1> BINARY.PEEK[6]<1.5>)",
            "(BODY[6.MIME] {37}\r\nContent-Transfer-Encoding: binary\r\n\r\n BODY[6]<1> {1}\r\n\x80 " + nul("BINARY[6]<1> ~{2}\r\n^y)\r\n") + ok);
        add("BINARY.PEEK[1.HEADER]", "");
        add("BINARY.SIZE[1]<0.1>", "");
    }
    void decodesParts()
    {
        QFETCH(QByteArray, items);
        QFETCH(QByteArray, expected);
        const QByteArray message = "Subject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
                                   "--b\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\ncaf=C3=A9=\r\n x\r\n"
                                   "--b\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBi\r\n/wo=\r\n"
                                   "--b\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n#0V%T\r\n"
                                   "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny\r\n"
                                   "--b\r\nContent-Transfer-Encoding: base64\r\n\r\n=\r\n"
                                   "--b\r\nContent-Transfer-Encoding: binary\r\n\r\nx"_ba + '\0' + "y\r\n--b--\r\n";
        for (const qint64 piece : {0, 1, 5, 1000}) { // 0: it comes with the row
            Client client(1);
            client.machine.receive("f FETCH 1 " + items + "\r\n");
            if (expected.isEmpty()) {
                QVERIFY(client.take().startsWith("f BAD "));
                continue;
            }
            const auto [id, fetch] = client.need<FetchMessages>();
            FetchedRow row = rowOf(1, message, fetch.wants);
            if (piece > 0)
                row.body = {};
            client.machine.answer(id, FetchedRows{{row}, 0});
            QByteArray output = client.take();
            for (auto next = client.machine.nextNeed(); next; next = client.machine.nextNeed()) {
                const auto read = std::get<ReadContent>(next->what);
                client.machine.answer(next->id, ContentPiece{message.sliced(read.offset, std::min(piece, read.length))});
                output += client.take();
            }
            QCOMPARE(output, "* 1 FETCH " + expected);
        }
    }

    void holdsLittleOfABigMessage()
    {
        const qint64 size = 50 * 1024 * 1024;
        Client client(1);
        client.machine.receive("f FETCH 1 BODY.PEEK[]\r\n");
        const auto [id, fetch] = client.need<FetchMessages>();
        FetchedRow row = rowOf(1, header + "x", fetch.wants);
        row.mark.size = size;
        row.body = {};
        client.machine.answer(id, FetchedRows{{row}, 0});
        qint64 sent = 0;
        QByteArray beginning;
        auto next = client.machine.nextNeed();
        for (qint64 expected = 0; expected < size;) {
            QVERIFY(next && std::holds_alternative<ReadContent>(next->what));
            const auto read = std::get<ReadContent>(next->what);
            QCOMPARE(read.message, MessageId{1});
            QCOMPARE(read.offset, expected);
            expected += read.length;
            client.machine.outputWaiting(10'000'000); // the peer is slow
            client.machine.answer(next->id, ContentPiece{QByteArray(read.length, 'x')});
            const QByteArray output = client.machine.takeOutput();
            QVERIFY(output.size() <= 600 * 1024);
            sent += output.size();
            if (beginning.isEmpty())
                beginning = output.first(40);
            QVERIFY(!client.machine.nextNeed());
            client.machine.outputWaiting(0);
            next = client.machine.nextNeed();
        }
        sent += client.take().size();
        const QByteArray head = "* 1 FETCH (BODY[] {52428800}\r\n";
        QVERIFY(beginning.startsWith(head));
        QCOMPARE(sent, head.size() + size + QByteArrayView(")\r\nf OK Done\r\n").size());
    }

    void writesFlagsOfAHundredThousand()
    {
        Client client(100'000);
        client.machine.receive("f UID FETCH 1:* (FLAGS)\r\n");
        qsizetype lines = 0;
        const test::WorkTimer timer;
        for (Uid next = 1; next > 0;) {
            const auto [id, fetch] = client.need<FetchMessages>();
            QCOMPARE(fetch.uids, (QList<UidRange>{{next, 100'000}}));
            FetchedRows rows;
            for (Uid uid = next; uid < next + 20'000 && uid <= 100'000; ++uid)
                rows.rows += FetchedRow{.mark = {uid, flag::Seen, 1, MessageId{uid}, 1}};
            next = next + 20'000 > 100'000 ? 0 : next + 20'000;
            rows.nextUid = next;
            client.machine.answer(id, rows);
            lines += client.take().count('\n');
        }
        QCOMPARE(lines, 100'001);
        QVERIFY(timer.milliseconds() < 10'000);
    }

    void asksForTheNextBatchOnlyWhileThereIsRoom()
    {
        Client client(1000);
        client.machine.receive("f FETCH 1:* BODY.PEEK[]\r\n");
        const QByteArray message = header + QByteArray(60 * 1024, 'x');
        auto [id, fetch] = client.need<FetchMessages>();
        FetchedRows rows;
        for (Uid uid = 1; uid <= 8; ++uid)
            rows.rows += rowOf(uid, message, fetch.wants);
        rows.nextUid = 9;
        client.machine.answer(id, rows);
        QVERIFY(client.machine.takeOutput().size() < 400 * 1024);
        client.machine.outputWaiting(400 * 1024);
        QVERIFY(client.machine.takeOutput().isEmpty());
        (void)client.machine.nextNeed(); // perhaps one batch ahead
        client.machine.outputWaiting(400 * 1024);
        QVERIFY(!client.machine.nextNeed());
        QVERIFY(!client.machine.hungry());
    }

    void marksOnlyTheUnseenAsSeen()
    {
        Client client(3, false);
        client.machine.receive("f FETCH 1:3 BODY[TEXT]\r\n");
        auto [look, looking] = client.need<FetchMessages>();
        QVERIFY(!looking.wants.body && !looking.wants.header);
        FetchedRows marks;
        for (Uid uid = 1; uid <= 3; ++uid)
            marks.rows += FetchedRow{.mark = {uid, uid == 2 ? flag::Seen : 0, 1, MessageId{uid}, 1}};
        client.machine.answer(look, marks);
        const auto [store, storing] = client.need<StoreFlags>();
        QCOMPARE(storing.uids, (QList<UidRange>{{1, 1}, {3, 3}}));
        FlagsStored stored;
        stored.altered = {{1, flag::Seen, 2, MessageId{1}, 1}, {3, flag::Seen | flag::Draft, 2, MessageId{3}, 1}};
        client.machine.answer(store, stored);
        const auto [id, fetch] = client.need<FetchMessages>();
        FetchedRows rows;
        for (Uid uid = 1; uid <= 3; ++uid)
            rows.rows += rowOf(uid, header + "hi", fetch.wants);
        rows.rows[2].mark.flags = flag::Draft; // as it was a moment before
        client.machine.answer(id, rows);
        const QByteArray output = client.take();
        QCOMPARE(output.count("\r\nhi"), 3);
        QVERIFY2(output.contains("* 1 FETCH") && output.contains("FLAGS (\\Seen)"), output);
        QVERIFY2(output.contains("FLAGS (\\Seen \\Draft)"), output);
        QCOMPARE(output.count("FLAGS"), 2);
    }

    void readsThoughItCantWrite()
    {
        Client client(1, false);
        client.machine.receive("f FETCH 1 RFC822.TEXT\r\n");
        client.machine.answer(client.need<FetchMessages>().first, FetchedRows{{FetchedRow{.mark = {1, 0, 1, MessageId{1}, 1}}}, 0});
        client.machine.answer(client.need<StoreFlags>().first, Failure{Error{ErrorKind::Unavailable, {}, {}, -1}});
        const auto [id, fetch] = client.need<FetchMessages>();
        client.machine.answer(id, FetchedRows{{rowOf(1, header + "hi", fetch.wants)}, 0});
        QCOMPARE(client.take(), QByteArray("* 1 FETCH (RFC822.TEXT {2}\r\nhi)\r\nf OK Done\r\n"));
    }

    void marksNothingWhenPeeking_data()
    {
        QTest::addColumn<QByteArray>("items");
        for (const char *items : {"BODY.PEEK[]", "RFC822.HEADER", "BODYSTRUCTURE", "BODY", "ENVELOPE", "ALL"})
            QTest::newRow(items) << QByteArray(items);
    }
    void marksNothingWhenPeeking()
    {
        QFETCH(QByteArray, items);
        Client client(1, false);
        client.machine.receive("f FETCH 1 " + items + "\r\n");
        const auto [id, fetch] = client.need<FetchMessages>();
        client.machine.answer(id, FetchedRows{{rowOf(1, header + "hi", fetch.wants)}, 0});
        QVERIFY(!client.machine.nextNeed());
        QVERIFY(client.take().endsWith("f OK Done\r\n"));
    }

    void leavesOutAMessageWhoseContentIsGone()
    {
        Client client(2);
        client.machine.receive("f FETCH 1:2 (UID BODY.PEEK[])\r\n");
        const auto [id, fetch] = client.need<FetchMessages>();
        const QByteArray big = header + QByteArray(200 * 1024, 'x');
        client.machine.answer(id, FetchedRows{{rowOf(1, big, fetch.wants), rowOf(2, header + "hi", fetch.wants)}, 0});
        client.machine.answer(client.need<ReadContent>().first, Failure{Error{ErrorKind::NotFound, {}, {}, -1}});
        const QByteArray output = client.take();
        QVERIFY2(output.startsWith("* 2 FETCH (UID 2 BODY[] {"), output);
        QVERIFY(output.endsWith("f OK Done\r\n"));
    }

    void saysSoWhenContentCantBeRead()
    {
        Client client(2);
        client.machine.receive("f FETCH 1:2 (UID BODY.PEEK[])\r\n");
        const auto [id, fetch] = client.need<FetchMessages>();
        const QByteArray big = header + QByteArray(200 * 1024, 'x');
        client.machine.answer(id, FetchedRows{{rowOf(1, big, fetch.wants)}, 0});
        client.machine.answer(client.need<ReadContent>().first, Failure{Error{ErrorKind::Unavailable, {}, {}, -1}});
        QCOMPARE(client.take(), QByteArray("f NO [UNAVAILABLE] Temporarily unavailable, try again later\r\n"));
        QVERIFY(!client.machine.finished());
    }

    void closesWhenContentFailsHalfway()
    {
        Client client(1);
        client.machine.receive("f FETCH 1 BODY.PEEK[]\r\n");
        const auto [id, fetch] = client.need<FetchMessages>();
        client.machine.answer(id, FetchedRows{{rowOf(1, header + QByteArray(300 * 1024, 'x'), fetch.wants)}, 0});
        const auto [first, piece] = client.need<ReadContent>();
        client.machine.answer(first, ContentPiece{QByteArray(piece.length, 'x')});
        (void)client.take();
        client.machine.answer(client.need<ReadContent>().first, Failure{});
        QCOMPARE(client.take(), QByteArray());
        QVERIFY(client.machine.finished());
    }

    void saysNothingWithinALiteral()
    {
        Client client(1);
        client.machine.receive("f FETCH 1 BODY.PEEK[]\r\n");
        const auto [id, fetch] = client.need<FetchMessages>();
        client.machine.answer(id, FetchedRows{{rowOf(1, header + QByteArray(300 * 1024, 'x'), fetch.wants)}, 0});
        const auto [first, piece] = client.need<ReadContent>();
        client.machine.answer(first, ContentPiece{QByteArray(piece.length, 'x')});
        (void)client.take();
        client.machine.timedOut();
        QCOMPARE(client.take(), QByteArray());
        QVERIFY(client.machine.finished());
    }

    void finishesTheMessageBeforeTheServerStops()
    {
        Client client(2);
        client.machine.receive("f FETCH 1:2 BODY.PEEK[]\r\n");
        const auto [id, fetch] = client.need<FetchMessages>();
        const QByteArray big = header + QByteArray(130 * 1024, 'x');
        client.machine.answer(id, FetchedRows{{rowOf(1, big, fetch.wants), rowOf(2, big, fetch.wants)}, 0});
        const auto [first, piece] = client.need<ReadContent>();
        client.machine.answer(first, ContentPiece{big.first(piece.length)});
        client.machine.shutDown();
        (void)client.take();
        const auto [second, rest] = client.need<ReadContent>();
        client.machine.answer(second, ContentPiece{big.sliced(rest.offset, rest.length)});
        const QByteArray output = client.take();
        QVERIFY2(output.endsWith("x)\r\nf NO [UNAVAILABLE] Temporarily unavailable, try again later\r\n"
                                 "* BYE [UNAVAILABLE] The server is shutting down\r\n"), output.last(200));
        QVERIFY(client.machine.finished());
    }

    void cutsSectionsOutOfBigMessages_data()
    {
        QTest::addColumn<QByteArray>("item");
        QTest::addColumn<QByteArray>("answer");
        QTest::newRow("header") << QByteArray("BODY.PEEK[HEADER]") << "BODY[HEADER] {" + QByteArray::number(header.size()) + "}\r\n" + header;
        QTest::newRow("fields") << QByteArray("BODY.PEEK[HEADER.FIELDS (SUBJECT)]")
                                << QByteArray("BODY[HEADER.FIELDS (SUBJECT)] {18}\r\nSubject: Hello\r\n\r\n");
        QTest::newRow("partial") << QByteArray("BODY.PEEK[]<6.4>") << QByteArray("BODY[]<6> {4}\r\nanna");
        QTest::newRow("partial of the text") << QByteArray("BODY.PEEK[TEXT]<2.3>") << QByteArray("BODY[TEXT]<2> {3}\r\nxxx");
        QTest::newRow("beyond the end") << QByteArray("BODY.PEEK[]<999999999.4>") << QByteArray("BODY[]<999999999> ");
        QTest::newRow("no such part") << QByteArray("BODY.PEEK[7.2]") << QByteArray("BODY[7.2] NIL");
    }
    void cutsSectionsOutOfBigMessages()
    {
        QFETCH(QByteArray, item);
        QFETCH(QByteArray, answer);
        Client client(1);
        client.machine.receive("f FETCH 1 (" + item + " UID)\r\n");
        const auto [id, fetch] = client.need<FetchMessages>();
        const QByteArray big = header + QByteArray(300 * 1024, 'x');
        client.machine.answer(id, FetchedRows{{rowOf(1, big, fetch.wants)}, 0});
        while (const auto next = client.machine.nextNeed()) {
            const auto read = std::get<ReadContent>(next->what);
            client.machine.answer(next->id, ContentPiece{big.sliced(read.offset, read.length)});
        }
        const QByteArray output = client.take();
        QVERIFY2(output.startsWith("* 1 FETCH (" + answer), output.first(std::min<qsizetype>(output.size(), 300)));
        QVERIFY(output.endsWith(" UID 1)\r\nf OK Done\r\n"));
    }
};

QTEST_GUILESS_MAIN(TestFetching)
#include "test_fetching.moc"
