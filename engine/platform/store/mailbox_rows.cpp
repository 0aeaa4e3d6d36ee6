#include "platform/store/mailbox_rows.h"

#include "platform/store/flag_changes.h"
#include "platform/store/ledger.h"
#include "platform/store/sql/connection.h"
#include "platform/store/transaction.h"

#include <algorithm>

namespace posthorn::store {

using namespace Qt::StringLiterals;

Mailbox mailboxFrom(const Row &row)
{
    return Mailbox{.id = {row.number(0)},
                   .account = {row.number(1)},
                   .name = row.text(2),
                   .specialUse = row.octets(3),
                   .subscribed = false,
                   .uidValidity = quint32(row.number(4)),
                   .uidNext = Uid(row.number(5)),
                   .highestModSeq = ModSeq(row.number(6)),
                   .messages = row.number(7),
                   .unseen = row.number(8),
                   .deleted = row.number(9),
                   .octets = row.number(10),
                   .firstRecent = Uid(row.number(11)),
                   .ownSeen = row.number(12) != 0};
}

Result<Keywords> loadKeywords(Connection &connection, MailboxId id)
{
    Keywords keywords;
    auto done = connection.select("SELECT name FROM keyword WHERE mailbox_id = ? ORDER BY bit", id.value)
                    .each([&](const Row &row) { keywords.append(row.octets(0)); });
    if (!done)
        return std::unexpected(done.error());
    return keywords;
}

static Result<QList<AclEntry>> loadAcl(Connection &connection, MailboxId id)
{
    QList<AclEntry> acl;
    auto done = connection.select("SELECT identifier, rights FROM acl WHERE mailbox_id = ? ORDER BY identifier", id.value)
                    .each([&](const Row &row) {
                        acl.append({row.text(0), rightsFromText(row.text(1).toLatin1()).value_or(0)});
                    });
    if (!done)
        return std::unexpected(done.error());
    return acl;
}

Result<Mailbox> loadMailbox(Connection &connection, MailboxId id)
{
    auto found = connection
                     .select("SELECT id, account_id, name, special_use, uid_validity, uid_next, highest_mod_seq, "
                             "messages, unseen, deleted, octets, first_recent, own_seen FROM mailbox WHERE id = ?",
                             id.value)
                     .first(mailboxFrom);
    if (!found)
        return std::unexpected(found.error());
    if (!*found)
        return fail(ErrorKind::NotFound, u"No such mailbox"_s);
    auto keywords = loadKeywords(connection, id);
    if (!keywords)
        return std::unexpected(keywords.error());
    (*found)->keywords = *keywords;
    auto acl = loadAcl(connection, id);
    if (!acl)
        return std::unexpected(acl.error());
    (*found)->acl = std::move(*acl);
    const auto subscribed = connection
                                .select("SELECT 1 FROM subscription WHERE account_id = ? AND name = ?",
                                        (*found)->account.value, (*found)->name)
                                .number();
    if (!subscribed)
        return std::unexpected(subscribed.error());
    (*found)->subscribed = subscribed->has_value();
    return std::move(**found);
}

QList<UidRange> normalized(const QList<UidRange> &ranges)
{
    if (ranges.isEmpty())
        return {{1, ~Uid(0)}};
    QList<UidRange> sorted;
    sorted.reserve(ranges.size());
    std::ranges::copy_if(ranges, std::back_inserter(sorted),
                         [](UidRange range) { return range.last >= range.first && range.last > 0; });
    std::ranges::sort(sorted);
    QList<UidRange> merged;
    for (const UidRange range : std::as_const(sorted)) {
        if (!merged.isEmpty() && quint64(range.first) <= quint64(merged.last().last) + 1)
            merged.last().last = qMax(merged.last().last, range.last);
        else
            merged.append(range);
    }
    return merged;
}

static Result<void> readSpan(Connection &connection, MailboxId id, UidRange span, QList<MessageMark> &marks)
{
    return connection
        .select("SELECT uid, flags, mod_seq, message_id, size FROM mailbox_message "
                "WHERE mailbox_id = ? AND uid BETWEEN ? AND ? ORDER BY uid",
                id.value, span.first, span.last)
        .each([&](const Row &row) {
            marks.append(
                {Uid(row.number(0)), Flags(row.number(1)), ModSeq(row.number(2)), {row.number(3)}, row.number(4)});
        });
}

// A statement for each range, unless reading all between the first and the last and choosing here is cheaper.
static bool readsAtOnce(const QList<UidRange> &ranges, qint64 messages)
{
    const qint64 span = qint64(ranges.last().last) - ranges.first().first + 1;
    return ranges.size() > 1 && qMin(span, messages) < 20 * ranges.size();
}

static Result<QList<MessageMark>> readRows(Connection &connection, MailboxId id, const QList<UidRange> &ranges,
                                           qint64 messages)
{
    QList<MessageMark> marks;
    if (ranges.isEmpty())
        return marks;
    if (readsAtOnce(ranges, messages)) {
        if (auto done = readSpan(connection, id, {ranges.first().first, ranges.last().last}, marks); !done)
            return std::unexpected(done.error());
        auto range = ranges.cbegin();
        marks.removeIf([&](const MessageMark &mark) {
            while (range != ranges.cend() && range->last < mark.uid)
                ++range;
            return range == ranges.cend() || mark.uid < range->first;
        });
        return marks;
    }
    if (ranges.size() == 1) // of all, most often
        marks.reserve(qMin(messages, qint64(ranges.first().last) - ranges.first().first + 1));
    for (const UidRange range : ranges) {
        if (auto done = readSpan(connection, id, range, marks); !done)
            return std::unexpected(done.error());
    }
    return marks;
}

Result<QList<MessageMark>> readMarks(Connection &connection, MailboxId id, const QList<UidRange> &ranges,
                                     qint64 messages)
{
    auto marks = readRows(connection, id, ranges, messages);
    if (!marks || marks->isEmpty())
        return marks;
    if (auto applied = applyFlagChanges(connection, id, *marks); !applied)
        return std::unexpected(applied.error());
    return marks;
}

void appendUid(QList<UidRange> &ranges, Uid uid)
{
    if (!ranges.isEmpty() && ranges.last().last + 1 == uid)
        ranges.last().last = uid;
    else
        ranges.append({uid, uid});
}

QList<UidRange> uidsOf(const QList<MessageMark> &marks)
{
    QList<UidRange> ranges;
    for (const MessageMark &mark : marks)
        appendUid(ranges, mark.uid);
    return ranges;
}

static std::optional<Flags> systemFlag(const QByteArray &name)
{
    static const QHash<QByteArray, Flags> known{{"\\seen", flag::Seen},
                                                {"\\answered", flag::Answered},
                                                {"\\flagged", flag::Flagged},
                                                {"\\deleted", flag::Deleted},
                                                {"\\draft", flag::Draft}};
    const auto it = known.constFind(name.toLower());
    return it == known.constEnd() ? std::nullopt : std::optional(*it);
}

static Result<Flags> makeKeyword(Transaction &transaction, MailboxId id, const QByteArray &name)
{
    Connection &connection = transaction.connection();
    auto mailbox = connection.ledger()->alterMailbox(connection, id);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    const int bit = flag::firstKeywordBit + int((*mailbox)->keywords.size());
    if ((*mailbox)->keywords.size() >= flag::maxKeywords)
        return fail(ErrorKind::TooLarge, u"The mailbox has too many keywords"_s);
    if (name.isEmpty() || name.size() > 128 || name.startsWith('\\'))
        return fail(ErrorKind::Invalid, u"No such flag"_s);
    auto done = connection.run("INSERT INTO keyword (mailbox_id, bit, name) VALUES (?, ?, ?)", id.value, bit, name);
    if (!done)
        return std::unexpected(done.error());
    (*mailbox)->keywords.append(name);
    return Flags(1) << bit;
}

Result<Flags> maskOf(Transaction &transaction, MailboxId id, const QList<QByteArray> &names, bool make, bool *made)
{
    Connection &connection = transaction.connection();
    auto mailbox = connection.ledger()->mailbox(connection, id);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    Keywords keywords = (*mailbox)->keywords;
    Flags mask = 0;
    for (const QByteArray &name : names) {
        if (const auto system = systemFlag(name)) {
            mask |= *system;
            continue;
        }
        const auto it = std::ranges::find_if(
            keywords, [&](const QByteArray &known) { return known.compare(name, Qt::CaseInsensitive) == 0; });
        if (it != keywords.end()) {
            mask |= Flags(1) << (flag::firstKeywordBit + (it - keywords.begin()));
        } else if (make) {
            const auto bit = makeKeyword(transaction, id, name);
            if (!bit)
                return bit;
            mask |= *bit;
            keywords.append(name);
            *made = true;
        }
    }
    return mask;
}

Result<Mailbox *> countIn(Transaction &transaction, MailboxId id, qint64 messages, qint64 unseen, qint64 deleted,
                          qint64 octets)
{
    Connection &connection = transaction.connection();
    Ledger &ledger = *connection.ledger();
    auto mailbox = ledger.alterMailbox(connection, id);
    if (!mailbox)
        return mailbox;
    const AccountId account = (*mailbox)->account;
    (*mailbox)->messages += messages;
    (*mailbox)->unseen += unseen;
    (*mailbox)->deleted += deleted;
    (*mailbox)->octets += octets;
    if (octets != 0 || messages != 0) {
        auto usage = ledger.alterUsage(connection, account);
        if (!usage)
            return std::unexpected(usage.error());
        (*usage)->usedOctets += octets;
        (*usage)->usedMessages += messages;
    }
    return ledger.alterMailbox(connection, id);
}

} // namespace posthorn::store
