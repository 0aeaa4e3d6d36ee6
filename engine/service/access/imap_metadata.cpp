// IMAP needs about annotations (RFC 5464).
#include "service/access/imap_service.h"

#include "platform/store/metadata.h"
#include "platform/store/transaction.h"

namespace posthorn::access {

using namespace Qt::StringLiterals;

namespace {

// RFC 5464 §3.3: to be seen, and one of these rights. The server is open to all.
Result<MailboxId> annotated(store::Connection &connection, AccountId account, const QString &name)
{
    if (name.isEmpty())
        return MailboxId{};
    const auto found = store::Sharing::find(connection, account, name, right::Lookup);
    if (!found)
        return std::unexpected(found.error());
    if (!(found->rights & (right::Read | right::KeepSeen | right::Write | right::Insert | right::Post)))
        return fail(ErrorKind::Denied, {});
    return found->mailbox.id;
}

// By the depth of §4.2.2.
bool isMeant(const QByteArray &entry, const QByteArray &named, imap::GetMetadata::Depth depth)
{
    if (entry == named)
        return true;
    if (depth == imap::GetMetadata::Depth::Zero || !entry.startsWith(named + '/'))
        return false;
    return depth == imap::GetMetadata::Depth::Infinity || entry.indexOf('/', named.size() + 1) < 0;
}

Result<imap::Annotations> annotations(store::Connection &connection, AccountId account, const imap::GetMetadata &need)
{
    const auto mailbox = annotated(connection, account, need.name);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    const auto known = store::Metadata::entries(connection, *mailbox, account);
    if (!known)
        return std::unexpected(known.error());
    imap::Annotations found;
    for (const QByteArray &named : need.entries) {
        bool isThere = false;
        for (const auto &[entry, size] : *known) {
            if (!isMeant(entry, named, need.depth))
                continue;
            isThere |= entry == named;
            if (need.maxSize >= 0 && size > need.maxSize) {
                found.longest = std::max(found.longest, size);
                continue;
            }
            const bool isTold = std::ranges::any_of(found.entries, [&](const auto &told) { return told.first == entry; });
            if (isTold)
                continue;
            const auto value = store::Metadata::value(connection, *mailbox, account, entry);
            if (!value)
                return std::unexpected(value.error());
            found.entries += {entry, *value};
        }
        if (!isThere && need.depth == imap::GetMetadata::Depth::Zero)
            found.entries += {named, QByteArray()};
    }
    return found;
}

// What all share of the server is the administrators' to set.
Result<imap::Done> annotate(store::Transaction &transaction, AccountId account, bool administers, const imap::SetMetadata &need)
{
    const auto mailbox = annotated(transaction, account, need.name);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    QList<store::Annotation> annotations;
    for (const auto &[entry, value] : need.entries) {
        if (need.name.isEmpty() && !store::Metadata::isPrivate(entry) && !administers)
            return fail(ErrorKind::Denied, u"Administrators set that"_s);
        annotations += {entry, value};
    }
    const auto set = store::Metadata::set(transaction, *mailbox, account, annotations);
    return set ? Result<imap::Done>(imap::Done{}) : std::unexpected(set.error());
}

} // namespace

void ImapService::on(ImapSession &, NeedId id, imap::GetMetadata &need)
{
    m_world.store->read<imap::Annotations>(
        [account = m_account, need](store::Connection &connection) { return annotations(connection, account, need); },
        bring<imap::Annotations>(id));
}

void ImapService::on(ImapSession &, NeedId id, imap::SetMetadata &need)
{
    m_world.store->write<imap::Done>(
        [account = m_account, all = administers(), need, origin = self()](store::Transaction &transaction) -> Result<imap::Done> {
            const auto done = annotate(transaction, account, all, need);
            for (MailboxChange &change : transaction.changes.mailboxes)
                change.origin = origin;
            return done;
        },
        bring<imap::Done>(id));
}

} // namespace posthorn::access
