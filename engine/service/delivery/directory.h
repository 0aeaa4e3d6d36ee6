// Who gets mail here: domains, accounts and aliases held in memory, so that a recipient is judged without a question to
// the store. A snapshot is immutable; the directory swaps in a new one when the store's tables changed.
#pragma once

#include "core/ids.h"
#include "core/result.h"
#include "language/smtp/path.h"
#include "platform/store/accounts.h"
#include "platform/store/suppressions.h"

#include <QHash>
#include <QMutex>
#include <QString>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

namespace posthorn::store { class Store; struct Committed; }

namespace posthorn::delivery {

// Names of what the store keeps secret.
inline constexpr QLatin1StringView srsSecret{"srs"}, batvSecret{"batv"};

struct LocalAccount
{
    AccountId id;
    QString address;
    QByteArray credential;
    qint64 quotaOctets = 0;
    bool enabled = true;
    bool administrator = false;
    bool shared = false; // nobody signs in to it
    int pop3KeepDays = 0;
    QStringList forwardTo;
    bool forwardKeep = true;
    int minuteLimit = -1, dayLimit = -1; // as store::Account has them
    qint64 quotaMessages = 0;
    struct Used
    {
        std::atomic<qint64> octets, messages;
    };
    std::shared_ptr<Used> used; // lives on across snapshots

    [[nodiscard]] bool hasRoomFor(qint64 octets, qint64 messages = 1) const
    {
        return (quotaOctets == 0 || used->octets + octets <= quotaOctets)
               && (quotaMessages == 0 || used->messages + messages <= quotaMessages);
    }
};
using LocalAccountPointer = std::shared_ptr<const LocalAccount>;

// An address on another server, and the one here that leads there (an account that forwards, an alias, a catch-all, an
// SRS address); `via` is empty when the domain is not ours.
struct Onward
{
    QByteArray address;
    QByteArray via;
};

// Where a recipient leads to.
struct Destination
{
    QList<LocalAccountPointer> accounts;
    QList<Onward> elsewhere;
    bool localDomain = false;    // the domain is ours
};

class DirectorySnapshot
{
public:
    struct Tables
    {
        QList<store::Domain> domains;
        QList<store::Account> accounts;
        QList<store::Alias> aliases;
        QHash<QString, QByteArray> secrets;
    };
    DirectorySnapshot(const Tables &tables, QChar separator, const DirectorySnapshot *before);

    [[nodiscard]] bool isLocalDomain(const QByteArray &domain) const;
    // NotFound: the domain is ours and nobody has that address. A foreign domain is a Destination that leads elsewhere.
    // Order: account, plus-address, alias, alias plus-address, postmaster, catch-all (RFC 5321 §4.5.1 for postmaster); before
    // all of them, addresses that were made here for bounces (SRS, BATV): when the time is over, or somebody else made
    // them, they are NotFound.
    [[nodiscard]] Result<Destination> resolve(const smtp::Address &address) const;
    // By canonical address or, without a domain, when just one account has that local part.
    [[nodiscard]] LocalAccountPointer account(const QString &name) const;
    [[nodiscard]] LocalAccountPointer account(AccountId id) const;
    [[nodiscard]] QByteArray firstDomain() const { return m_firstDomain; }
    // Who is meant by a sender that was rewritten here (SRS, BATV), or the sender as it is.
    [[nodiscard]] smtp::Address plainSender(const smtp::Address &sender) const;
    [[nodiscard]] QByteArray secret(const QString &name) const { return m_secrets.value(name); } // empty: not made yet
    // Of a domain of ours, as store::Domain has them.
    [[nodiscard]] std::pair<int, int> sendingLimits(const QString &domain) const;

private:
    struct DomainEntry
    {
        QString name; // after aliasOf
        QString catchAll;
        int minuteLimit = -1, dayLimit = -1;
    };
    struct Walk;
    bool expand(const QString &address, const QString &via, Walk &walk, int depth) const;
    bool expandOurs(const QString &local, const QByteArray &domain, Walk &walk, int depth) const;
    std::optional<bool> expandKnown(const QString &address, Walk &walk, int depth) const;
    bool expandAccount(const LocalAccountPointer &account, Walk &walk, int depth) const;
    [[nodiscard]] Result<smtp::Address> unwrapped(const smtp::Address &address) const;
    [[nodiscard]] QString canonical(const QString &local, const QByteArray &domain) const;
    [[nodiscard]] LocalAccountPointer postmaster(const QString &domain) const;

    QHash<QString, DomainEntry> m_domains;
    QHash<QString, LocalAccountPointer> m_accounts;
    QHash<AccountId, LocalAccountPointer> m_accountsById;
    QHash<QString, QStringList> m_aliases;
    QHash<QString, LocalAccountPointer> m_byLocalPart; // null: more than one
    QList<LocalAccountPointer> m_inOrder;
    QByteArray m_firstDomain;
    QHash<QString, QByteArray> m_secrets;
    QChar m_separator;
};

// Thread-safe.
class Directory
{
public:
    // Reads the tables now and again after each commit that changed them.
    Directory(store::Store &store, QString separator);
    Result<void> load();             // waits; at start
    Result<void> loadSuppressions(); // the same
    [[nodiscard]] std::shared_ptr<const DirectorySnapshot> snapshot() const;
    void setSeparator(const QString &separator);
    // The writer's thread tells what a commit changed.
    void committed(const store::Committed &committed);
    // Nothing is to be sent to this address elsewhere.
    [[nodiscard]] std::optional<store::Suppression> suppression(const QByteArray &address) const;
    // Called after each swap, on a store thread.
    void onChanged(std::function<void()> observer) { m_observer = std::move(observer); }

private:
    struct Read;
    void swap(const Read &read);

    store::Store &m_store;
    mutable QMutex m_mutex;
    QString m_separator;
    std::shared_ptr<const DirectorySnapshot> m_snapshot;
    QHash<QString, store::Suppression> m_suppressions;
    std::function<void()> m_observer;
};

} // namespace posthorn::delivery
