#include "platform/store/ledger.h"

#include "platform/store/mailbox_rows.h"
#include "platform/store/sql/connection.h"

#include <QDateTime>

namespace posthorn::store {

using namespace Qt::StringLiterals;

// So many rows are remembered at most; they are small.
static constexpr qsizetype maxRemembered = 50'000;

static QString nameOf(Counter counter)
{
    static const QStringList names{u"domain"_s,  u"account"_s, u"alias"_s,      u"mailbox"_s,
                                   u"message"_s, u"entry"_s,   u"uidvalidity"_s, u"dkim_key"_s,
                                   u"route"_s,   u"group"_s};
    return names.at(int(counter));
}

Result<Ledger::Kept<Mailbox> *> Ledger::keep(Connection &connection, MailboxId id)
{
    if (const auto it = m_mailboxes.rows.find(id); it != m_mailboxes.rows.end())
        return &*it;
    auto loaded = loadMailbox(connection, id);
    if (!loaded)
        return std::unexpected(loaded.error());
    return &*m_mailboxes.rows.insert(id, {std::move(*loaded), false});
}

Result<const Mailbox *> Ledger::mailbox(Connection &connection, MailboxId id)
{
    return keep(connection, id).transform([](Kept<Mailbox> *kept) -> const Mailbox * { return &kept->value; });
}

Result<Mailbox *> Ledger::alterMailbox(Connection &connection, MailboxId id)
{
    auto kept = keep(connection, id);
    if (!kept)
        return std::unexpected(kept.error());
    m_mailboxes.touch(id);
    if (!(*kept)->dirty) {
        (*kept)->dirty = true;
        m_dirtyMailboxes.append(id);
    }
    return &(*kept)->value;
}

Result<MailboxId> Ledger::mailboxNamed(Connection &connection, AccountId account, const QString &name)
{
    const std::pair key(account, name);
    if (const auto it = m_names.constFind(key); it != m_names.constEnd())
        return *it;
    const auto id =
        connection.select("SELECT id FROM mailbox WHERE account_id = ? AND name = ?", account.value, name).number();
    if (!id)
        return std::unexpected(id.error());
    if (!*id)
        return fail(ErrorKind::NotFound, u"No such mailbox"_s);
    m_names.insert(key, MailboxId{**id});
    return MailboxId{**id};
}

Result<Ledger::Kept<Usage> *> Ledger::keep(Connection &connection, AccountId id)
{
    if (const auto it = m_usage.rows.find(id); it != m_usage.rows.end())
        return &*it;
    const auto loaded = connection.select("SELECT quota_octets, used_octets, quota_messages, used_messages FROM account WHERE id = ?", id.value)
                            .first([](const Row &row) {
                                return Usage{row.number(0), row.number(1), row.number(2), row.number(3)};
                            });
    if (!loaded)
        return std::unexpected(loaded.error());
    if (!*loaded)
        return fail(ErrorKind::NotFound, u"No such account"_s);
    return &*m_usage.rows.insert(id, {**loaded, false});
}

Result<const Usage *> Ledger::usage(Connection &connection, AccountId id)
{
    return keep(connection, id).transform([](Kept<Usage> *kept) -> const Usage * { return &kept->value; });
}

Result<Usage *> Ledger::alterUsage(Connection &connection, AccountId id)
{
    auto kept = keep(connection, id);
    if (!kept)
        return std::unexpected(kept.error());
    m_usage.touch(id);
    if (!(*kept)->dirty) {
        (*kept)->dirty = true;
        m_dirtyAccounts.append(id);
    }
    return &(*kept)->value;
}

Result<qint64> Ledger::next(Connection &connection, Counter counter)
{
    auto &kept = m_counters[size_t(counter)];
    if (kept.value == 0) {
        const auto loaded = connection.select("SELECT value FROM counter WHERE name = ?", nameOf(counter)).number();
        if (!loaded)
            return std::unexpected(loaded.error());
        kept.value = loaded->value_or(0);
    }
    // UIDVALIDITY also follows the clock, so that a store restored from an old backup gives no value anew.
    if (counter == Counter::UidValidity)
        kept.value = qMax(kept.value, QDateTime::currentSecsSinceEpoch() - 1);
    kept.dirty = true;
    return ++kept.value;
}

void Ledger::forget(MailboxId id)
{
    m_mailboxes.touch(id);
    m_mailboxes.rows.remove(id);
    m_names.clear();
    m_namesChanged = true;
}

void Ledger::forget(AccountId id)
{
    m_usage.touch(id);
    m_usage.rows.remove(id);
}

Result<void> Ledger::forgetAll(Connection &connection)
{
    const QList<MailboxId> mailboxes = m_mailboxes.rows.keys();
    for (const MailboxId id : mailboxes)
        forget(id);
    const QList<AccountId> accounts = m_usage.rows.keys();
    for (const AccountId id : accounts)
        forget(id);
    m_names.clear();
    m_namesChanged = true;
    return connection.select("SELECT name, value FROM counter").each([this](const Row &row) {
        for (size_t i = 0; i < m_counters.size(); ++i) {
            if (row.text(0) == nameOf(Counter(i)))
                m_counters[i].value = qMax(m_counters[i].value, row.number(1));
        }
    });
}

void Ledger::stored(MessageId id, Weight weight)
{
    m_weights.insert(id, weight);
    m_unheld.append(id);
}

void Ledger::held(MessageId id)
{
    m_unheld.removeOne(id);
}

Result<Weight> Ledger::weight(Connection &connection, MessageId id)
{
    if (const auto it = m_weights.constFind(id); it != m_weights.constEnd())
        return *it;
    const auto loaded =
        connection.select("SELECT size, sent_date FROM message WHERE id = ?", id.value).first([](const Row &row) {
            return Weight{row.number(0), row.number(1)};
        });
    if (!loaded)
        return std::unexpected(loaded.error());
    if (!*loaded)
        return fail(ErrorKind::NotFound, u"No such message"_s);
    return **loaded;
}

void Ledger::beginJob()
{
    m_mailboxes.before.clear();
    m_usage.before.clear();
    m_unheld.clear();
    m_namesChanged = false;
}

Result<void> Ledger::endJob(Connection &connection)
{
    for (const MessageId id : std::as_const(m_unheld)) {
        m_sawOrphans = true;
        if (auto done = connection.run("INSERT INTO orphan (message_id) VALUES (?) ON CONFLICT DO NOTHING", id.value);
            !done)
            return std::unexpected(done.error());
    }
    m_unheld.clear();
    return {};
}

void Ledger::undoJob()
{
    // A job that settled and was undone took the writing of others with it: what it touched is listed again. Twice does
    // no harm, as only dirty rows are written.
    const QList<MailboxId> mailboxes = m_mailboxes.before.keys();
    const QList<AccountId> accounts = m_usage.before.keys();
    m_mailboxes.undo();
    m_usage.undo();
    m_dirtyMailboxes += mailboxes;
    m_dirtyAccounts += accounts;
    if (m_namesChanged)
        m_names.clear();
    m_weights.clear();
    m_unheld.clear();
    // Counters only grow; they are written again in case their writing was undone.
    for (auto &counter : m_counters)
        counter.dirty = counter.value != 0;
}

Result<void> Ledger::writeMailboxes(Connection &connection)
{
    for (const MailboxId id : std::as_const(m_dirtyMailboxes)) {
        const auto it = m_mailboxes.rows.find(id);
        if (it == m_mailboxes.rows.end() || !it->dirty)
            continue;
        m_mailboxes.touch(id);
        const Mailbox &m = it->value;
        auto done = connection.run("UPDATE mailbox SET uid_next = ?, highest_mod_seq = ?, messages = ?, unseen = ?, "
                                   "deleted = ?, octets = ?, first_recent = ? WHERE id = ?",
                                   m.uidNext, m.highestModSeq, m.messages, m.unseen, m.deleted, m.octets, m.firstRecent,
                                   id.value);
        if (!done)
            return std::unexpected(done.error());
        it->dirty = false;
    }
    m_dirtyMailboxes.clear();
    return {};
}

Result<void> Ledger::writeUsage(Connection &connection)
{
    for (const AccountId id : std::as_const(m_dirtyAccounts)) {
        const auto it = m_usage.rows.find(id);
        if (it == m_usage.rows.end() || !it->dirty)
            continue;
        m_usage.touch(id);
        auto done = connection.run("UPDATE account SET used_octets = ?, used_messages = ? WHERE id = ?", it->value.usedOctets,
                                   it->value.usedMessages, id.value);
        if (!done)
            return std::unexpected(done.error());
        it->dirty = false;
        m_written.append({id, it->value.usedOctets, it->value.usedMessages});
    }
    m_dirtyAccounts.clear();
    return {};
}

Result<void> Ledger::writeCounters(Connection &connection)
{
    for (size_t i = 0; i < m_counters.size(); ++i) {
        if (!m_counters[i].dirty)
            continue;
        auto done = connection.run("INSERT INTO counter (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET "
                                   "value = excluded.value WHERE excluded.value > counter.value",
                                   nameOf(Counter(i)), m_counters[i].value);
        if (!done)
            return std::unexpected(done.error());
        m_counters[i].dirty = false;
    }
    return {};
}

Result<void> Ledger::settle(Connection &connection)
{
    if (auto done = writeMailboxes(connection); !done)
        return done;
    if (auto done = writeUsage(connection); !done)
        return done;
    return writeCounters(connection);
}

void Ledger::clear()
{
    m_mailboxes = {};
    m_usage = {};
    m_names.clear();
    m_counters = {};
    m_weights.clear();
    m_unheld.clear();
    m_written.clear();
    m_dirtyMailboxes.clear();
    m_dirtyAccounts.clear();
}

QList<UsageNote> Ledger::takeUsage()
{
    m_weights.clear();
    if (m_mailboxes.rows.size() > maxRemembered)
        m_mailboxes.rows.clear();
    if (m_usage.rows.size() > maxRemembered)
        m_usage.rows.clear();
    if (m_names.size() > maxRemembered)
        m_names.clear();
    return std::exchange(m_written, {});
}

} // namespace posthorn::store
