#include "platform/store/sharing.h"

#include "platform/store/ledger.h"
#include "platform/store/mailbox_names.h"
#include "platform/store/mailbox_rows.h"
#include "platform/store/transaction.h"

#include <QSet>

#include <algorithm>

namespace posthorn::store {

using namespace Qt::StringLiterals;

const QString Sharing::otherUsers = u"Other Users/"_s;
const QString Sharing::shared = u"Shared/"_s;
const QString Sharing::anyone = u"anyone"_s;
const QString Sharing::groupPrefix = u"group:"_s;

namespace {

// Where a name leads. No owner: nowhere.
struct Place
{
    AccountId owner;
    QString name;   // as the owner calls it; empty: the account itself
    QString prefix; // what stands before it; empty: one's own
};

} // namespace

static std::unexpected<Error> noMailbox() { return fail(ErrorKind::NotFound, u"No such mailbox"_s); }

static Result<Place> placeOf(Connection &connection, AccountId who, const QString &name)
{
    for (const QString &space : {Sharing::otherUsers, Sharing::shared}) {
        if (!name.startsWith(space))
            continue;
        const QString rest = name.sliced(space.size());
        const QString address = rest.section(u'/', 0, 0).toLower();
        const auto owner = connection.select("SELECT id FROM account WHERE address = ? AND (shared <> 0) = ? AND id <> ?",
                                             address, space == Sharing::shared, who.value).number();
        if (!owner)
            return std::unexpected(owner.error());
        return Place{{owner->value_or(0)}, properName(rest.section(u'/', 1)), space + address + u'/'};
    }
    return Place{who, properName(name), {}};
}

// What an account is called in lists.
static Result<QStringList> identifiersOf(Connection &connection, AccountId who)
{
    QStringList identifiers{Sharing::anyone};
    const auto note = [&](const Row &row) { identifiers += row.text(0); };
    if (auto done = connection.select("SELECT address FROM account WHERE id = ?", who.value).each(note); !done)
        return std::unexpected(done.error());
    if (auto done = connection.select("SELECT 'group:' || name FROM account_group JOIN group_member ON group_id = id WHERE "
                                      "account_id = ?", who.value).each(note); !done)
        return std::unexpected(done.error());
    return identifiers;
}

// All that the entries give together, without all that they take. The owner has everything unless an entry of his own
// says otherwise.
static Rights combined(const QList<AclEntry> &acl, const QStringList &identifiers, const QString &ownersName)
{
    Rights given = 0, taken = 0;
    bool restricted = false;
    for (const AclEntry &entry : acl) {
        const bool negative = entry.identifier.startsWith(u'-');
        if (!identifiers.contains(negative ? entry.identifier.sliced(1) : entry.identifier))
            continue;
        (negative ? taken : given) |= entry.rights;
        restricted |= entry.identifier == ownersName;
    }
    if (ownersName.isEmpty())
        return given & ~taken;
    return ((restricted ? given : right::All) & ~taken) | right::Owners;
}

static Result<Rights> rightsOn(Connection &connection, AccountId who, const Mailbox &mailbox)
{
    const bool isOwn = mailbox.account == who;
    if (mailbox.acl.isEmpty())
        return isOwn ? right::All : Rights(0);
    const auto identifiers = identifiersOf(connection, who);
    if (!identifiers)
        return std::unexpected(identifiers.error());
    return combined(mailbox.acl, *identifiers, isOwn ? identifiers->value(1) : QString());
}

static Result<Reached> reached(Connection &connection, AccountId who, Mailbox mailbox, const QString &prefix)
{
    const auto rights = rightsOn(connection, who, mailbox);
    if (!rights)
        return std::unexpected(rights.error());
    Reached reached{std::move(mailbox), *rights, {}, prefix.isEmpty()};
    reached.name = prefix + reached.mailbox.name;
    if (!reached.isOwn && reached.mailbox.ownSeen)
        reached.reader = who;
    return reached;
}

static Result<Reached> demanding(Result<Reached> reached, Rights needed)
{
    if (!reached || (reached->rights & needed) == needed)
        return reached;
    if (reached->rights & right::Lookup)
        return fail(ErrorKind::Denied, u"Permission denied"_s);
    return noMailbox();
}

Result<Reached> Sharing::find(Connection &connection, AccountId who, const QString &name, Rights needed)
{
    const auto place = placeOf(connection, who, name);
    if (!place)
        return std::unexpected(place.error());
    auto mailbox = place->owner ? Mailboxes::find(connection, place->owner, place->name) : Result<Mailbox>(noMailbox());
    if (!mailbox && mailbox.error().kind == ErrorKind::NotFound && !place->prefix.isEmpty()) {
        // One's own, with a name from before there were these.
        if (auto own = Mailboxes::find(connection, who, name))
            return demanding(reached(connection, who, std::move(*own), {}), needed);
    }
    if (!mailbox)
        return std::unexpected(mailbox.error());
    return demanding(reached(connection, who, std::move(*mailbox), place->prefix), needed);
}

// The prefix of another account's mailboxes.
static Result<QString> prefixOf(Connection &connection, AccountId owner)
{
    const auto prefix = connection.select("SELECT address, shared FROM account WHERE id = ?", owner.value)
                            .first([](const Row &row) {
                                return (row.number(1) ? Sharing::shared : Sharing::otherUsers) + row.text(0) + u'/';
                            });
    if (!prefix)
        return std::unexpected(prefix.error());
    return prefix->value_or(QString());
}

Result<Reached> Sharing::get(Connection &connection, AccountId who, MailboxId id, Rights needed)
{
    auto mailbox = Mailboxes::get(connection, id);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    QString prefix;
    if (mailbox->account != who) {
        auto found = prefixOf(connection, mailbox->account);
        if (!found)
            return std::unexpected(found.error());
        prefix = std::move(*found);
    }
    return demanding(reached(connection, who, std::move(*mailbox), prefix), needed);
}

Result<QList<MailboxId>> Sharing::opened(Connection &connection, AccountId who)
{
    const auto identifiers = identifiersOf(connection, who);
    if (!identifiers)
        return std::unexpected(identifiers.error());
    QSet<MailboxId> found;
    for (const QString &identifier : *identifiers) {
        auto done = connection
                        .select("SELECT mailbox_id FROM acl JOIN mailbox ON mailbox.id = mailbox_id WHERE identifier = ? AND "
                                "account_id <> ?",
                                identifier, who.value)
                        .each([&](const Row &row) { found.insert({row.number(0)}); });
        if (!done)
            return std::unexpected(done.error());
    }
    QList<MailboxId> ids(found.begin(), found.end());
    std::ranges::sort(ids);
    return ids;
}

static Result<void> addOpened(Connection &connection, AccountId who, Listing &listing)
{
    const auto ids = Sharing::opened(connection, who);
    if (!ids)
        return std::unexpected(ids.error());
    for (const MailboxId id : *ids) {
        auto found = Sharing::get(connection, who, id, right::Lookup);
        if (found)
            listing.mailboxes += std::move(*found);
        else if (found.error().kind != ErrorKind::NotFound)
            return std::unexpected(found.error());
    }
    return {};
}

static Result<QSet<QString>> subscriptions(Connection &connection, AccountId account)
{
    QSet<QString> names;
    auto done = connection.select("SELECT name FROM subscription WHERE account_id = ?", account.value)
                    .each([&](const Row &row) { names.insert(row.text(0)); });
    if (!done)
        return std::unexpected(done.error());
    return names;
}

Result<Listing> Sharing::list(Connection &connection, AccountId who)
{
    const auto own = Mailboxes::list(connection, who);
    if (!own)
        return std::unexpected(own.error());
    Listing listing;
    for (const Mailbox &mailbox : *own) {
        auto row = reached(connection, who, mailbox, {});
        if (!row)
            return std::unexpected(row.error());
        listing.mailboxes += std::move(*row);
    }
    if (auto added = addOpened(connection, who, listing); !added)
        return std::unexpected(added.error());
    auto names = subscriptions(connection, who);
    if (!names)
        return std::unexpected(names.error());
    for (Reached &row : listing.mailboxes)
        row.mailbox.subscribed = names->remove(row.name);
    listing.lostSubscriptions = QStringList(names->begin(), names->end());
    listing.lostSubscriptions.sort();
    return listing;
}

Result<bool> Sharing::hasChildren(Connection &connection, AccountId who, const Reached &of)
{
    if (of.isOwn) {
        auto child = connection.select("SELECT 1 FROM mailbox WHERE account_id = ? AND name > ? AND name < ? LIMIT 1", who.value,
                                       of.name + u'/', of.name + u'0'); // which is next to the separator
        return child.number().transform([](const std::optional<qint64> &row) { return row.has_value(); });
    }
    const auto all = list(connection, who);
    if (!all)
        return std::unexpected(all.error());
    return std::ranges::any_of(all->mailboxes, [&](const Reached &one) { return one.name.startsWith(of.name + u'/'); });
}

// k on the nearest parent there is. At the top of one's own mailboxes nobody else has a say; at the top of a shared
// account it is INBOX that says it.
static Result<bool> mayCreate(Connection &connection, AccountId who, const Place &place)
{
    const auto allows = [&](const Mailbox &parent) {
        return rightsOn(connection, who, parent).transform([](Rights r) { return bool(r & right::CreateMailboxes); });
    };
    for (qsizetype at = place.name.lastIndexOf(u'/'); at > 0; at = place.name.lastIndexOf(u'/', at - 1)) {
        const auto parent = Mailboxes::find(connection, place.owner, place.name.first(at));
        if (parent)
            return allows(*parent);
        if (parent.error().kind != ErrorKind::NotFound)
            return std::unexpected(parent.error());
    }
    if (!place.prefix.startsWith(Sharing::shared))
        return place.prefix.isEmpty();
    const auto inbox = Mailboxes::find(connection, place.owner, u"INBOX"_s);
    return inbox ? allows(*inbox) : std::unexpected(inbox.error());
}

// Where a new name leads, if `who` may put a mailbox there. Nothing tells whether there is one already that is hidden.
static Result<Place> newPlace(Connection &connection, AccountId who, const QString &name)
{
    const QString proper = properName(name) + u'/';
    if (proper == Sharing::otherUsers || proper == Sharing::shared)
        return fail(ErrorKind::Invalid, u"That name stands above the mailboxes of others"_s);
    auto place = placeOf(connection, who, name);
    if (!place)
        return place;
    const auto allowed = place->owner && !place->name.isEmpty() ? mayCreate(connection, who, *place) : Result<bool>(false);
    if (!allowed)
        return std::unexpected(allowed.error());
    if (!*allowed)
        return fail(ErrorKind::Denied, u"Permission denied"_s);
    return place;
}

Result<MailboxId> Sharing::create(Transaction &transaction, AccountId who, const QString &name,
                                  const QByteArray &specialUse)
{
    const auto place = newPlace(transaction, who, name);
    if (!place)
        return std::unexpected(place.error());
    return Mailboxes::create(transaction, place->owner, place->name, specialUse);
}

Result<void> Sharing::remove(Transaction &transaction, AccountId who, const QString &name, const QString &by)
{
    const auto found = find(transaction, who, name, right::DeleteMailbox);
    if (!found)
        return std::unexpected(found.error());
    return Mailboxes::remove(transaction, found->mailbox.account, found->mailbox.name, by);
}

Result<void> Sharing::rename(Transaction &transaction, AccountId who, const QString &from, const QString &to)
{
    const auto found = find(transaction, who, from, right::DeleteMailbox);
    if (!found)
        return std::unexpected(found.error());
    const auto place = newPlace(transaction, who, to);
    if (!place)
        return std::unexpected(place.error());
    if (place->owner != found->mailbox.account)
        return fail(ErrorKind::Invalid, u"A mailbox stays with its owner; its messages can be copied"_s);
    if (!found->isOwn && found->mailbox.name == "INBOX"_L1)
        return fail(ErrorKind::Denied, u"Permission denied"_s);
    return Mailboxes::rename(transaction, place->owner, found->mailbox.name, place->name);
}

} // namespace posthorn::store
