// What accounts and domains have sent lately, for limits that outlive a restart.
#pragma once

#include "core/result.h"

#include <QString>

namespace posthorn::store {

class Connection;
class Transaction;

struct SendingCount
{
    QString subject;   // an account's address, or a domain
    qint64 minute = 0; // since 1970; one to come when this one is full
    qint64 inMinute = 0;
    qint64 day = 0; // since 1970, UTC
    qint64 inDay = 0;
    qint64 toldMinute = 0, toldDay = 0; // the days on which the administrator was told of that limit
};

class Sending
{
public:
    static Result<SendingCount> get(Connection &, const QString &subject); // all 0 when nothing was sent yet
    static Result<void> put(Transaction &, const SendingCount &);
};

} // namespace posthorn::store
