#include "service/delivery/directory.h"

#include "platform/store/secrets.h"
#include "platform/store/store.h"
#include "policy/trust/batv.h"
#include "policy/trust/srs.h"

#include <QDateTime>

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
    QHash<QString, bool> seen; // does it lead anywhere? Not as long as it is being walked
};

DirectorySnapshot::DirectorySnapshot(const Tables &tables, QChar separator, const DirectorySnapshot *before)
    : m_secrets(tables.secrets), m_separator(separator)
{
    for (const store::Domain &domain : tables.domains) {
        m_domains.insert(domain.name, {domain.aliasOf.isEmpty() ? domain.name : domain.aliasOf, domain.catchAll,
                                       domain.minuteLimit, domain.dayLimit});
        if (m_firstDomain.isEmpty() && domain.aliasOf.isEmpty())
            m_firstDomain = domain.name.toLatin1();
    }
    for (const store::Account &row : tables.accounts) {
        const auto known = before ? before->account(row.id) : nullptr;
        auto used = known ? known->used : std::make_shared<LocalAccount::Used>(row.usedOctets, row.usedMessages);
        auto account = std::make_shared<const LocalAccount>(LocalAccount{
            row.id, row.address, row.credential, row.quotaOctets, row.enabled, row.administrator, row.shared, row.pop3KeepDays,
            row.forwardTo, row.forwardKeep, row.minuteLimit, row.dayLimit, row.quotaMessages, used});
        m_accounts.insert(row.address, account);
        m_accountsById.insert(row.id, account);
        const QString local = row.address.section(u'@', 0, -2);
        if (!row.shared) // nobody signs in to it by that name
            m_byLocalPart.insert(local, m_byLocalPart.contains(local) ? nullptr : account);
        m_inOrder += account;
    }
    for (const store::Alias &alias : tables.aliases)
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

static bool addOnce(QList<LocalAccountPointer> &accounts, const LocalAccountPointer &account)
{
    if (!accounts.contains(account))
        accounts += account;
    return true;
}

// An account that forwards to nobody but itself, by whatever way, keeps its mail: nothing is lost in a circle.
bool DirectorySnapshot::expandAccount(const LocalAccountPointer &account, Walk &walk, int depth) const
{
    QList<LocalAccountPointer> &accounts = walk.destination.accounts;
    if (account->forwardTo.isEmpty() || !account->enabled)
        return addOnce(accounts, account);
    bool leads = account->forwardKeep && addOnce(accounts, account);
    for (const QString &target : account->forwardTo)
        leads |= expand(target, account->address, walk, depth + 1);
    return leads || addOnce(accounts, account);
}

// Nothing when `address` is no account or alias here.
std::optional<bool> DirectorySnapshot::expandKnown(const QString &address, Walk &walk, int depth) const
{
    if (const auto account = m_accounts.value(address))
        return expandAccount(account, walk, depth);
    const auto alias = m_aliases.constFind(address);
    if (alias == m_aliases.cend())
        return std::nullopt;
    bool leads = false;
    for (const QString &target : *alias)
        leads |= expand(target, address, walk, depth + 1);
    return leads;
}

// By itself or without its plus part.
bool DirectorySnapshot::expandOurs(const QString &local, const QByteArray &domain, Walk &walk, int depth) const
{
    const QString whole = canonical(local, domain), address = local + u'@' + QString::fromUtf8(domain);
    // An alias may stand in the alias domain itself; that one wins.
    if (whole != address) {
        if (const auto known = expandKnown(address, walk, depth))
            return *known;
    }
    if (const auto known = expandKnown(whole, walk, depth))
        return *known;
    const qsizetype plus = m_separator.isNull() ? -1 : local.indexOf(m_separator);
    if (plus > 0) {
        if (const auto known = expandKnown(canonical(local.left(plus), domain), walk, depth))
            return *known;
    }
    const DomainEntry entry = m_domains.value(QString::fromUtf8(domain));
    const QString catchAll = entry.catchAll.isEmpty() ? m_domains.value(entry.name).catchAll : entry.catchAll;
    if (local == "postmaster"_L1) {
        const auto account = postmaster(entry.name);
        return account && addOnce(walk.destination.accounts, account);
    }
    return !catchAll.isEmpty() && expand(catchAll, whole, walk, depth + 1);
}

bool DirectorySnapshot::expand(const QString &address, const QString &via, Walk &walk, int depth) const
{
    if (const auto known = walk.seen.constFind(address); known != walk.seen.cend())
        return *known;
    if (depth > maxAliasDepth || walk.seen.size() > maxExpansion)
        return false;
    walk.seen.insert(address, false);
    const qsizetype at = address.lastIndexOf(u'@');
    const QByteArray domain = address.mid(at + 1).toUtf8();
    bool leads = true;
    if (isLocalDomain(domain))
        leads = expandOurs(address.left(at), domain, walk, depth);
    else
        walk.destination.elsewhere += {address.toUtf8(), via.toUtf8()};
    walk.seen.insert(address, leads);
    return leads;
}

// What stands in an address of ours that was made for bounces. NotFound: there is nothing of the kind in it.
Result<smtp::Address> DirectorySnapshot::unwrapped(const smtp::Address &address) const
{
    const qint64 now = QDateTime::currentSecsSinceEpoch();
    if (!isLocalDomain(address.domain) || m_accounts.contains(addressText(address)))
        return fail(ErrorKind::NotFound, {});
    if (trust::isSrs(address.localPart))
        return trust::srsReverse(address, m_secrets.value(srsSecret), now);
    if (trust::isBatv(address.localPart))
        return trust::batvUntag(address, m_secrets.value(batvSecret), now);
    return fail(ErrorKind::NotFound, {});
}

smtp::Address DirectorySnapshot::plainSender(const smtp::Address &sender) const { return unwrapped(sender).value_or(sender); }

std::pair<int, int> DirectorySnapshot::sendingLimits(const QString &domain) const
{
    const DomainEntry entry = m_domains.value(domain);
    return {entry.minuteLimit, entry.dayLimit};
}

Result<Destination> DirectorySnapshot::resolve(const smtp::Address &address) const
{
    Walk walk;
    smtp::Address full = address;
    if (full.domain.isEmpty())
        full.domain = m_firstDomain;
    walk.destination.localDomain = isLocalDomain(full.domain);
    if (!walk.destination.localDomain && !full.domain.isEmpty()) {
        walk.destination.elsewhere += {full.toString(), {}}; // upper and lower case are for its server to judge
        return walk.destination;
    }
    if (const auto inside = unwrapped(full)) {
        if (!isLocalDomain(inside->domain))
            walk.destination.elsewhere += {inside->toString(), full.toString()};
        else
            expand(addressText(*inside), {}, walk, 0);
    } else if (inside.error().kind != ErrorKind::NotFound) {
        return fail(ErrorKind::NotFound, inside.error().text);
    } else {
        expand(addressText(full), {}, walk, 0);
    }
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

struct Directory::Read
{
    DirectorySnapshot::Tables tables;

    static Result<Read> all(store::Connection &connection)
    {
        auto domains = store::Accounts::domains(connection);
        auto accounts = store::Accounts::accounts(connection);
        auto aliases = store::Accounts::aliases(connection);
        auto secrets = store::Secrets::all(connection);
        if (!domains || !accounts || !aliases || !secrets)
            return std::unexpected(!domains ? domains.error() : !accounts ? accounts.error() : !aliases ? aliases.error() : secrets.error());
        return Read{{*domains, *accounts, *aliases, *secrets}};
    }
};

Directory::Directory(store::Store &store, QString separator)
    : m_store(store), m_separator(std::move(separator)),
      m_snapshot(std::make_shared<const DirectorySnapshot>(DirectorySnapshot::Tables{}, QChar(), nullptr))
{
}

Result<void> Directory::load()
{
    const auto read = m_store.readNow<Read>(Read::all);
    if (!read)
        return std::unexpected(read.error());
    swap(*read);
    return {};
}

Result<void> Directory::loadSuppressions()
{
    const auto list = m_store.readNow<QList<store::Suppression>>(store::Suppressions::list);
    if (!list)
        return std::unexpected(list.error());
    const QMutexLocker lock(&m_mutex);
    m_suppressions.clear();
    for (const store::Suppression &one : *list)
        m_suppressions.insert(one.address, one);
    return {};
}

void Directory::swap(const Read &read)
{
    {
        const QMutexLocker lock(&m_mutex);
        const QChar separator = m_separator.isEmpty() ? QChar() : m_separator.front();
        m_snapshot = std::make_shared<const DirectorySnapshot>(read.tables, separator, m_snapshot.get());
    }
    if (m_observer)
        m_observer();
}

std::optional<store::Suppression> Directory::suppression(const QByteArray &address) const
{
    const QMutexLocker lock(&m_mutex);
    const auto found = m_suppressions.isEmpty() ? m_suppressions.cend() : m_suppressions.constFind(QString::fromUtf8(address).toLower());
    return found == m_suppressions.cend() ? std::nullopt : std::optional(*found);
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
        for (const store::UsageNote &usage : committed.usage) {
            if (const auto account = now->account(usage.account)) {
                account->used->octets = usage.octets;
                account->used->messages = usage.messages;
            }
        }
    }
    if (!committed.suppressions.isEmpty()) {
        const QMutexLocker lock(&m_mutex);
        for (const store::Suppression &one : committed.suppressions) {
            if (one.since)
                m_suppressions.insert(one.address, one);
            else
                m_suppressions.remove(one.address);
        }
    }
    // Waited for, so that who was told "added" finds the new account in place. Only a reader is waited for.
    if (committed.directoryChanged) {
        (void)load();
        (void)loadSuppressions(); // they may have been imported
    }
}

} // namespace posthorn::delivery
