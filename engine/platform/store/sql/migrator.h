// Brings a database to this program's schema: migrations/NNNN-what.sql, each run once, in order, in a transaction.
#pragma once

#include "core/result.h"

namespace posthorn::store {

class Connection;

class Migrator
{
public:
    [[nodiscard]] static int newestVersion();
    // Invalid: the database was made by a newer program, or is no Posthorn database.
    [[nodiscard]] static Result<void> migrate(Connection &connection);
    // The version that brought a table, or a column to it; 0: none did.
    [[nodiscard]] static int versionOf(const QString &table, const QString &column = {});
    // Does to the rows of a version, which are in this one's tables, what the migrations since then did to rows.
    [[nodiscard]] static Result<void> updateRows(Connection &connection, int version);
};

} // namespace posthorn::store
