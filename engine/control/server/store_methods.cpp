// backup.make and store.*: on the pool or the writer, for they take long.
#include "control/server/desk.h"
#include "platform/store/maintenance.h"
#include "platform/store/search_index.h"
#include "platform/store/store.h"
#include "platform/system/data_directory.h"

#include <QDir>
#include <QFileInfo>
#include <QJsonDocument>
#include <QSaveFile>

#include <algorithm>

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

Result<void> checkFullPath(const QString &path)
{
    if (!QDir::isAbsolutePath(path))
        return fail(ErrorKind::Invalid, u"“%1” is not a full path"_s.arg(path));
    return {};
}

QString tableFile(const QString &directory, const QString &table) { return directory + u'/' + table + u".jsonl"_s; }

std::unexpected<Error> fileTrouble(const QString &what, const QFileDevice &file)
{
    return fail(ErrorKind::Unavailable, u"%1 %2: %3"_s.arg(file.fileName(), what, file.errorString()));
}

QString versionFile(const QString &directory) { return directory + u"/export.json"_s; }

// A file has its name only once it is complete.
Result<qint64> writeFile(const QString &name, const std::function<Result<qint64>(QIODevice &)> &write)
{
    QSaveFile file(name);
    if (!file.open(QIODevice::WriteOnly))
        return fileTrouble(u"can't be written"_s, file);
    if (!file.setPermissions(QFile::ReadOwner | QFile::WriteOwner))
        return fileTrouble(u"can't be kept from others"_s, file);
    const auto written = write(file);
    if (!written)
        return written;
    if (!file.commit())
        return fileTrouble(u"can't be written"_s, file);
    return written;
}

// Before the tables: an export that was cut short is not taken for an older one, which had fewer.
Result<qint64> writeVersion(const QString &directory)
{
    return writeFile(versionFile(directory), [](QIODevice &out) {
        return out.write(QJsonDocument(QJsonObject{{u"version"_s, store::Maintenance::version()}}).toJson(QJsonDocument::Compact) + '\n');
    });
}

// In one reading job, so that the tables agree with each other.
Result<qint64> exportAll(store::Connection &connection, const QString &directory)
{
    if (const auto written = writeVersion(directory); !written)
        return written;
    qint64 total = 0;
    for (const QString &table : store::Maintenance::tables()) {
        const auto rows = writeFile(tableFile(directory, table), [&](QIODevice &out) {
            return store::Maintenance::exportTable(connection, table, out);
        });
        if (!rows)
            return rows;
        total += *rows;
    }
    return total;
}

Result<void> checkExportPlace(const QString &directory)
{
    if (const auto path = checkFullPath(directory); !path)
        return path;
    const auto isThere = [&](const QString &table) { return QFileInfo::exists(tableFile(directory, table)); };
    if (QFileInfo::exists(versionFile(directory)) || std::ranges::any_of(store::Maintenance::tables(), isThere))
        return fail(ErrorKind::Exists, u"%1 holds an export already"_s.arg(directory));
    return system::makePrivateDirectory(directory);
}

// The first exports did not say it: theirs is that of the last table they have.
int versionByTables(const QString &directory)
{
    int version = 1;
    for (const QString &table : store::Maintenance::tables()) {
        if (QFileInfo::exists(tableFile(directory, table)))
            version = std::max(version, store::Maintenance::versionOf(table));
    }
    return version;
}

Result<int> versionOf(const QString &directory)
{
    QFile file(versionFile(directory));
    if (!file.exists())
        return versionByTables(directory);
    if (!file.open(QIODevice::ReadOnly))
        return fail(ErrorKind::NotFound, u"%1 can't be read: %2"_s.arg(file.fileName(), file.errorString()));
    const int version = QJsonDocument::fromJson(file.read(1'000)).object().value("version"_L1).toInt();
    if (version < 1)
        return fail(ErrorKind::Invalid, u"%1 does not tell the version"_s.arg(file.fileName()));
    if (version > store::Maintenance::version())
        return fail(ErrorKind::Invalid, u"The export was made by a newer version of this program"_s);
    return version;
}

// All or nothing: one transaction.
Result<qint64> importAll(store::Transaction &transaction, const QString &directory)
{
    const auto version = versionOf(directory);
    if (!version)
        return std::unexpected(version.error());
    qint64 total = 0;
    for (const QString &table : store::Maintenance::tables()) {
        QFile file(tableFile(directory, table));
        if (!file.exists() && store::Maintenance::versionOf(table) > *version)
            continue; // it came later
        if (!file.open(QIODevice::ReadOnly))
            return fail(ErrorKind::NotFound, u"%1 can't be read: %2"_s.arg(file.fileName(), file.errorString()));
        const auto rows = store::Maintenance::importTable(transaction, table, file, *version);
        if (!rows) {
            Error error = rows.error();
            error.text = u"%1: %2"_s.arg(file.fileName(), error.text);
            return std::unexpected(error);
        }
        total += *rows;
    }
    if (const auto done = store::Maintenance::importDone(transaction, *version); !done)
        return std::unexpected(done.error());
    transaction.changes.directoryChanged = transaction.changes.queueChanged = transaction.changes.settingsChanged = true;
    return total;
}

QJsonObject reportJson(const store::CheckReport &report)
{
    return {{u"messages"_s, report.messages}, {u"mailboxes"_s, report.mailboxes}, {u"queued"_s, report.queued},
            {u"journeys"_s, report.journeys}, {u"faults"_s, QJsonArray::fromStringList(report.faults)}};
}

} // namespace

void deed::backupMake(Desk &desk, const Call &call)
{
    const QString file = call.text("file"_L1);
    if (const auto path = checkFullPath(file); !path)
        return call.refuse(path.error());
    if (QFileInfo::exists(file))
        return call.answer(fail(ErrorKind::Exists, u"%1 is there already"_s.arg(file)));
    answerFromPool(desk, call, [file, call, store = desk.context.store, log = desk.context.events]() -> Result<QJsonValue> {
        if (const auto made = store->backup(file); !made)
            return std::unexpected(made.error());
        if (const auto mine = system::makePrivateFile(file); !mine)
            return std::unexpected(mine.error());
        const qint64 octets = QFileInfo(file).size();
        Event event{EventKind::BackupMade};
        event.with(EventField::File, file).with(EventField::Size, octets).with(EventField::By, call.by());
        if (log)
            log->emitEvent(std::move(event));
        return QJsonObject{{u"file"_s, file}, {u"octets"_s, octets}};
    });
}

void deed::storeCheck(Desk &desk, const Call &call)
{
    const bool quick = call.flag("quick"_L1);
    // For this life and the next; a store too damaged to keep it tells of itself.
    const auto remember = [gate = desk.gate, &desk](store::Store &store, const store::Findings &found) {
        gate->post([&desk, found] { desk.found = found; });
        (void)store.writeNow<bool>([found](store::Transaction &transaction) {
            return store::Maintenance::keepFindings(transaction, found).transform([] { return true; });
        });
    };
    answerFromPool(desk, call, [quick, call, remember, store = desk.context.store, log = desk.context.events]() -> Result<QJsonValue> {
        const auto report = store->readNow<store::CheckReport>(
            [quick](store::Connection &connection) { return store::Maintenance::check(connection, quick); });
        if (!report)
            return std::unexpected(report.error());
        Event event{EventKind::CheckDone};
        event.with(EventField::Count, qint64(report->faults.size())).with(EventField::By, call.by());
        if (!report->faults.isEmpty())
            event.with(EventField::Reason, report->faults.first());
        if (log)
            log->emitEvent(std::move(event));
        remember(*store, {report->faults.size(), report->faults.value(0)});
        return reportJson(*report);
    });
}

void deed::searchState(Desk &desk, const Call &call)
{
    answerByReading(desk, call, [](store::Connection &connection) -> Result<QJsonValue> {
        return store::SearchIndex::state(connection).transform([](const store::SearchIndex::State &state) {
            return QJsonValue(QJsonObject{{u"indexed"_s, state.indexed}, {u"waiting"_s, state.waiting}});
        });
    });
}

void deed::searchRebuild(Desk &desk, const Call &call)
{
    const auto job = [](store::Transaction &transaction) -> Result<QJsonValue> {
        const auto cleared = store::SearchIndex::clear(transaction);
        return cleared ? Result<QJsonValue>(QJsonObject{}) : std::unexpected(cleared.error());
    };
    answerByWriting(desk, call, job, EventKind::SearchIndexCleared, {}, [](Desk &after) {
        if (after.context.searchIndexCleared)
            after.context.searchIndexCleared();
    });
}

void deed::storeExport(Desk &desk, const Call &call)
{
    const QString directory = call.text("directory"_L1);
    answerFromPool(desk, call, [directory, store = desk.context.store]() -> Result<QJsonValue> {
        if (const auto place = checkExportPlace(directory); !place)
            return std::unexpected(place.error());
        const auto rows = store->readNow<qint64>(
            [directory](store::Connection &connection) { return exportAll(connection, directory); });
        if (!rows)
            return std::unexpected(rows.error());
        return QJsonObject{{u"directory"_s, directory}, {u"rows"_s, *rows}};
    });
}

void deed::storeImport(Desk &desk, const Call &call)
{
    const QString directory = call.text("directory"_L1);
    if (const auto path = checkFullPath(directory); !path)
        return call.refuse(path.error());
    const auto job = [directory](store::Transaction &transaction) -> Result<QJsonValue> {
        const auto rows = importAll(transaction, directory);
        if (!rows)
            return std::unexpected(rows.error());
        return QJsonObject{{u"directory"_s, directory}, {u"rows"_s, *rows}};
    };
    answerByWriting(desk, call, job, EventKind::DirectoryChanged, directory, [](Desk &after) {
        if (after.context.settingsChanged)
            after.context.settingsChanged();
        if (after.context.queueChanged)
            after.context.queueChanged();
    });
}

} // namespace posthorn::control
