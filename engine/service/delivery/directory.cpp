#include "service/delivery/directory.h"

#include "platform/store/store.h"

#include <QSet>

#include <algorithm>

namespace posthorn::delivery {

using namespace Qt::StringLiterals;

namespace {

constexpr int maxAliasDepth = 10;
constexpr qsizetype maxExpansion = 10'000;

QString addressText(const smtp::Address &address)
{
    return QString::fromUtf8(address.localPart).toLower() + u'@' + QString::fromUtf8(address.domain);
}

} // namespace

struct DirectorySnapshot::Walk
{
    Destination destination;
    QSet<QString> seen;
};

DirectorySnapshot::DirectorySnapshot(const QList<store::Domain> &domains, const QList<store::Account> &accounts,
                                     const QList<store::Alias> &aliases, QChar separator,
                                     const DirectorySnapshot *before)
    : m_separator(separator)
{
    for (const store::Domain &domain : domains) {
        m_domains.insert(domain.name, {domain.aliasOf.isEmpty() ? domain.name : domain.aliasOf, domain.catchAll});
        if (m_firstDomain.isEmpty() && domain.aliasOf.isEmpty())
            m_firstDomain = domain.name.toLatin1();
    }
    for (const store::Account &row : accounts) {
        const auto known = before ? before->account(row.id) : nullptr;
        auto used = known ? known->usedOctets : std::make_shared<std::atomic<qint64>>(row.usedOctets);
        auto account = std::make_shared<const LocalAccount>(LocalAccount{
            row.id, row.address, row.credential, row.quotaOctets, row.enabled, row.administrator, row.pop3KeepDays, used});
        m_accounts.insert(row.address, account);
        m_accountsById.insert(row.id, account);
        const QString local = row.address.section(u'@', 0, -2);
        m_byLocalPart.insert(local, m_byLocalPart.contains(local) ? nullptr : account);
        m_inOrder += account;
    }
    for (const store::Alias &alias : aliases)
        m_aliases.insert(alias.address, alias.targets);
}

bool DirectorySnapshot::isLocalDomain(const QByteArray &domain) const
{
    return m_domains.contains(QString::fromLatin1(domain));
}

QString DirectorySnapshot::canonical(const QString &local, const QByteArray &domain) const
{
    const QString name = QString::fromUtf8(domain);
    const auto found = m_domains.constFind(name);
    return local + u'@' + (found != m_domains.cend() ? found->name : name);
}

LocalAccountPointer DirectorySnapshot::postmaster(const QString &domain) const
{
    LocalAccountPointer best;
    const QString ending = u'@' + domain;
    for (const auto &account : m_inOrder) {
        if (!account->enabled)
            continue;
        const int rank = (account->administrator ? 2 : 0) + (account->address.endsWith(ending) ? 1 : 0);
        const int bestRank = !best ? -1 : (best->administrator ? 2 : 0) + (best->address.endsWith(ending) ? 1 : 0);
        if (rank > bestRank)
            best = account;
    }
    return best;
}

// True when `address` is an account or alias here, by itself or without its plus part.
bool DirectorySnapshot::expandKnown(const QString &address, Walk &walk, int depth) const
{
    if (const auto account = m_accounts.value(address)) {
        if (!walk.destination.accounts.contains(account))
            walk.destination.accounts += account;
        return true;
    }
    const auto alias = m_aliases.constFind(address);
    if (alias == m_aliases.cend())
        return false;
    for (const QString &target : *alias)
        expand(target, walk, depth + 1);
    return true;
}

void DirectorySnapshot::expand(const QString &address, Walk &walk, int depth) const
{
    if (depth > maxAliasDepth || walk.seen.size() > maxExpansion || walk.seen.contains(address))
        return;
    walk.seen.insert(address);
    const qsizetype at = address.lastIndexOf(u'@');
    const QByteArray domain = address.mid(at + 1).toUtf8();
    if (!isLocalDomain(domain)) {
        walk.destination.elsewhere += address.toUtf8();
        return;
    }
    const QString local = address.left(at);
    const QString whole = canonical(local, domain);
    // An alias may stand in the alias domain itself; that one wins.
    if ((whole != address && expandKnown(address, walk, depth)) || expandKnown(whole, walk, depth))
        return;
    const qsizetype plus = m_separator.isNull() ? -1 : local.indexOf(m_separator);
    if (plus > 0 && expandKnown(canonical(local.left(plus), domain), walk, depth))
        return;
    const DomainEntry entry = m_domains.value(QString::fromUtf8(domain));
    const QString catchAll = entry.catchAll.isEmpty() ? m_domains.value(entry.name).catchAll : entry.catchAll;
    if (local == "postmaster"_L1) {
        if (const auto account = postmaster(entry.name))
            walk.destination.accounts += account;
    } else if (!catchAll.isEmpty()) {
        expand(catchAll, walk, depth + 1);
    }
}

Result<Destination> DirectorySnapshot::resolve(const smtp::Address &address) const
{
    Walk walk;
    smtp::Address full = address;
    if (full.domain.isEmpty())
        full.domain = m_firstDomain;
    walk.destination.localDomain = isLocalDomain(full.domain);
    expand(addressText(full), walk, 0);
    if (walk.destination.accounts.isEmpty() && walk.destination.elsewhere.isEmpty())
        return fail(ErrorKind::NotFound, u"No such address here"_s);
    return walk.destination;
}

LocalAccountPointer DirectorySnapshot::account(const QString &name) const
{
    const QString lower = name.trimmed().toLower();
    const qsizetype at = lower.lastIndexOf(u'@');
    if (at < 0)
        return m_byLocalPart.value(lower);
    const auto address = smtp::parseAddress(lower.toUtf8());
    if (!address)
        return nullptr;
    return m_accounts.value(canonical(QString::fromUtf8(address->localPart), address->domain));
}

LocalAccountPointer DirectorySnapshot::account(AccountId id) const { return m_accountsById.value(id); }

struct Directory::Tables
{
    QList<store::Domain> domains;
    QList<store::Account> accounts;
    QList<store::Alias> aliases;

    static Result<Tables> read(store::Connection &connection)
    {
        auto domains = store::Accounts::domains(connection);
        auto accounts = store::Accounts::accounts(connection);
        auto aliases = store::Accounts::aliases(connection);
        if (!domains || !accounts || !aliases)
            return std::unexpected(!domains ? domains.error() : !accounts ? accounts.error() : aliases.error());
        return Tables{*domains, *accounts, *aliases};
    }
};

Directory::Directory(store::Store &store, QString separator)
    : m_store(store), m_separator(std::move(separator)),
      m_snapshot(std::make_shared<const DirectorySnapshot>(QList<store::Domain>{}, QList<store::Account>{},
                                                           QList<store::Alias>{}, QChar(), nullptr))
{
}

Result<void> Directory::load()
{
    const auto tables = m_store.readNow<Tables>(Tables::read);
    if (!tables)
        return std::unexpected(tables.error());
    swap(*tables);
    return {};
}

void Directory::swap(const Tables &tables)
{
    {
        const QMutexLocker lock(&m_mutex);
        const QChar separator = m_separator.isEmpty() ? QChar() : m_separator.front();
        m_snapshot = std::make_shared<const DirectorySnapshot>(tables.domains, tables.accounts, tables.aliases,
                                                               separator, m_snapshot.get());
    }
    if (m_observer)
        m_observer();
}

std::shared_ptr<const DirectorySnapshot> Directory::snapshot() const
{
    const QMutexLocker lock(&m_mutex);
    return m_snapshot;
}

void Directory::setSeparator(const QString &separator)
{
    {
        const QMutexLocker lock(&m_mutex);
        if (m_separator == separator)
            return;
        m_separator = separator;
    }
    (void)load();
}

void Directory::committed(const store::Committed &committed)
{
    if (!committed.usage.isEmpty()) {
        const auto now = snapshot();
        for (const auto &[id, octets] : committed.usage) {
            if (const auto account = now->account(id))
                *account->usedOctets = octets;
        }
    }
    // Waited for, so that who was told "added" finds the new account in place. Only a reader is waited for.
    if (committed.directoryChanged)
        (void)load();
}

} // namespace posthorn::delivery
