// Keys that sign outgoing mail, by signing domain and selector (RFC 6376 §3.1).
#pragma once

#include "core/ids.h"
#include "core/result.h"

#include <QByteArray>
#include <QList>
#include <QString>

namespace posthorn::store {

class Connection;
class Transaction;

enum class DkimState {
    Pending, // made; its record may not be published yet
    Active,  // signs
    Retired, // signs no more; what it has signed is still on its way
};

struct DkimKey
{
    DkimKeyId id;
    QString domain; // one of ours
    QString selector;
    QString algorithm; // "rsa" or "ed25519"
    QByteArray privateKey; // PEM
    DkimState state = DkimState::Pending;
    qint64 createdAt = 0; // ms since 1970
    qint64 changedAt = 0; // when it came into its state
};

// Functions on one connection, inside a read or write job.
class DkimKeys
{
public:
    static Result<DkimKeyId> add(Transaction &, const DkimKey &); // NotFound: no such domain; Exists
    static Result<QList<DkimKey>> list(Connection &);             // by domain, the newest of an algorithm first
    static Result<DkimKey> get(Connection &, const QString &domain, const QString &selector);
    // One key of an algorithm is active at a time: the one that was until now is retired.
    static Result<void> activate(Transaction &, const DkimKey &, qint64 at);
    static Result<void> retire(Transaction &, const DkimKey &, qint64 at);
    static Result<void> remove(Transaction &, const DkimKey &);
};

} // namespace posthorn::store
