// Addresses elsewhere that failed for good: nothing is sent there until somebody takes them off the list.
#pragma once

#include "core/result.h"

#include <QList>
#include <QString>

#include <optional>

namespace posthorn::store {

class Connection;
class Transaction;

struct Suppression
{
    QString address; // in lower case
    qint64 since = 0; // ms since 1970
    QString reason;  // "5.1.1 at mx.example.org", or what an administrator wrote
    QString reply;   // what its server said last; may be empty
};

class Suppressions
{
public:
    static Result<void> add(Transaction &, const Suppression &); // one that is there keeps its `since`
    static Result<void> remove(Transaction &, const QString &address); // NotFound
    static Result<QList<Suppression>> list(Connection &);        // by address
};

} // namespace posthorn::store
