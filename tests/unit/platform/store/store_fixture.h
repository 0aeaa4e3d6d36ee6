// A store in a temporary directory, with what nearly every test needs in it.
#pragma once

#include "platform/store/accounts.h"
#include "platform/store/mailboxes.h"
#include "platform/store/maintenance.h"
#include "platform/store/messages.h"
#include "platform/store/store.h"
#include "platform/store/trace.h"
#include "platform/store/transaction.h"
#include "support/patience.h"

#include <QTemporaryDir>

#include <condition_variable>
#include <mutex>

namespace posthorn::store {

// The value, or a failed test that says why.
template<typename T>
T must(Result<T> result)
{
    if (!result) {
        const QString why = result.error().text + QStringLiteral(" | ") + result.error().detail;
        QTest::qFail(qPrintable(why), __FILE__, __LINE__);
        qFatal("%s", qPrintable(why));
    }
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

template<typename T>
ErrorKind kindOfFailure(const Result<T> &result)
{
    if (result)
        qFatal("a failure was expected");
    return result.error().kind;
}

// As QSemaphore, but of parts whose order a thread checker sees.
class Semaphore
{
public:
    explicit Semaphore(int count = 0) : m_count(count) {}
    void release()
    {
        const std::scoped_lock lock(m_mutex);
        ++m_count;
        m_changed.notify_all();
    }
    void acquire(int count = 1)
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [&] { return m_count >= count; });
        m_count -= count;
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_changed;
    int m_count;
};

struct Fixture
{
    explicit Fixture(StoreOptions given = {}) : options(std::move(given))
    {
        options.directory = directory.path();
        open();
    }
    void open() { store = must(Store::open(options)); }
    void reopen()
    {
        store.reset();
        open();
    }

    template<typename T, typename Work>
    Result<T> tryWrite(Work work)
    {
        return store->writeNow<T>([&](Transaction &transaction) -> Result<T> { return work(transaction); });
    }
    template<typename Work>
    auto write(Work work)
    {
        using T = typename std::invoke_result_t<Work, Transaction &>::value_type;
        return must(store->writeNow<T>([&](Transaction &transaction) { return work(transaction); }));
    }
    template<typename Work>
    auto read(Work work)
    {
        using T = typename std::invoke_result_t<Work, Connection &>::value_type;
        return must(store->readNow<T>([&](Connection &connection) { return work(connection); }));
    }

    // The account alice@example.test.
    AccountId makeAlice(qint64 quota = 0)
    {
        return write([&](Transaction &transaction) -> Result<AccountId> {
            const auto domains = Accounts::domains(transaction);
            if (domains && domains->isEmpty())
                must(Accounts::addDomain(transaction, {.name = QStringLiteral("example.test")}));
            return Accounts::addAccount(transaction,
                                        {.address = QStringLiteral("alice@example.test"), .quotaOctets = quota});
        });
    }
    Mailbox mailbox(AccountId account, const QString &name = QStringLiteral("INBOX"))
    {
        return read([&](Connection &connection) { return Mailboxes::find(connection, account, name); });
    }

    static Digest digestOf(const QByteArray &header, qint64 bodySize)
    {
        return {.header = header,
                .envelope = "(env)",
                .bodyStructure = "(struct)",
                .parts = "p",
                .size = header.size() + bodySize,
                .sentDate = 1'600'000'000};
    }
    static Result<MessageMark> deliver(Transaction &transaction, MailboxId mailbox, const QByteArray &body = "body",
                                       Flags flags = 0)
    {
        const auto message = Messages::add(transaction, digestOf("Subject: x\r\n\r\n", body.size()), body);
        if (!message)
            return std::unexpected(message.error());
        return Mailboxes::add(transaction, mailbox, *message, flags, 1'700'000'000'000);
    }
    MessageMark deliverOne(MailboxId mailbox, const QByteArray &body = "body", Flags flags = 0)
    {
        return write([&](Transaction &transaction) { return deliver(transaction, mailbox, body, flags); });
    }
    void fill(MailboxId mailbox, int count)
    {
        write([&](Transaction &transaction) -> Result<int> {
            for (int i = 0; i < count; ++i)
                must(deliver(transaction, mailbox));
            return count;
        });
    }
    QList<MessageMark> marks(MailboxId id)
    {
        return read([&](Connection &connection) { return Mailboxes::marks(connection, id); }).marks;
    }
    QStringList faults()
    {
        return read([](Connection &connection) { return Maintenance::check(connection); }).faults;
    }
    qint64 rows(const QString &table)
    {
        return *read([&](Connection &connection) {
            return connection.queryText(QStringLiteral("SELECT count(*) FROM ") + table).number();
        });
    }

    QTemporaryDir directory;
    StoreOptions options;
    std::unique_ptr<Store> store;
};

// Holds the writer in a job until it is let go, so that what is written meanwhile waits for one group.
struct Gate
{
    explicit Gate(Store &store)
    {
        store.write<void>(
            [this](Transaction &) -> Result<void> {
                entered.release();
                free.acquire();
                return {};
            },
            [this](const Result<void> &) { left.release(); });
        entered.acquire();
    }
    ~Gate()
    {
        if (!opened)
            open();
    }
    void open()
    {
        opened = true;
        free.release();
        left.acquire();
    }
    Semaphore entered, free, left;
    bool opened = false;
};

inline StoreOptions withFaults(std::function<int(QByteArrayView)> before)
{
    StoreOptions options;
    options.faults = std::make_shared<Faults>();
    options.faults->before = std::move(before);
    options.probeInterval = std::chrono::milliseconds(10);
    options.idleAfter = std::chrono::hours(1);
    options.maxGroupTime = std::chrono::minutes(1);
    return options;
}

} // namespace posthorn::store
