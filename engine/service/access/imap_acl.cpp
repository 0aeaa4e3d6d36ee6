// IMAP needs about who may do what with a mailbox (RFC 4314).
#include "service/access/imap_service.h"

#include "platform/store/metadata.h"
#include "platform/store/transaction.h"
#include "policy/auth/saslprep.h"

namespace posthorn::access {

using namespace Qt::StringLiterals;

namespace {

// As RFC 4314 §3 wants it: by SASLprep, or the command is wrong.
Result<QString> prepared(const QString &identifier)
{
    const auto text = auth::saslPrep(identifier);
    if (!text || text->isEmpty())
        return parseError(u"That can't be an identifier"_s, 0);
    return *text;
}

Result<imap::Acl> aclOf(store::Connection &connection, AccountId account, const QString &name)
{
    const auto found = store::Sharing::find(connection, account, name, right::Administer);
    if (!found)
        return std::unexpected(found.error());
    const auto entries = store::Sharing::acl(connection, found->mailbox);
    if (!entries)
        return std::unexpected(entries.error());
    imap::Acl acl;
    for (const store::AclEntry &entry : *entries)
        acl.entries += {entry.identifier, entry.rights};
    return acl;
}

Result<imap::Done> changeAcl(store::Transaction &transaction, AccountId account, const imap::SetAcl &need)
{
    static_assert(int(imap::AclChange::Remove) == int(store::Sharing::Change::Remove));
    const auto found = store::Sharing::find(transaction, account, need.name, right::Administer);
    if (!found)
        return std::unexpected(found.error());
    const auto identifier = prepared(need.identifier);
    if (!identifier)
        return std::unexpected(identifier.error());
    const auto set = store::Sharing::setRights(transaction, found->mailbox.id, *identifier,
                                               store::Sharing::Change(int(need.change)), need.rights);
    return set ? Result<imap::Done>(imap::Done{}) : std::unexpected(set.error());
}

Result<imap::Grantable> grantable(store::Connection &connection, AccountId account, const imap::ListRights &need)
{
    const auto found = store::Sharing::find(connection, account, need.name, right::Administer);
    if (!found)
        return std::unexpected(found.error());
    const auto identifier = prepared(need.identifier);
    if (!identifier)
        return std::unexpected(identifier.error());
    const auto proper = store::Sharing::properIdentifier(connection, *identifier);
    if (!proper)
        return std::unexpected(proper.error());
    const auto owns = store::Sharing::isOwner(connection, found->mailbox, *proper);
    if (!owns)
        return std::unexpected(owns.error());
    const Rights always = *owns ? right::Owners : Rights(0);
    return imap::Grantable{always, Rights(right::All & ~always)};
}

} // namespace

void ImapService::on(ImapSession &, NeedId id, imap::GetAcl &need)
{
    m_world.store->read<imap::Acl>(
        [account = m_account, name = need.name](store::Connection &connection) { return aclOf(connection, account, name); },
        bring<imap::Acl>(id));
}

void ImapService::on(ImapSession &, NeedId id, imap::SetAcl &need)
{
    m_world.store->write<imap::Done>(
        [account = m_account, need](store::Transaction &transaction) { return changeAcl(transaction, account, need); },
        bring<imap::Done>(id));
}

void ImapService::on(ImapSession &, NeedId id, imap::ListRights &need)
{
    m_world.store->read<imap::Grantable>(
        [account = m_account, need](store::Connection &connection) { return grantable(connection, account, need); },
        bring<imap::Grantable>(id));
}

void ImapService::on(ImapSession &, NeedId id, imap::MyRights &need)
{
    m_world.store->read<imap::OwnRights>(
        [account = m_account, name = need.name](store::Connection &connection) -> Result<imap::OwnRights> {
            const auto found = store::Sharing::find(connection, account, name, 0);
            if (!found)
                return std::unexpected(found.error());
            if (!(found->rights & right::Any))
                return fail(ErrorKind::NotFound, {});
            return imap::OwnRights{found->rights};
        },
        bring<imap::OwnRights>(id));
}

MailboxChange ImapService::heard(const MailboxChange &change)
{
    if (change.rightsChanged && m_index)
        lookAtRights();
    MailboxChange own = change;
    if (change.annotator != m_account)
        own.annotated.removeIf(store::Metadata::isPrivate);
    return own;
}

// Who may do what with the selected mailbox has changed: what is left to this session?
void ImapService::lookAtRights()
{
    m_world.store->read<store::Reached>(
        [account = m_account, mailbox = m_mailbox](store::Connection &connection) {
            return store::Sharing::get(connection, account, mailbox, 0);
        },
        [to = m_address, mailbox = m_mailbox, reader = m_reader](const Result<store::Reached> &found) {
            // Whose \Seen is shown can't change in the middle: who has it open begins anew.
            const Rights rights = found && found->reader == reader ? found->rights : Rights(0);
            net::post(to, [mailbox, rights](net::Session &late) {
                if (static_cast<ImapSession &>(late).service().m_mailbox == mailbox)
                    late.changed(MailboxChange{.mailbox = mailbox, .granted = rights});
            });
        });
}

} // namespace posthorn::access
