// account.*
#include "control/api/values.h"
#include "control/server/desk.h"
#include "control/server/directory_rules.h"
#include "control/server/rows.h"
#include "platform/net/network.h"
#include "platform/store/store.h"
#include "policy/auth/authenticator.h"

namespace posthorn::control {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 maxQuota = 1ll << 50;
constexpr int maxKeepDays = 36'500;
constexpr qint64 maxLimit = 1'000'000'000;
constexpr qsizetype maxTargets = 100;
constexpr qsizetype maxName = 200, maxPassword = 1'000; // characters

Result<QStringList> givenTargets(const Call &call, const QString &self)
{
    QStringList targets;
    for (const QString &text : call.list("forwardTo"_L1)) {
        const auto target = checkAddress(text);
        if (!target)
            return std::unexpected(target.error());
        if (*target == self)
            return fail(ErrorKind::Invalid, u"An account can't forward to itself; let it keep a copy instead"_s);
        if (!targets.contains(*target))
            targets += *target;
    }
    if (targets.size() > maxTargets)
        return fail(ErrorKind::Invalid, u"An account forwards to %1 addresses at most"_s.arg(maxTargets));
    return targets;
}

// What is given of an account's fields.
Result<void> fill(store::Account &account, const Call &call)
{
    if (call.has("displayName"_L1)) {
        account.displayName = call.text("displayName"_L1).simplified();
        if (account.displayName.size() > maxName)
            return fail(ErrorKind::Invalid, u"A name has at most %1 characters"_s.arg(maxName));
    }
    if (call.number("quotaOctets"_L1, 0, -1, maxQuota) < 0)
        return fail(ErrorKind::Invalid, u"A quota is 0 for no limit, or a number of octets"_s);
    if (call.number("pop3KeepDays"_L1, 0, -1, maxKeepDays) < 0)
        return fail(ErrorKind::Invalid, u"Days are 0 for ever, or a number"_s);
    account.quotaOctets = call.number("quotaOctets"_L1, account.quotaOctets, 0, maxQuota);
    if (call.number("quotaMessages"_L1, 0, -1, maxQuota) < 0)
        return fail(ErrorKind::Invalid, u"A limit of messages is 0 for none, or a number"_s);
    account.quotaMessages = call.number("quotaMessages"_L1, account.quotaMessages, 0, maxQuota);
    account.pop3KeepDays = int(call.number("pop3KeepDays"_L1, account.pop3KeepDays, 0, maxKeepDays));
    if (call.has("forwardTo"_L1)) {
        const auto targets = givenTargets(call, account.address);
        if (!targets)
            return std::unexpected(targets.error());
        account.forwardTo = *targets;
    }
    account.forwardKeep = call.flag("forwardKeep"_L1, account.forwardKeep);
    account.minuteLimit = int(call.number("perMinute"_L1, account.minuteLimit, -1, maxLimit));
    account.dayLimit = int(call.number("perDay"_L1, account.dayLimit, -1, maxLimit));
    account.enabled = call.flag("enabled"_L1, account.enabled);
    account.administrator = call.flag("administrator"_L1, account.administrator);
    return {};
}

// On a pool thread: hashing is slow by intent.
Result<QByteArray> credentialOf(const QString &password, int iterations)
{
    if (password.size() > maxPassword)
        return fail(ErrorKind::Invalid, u"A password has at most %1 characters"_s.arg(maxPassword));
    const auto credential = auth::makeCredential(password, iterations);
    if (!credential)
        return std::unexpected(credential.error());
    return auth::toText(*credential);
}

// Hashes on the pool, then goes on there.
void withCredential(Desk &desk, const Call &call, std::function<void(const QByteArray &credential)> goOn)
{
    const int iterations = int(desk.settings()->number("auth.iterations"_L1));
    desk.pool.start([call, iterations, goOn = std::move(goOn)] {
        const auto credential = credentialOf(call.text("password"_L1), iterations);
        if (credential)
            goOn(*credential);
        else
            call.refuse(credential.error());
    });
}

Result<store::Account> findAccount(store::Connection &connection, const QString &address)
{
    const auto found = store::Accounts::account(connection, address);
    if (!found)
        return std::unexpected(found.error());
    if (!*found)
        return fail(ErrorKind::NotFound, u"There is no account %1"_s.arg(address));
    return **found;
}

Result<QJsonValue> addAccount(store::Transaction &transaction, const store::Account &account)
{
    const auto domain = domainOf(transaction, account.address);
    if (!domain)
        return std::unexpected(domain.error());
    if (!domain->aliasOf.isEmpty()) {
        return fail(ErrorKind::Invalid,
                    u"%1 shares the accounts of %2; add the account there"_s.arg(domain->name, domain->aliasOf));
    }
    store::Account added = account;
    added.domain = domain->id;
    if (const auto id = store::Accounts::addAccount(transaction, added); !id)
        return std::unexpected(id.error());
    return toJson(added);
}

// For what was remembered of an account to be forgotten, which the job found out the id of.
std::function<void(Desk &)> forgetting(const QString &address, const std::shared_ptr<AccountId> &id)
{
    return [address, id](Desk &desk) {
        if (desk.context.authenticator)
            desk.context.authenticator->forget(*id);
        endSessions(desk, [address](const QString &user) { return user == address; });
    };
}

struct AccountQuery
{
    QString domain, text, after;
    qint64 limit = 0;

    [[nodiscard]] bool takes(const store::Account &account) const
    {
        return (domain.isEmpty() || account.address.endsWith(u'@' + domain)) && account.address > after
               && (account.address.contains(text, Qt::CaseInsensitive)
                   || account.displayName.contains(text, Qt::CaseInsensitive));
    }
};

} // namespace

void endSessions(Desk &desk, const std::function<bool(const QString &)> &isMeant)
{
    if (!desk.context.network)
        return;
    desk.context.network->conversations([gate = desk.gate, &desk, isMeant](const QList<net::ConversationState> &sessions) {
        gate->post([&desk, isMeant, sessions] {
            for (const net::ConversationState &session : sessions) {
                if (!session.user.isEmpty() && isMeant(session.user))
                    desk.context.network->close(session.id);
            }
        });
    });
}

void deed::accountList(Desk &desk, const Call &call)
{
    const AccountQuery query{call.text("domain"_L1).toLower(), call.text("text"_L1), call.text("after"_L1),
                             call.number("limit"_L1, 10'000, 1, 50'000)};
    answerByReading(desk, call, [query](store::Connection &connection) -> Result<QJsonValue> {
        const auto accounts = store::Accounts::accounts(connection);
        if (!accounts)
            return std::unexpected(accounts.error());
        QJsonArray list;
        bool more = false;
        for (const store::Account &account : *accounts) {
            if (!query.takes(account))
                continue;
            more = list.size() >= query.limit;
            if (more)
                break;
            list += toJson(account);
        }
        return QJsonObject{{u"accounts"_s, list}, {u"more"_s, more}};
    });
}

void deed::accountAdd(Desk &desk, const Call &call)
{
    const auto address = checkAddress(call.text("address"_L1));
    if (!address)
        return call.refuse(address.error());
    store::Account account;
    account.address = *address;
    account.quotaOctets = desk.settings()->number("quota.initial"_L1);
    if (const auto filled = fill(account, call); !filled)
        return call.refuse(filled.error());
    withCredential(desk, call, [&desk, call, account](const QByteArray &credential) {
        store::Account whole = account;
        whole.credential = credential;
        answerByWriting(desk, call, [whole](store::Transaction &transaction) { return addAccount(transaction, whole); },
                        EventKind::DirectoryChanged, whole.address);
    });
}

void deed::sharedAdd(Desk &desk, const Call &call)
{
    const auto address = checkAddress(call.text("address"_L1));
    if (!address)
        return call.refuse(address.error());
    store::Account account;
    account.address = *address;
    account.shared = true;
    account.quotaOctets = desk.settings()->number("quota.initial"_L1);
    if (const auto filled = fill(account, call); !filled)
        return call.refuse(filled.error());
    answerByWriting(desk, call, [account](store::Transaction &transaction) { return addAccount(transaction, account); },
                    EventKind::DirectoryChanged, account.address);
}

void deed::accountUpdate(Desk &desk, const Call &call)
{
    const auto address = checkAddress(call.text("address"_L1));
    if (!address)
        return call.refuse(address.error());
    const auto id = std::make_shared<AccountId>();
    const auto update = [address = *address, call, id](store::Transaction &transaction) -> Result<QJsonValue> {
        auto account = findAccount(transaction, address);
        if (!account)
            return std::unexpected(account.error());
        if (const auto filled = fill(*account, call); !filled)
            return std::unexpected(filled.error());
        if (const auto updated = store::Accounts::updateAccount(transaction, *account); !updated)
            return std::unexpected(updated.error());
        *id = account->id;
        return toJson(*account);
    };
    const bool disabled = !call.flag("enabled"_L1, true);
    answerByWriting(desk, call, update, EventKind::DirectoryChanged, *address,
                    disabled ? forgetting(*address, id) : std::function<void(Desk &)>());
}

void deed::accountPasswd(Desk &desk, const Call &call)
{
    const auto address = checkAddress(call.text("address"_L1));
    if (!address)
        return call.refuse(address.error());
    withCredential(desk, call, [&desk, call, address = *address](const QByteArray &credential) {
        const auto id = std::make_shared<AccountId>();
        const auto set = [address, credential, id](store::Transaction &transaction) -> Result<QJsonValue> {
            const auto account = findAccount(transaction, address);
            if (!account)
                return std::unexpected(account.error());
            if (account->shared)
                return fail(ErrorKind::Denied, u"%1 is a shared mailbox: nobody signs in to it"_s.arg(address));
            *id = account->id;
            if (const auto done = store::Accounts::setCredential(transaction, account->id, credential); !done)
                return std::unexpected(done.error());
            return QJsonObject{};
        };
        answerByWriting(desk, call, set, EventKind::DirectoryChanged, address, forgetting(address, id));
    });
}

void deed::accountRemove(Desk &desk, const Call &call)
{
    const auto address = checkAddress(call.text("address"_L1));
    if (!address)
        return call.refuse(address.error());
    const auto id = std::make_shared<AccountId>();
    const auto remove = [address = *address, call, id](store::Transaction &transaction) -> Result<QJsonValue> {
        const auto account = findAccount(transaction, address);
        if (!account)
            return std::unexpected(account.error());
        *id = account->id;
        if (const auto removed = store::Accounts::removeAccount(transaction, address, call.by()); !removed)
            return std::unexpected(removed.error());
        return QJsonObject{};
    };
    answerByWriting(desk, call, remove, EventKind::DirectoryChanged, *address, forgetting(*address, id));
}

} // namespace posthorn::control
