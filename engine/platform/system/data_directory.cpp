#include "platform/system/data_directory.h"

#include <QDir>
#include <QFile>
#include <QLockFile>
#include <QStorageInfo>

namespace posthorn::system {

using namespace Qt::StringLiterals;

namespace {

constexpr QFile::Permissions ownerFile = QFile::ReadOwner | QFile::WriteOwner;
constexpr QFile::Permissions ownerDirectory = ownerFile | QFile::ExeOwner;

} // namespace

Result<void> makePrivateDirectory(const QString &path)
{
    const QFileInfo info(path);
    if (info.exists() && !info.isDir())
        return fail(ErrorKind::Invalid, u"\"%1\" is not a folder"_s.arg(path));
    if (!info.exists() && !QDir().mkpath(info.absolutePath()))
        return fail(ErrorKind::Denied, u"The folder \"%1\" can't be made"_s.arg(info.absolutePath()));
    if (!info.exists() && !QDir().mkdir(path, ownerDirectory) && !QFileInfo(path).isDir())
        return fail(ErrorKind::Denied, u"The folder \"%1\" can't be made"_s.arg(path));
#ifndef Q_OS_WIN // there, it inherits what the owner's profile allows
    if (!QFile::setPermissions(path, ownerDirectory))
        return fail(ErrorKind::Denied, u"The folder \"%1\" belongs to somebody else"_s.arg(path));
#endif
    return {};
}

Result<void> makePrivateFile(const QString &path)
{
    QFile file(path);
    if (!file.setPermissions(ownerFile))
        return fail(ErrorKind::Denied, u"The permissions of \"%1\" can't be set"_s.arg(path), file.errorString());
    return {};
}

qint64 freeOctets(const QString &path)
{
    const QStorageInfo storage(path);
    return storage.isValid() && storage.isReady() ? storage.bytesAvailable() : -1;
}

DataLock::DataLock(std::unique_ptr<QLockFile> file) : m_file(std::move(file)) {}
DataLock::DataLock(DataLock &&) noexcept = default;
DataLock &DataLock::operator=(DataLock &&) noexcept = default;
DataLock::~DataLock() = default;

Result<DataLock> DataLock::take(const QString &directory)
{
    auto file = std::make_unique<QLockFile>(QDir(directory).filePath(u"posthorn.lock"_s));
    // Zero: only a dead owner makes the lock stale, never age.
    file->setStaleLockTime(std::chrono::milliseconds(0));
    if (file->tryLock(std::chrono::milliseconds(0)))
        return DataLock(std::move(file));
    if (file->error() != QLockFile::LockFailedError)
        return fail(ErrorKind::Denied, u"The data folder \"%1\" can't be written"_s.arg(directory));
    qint64 process = 0;
    QString host, program;
    if (file->getLockInfo(&process, &host, &program))
        return fail(ErrorKind::Exists, u"The data folder is in use by process %1"_s.arg(process),
                    u"%1 on %2, %3"_s.arg(program, host, directory));
    return fail(ErrorKind::Exists, u"The data folder is in use by another process"_s, directory);
}

} // namespace posthorn::system
