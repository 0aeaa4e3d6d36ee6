// A write job's hold of the database: a Connection, plus what the job changed, told after the commit.
#pragma once

#include "core/change.h"
#include "platform/store/sql/connection.h"
#include "platform/store/store.h"

namespace posthorn::store {

class Transaction
{
public:
    explicit Transaction(Connection &connection) : m_connection(connection) {}
    Connection &connection() { return m_connection; }
    operator Connection &() { return m_connection; }

    // Collected while the job runs; thrown away when it rolls back.
    Committed changes;

private:
    Connection &m_connection;
};

} // namespace posthorn::store
