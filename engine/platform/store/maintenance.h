// Settings kept, consistency checked, every table to JSON lines and back.
#pragma once

#include "core/result.h"

#include <QHash>
#include <QIODevice>
#include <QStringList>

#include <functional>

namespace posthorn::store {

class Connection;
class Transaction;
class Store;

class Settings
{
public:
    static Result<QHash<QString, QString>> all(Connection &); // only those that were set
    static Result<void> set(Transaction &, const QString &key, const QString &value);
    static Result<void> unset(Transaction &, const QString &key);
};

struct CheckReport
{
    qint64 messages = 0, mailboxes = 0, queued = 0, journeys = 0;
    QStringList faults; // sentences; empty: clean
};

// What the last check found, in short; nothing before the first one.
struct Findings
{
    qint64 faults = 0;
    QString first;
    bool operator==(const Findings &) const = default;
};

class Maintenance
{
public:
    // Custody and consistency: SQLite's own check; mailbox totals against recounts; UIDs below UIDNEXT, MODSEQs not
    // over HIGHESTMODSEQ; account usage; each content as long as its row says and held by somebody or an orphan; every
    // Received journey has an end (delivered, queued, removed by somebody named, ...); every Delivered step's UID is
    // there or expunged by somebody named.
    static Result<CheckReport> check(Connection &, bool quick = false);
    static Result<Findings> findings(Connection &);
    static Result<void> keepFindings(Transaction &, const Findings &);
    static QStringList tables();
    static int version();                       // of the tables' columns
    static int versionOf(const QString &table); // the one that brought it
    // One JSON object a line; blobs as base64. Same order as tables(), which leaves out the search index: it is made anew.
    static Result<qint64> exportTable(Connection &, const QString &table, QIODevice &out);
    // Into an empty table. Columns that came after `version` may be missing. Invalid with the line's number when a line can't
    // be read.
    static Result<qint64> importTable(Transaction &, const QString &table, QIODevice &in, int version = Maintenance::version());
    // Once all tables are there: brings their rows up to this version.
    static Result<void> importDone(Transaction &, int version);
};

} // namespace posthorn::store
