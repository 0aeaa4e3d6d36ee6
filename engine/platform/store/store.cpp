#include "platform/store/store.h"

#include "platform/store/readers.h"
#include "platform/store/writer.h"

#include <QDir>
#include <QFileInfo>

#include <semaphore>
#include <shared_mutex>

namespace posthorn::store {

using namespace Qt::StringLiterals;

struct Store::Private
{
    explicit Private(StoreOptions opened)
        : options(std::move(opened)), guard(options), writer(options, guard),
          readers(options, guard, [this] { writer.wake(); })
    {
    }
    [[nodiscard]] QString file() const { return QDir(options.directory).filePath(u"posthorn.db"_s); }

    StoreOptions options;
    Guard guard;
    Writer writer;
    Readers readers;
    std::shared_mutex backups; // held shared by each backup under way
};

Store::Store(std::unique_ptr<Private> made) : d(std::move(made)) {}

Result<std::unique_ptr<Store>> Store::open(StoreOptions options)
{
    if (!QDir().mkpath(options.directory))
        return fail(ErrorKind::Unavailable, u"The data directory can't be made"_s, options.directory);
    auto made = std::make_unique<Private>(std::move(options));
    made->guard.look(true);
    if (auto started = made->writer.start(); !started)
        return std::unexpected(started.error());
    if (auto started = made->readers.start(); !started) {
        made->readers.stop();
        return std::unexpected(started.error());
    }
    return std::unique_ptr<Store>(new Store(std::move(made)));
}

Store::~Store()
{
    d->guard.close();
    const std::unique_lock lock(d->backups);
    d->readers.stop();
    d->writer.stop();
}

void Store::enqueueWrite(WriteJob job)
{
    d->writer.enqueue(std::move(job));
}

void Store::enqueueRead(ReadEntry job)
{
    d->readers.enqueue(std::move(job));
}

void Store::waitFor(const std::function<void(std::function<void()>)> &start)
{
    auto finished = std::make_shared<std::binary_semaphore>(0);
    start([finished] { finished->release(); });
    finished->acquire();
}

void Store::onCommitted(std::function<void(const Committed &)> observer)
{
    d->writer.onCommitted(std::move(observer));
}

void Store::dropLater(MessageId staged)
{
    d->writer.dropLater(staged);
}

void Store::onHealth(std::function<void(Health, QString)> observer)
{
    d->guard.onHealth(std::move(observer));
}

void Store::setMinFreeOctets(qint64 octets)
{
    d->guard.setMinFree(octets);
    d->writer.wake();
}

Health Store::health() const
{
    return d->guard.health();
}

static Result<void> copyTo(const QString &database, const QString &file)
{
    auto connection = Connection::open({.file = database, .role = ConnectionOptions::Role::Backup});
    if (!connection)
        return std::unexpected(connection.error());
    auto copied = (*connection)->run("VACUUM INTO ?", file);
    return copied ? Result<void>() : std::unexpected(copied.error());
}

// VACUUM INTO leaves the copy in the system's cache; a write of its own makes SQLite sync the file.
static Result<void> sync(const QString &file)
{
    auto copy = Connection::open({.file = file, .role = ConnectionOptions::Role::Backup});
    if (!copy)
        return std::unexpected(copy.error());
    auto done = (*copy)->run("PRAGMA synchronous=FULL");
    if (done)
        done = (*copy)->run("UPDATE counter SET value = value");
    return done ? Result<void>() : std::unexpected(done.error());
}

// The copy is made under another name and takes its own only when it is whole and on the disk.
Result<void> Store::backup(const QString &file)
{
    const std::shared_lock lock(d->backups);
    if (QFileInfo::exists(file))
        return fail(ErrorKind::Exists, u"The file is there already"_s, file);
    const QString part = file + u".part"_s;
    QFile::remove(part);
    auto done = copyTo(d->file(), part).and_then([&] { return sync(part); });
    if (done && !QFile::rename(part, file))
        done = fail(ErrorKind::Exists, u"The file can't take its name"_s, file);
    if (!done)
        QFile::remove(part);
    return done;
}

qint64 Store::databaseOctets() const
{
    return QFileInfo(d->file()).size() + QFileInfo(d->file() + u"-wal"_s).size();
}

qint64 Store::waitingOctets() const
{
    return d->writer.waitingOctets();
}

qint64 Store::waitingJobs() const
{
    return d->writer.waitingJobs();
}

} // namespace posthorn::store
