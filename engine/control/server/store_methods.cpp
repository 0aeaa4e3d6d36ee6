// backup.make and store.*: on the pool or the writer, for they take long.
#include "control/server/desk.h"
#include "platform/store/maintenance.h"
#include "platform/store/search_index.h"
#include "platform/store/store.h"
#include "platform/system/data_directory.h"

#include <QDir>
#include <QFileInfo>
#include <QSaveFile>

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

Result<qint64> exportOne(store::Connection &connection, const QString &directory, const QString &table)
{
    QSaveFile file(tableFile(directory, table));
    if (!file.open(QIODevice::WriteOnly))
        return fileTrouble(u"can't be written"_s, file);
    // It has its name only once it is complete.
    if (!file.setPermissions(QFile::ReadOwner | QFile::WriteOwner))
        return fileTrouble(u"can't be kept from others"_s, file);
    const auto rows = store::Maintenance::exportTable(connection, table, file);
    if (!rows)
        return rows;
    if (!file.commit())
        return fileTrouble(u"can't be written"_s, file);
    return rows;
}

// In one reading job, so that the tables agree with each other.
Result<qint64> exportAll(store::Connection &connection, const QString &directory)
{
    qint64 total = 0;
    for (const QString &table : store::Maintenance::tables()) {
        const auto rows = exportOne(connection, directory, table);
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
    for (const QString &table : store::Maintenance::tables()) {
        if (QFileInfo::exists(tableFile(directory, table)))
            return fail(ErrorKind::Exists, u"%1 holds an export already"_s.arg(directory));
    }
    return system::makePrivateDirectory(directory);
}

// All or nothing: one transaction.
Result<qint64> importAll(store::Transaction &transaction, const QString &directory)
{
    qint64 total = 0;
    for (const QString &table : store::Maintenance::tables()) {
        QFile file(tableFile(directory, table));
        if (!file.open(QIODevice::ReadOnly))
            return fail(ErrorKind::NotFound, u"%1 can't be read: %2"_s.arg(file.fileName(), file.errorString()));
        const auto rows = store::Maintenance::importTable(transaction, table, file);
        if (!rows) {
            Error error = rows.error();
            error.text = u"%1: %2"_s.arg(file.fileName(), error.text);
            return std::unexpected(error);
        }
        total += *rows;
    }
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
    const auto remember = [gate = desk.gate, &desk](const store::CheckReport &report) {
        gate->post([&desk, result = CheckResult{report.faults.size(), report.faults.value(0)}] { desk.checked = result; });
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
        remember(*report);
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
