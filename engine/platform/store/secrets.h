// Keys that are made at first need and kept as long as the store is.
#pragma once

#include "core/result.h"

#include <QByteArray>
#include <QHash>
#include <QString>

namespace posthorn::store {

class Connection;
class Transaction;

class Secrets
{
public:
    static Result<QHash<QString, QByteArray>> all(Connection &);
    // The one that is kept already stays: what is kept now is returned.
    static Result<QByteArray> keep(Transaction &, const QString &name, const QByteArray &value);
};

} // namespace posthorn::store
