// IMAP needs about quota (RFC 9208). Each account is a root.
#include "service/access/imap_service.h"

#include "platform/store/transaction.h"

namespace posthorn::access {

using namespace Qt::StringLiterals;

namespace {

std::unexpected<Error> noRoot() { return fail(ErrorKind::NotFound, u"No such quota root"_s); }

Result<imap::Quota> quotaOf(store::Connection &connection, AccountId owner)
{
    const auto account = store::Accounts::account(connection, owner);
    if (!account)
        return std::unexpected(account.error());
    if (!*account)
        return noRoot();
    return imap::Quota{(*account)->address, (*account)->usedOctets, (*account)->quotaOctets, (*account)->usedMessages,
                       (*account)->quotaMessages};
}

// Whose roots somebody may look at: his own, those of mailboxes he can read, and an administrator all.
Result<bool> maySee(store::Connection &connection, AccountId who, bool administers, AccountId owner)
{
    if (who == owner || administers)
        return true;
    const auto ids = store::Sharing::opened(connection, who);
    if (!ids)
        return std::unexpected(ids.error());
    for (const MailboxId id : *ids) {
        const auto found = store::Sharing::get(connection, who, id, right::Read);
        if (found && found->mailbox.account == owner)
            return true;
    }
    return false;
}

Result<imap::Quota> rootNamed(store::Connection &connection, AccountId who, bool administers, const QString &root)
{
    const auto account = store::Accounts::account(connection, root.toLower());
    if (!account)
        return std::unexpected(account.error());
    const auto allowed = *account ? maySee(connection, who, administers, (*account)->id) : Result<bool>(false);
    if (!allowed)
        return std::unexpected(allowed.error());
    return *allowed ? quotaOf(connection, (*account)->id) : noRoot();
}

Result<imap::Quota> limit(store::Transaction &transaction, const imap::SetQuota &need)
{
    auto account = store::Accounts::account(transaction, need.root.toLower());
    if (!account)
        return std::unexpected(account.error());
    if (!*account)
        return noRoot();
    (*account)->quotaOctets = need.limitOctets;
    (*account)->quotaMessages = need.limitMessages;
    if (const auto done = store::Accounts::updateAccount(transaction, **account); !done)
        return std::unexpected(done.error());
    return quotaOf(transaction, (*account)->id);
}

} // namespace

bool ImapService::administers() const
{
    const auto account = m_world.directory->snapshot()->account(m_account);
    return account && account->administrator;
}

void ImapService::on(ImapSession &, NeedId id, imap::GetQuota &need)
{
    m_world.store->read<imap::Quota>(
        [account = m_account, need, all = administers()](store::Connection &connection) -> Result<imap::Quota> {
            if (need.mailbox.isEmpty())
                return rootNamed(connection, account, all, need.root);
            const auto found = store::Sharing::find(connection, account, need.mailbox, right::Read);
            return found ? quotaOf(connection, found->mailbox.account) : std::unexpected(found.error());
        },
        bring<imap::Quota>(id));
}

void ImapService::on(ImapSession &session, NeedId id, imap::SetQuota &need)
{
    if (!administers()) {
        session.answer(id, imap::Answer(imap::Failure{Error{ErrorKind::Denied, u"Administrators set that"_s, {}, -1}}));
        return;
    }
    m_world.store->write<imap::Quota>([need](store::Transaction &transaction) { return limit(transaction, need); },
                                      bring<imap::Quota>(id));
}

} // namespace posthorn::access
