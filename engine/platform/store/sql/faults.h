// The one seam through which tests make the database fail.
#pragma once

#include <QByteArrayView>

#include <functional>

namespace posthorn::store {

struct Faults
{
    // Asked before each statement runs, on the thread of its connection: a native error code (SQLite: 13 full,
    // 10 I/O error, 8 read-only, 11 corrupt, 5 busy) makes it fail unrun; 0 lets it run.
    std::function<int(QByteArrayView sql)> before;
};

} // namespace posthorn::store
