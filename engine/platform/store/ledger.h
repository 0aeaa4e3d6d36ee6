// What the writer's group under way has changed and not written yet: mailbox totals, account usage, counters.
//
// A message delivered costs no statement for its mailbox's row: the row is read once, kept in memory for as long as the
// writer lives (nobody else writes), changed there, and written back once a group, before the COMMIT. Each job's
// changes can be undone alone. Writer's thread only.
#pragma once

#include "core/result.h"
#include "platform/store/mailboxes.h"
#include "platform/store/store.h"

#include <QHash>

#include <array>

namespace posthorn::store {

class Connection;

// Where ids come from. None is given twice, even when its row is gone.
enum class Counter { Domain, Account, Alias, Mailbox, Message, Entry, UidValidity, DkimKey, Route, Group };

struct Usage
{
    qint64 quotaOctets = 0, usedOctets = 0;
    qint64 quotaMessages = 0, usedMessages = 0;
};

// What Mailboxes::add has to know of a message.
struct Weight
{
    qint64 size = 0;
    qint64 sentDate = 0;
};

class Ledger
{
public:
    // The pointers stay good until the next call of any function here.
    [[nodiscard]] Result<const Mailbox *> mailbox(Connection &, MailboxId);                     // NotFound
    [[nodiscard]] Result<Mailbox *> alterMailbox(Connection &, MailboxId);                      // to be written back
    [[nodiscard]] Result<MailboxId> mailboxNamed(Connection &, AccountId, const QString &name); // NotFound
    [[nodiscard]] Result<const Usage *> usage(Connection &, AccountId);
    [[nodiscard]] Result<Usage *> alterUsage(Connection &, AccountId);
    [[nodiscard]] Result<qint64> next(Connection &, Counter);
    // Rows were made, renamed or removed by SQL after settle(): what is remembered of them is not so any more.
    void forget(MailboxId);
    void forget(AccountId);
    [[nodiscard]] Result<void> forgetAll(Connection &); // after settle(); counters are raised to what is stored

    // Messages this job has stored and nobody holds yet; at its end they become orphans.
    void stored(MessageId, Weight);
    void held(MessageId);
    [[nodiscard]] Result<Weight> weight(Connection &, MessageId); // NotFound

    void beginJob();
    [[nodiscard]] Result<void> endJob(Connection &); // lists what nobody holds
    void undoJob();
    // Writes what is pending, as part of the transaction.
    [[nodiscard]] Result<void> settle(Connection &);
    // The transaction is gone, or somebody wrote past the ledger: everything is read anew.
    void clear();
    // Accounts whose usage was written since this was last asked.
    [[nodiscard]] QList<UsageNote> takeUsage();
    [[nodiscard]] bool sawOrphans() const { return m_sawOrphans; }
    void setSawOrphans(bool saw) { m_sawOrphans = saw; }
    // There are changes of flags to be carried out (flag_changes.h); what changes so many messages is one.
    [[nodiscard]] bool sawFlagChanges() const { return m_sawFlagChanges; }
    void setSawFlagChanges(bool saw) { m_sawFlagChanges = saw; }
    qsizetype manyMessages = 1'000;

private:
    template<typename T>
    struct Kept
    {
        T value{};
        bool dirty = false;
    };
    template<typename Key, typename T>
    struct Book
    {
        QHash<Key, Kept<T>> rows;
        QHash<Key, std::optional<Kept<T>>> before; // what this job has touched, as it was
        void touch(Key key)
        {
            if (!before.contains(key)) {
                const auto it = rows.constFind(key);
                before.insert(key, it == rows.constEnd() ? std::nullopt : std::optional(*it));
            }
        }
        void undo()
        {
            for (auto it = before.cbegin(); it != before.cend(); ++it) {
                if (it.value())
                    rows.insert(it.key(), *it.value());
                else
                    rows.remove(it.key());
            }
            before.clear();
        }
    };
    [[nodiscard]] Result<Kept<Mailbox> *> keep(Connection &, MailboxId);
    [[nodiscard]] Result<Kept<Usage> *> keep(Connection &, AccountId);
    [[nodiscard]] Result<void> writeMailboxes(Connection &);
    [[nodiscard]] Result<void> writeUsage(Connection &);
    [[nodiscard]] Result<void> writeCounters(Connection &);

    Book<MailboxId, Mailbox> m_mailboxes;
    Book<AccountId, Usage> m_usage;
    QHash<std::pair<AccountId, QString>, MailboxId> m_names;
    bool m_namesChanged = false;              // in this job
    std::array<Kept<qint64>, 10> m_counters{}; // 0: not read yet
    QHash<MessageId, Weight> m_weights;       // of this group
    QList<MessageId> m_unheld;                // of this job
    QList<UsageNote> m_written;
    QList<MailboxId> m_dirtyMailboxes;
    QList<AccountId> m_dirtyAccounts;
    bool m_sawOrphans = true;
    bool m_sawFlagChanges = false;
};

} // namespace posthorn::store
