// A store whose process is killed while it writes: what was acknowledged is there afterwards, whole and once.
// The test starts itself again as the process that writes; it prints a line for each job when it is acknowledged.
#include "store_fixture.h"

#include <QProcess>
#include <QRandomGenerator>
#include <QThread>

#include <cstdio>

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;

static QByteArray bodyOf(int number)
{
    return QByteArray::number(number) + '\n' + QByteArray(2'000 + number % 5'000, 'x');
}

static Result<MessageMark> writeOne(Transaction &transaction, MailboxId inbox, int number)
{
    const QByteArray body = bodyOf(number);
    const auto message = Messages::add(transaction, Fixture::digestOf("Subject: x\r\n\r\n", body.size()), body);
    if (!message)
        return std::unexpected(message.error());
    const auto mark = Mailboxes::add(transaction, inbox, *message, 0, number);
    if (!mark)
        return mark;
    TraceRow row{.at = number, .journey = "j" + QByteArray::number(number), .step = Step::Received};
    if (auto traced = Trace::add(transaction, row); !traced)
        return std::unexpected(traced.error());
    row.step = Step::Delivered;
    row.mailbox = inbox.value;
    row.uid = mark->uid;
    if (auto traced = Trace::add(transaction, row); !traced)
        return std::unexpected(traced.error());
    // Some go at once, so that the highest UIDs are often not there to be seen any more.
    if (number % 7 == 0) {
        const auto gone = Mailboxes::expunge(transaction, inbox, {{mark->uid, mark->uid}}, true, u"writer"_s);
        if (!gone)
            return std::unexpected(gone.error());
    }
    return mark;
}

static int writeUntilKilled(const QString &directory, int first)
{
    auto store = must(Store::open({.directory = directory}));
    const auto accounts = must(store->readNow<QList<Account>>([](Connection &c) { return Accounts::accounts(c); }));
    const auto inbox = must(store->readNow<Mailbox>([&](Connection &c) {
                           return Mailboxes::find(c, accounts.first().id, u"INBOX"_s);
                       })).id;
    Semaphore free(20);
    for (int number = first;; ++number) {
        free.acquire();
        store->write<MessageMark>([=](Transaction &t) { return writeOne(t, inbox, number); },
                                  [&free, number](const Result<MessageMark> &mark) {
                                      if (mark) {
                                          std::printf("%d %u %llu\n", number, mark->uid, mark->modSeq);
                                          std::fflush(stdout);
                                      }
                                      free.release();
                                  });
    }
}

// Flags of all messages at once, carried out when there is time: the number of the change, a keyword for each of its bits.
constexpr int numberBits = 16;

static QByteArrayList keywordsOf(int number)
{
    QByteArrayList names;
    for (int bit = 0; bit < numberBits; ++bit) {
        if (number & (1 << bit))
            names.append("$" + QByteArray::number(bit));
    }
    return names;
}

static StoreOptions carriesOutLater(const QString &directory)
{
    StoreOptions options;
    options.directory = directory;
    options.manyMessages = 5;
    options.idleAfter = std::chrono::milliseconds(1);
    return options;
}

static int flagUntilKilled(const QString &directory, int first)
{
    auto store = must(Store::open(carriesOutLater(directory)));
    const auto accounts = must(store->readNow<QList<Account>>([](Connection &c) { return Accounts::accounts(c); }));
    const auto inbox = must(store->readNow<Mailbox>([&](Connection &c) {
                           return Mailboxes::find(c, accounts.first().id, u"INBOX"_s);
                       })).id;
    for (int number = first;; ++number) {
        must(store->writeNow<FlagsChange>([&](Transaction &t) {
            return Mailboxes::setFlags(t, inbox, {}, FlagAction::Set, keywordsOf(number));
        }));
        std::printf("%d\n", number);
        std::fflush(stdout);
        QThread::msleep(number % 3 * 10); // time for a piece of it, or for more
    }
}

class TestCrash : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void keepsWhatWasAcknowledged();
    void keepsChangesThatAreNotCarriedOut();
};

void TestCrash::keepsWhatWasAcknowledged()
{
    Fixture house;
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    Uid highestUid = 0;
    ModSeq highestModSeq = 0;
    int next = 1;
    QSet<int> acknowledged;
    for (int life = 0; life < 8; ++life) {
        house.store.reset();
        QProcess writer;
        writer.start(QCoreApplication::applicationFilePath(),
                     {u"--write"_s, house.directory.path(), QString::number(next)});
        // Killed at some moment after its first acknowledgements.
        const qsizetype enough = QRandomGenerator::global()->bounded(1, 6'000);
        QByteArray output;
        while (output.size() < enough && writer.waitForReadyRead(60'000))
            output += writer.readAll();
        writer.kill();
        writer.waitForFinished();
        output += writer.readAll();
        QVERIFY2(!output.isEmpty(), writer.readAllStandardError().constData());
        const Uid before = highestUid;
        for (const QByteArray &line : output.first(output.lastIndexOf('\n')).split('\n')) {
            const auto fields = line.split(' ');
            QCOMPARE(fields.size(), 3);
            acknowledged.insert(fields.at(0).toInt());
            next = qMax(next, fields.at(0).toInt() + 100);
            QVERIFY2(fields.at(1).toUInt() > before, "a UID was given again");
            highestUid = qMax(highestUid, Uid(fields.at(1).toUInt()));
            highestModSeq = qMax(highestModSeq, fields.at(2).toULongLong());
        }
        house.open();
        QCOMPARE(house.faults(), QStringList());
        const auto mailbox = house.mailbox(alice);
        QVERIFY(mailbox.uidNext > highestUid);
        QVERIFY(mailbox.highestModSeq >= highestModSeq);
        QHash<int, int> found;
        const auto rows = house.read(
            [&](Connection &c) { return Messages::rows(c, inbox, {}, {.body = true}, 1'000'000'000, nullptr); });
        for (const StoredRow &row : rows) {
            QCOMPARE(row.body, bodyOf(int(row.internalDate)));
            ++found[int(row.internalDate)];
        }
        for (const int number : std::as_const(acknowledged))
            QCOMPARE(found.value(number), number % 7 == 0 ? 0 : 1);
    }
    QVERIFY(acknowledged.size() > 8);
}

void TestCrash::keepsChangesThatAreNotCarriedOut()
{
    Fixture house;
    house.options.idleAfter = std::chrono::hours(1); // what is left stays so until the next life
    const auto alice = house.makeAlice();
    const auto inbox = house.mailbox(alice).id;
    house.fill(inbox, 100);
    for (int i = 0; i < 7; ++i) // each time as many again: 12,800
        house.write([&](Transaction &t) { return Mailboxes::copy(t, inbox, {}, inbox, false, u"a"_s); });
    house.write([&](Transaction &t) { return Mailboxes::flagsFromNames(t, inbox, keywordsOf((1 << numberBits) - 1)); });
    int next = 1, waiting = 0;
    for (int life = 0; life < 8; ++life) {
        house.store.reset();
        QProcess writer;
        writer.start(QCoreApplication::applicationFilePath(), {u"--flag"_s, house.directory.path(), QString::number(next)});
        const qsizetype enough = QRandomGenerator::global()->bounded(1, 60);
        QByteArray output;
        while (output.size() < enough && writer.waitForReadyRead(60'000))
            output += writer.readAll();
        QThread::msleep(QRandomGenerator::global()->bounded(30u));
        writer.kill();
        writer.waitForFinished();
        output += writer.readAll();
        QVERIFY2(output.contains('\n'), writer.readAllStandardError().constData());
        const int told = output.first(output.lastIndexOf('\n')).split('\n').last().toInt();
        house.open();
        waiting += house.rows(u"flag_change"_s) > 0 ? 1 : 0;
        QCOMPARE(house.faults(), QStringList());
        QSet<Flags> numbers;
        const auto marks = house.marks(inbox);
        for (const MessageMark &mark : marks)
            numbers.insert(mark.flags >> flag::firstKeywordBit);
        QCOMPARE(marks.size(), 12'800);
        QCOMPARE(numbers.size(), 1); // all or none of a change
        QVERIFY2(*numbers.begin() == Flags(told) || *numbers.begin() == Flags(told) + 1, qPrintable(QString::number(*numbers.begin())));
        next = told + 2;
    }
    qInfo("%d of 8 times something was left to be carried out", waiting);
}

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    if (argc == 4 && QByteArrayView(argv[1]) == "--write")
        return writeUntilKilled(QString::fromLocal8Bit(argv[2]), QByteArrayView(argv[3]).toInt());
    if (argc == 4 && QByteArrayView(argv[1]) == "--flag")
        return flagUntilKilled(QString::fromLocal8Bit(argv[2]), QByteArrayView(argv[3]).toInt());
    TestCrash test;
    return QTest::qExec(&test, argc, argv);
}
#include "test_crash.moc"
