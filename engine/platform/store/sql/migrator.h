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
};

} // namespace posthorn::store
