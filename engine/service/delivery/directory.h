// Who gets mail here: domains, accounts and aliases held in memory, so that a recipient is judged without a question to
// the store. A snapshot is immutable; the directory swaps in a new one when the store's tables changed.
#pragma once

#include "core/ids.h"
#include "core/result.h"
#include "language/smtp/path.h"
#include "platform/store/accounts.h"

#include <QHash>
#include <QMutex>
#include <QString>

#include <atomic>
#include <functional>
#include <memory>

namespace posthorn::store { class Store; struct Committed; }

namespace posthorn::delivery {

struct LocalAccount
{
    AccountId id;
    QString address;
    QByteArray credential;
    qint64 quotaOctets = 0;
    bool enabled = true;
    bool administrator = false;
    int pop3KeepDays = 0;
    std::shared_ptr<std::atomic<qint64>> usedOctets; // lives on across snapshots

    [[nodiscard]] bool hasRoomFor(qint64 octets) const { return quotaOctets == 0 || *usedOctets + octets <= quotaOctets; }
};
using LocalAccountPointer = std::shared_ptr<const LocalAccount>;

// Where a recipient leads to.
struct Destination
{
    QList<LocalAccountPointer> accounts;
    QList<QByteArray> elsewhere; // addresses on other servers, by aliases or because the domain is not ours
    bool localDomain = false;    // the domain is ours
};

class DirectorySnapshot
{
public:
    DirectorySnapshot(const QList<store::Domain> &domains, const QList<store::Account> &accounts,
                      const QList<store::Alias> &aliases, QChar separator, const DirectorySnapshot *before);

    [[nodiscard]] bool isLocalDomain(const QByteArray &domain) const;
    // NotFound: the domain is ours and nobody has that address. A foreign domain is a Destination that leads elsewhere.
    // Order: account, plus-address, alias, alias plus-address, postmaster, catch-all (RFC 5321 §4.5.1 for postmaster).
    [[nodiscard]] Result<Destination> resolve(const smtp::Address &address) const;
    // By canonical address or, without a domain, when just one account has that local part.
    [[nodiscard]] LocalAccountPointer account(const QString &name) const;
    [[nodiscard]] LocalAccountPointer account(AccountId id) const;
    [[nodiscard]] QByteArray firstDomain() const { return m_firstDomain; }

private:
    struct DomainEntry
    {
        QString name; // after aliasOf
        QString catchAll;
    };
    struct Walk;
    void expand(const QString &address, Walk &walk, int depth) const;
    bool expandKnown(const QString &address, Walk &walk, int depth) const;
    [[nodiscard]] QString canonical(const QString &local, const QByteArray &domain) const;
    [[nodiscard]] LocalAccountPointer postmaster(const QString &domain) const;

    QHash<QString, DomainEntry> m_domains;
    QHash<QString, LocalAccountPointer> m_accounts;
    QHash<AccountId, LocalAccountPointer> m_accountsById;
    QHash<QString, QStringList> m_aliases;
    QHash<QString, LocalAccountPointer> m_byLocalPart; // null: more than one
    QList<LocalAccountPointer> m_inOrder;
    QByteArray m_firstDomain;
    QChar m_separator;
};

// Thread-safe.
class Directory
{
public:
    // Reads the tables now and again after each commit that changed them.
    Directory(store::Store &store, QString separator);
    Result<void> load(); // waits; at start
    [[nodiscard]] std::shared_ptr<const DirectorySnapshot> snapshot() const;
    void setSeparator(const QString &separator);
    // The writer's thread tells what a commit changed.
    void committed(const store::Committed &committed);
    // Called after each swap, on a store thread.
    void onChanged(std::function<void()> observer) { m_observer = std::move(observer); }

private:
    struct Tables;
    void swap(const Tables &tables);

    store::Store &m_store;
    mutable QMutex m_mutex;
    QString m_separator;
    std::shared_ptr<const DirectorySnapshot> m_snapshot;
    std::function<void()> m_observer;
};

} // namespace posthorn::delivery
