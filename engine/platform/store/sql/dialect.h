// What really differs between databases, as a value.
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QList>
#include <QString>

#include <utility>

namespace posthorn::store {

// What an error of the database means to the store.
enum class Trouble {
    None,
    Full,     // no space left
    ReadOnly, // can't be written
    Corrupt,  // damaged, or not a database
    Busy,     // somebody else holds it
    Io,       // the disk or the connection failed: after COMMIT nobody knows
    Memory,
    Duplicate, // a row with this key is there already
    TooBig,
    Other,
};

struct Dialect
{
    QString driver;
    QList<QByteArray> onCreate; // before the first table is made
    QList<QByteArray> onWriter; // each time the writer's connection opens
    QList<QByteArray> onReader;
    QList<std::pair<QByteArray, QByteArray>> schemaWords; // replaced in migrations

    [[nodiscard]] static const Dialect &sqlite();
    [[nodiscard]] Trouble troubleOf(int nativeCode) const;
};

[[nodiscard]] ErrorKind kindOf(Trouble trouble);
[[nodiscard]] QString textOf(Trouble trouble); // may be shown to anyone
// The database gave up the whole transaction, or can't be trusted to have kept it.
[[nodiscard]] bool breaksTransaction(Trouble trouble);

} // namespace posthorn::store
