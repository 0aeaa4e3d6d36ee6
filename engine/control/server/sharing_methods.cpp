// mailbox.* and group.*: who is let into whose mailboxes.
#include "control/api/values.h"
#include "control/server/desk.h"
#include "platform/store/accounts.h"
#include "platform/store/own_seen.h"
#include "platform/store/sharing.h"
#include "platform/store/store.h"

#include <algorithm>

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

Result<store::Account> accountNamed(store::Connection &connection, const QString &address)
{
    const auto found = store::Accounts::account(connection, address.toLower());
    if (!found)
        return std::unexpected(found.error());
    if (!*found)
        return fail(ErrorKind::NotFound, u"There is no account %1"_s.arg(address.left(320)));
    return **found;
}

// The mailbox that is named, or all of the account's.
Result<QList<store::Mailbox>> namedMailboxes(store::Connection &connection, const Call &call)
{
    const auto account = accountNamed(connection, call.text("account"_L1));
    if (!account)
        return std::unexpected(account.error());
    const QString name = call.text("mailbox"_L1);
    if (name.isEmpty())
        return store::Mailboxes::list(connection, account->id);
    const auto mailbox = store::Mailboxes::find(connection, account->id, name);
    if (!mailbox)
        return fail(mailbox.error().kind, u"%1 has no mailbox “%2”"_s.arg(account->address, name.left(200)));
    return QList<store::Mailbox>{*mailbox};
}

Result<Rights> givenRights(const Call &call)
{
    static const QHash<QString, QByteArray> words{{u"read"_s, "lrs"}, {u"write"_s, "lrswite"}, {u"all"_s, "lrswipkxtea"}};
    if (call.has("rights"_L1) && call.has("may"_L1))
        return fail(ErrorKind::Invalid, u"Either a word or letters say what is allowed"_s);
    if (call.has("rights"_L1)) {
        const auto rights = rightsFromText(call.text("rights"_L1).toUtf8());
        if (!rights)
            return fail(ErrorKind::Invalid, u"Rights are letters of lrswipkxtea"_s);
        return *rights;
    }
    const QString word = call.has("may"_L1) ? call.text("may"_L1) : u"read"_s;
    if (!words.contains(word))
        return fail(ErrorKind::Invalid, u"What is allowed is one of read, write, all"_s);
    return *rightsFromText(words.value(word));
}

QJsonArray accessJson(const QList<store::AclEntry> &acl)
{
    QJsonArray access;
    for (const store::AclEntry &entry : acl)
        access += QJsonObject{{u"who"_s, entry.identifier}, {u"rights"_s, QString::fromLatin1(rightsText(entry.rights))}};
    return access;
}

QJsonObject listingJson(const store::Listing &listing)
{
    QJsonArray own, others;
    for (const store::Reached &row : listing.mailboxes) {
        if (row.isOwn) {
            own += QJsonObject{{u"name"_s, row.name}, {u"specialUse"_s, QString::fromLatin1(row.mailbox.specialUse)},
                               {u"messages"_s, row.mailbox.messages}, {u"unseen"_s, row.mailbox.unseen},
                               {u"octets"_s, row.mailbox.octets}, {u"ownSeen"_s, row.mailbox.ownSeen}, {u"access"_s, accessJson(row.mailbox.acl)}};
        } else {
            others += QJsonObject{{u"name"_s, row.name}, {u"rights"_s, QString::fromLatin1(rightsText(row.rights))}};
        }
    }
    return {{u"mailboxes"_s, own}, {u"others"_s, others}};
}

Result<QJsonValue> setRights(store::Transaction &transaction, const Call &call, const QString &who, Rights rights)
{
    const auto mailboxes = namedMailboxes(transaction, call);
    if (!mailboxes)
        return std::unexpected(mailboxes.error());
    QStringList names;
    for (const store::Mailbox &mailbox : *mailboxes) {
        const auto set = store::Sharing::setRights(transaction, mailbox.id, who, store::Sharing::Change::Replace, rights);
        if (!set)
            return std::unexpected(set.error());
        names += mailbox.name;
    }
    QJsonObject result{{u"mailboxes"_s, QJsonArray::fromStringList(names)}, {u"who"_s, who.toLower()}};
    if (rights)
        result.insert("rights"_L1, QString::fromLatin1(rightsText(rights)));
    return result;
}

QJsonObject toJson(const store::Group &group)
{
    return {{u"name"_s, group.name}, {u"members"_s, QJsonArray::fromStringList(group.members)}};
}

Result<store::Group> givenGroup(const Call &call)
{
    store::Group group{call.text("name"_L1).trimmed().toLower(), {}};
    for (const QString &text : call.list("members"_L1)) {
        const auto member = checkAddress(text);
        if (!member)
            return std::unexpected(member.error());
        if (!group.members.contains(*member))
            group.members += *member;
    }
    group.members.sort();
    return group;
}

Result<bool> hasGroup(store::Connection &connection, const QString &name)
{
    return store::Sharing::groups(connection).transform([&](const QList<store::Group> &groups) {
        return std::ranges::any_of(groups, [&](const store::Group &group) { return group.name == name; });
    });
}

void writeGroup(Desk &desk, const Call &call, bool isNew)
{
    const auto group = givenGroup(call);
    if (!group)
        return call.refuse(group.error());
    const auto write = [group = *group, isNew](store::Transaction &transaction) -> Result<QJsonValue> {
        const auto there = hasGroup(transaction, group.name);
        if (!there)
            return std::unexpected(there.error());
        if (*there && isNew)
            return fail(ErrorKind::Exists, u"There is a group “%1” already"_s.arg(group.name));
        if (!*there && !isNew)
            return fail(ErrorKind::NotFound, u"There is no group “%1”"_s.arg(group.name.left(100)));
        if (const auto set = store::Sharing::setGroup(transaction, group); !set)
            return std::unexpected(set.error());
        transaction.changes.directoryChanged = true;
        return toJson(group);
    };
    answerByWriting(desk, call, write, EventKind::DirectoryChanged, group->name);
}

} // namespace

void deed::mailboxList(Desk &desk, const Call &call)
{
    answerByReading(desk, call, [call](store::Connection &connection) -> Result<QJsonValue> {
        const auto account = accountNamed(connection, call.text("account"_L1));
        if (!account)
            return std::unexpected(account.error());
        return store::Sharing::list(connection, account->id).transform([](const store::Listing &listing) {
            return QJsonValue(listingJson(listing));
        });
    });
}

void deed::mailboxAdd(Desk &desk, const Call &call)
{
    const auto add = [call](store::Transaction &transaction) -> Result<QJsonValue> {
        const auto account = accountNamed(transaction, call.text("account"_L1));
        if (!account)
            return std::unexpected(account.error());
        const auto made = store::Sharing::create(transaction, account->id, call.text("mailbox"_L1), {});
        return made ? Result<QJsonValue>(QJsonObject{}) : std::unexpected(made.error());
    };
    answerByWriting(desk, call, add, EventKind::DirectoryChanged, call.text("account"_L1) + u' ' + call.text("mailbox"_L1));
}

void deed::mailboxUpdate(Desk &desk, const Call &call)
{
    const auto update = [call](store::Transaction &transaction) -> Result<QJsonValue> {
        const auto mailboxes = namedMailboxes(transaction, call);
        if (!mailboxes)
            return std::unexpected(mailboxes.error());
        QStringList names;
        for (const store::Mailbox &mailbox : *mailboxes) {
            if (const auto set = store::OwnSeen::set(transaction, mailbox.id, call.flag("ownSeen"_L1)); !set)
                return std::unexpected(set.error());
            names += mailbox.name;
        }
        return QJsonObject{{u"mailboxes"_s, QJsonArray::fromStringList(names)}};
    };
    answerByWriting(desk, call, update, EventKind::DirectoryChanged,
                    call.text("account"_L1) + u' ' + call.text("mailbox"_L1));
}

void deed::mailboxShare(Desk &desk, const Call &call)
{
    const auto rights = givenRights(call);
    if (!rights)
        return call.refuse(rights.error());
    answerByWriting(desk, call,
                    [call, rights = *rights](store::Transaction &transaction) {
                        return setRights(transaction, call, call.text("to"_L1).trimmed(), rights);
                    },
                    EventKind::DirectoryChanged, call.text("account"_L1) + u' ' + call.text("mailbox"_L1));
}

void deed::mailboxUnshare(Desk &desk, const Call &call)
{
    answerByWriting(desk, call,
                    [call](store::Transaction &transaction) {
                        return setRights(transaction, call, call.text("from"_L1).trimmed(), 0);
                    },
                    EventKind::DirectoryChanged, call.text("account"_L1) + u' ' + call.text("mailbox"_L1));
}

void deed::groupList(Desk &desk, const Call &call)
{
    answerByReading(desk, call, [](store::Connection &connection) -> Result<QJsonValue> {
        return store::Sharing::groups(connection).transform([](const QList<store::Group> &groups) {
            QJsonArray list;
            for (const store::Group &group : groups)
                list += toJson(group);
            return QJsonValue(QJsonObject{{u"groups"_s, list}});
        });
    });
}

void deed::groupAdd(Desk &desk, const Call &call) { writeGroup(desk, call, true); }

void deed::groupUpdate(Desk &desk, const Call &call) { writeGroup(desk, call, false); }

void deed::groupRemove(Desk &desk, const Call &call)
{
    const QString name = call.text("name"_L1).trimmed().toLower();
    const auto remove = [name](store::Transaction &transaction) -> Result<QJsonValue> {
        const auto removed = store::Sharing::removeGroup(transaction, name);
        if (!removed)
            return std::unexpected(removed.error());
        transaction.changes.directoryChanged = true;
        return QJsonObject{};
    };
    answerByWriting(desk, call, remove, EventKind::DirectoryChanged, name);
}

} // namespace posthorn::control
