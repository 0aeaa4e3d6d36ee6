#include "platform/store/sending.h"

#include "platform/store/transaction.h"

namespace posthorn::store {

Result<SendingCount> Sending::get(Connection &connection, const QString &subject)
{
    const auto found = connection
                           .select("SELECT minute, in_minute, day, in_day, told_minute, told_day FROM sending WHERE subject = ?",
                                   subject)
                           .first([&](const Row &row) {
                               return SendingCount{subject,       row.number(0), row.number(1), row.number(2),
                                                   row.number(3), row.number(4), row.number(5)};
                           });
    if (!found)
        return std::unexpected(found.error());
    return found->value_or(SendingCount{.subject = subject});
}

Result<void> Sending::put(Transaction &transaction, const SendingCount &count)
{
    auto done = transaction.connection().run("INSERT INTO sending (subject, minute, in_minute, day, in_day, told_minute, told_day) "
                                             "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (subject) DO UPDATE SET minute = "
                                             "excluded.minute, in_minute = excluded.in_minute, day = excluded.day, in_day = "
                                             "excluded.in_day, told_minute = excluded.told_minute, told_day = excluded.told_day",
                                             count.subject, count.minute, count.inMinute, count.day, count.inDay,
                                             count.toldMinute, count.toldDay);
    return done ? Result<void>() : std::unexpected(done.error());
}

} // namespace posthorn::store
