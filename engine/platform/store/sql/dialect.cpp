#include "platform/store/sql/dialect.h"

namespace posthorn::store {

using namespace Qt::StringLiterals;

const Dialect &Dialect::sqlite()
{
    static const Dialect dialect{
        u"QSQLITE"_s,
        {"PRAGMA page_size=8192"_ba, "PRAGMA journal_mode=WAL"_ba},
        // The writer checkpoints by itself, between groups: a COMMIT never waits for it.
        {"PRAGMA journal_mode=WAL"_ba, "PRAGMA synchronous=FULL"_ba, "PRAGMA wal_autocheckpoint=0"_ba,
         "PRAGMA journal_size_limit=67108864"_ba, "PRAGMA temp_store=MEMORY"_ba, "PRAGMA cache_size=-6144"_ba,
         "PRAGMA secure_delete=OFF"_ba, "PRAGMA foreign_keys=OFF"_ba},
        {"PRAGMA query_only=ON"_ba, "PRAGMA wal_autocheckpoint=0"_ba, "PRAGMA temp_store=MEMORY"_ba,
         "PRAGMA cache_size=-2048"_ba},
        {},
    };
    return dialect;
}

// The primary result codes of sqlite3.h; extended codes carry them in the low octet.
Trouble Dialect::troubleOf(int nativeCode) const
{
    if (nativeCode == 2067 || nativeCode == 1555)
        return Trouble::Duplicate;
    switch (nativeCode & 0xff) {
    case 13:
        return Trouble::Full;
    case 3:
    case 8:
        return Trouble::ReadOnly;
    case 11:
    case 26:
        return Trouble::Corrupt;
    case 5:
    case 6:
        return Trouble::Busy;
    case 4:
    case 9:
    case 10:
    case 14:
        return Trouble::Io;
    case 7:
        return Trouble::Memory;
    case 18:
        return Trouble::TooBig;
    default:
        return Trouble::Other;
    }
}

ErrorKind kindOf(Trouble trouble)
{
    switch (trouble) {
    case Trouble::Full:
    case Trouble::ReadOnly:
    case Trouble::Corrupt:
    case Trouble::Busy:
    case Trouble::Io:
    case Trouble::Memory:
        return ErrorKind::Unavailable;
    case Trouble::Duplicate:
        return ErrorKind::Exists;
    case Trouble::TooBig:
        return ErrorKind::TooLarge;
    case Trouble::None:
    case Trouble::Other:
        break;
    }
    return ErrorKind::Internal;
}

QString textOf(Trouble trouble)
{
    switch (trouble) {
    case Trouble::Full:
        return u"The mail store is full"_s;
    case Trouble::ReadOnly:
        return u"The mail store can't be written"_s;
    case Trouble::Corrupt:
        return u"The mail store is damaged"_s;
    case Trouble::Busy:
        return u"The mail store is busy"_s;
    case Trouble::Io:
        return u"The mail store can't be reached"_s;
    case Trouble::Memory:
        return u"The mail store is out of memory"_s;
    case Trouble::Duplicate:
        return u"It exists already"_s;
    case Trouble::TooBig:
        return u"It is too large for the mail store"_s;
    case Trouble::None:
    case Trouble::Other:
        break;
    }
    return u"The mail store has an internal fault"_s;
}

bool breaksTransaction(Trouble trouble)
{
    return trouble == Trouble::Full || trouble == Trouble::Io || trouble == Trouble::Memory ||
           trouble == Trouble::Corrupt || trouble == Trouble::ReadOnly;
}

} // namespace posthorn::store
