// The data directory: made owner-only, locked by one server at a time; and the disk under it.
#pragma once

#include "core/result.h"

#include <QString>

#include <memory>

class QLockFile;

namespace posthorn::system {

// Makes the directory (and its parents) when missing; readable by its owner only in either case.
Result<void> makePrivateDirectory(const QString &path);
// Readable and writable by the owner only.
Result<void> makePrivateFile(const QString &path);

// Octets that this user may still write there; -1 when it can't be told.
[[nodiscard]] qint64 freeOctets(const QString &path);

// Held as long as the object lives. A lock left by a server that died is taken over.
class DataLock
{
public:
    // Exists: another process has it; the text says which ("The data folder is in use by process 4711").
    // Denied: the directory can't be written.
    [[nodiscard]] static Result<DataLock> take(const QString &directory);
    DataLock(DataLock &&) noexcept;
    DataLock &operator=(DataLock &&) noexcept;
    ~DataLock();

private:
    explicit DataLock(std::unique_ptr<QLockFile> file);
    std::unique_ptr<QLockFile> m_file;
};

} // namespace posthorn::system
