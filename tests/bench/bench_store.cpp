// Speed of the store, on its own: deliveries by the writer's thread and what IMAP asks of a large mailbox.
// bench_store [DIRECTORY [MESSAGES]]: a new store is made in DIRECTORY (a temporary one) with MESSAGES in one mailbox.
#include "platform/store/accounts.h"
#include "platform/store/mailboxes.h"
#include "platform/store/messages.h"
#include "platform/store/store.h"
#include "platform/store/trace.h"
#include "platform/store/transaction.h"

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QSemaphore>
#include <QTemporaryDir>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace posthorn;
using namespace posthorn::store;
using namespace Qt::StringLiterals;

template<typename T>
static T must(Result<T> result)
{
    if (!result) {
        std::fprintf(stderr, "%s: %s\n", qPrintable(result.error().text), qPrintable(result.error().detail));
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

// Elapsed time, and the processor time of all threads.
static void tell(const char *what, qint64 microseconds, std::clock_t processor, qint64 count)
{
    std::printf("%-44s %9.1f ms %9.0f/s %9.2f us of processor each\n", what, double(microseconds) / 1000,
                double(count) * 1e6 / double(qMax<qint64>(1, microseconds)),
                double(processor) * 1e6 / double(CLOCKS_PER_SEC) / double(count));
    std::fflush(stdout);
}

template<typename Work>
static void measure(const char *what, qint64 count, Work work)
{
    QElapsedTimer timer;
    timer.start();
    const std::clock_t before = std::clock();
    work();
    tell(what, timer.nsecsElapsed() / 1000, std::clock() - before, count);
}

static Digest digestOf(qsizetype bodySize)
{
    Digest digest{.header = QByteArray(600, 'h'),
                  .envelope = QByteArray(300, 'e'),
                  .bodyStructure = QByteArray(300, 's'),
                  .parts = QByteArray(40, 'p')};
    digest.size = digest.header.size() + bodySize;
    digest.sentDate = 1'700'000'000;
    return digest;
}

namespace {

struct House
{
    std::unique_ptr<Store> store;
    QList<AccountId> accounts;
    QList<MailboxId> inboxes;
    std::atomic<qint64> groups = 0;
};

} // namespace

static void settle(House &house, int accounts)
{
    must<void>(house.store->writeNow<void>([&](Transaction &transaction) -> Result<void> {
        must(Accounts::addDomain(transaction, {.name = u"example.test"_s}));
        for (int i = 0; i < accounts; ++i) {
            house.accounts.append(
                must(Accounts::addAccount(transaction, {.address = u"user%1@example.test"_s.arg(i)})));
            house.inboxes.append(must(Mailboxes::find(transaction, house.accounts.last(), u"INBOX"_s)).id);
        }
        return {};
    }));
}

static Result<void> deliver(Transaction &transaction, AccountId account, qint64 number, const Digest &digest,
                            QByteArrayView body)
{
    const auto message = Messages::add(transaction, digest, body);
    if (!message)
        return std::unexpected(message.error());
    const auto inbox = Mailboxes::find(transaction, account, u"INBOX"_s);
    if (!inbox)
        return std::unexpected(inbox.error());
    const auto mark = Mailboxes::add(transaction, inbox->id, *message, 0, 1'700'000'000'000 + number);
    if (!mark)
        return std::unexpected(mark.error());
    TraceRow row{.at = 1'700'000'000'000 + number,
                 .journey = "J" + QByteArray::number(1'000'000'000 + number, 36),
                 .step = Step::Received,
                 .client = "192.0.2.1 (mail.example.org)"_ba,
                 .tls = "TLSv1.3"_ba,
                 .sender = "somebody@example.org"_ba,
                 .recipient = "user@example.test"_ba,
                 .messageId = "<1234567890.abcdef@mail.example.org>"_ba,
                 .subject = u"What we said yesterday"_s,
                 .size = digest.size,
                 .message = message->value,
                 .text = u"250 2.0.0 Accepted"_s};
    if (auto traced = Trace::add(transaction, row); !traced)
        return traced;
    row.step = Step::Delivered;
    row.mailbox = inbox->id.value;
    row.uid = mark->uid;
    return Trace::add(transaction, row);
}

// As many jobs are under way at a time as there are sessions.
static void deliverMany(House &house, int count, int sessions, qsizetype bodySize, qsizetype accounts)
{
    const Digest digest = digestOf(bodySize);
    const QByteArray body(bodySize, 'b');
    QSemaphore free(sessions);
    std::atomic<int> failed = 0;
    house.groups = 0;
    const std::string what = std::to_string(sessions) + " sessions, " + std::to_string(bodySize + 600) + " octets, " +
                             std::to_string(accounts) + " accounts";
    measure(what.c_str(), count, [&] {
        for (int i = 0; i < count; ++i) {
            free.acquire();
            const AccountId account = house.accounts.at(i % accounts);
            house.store->write<void>(
                [&, account, i](Transaction &transaction) { return deliver(transaction, account, i, digest, body); },
                [&](const Result<void> &done) {
                    if (!done)
                        ++failed;
                    free.release();
                },
                digest.size);
        }
        free.acquire(sessions);
    });
    std::printf("    %.1f messages a commit\n", double(count) / double(house.groups));
    if (failed)
        std::printf("%d FAILED\n", failed.load());
}

static void fill(House &house, MailboxId mailbox, int count)
{
    const Digest digest = digestOf(3'400);
    const QByteArray body(3'400, 'b');
    measure("fill the large mailbox", count, [&] {
        for (int i = 0; i < count; i += 2'000) {
            must<void>(house.store->writeNow<void>([&](Transaction &transaction) -> Result<void> {
                for (int n = 0; n < qMin(2'000, count - i); ++n) {
                    const auto message = must(Messages::add(transaction, digest, body));
                    must(Mailboxes::add(transaction, mailbox, message, 0, 1'700'000'000'000 + n));
                }
                return {};
            }));
        }
    });
}

static qint64 readRows(Connection &connection, MailboxId mailbox, const Columns &columns, Uid last)
{
    qint64 count = 0;
    for (Uid next = 1; next != 0;)
        count += must(Messages::rows(connection, mailbox, {{next, last}}, columns, 512 * 1024, &next)).size();
    return count;
}

static void readAll(House &house, MailboxId mailbox, int count)
{
    must<int>(house.store->readNow<int>([&](Connection &connection) -> Result<int> {
        for (int round = 0; round < 2; ++round)
            measure("all marks", count, [&] { must(Mailboxes::marks(connection, mailbox)); });
        measure("rows without columns", count, [&] { readRows(connection, mailbox, {}, ~0U); });
        const Columns digest{.header = true, .envelope = true, .bodyStructure = true};
        measure("rows with envelope", count, [&] { readRows(connection, mailbox, {.envelope = true}, ~0U); });
        measure("rows with header, envelope, structure", count, [&] { readRows(connection, mailbox, digest, ~0U); });
        const int bodies = qMin(count, 20'000);
        measure("rows with header and body", bodies,
                [&] { readRows(connection, mailbox, {.header = true, .body = true}, Uid(bodies)); });
        measure("1,000 single marks", 1'000, [&] {
            for (Uid uid = 1; uid <= 1'000; ++uid)
                must(Mailboxes::marks(connection, mailbox, {{uid, uid}}));
        });
        measure("1,000 single rows with header and body", 1'000, [&] {
            for (Uid uid = 1; uid <= 1'000; ++uid)
                must(Messages::rows(connection, mailbox, {{uid, uid}}, {.header = true, .body = true}, 1, nullptr));
        });
        return 0;
    }));
}

static void change(House &house, MailboxId mailbox, int count)
{
    const auto write = [&](const char *what, int rows, auto work) {
        measure(what, rows, [&] {
            must<void>(house.store->writeNow<void>([&](Transaction &transaction) -> Result<void> {
                work(transaction);
                return {};
            }));
        });
    };
    const Uid some = Uid(qMin(count, 20'000));
    const auto archive = must(house.store->readNow<Mailbox>(
        [&](Connection &connection) { return Mailboxes::find(connection, house.accounts.first(), u"Archive"_s); }));
    write("add \\Seen to all", count, [&](Transaction &transaction) {
        must(Mailboxes::setFlags(transaction, mailbox, {}, FlagAction::Add, {"\\Seen"_ba}));
    });
    write("remove \\Seen from every second", count / 2, [&](Transaction &transaction) {
        QList<UidRange> ranges;
        for (Uid uid = 1; uid <= Uid(count); uid += 2)
            ranges.append({uid, uid});
        must(Mailboxes::setFlags(transaction, mailbox, ranges, FlagAction::Remove, {"\\Seen"_ba}));
    });
    write("copy", int(some), [&](Transaction &transaction) {
        must(Mailboxes::copy(transaction, mailbox, {{1, some}}, archive.id, false, u"bench"_s));
    });
    write("move", int(some), [&](Transaction &transaction) {
        must(Mailboxes::copy(transaction, mailbox, {{1, some}}, archive.id, true, u"bench"_s));
    });
    write("expunge", int(some), [&](Transaction &transaction) {
        must(Mailboxes::expunge(transaction, archive.id, {{1, some}}, true, u"bench"_s));
    });
    write("expunge the rest", count - int(some),
          [&](Transaction &transaction) { must(Mailboxes::expunge(transaction, mailbox, {}, true, u"bench"_s)); });
}

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    const QTemporaryDir temporary;
    const QString directory = argc > 1 ? QString::fromLocal8Bit(argv[1]) : temporary.path();
    const int messages = argc > 2 ? std::atoi(argv[2]) : 100'000;
    House house;
    measure("open a new store", 1, [&] { house.store = must(Store::open({.directory = directory})); });
    house.store->onCommitted([&](const Committed &) { ++house.groups; });
    settle(house, 100);
    for (const int sessions : {1, 20, 50, 100}) {
        for (const int accounts : {1, 100})
            deliverMany(house, sessions == 1 ? 1'000 : 20'000, sessions, 3'400, accounts);
    }
    deliverMany(house, 5'000, 20, 50'000, 100);
    MailboxId large;
    must<void>(house.store->writeNow<void>([&](Transaction &transaction) -> Result<void> {
        large = must(Mailboxes::create(transaction, house.accounts.first(), u"Large"_s));
        return {};
    }));
    fill(house, large, messages);
    measure("close", 1, [&] { house.store.reset(); });
    measure("open the full store", 1, [&] { house.store = must(Store::open({.directory = directory})); });
    readAll(house, large, messages);
    change(house, large, messages);
    return 0;
}
