// Messages named by URLs, and what makes them authorized (RFC 4467).
#include "platform/crypto/hash.h"
#include "platform/store/transaction.h"
#include "platform/store/url_keys.h"
#include "service/access/imap_service.h"
#include "service/access/rows.h"
#include "service/delivery/url_token.h"

#include <QDateTime>

namespace posthorn::access {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype keyOctets = 32;

std::unexpected<Error> missing()
{
    return fail(ErrorKind::NotFound, u"No such message"_s);
}

Result<store::Mailbox> namedMailbox(store::Connection &connection, AccountId account, const QString &name, quint32 uidValidity)
{
    auto found = store::Sharing::find(connection, account, name, right::Read);
    if (!found)
        return std::unexpected(found.error());
    if (uidValidity > 0 && uidValidity != found->mailbox.uidValidity)
        return missing();
    return std::move(found->mailbox);
}

// The one message, and nothing else of its mailbox.
Result<imap::FetchedRows> findMessage(store::Connection &connection, AccountId account, const imap::FindMessage &need)
{
    const auto mailbox = namedMailbox(connection, account, need.mailbox, need.uidValidity);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    if (need.proof) {
        if (const auto proven = delivery::checkUrlToken(connection, account, mailbox->id, need.proof->rump, need.proof->token); !proven)
            return std::unexpected(proven.error());
    }
    const QList<UidRange> uids{{need.uid, need.uid}};
    const auto marks = store::Mailboxes::marks(connection, mailbox->id, uids);
    if (!marks)
        return std::unexpected(marks.error());
    Uid next = 0;
    auto rows = store::Messages::rows(connection, mailbox->id, uids, columnsFor(need.wants), imap::FetchWants::inlineBodySize, &next);
    if (!rows)
        return std::unexpected(rows.error());
    if (rows->isEmpty() || marks->marks.isEmpty())
        return missing();
    return imap::FetchedRows{{joined(std::move(rows->first()), marks->marks.first())}, 0};
}

} // namespace

void ImapService::on(ImapSession &session, NeedId id, imap::FindMessage &need)
{
    AccountId account = m_account;
    if (need.proof) {
        const auto owner = m_world.directory->snapshot()->account(need.proof->owner);
        const bool isOver = need.proof->expires && *need.proof->expires <= QDateTime::currentMSecsSinceEpoch();
        if (!owner || !owner->enabled || isOver)
            return session.answer(id, imap::Answer(imap::Failure{missing().error()}));
        account = owner->id;
    }
    m_world.store->read<imap::FetchedRows>(
        [account, need](store::Connection &connection) { return findMessage(connection, account, need); },
        bring<imap::FetchedRows>(id));
}

void ImapService::on(ImapSession &, NeedId id, imap::SignUrl &need)
{
    m_world.store->write<imap::UrlToken>(
        [account = m_account, need, fresh = crypto::randomBytes(keyOctets)](store::Transaction &transaction) -> Result<imap::UrlToken> {
            const auto mailbox = namedMailbox(transaction, account, need.mailbox, need.uidValidity);
            if (!mailbox)
                return std::unexpected(mailbox.error());
            const auto key = store::UrlKeys::keep(transaction, account, mailbox->id, fresh);
            if (!key)
                return std::unexpected(key.error());
            return imap::UrlToken{delivery::urlToken(*key, need.rump)};
        },
        bring<imap::UrlToken>(id));
}

void ImapService::on(ImapSession &, NeedId id, imap::ResetUrlKeys &need)
{
    m_world.store->write<imap::Done>(
        [account = m_account, name = need.mailbox](store::Transaction &transaction) -> Result<imap::Done> {
            std::optional<MailboxId> mailbox;
            if (!name.isEmpty()) {
                const auto found = store::Sharing::find(transaction, account, name, right::Read);
                if (!found)
                    return std::unexpected(found.error());
                mailbox = found->mailbox.id;
            }
            const auto forgotten = store::UrlKeys::forget(transaction, account, mailbox);
            return forgotten ? Result<imap::Done>(imap::Done{}) : std::unexpected(forgotten.error());
        },
        bring<imap::Done>(id));
}

} // namespace posthorn::access
