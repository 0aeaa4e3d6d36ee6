// IMAP needs about mailboxes as a whole.
#include "service/access/imap_service.h"

#include "platform/store/own_seen.h"
#include "platform/store/transaction.h"

#include <algorithm>

namespace posthorn::access {

using namespace Qt::StringLiterals;

namespace {

// A write job that gives nothing but Done. `sign` marks what it changed.
template<typename F, typename Sign>
store::Store::Job<imap::Done> doneJob(F work, Sign sign, ConversationId origin)
{
    return [work = std::move(work), sign, origin](store::Transaction &transaction) -> Result<imap::Done> {
        const auto result = work(transaction);
        if (!result)
            return std::unexpected(result.error());
        sign(transaction, origin);
        return imap::Done{};
    };
}

} // namespace

void ImapService::on(ImapSession &, NeedId id, imap::ListMailboxes &)
{
    m_world.store->read<imap::MailboxList>(
        [account = m_account](store::Connection &connection) -> Result<imap::MailboxList> {
            const auto found = store::Sharing::list(connection, account);
            if (!found)
                return std::unexpected(found.error());
            imap::MailboxList list{{}, found->lostSubscriptions};
            for (const store::Reached &row : found->mailboxes) {
                // What is another's Sent or Trash is not one's own.
                list.mailboxes += {row.name, row.isOwn ? row.mailbox.specialUse : QByteArray(), row.mailbox.subscribed, true,
                                   row.rights};
            }
            return list;
        },
        bring<imap::MailboxList>(id));
}

void ImapService::on(ImapSession &, NeedId id, imap::SelectMailbox &need)
{
    leaveMailbox();
    m_world.store->read<store::Reached>(
        [account = m_account, name = need.name, describes = need.describes](store::Connection &connection) {
            auto found = store::Sharing::find(connection, account, name, right::Read);
            if (!found || !describes)
                return found;
            const auto hasChildren = store::Sharing::hasChildren(connection, account, *found);
            if (!hasChildren)
                return Result<store::Reached>(std::unexpected(hasChildren.error()));
            found->hasChildren = *hasChildren;
            return found;
        },
        [to = m_address, id, need](const Result<store::Reached> &found) {
            net::post(to, [id, need, found](net::Session &late) {
                auto &bound = static_cast<ImapSession &>(late);
                if (found)
                    bound.service().selectFound(id, need, *found);
                else
                    bound.answer(id, imap::Answer(imap::Failure{found.error()}));
            });
        });
}

void ImapService::selectFound(NeedId id, const imap::SelectMailbox &need, const store::Reached &found)
{
    const store::Mailbox &mailbox = found.mailbox;
    if (mailbox.firstRecent >= mailbox.uidNext || need.readOnly || !(found.rights & right::KeepSeen)) {
        openSelected(id, need, found, mailbox.firstRecent < mailbox.uidNext ? mailbox.firstRecent : 0);
        return;
    }
    m_world.store->write<Uid>(
        [mailbox = mailbox.id](store::Transaction &transaction) {
            return store::Mailboxes::takeRecent(transaction, mailbox);
        },
        [to = m_address, id, need, found](const Result<Uid> &recent) {
            // A store that can't be written to can still be read from.
            net::post(to, [id, need, found, first = recent.value_or(0)](net::Session &late) {
                static_cast<ImapSession &>(late).service().openSelected(id, need, found, first);
            });
        });
}

void ImapService::openSelected(NeedId id, const imap::SelectMailbox &need, const store::Reached &found, Uid firstRecent)
{
    m_world.indexes->open(found.mailbox.id, found.reader, [to = m_address, id, need, found, firstRecent](
                                                const Result<std::shared_ptr<MailboxIndex>> &index) {
        // On the worker: the view is taken and watched there, so that no change can overtake the answer.
        net::post(to, [id, need, found, firstRecent, index](net::Session &late) {
            auto &bound = static_cast<ImapSession &>(late);
            if (!index) {
                bound.answer(id, imap::Answer(imap::Failure{index.error()}));
                return;
            }
            ImapService &self = bound.service();
            MailboxIndex::View view = (*index)->watch(self.m_address);
            const store::Mailbox &mailbox = found.mailbox;
            self.m_mailbox = mailbox.id;
            self.m_reader = found.reader;
            self.m_index = *index;
            self.m_firstRecent = firstRecent;
            bound.answer(id, imap::Answer(imap::Selected{mailbox.id, found.name, mailbox.uidValidity,
                                                         std::max(view.uidNext, mailbox.uidNext), view.highestModSeq,
                                                         std::move(view.uids), firstRecent, view.firstUnseen,
                                                         view.keywords, need.readOnly, found.rights,
                                                         bool(found.reader),
                                                         found.isOwn ? mailbox.specialUse : QByteArray(),
                                                         found.hasChildren}));
            if (!found.isOwn)
                self.lookAtRights(); // they may have changed since
        });
    });
}

void ImapService::leaveMailbox()
{
    if (m_index)
        m_index->unwatch(self());
    m_index.reset();
    m_mailbox = {};
}

void ImapService::on(ImapSession &, NeedId, imap::CloseMailbox &) { leaveMailbox(); }

// Answered when it is known what there is: only then is what comes later news.
void ImapService::on(ImapSession &, NeedId id, imap::WatchMailboxes &)
{
    if (!std::exchange(m_isWatching, true))
        m_world.notices->watch(m_account, m_address);
    m_watchNeed = id;
    lookAtOthers();
}

void ImapService::on(ImapSession &session, NeedId, imap::UnwatchMailboxes &)
{
    const NeedId waiting = std::exchange(m_watchNeed, 0); // too much happened before the first look was done
    stopWatching();
    if (waiting)
        session.answer(waiting, imap::Answer(imap::Done{}));
}

// One look at a time: a look that was begun earlier may end later, and would bring back what was.
void ImapService::lookAtOthers()
{
    if (!m_isWatching)
        return;
    if (std::exchange(m_isLooking, true)) {
        m_looksAgain = true;
        return;
    }
    m_world.store->read<store::Listing>(
        [account = m_account](store::Connection &connection) { return store::Sharing::list(connection, account); },
        [to = m_address, account = m_account](const Result<store::Listing> &listing) {
            net::post(to, [account, listing](net::Session &late) {
                auto &bound = static_cast<ImapSession &>(late);
                bound.service().looked(bound, account, listing);
            });
        });
}

void ImapService::looked(ImapSession &session, AccountId account, const Result<store::Listing> &listing)
{
    m_isLooking = false;
    if (listing && account == m_account)
        othersCame(session, *listing);
    if (std::exchange(m_looksAgain, false) && m_isWatching)
        return lookAtOthers();
    if (const NeedId id = std::exchange(m_watchNeed, 0))
        session.answer(id, listing ? imap::Answer(imap::Done{}) : imap::Answer(imap::Failure{listing.error()}));
}

// What can be seen from now on was made for this session, and what can't is gone (RFC 5465 §5.4).
void ImapService::othersCame(ImapSession &session, const store::Listing &listing)
{
    using Kind = imap::Notice::Kind;
    if (!m_isWatching)
        return;
    NoticeBoard::Others others;
    for (const store::Reached &reached : listing.mailboxes) {
        if (reached.isOwn)
            continue;
        others.names.insert(reached.mailbox.id, reached.name);
        others.owners.insert(reached.mailbox.account);
    }
    auto &machine = static_cast<imap::ServerMachine &>(session.machine());
    const auto before = std::exchange(m_others, others.names);
    for (auto it = others.names.cbegin(); before && it != others.names.cend(); ++it) {
        const QString old = before->value(it.key());
        if (old.isEmpty())
            machine.noticed({.kind = Kind::Created, .name = *it});
        else if (old != *it)
            machine.noticed({.kind = Kind::Renamed, .name = *it, .oldName = old});
    }
    for (auto it = before ? before->cbegin() : others.names.cend(); before && it != before->cend(); ++it) {
        if (!others.names.contains(it.key()))
            machine.noticed({.kind = Kind::Removed, .name = *it});
    }
    m_world.notices->know(m_account, self(), std::move(others));
}

void ImapService::stopWatching()
{
    m_others.reset();
    m_watchNeed = 0;
    if (std::exchange(m_isWatching, false))
        m_world.notices->unwatch(m_account, self());
}

void ImapService::on(ImapSession &session, NeedId id, imap::ListVanished &need)
{
    if (!requireSelected(session, id))
        return;
    m_world.store->read<imap::Vanished>(
        [mailbox = m_mailbox, need](store::Connection &connection) -> Result<imap::Vanished> {
            auto uids = store::Mailboxes::vanished(connection, mailbox, need.uids, need.since);
            if (!uids)
                return std::unexpected(uids.error());
            return imap::Vanished{std::move(*uids)};
        },
        bring<imap::Vanished>(id));
}

void ImapService::on(ImapSession &, NeedId id, imap::StatusMailbox &need)
{
    m_world.store->read<imap::MailboxStatus>(
        [account = m_account, need](store::Connection &connection) -> Result<imap::MailboxStatus> {
            const auto found = store::Sharing::find(connection, account, need.name, right::Read);
            if (!found)
                return std::unexpected(found.error());
            const store::Mailbox *row = &found->mailbox;
            imap::MailboxStatus status{row->id, row->messages, 0, row->unseen, row->deleted, row->octets, row->uidNext,
                                       row->uidValidity, row->highestModSeq};
            if (row->firstRecent < row->uidNext) {
                const auto recent = store::Mailboxes::marks(connection, row->id, {{row->firstRecent, row->uidNext - 1}});
                status.recent = recent ? recent->marks.size() : 0;
            }
            if (found->reader) {
                const auto seen = store::OwnSeen::count(connection, row->id, found->reader);
                if (!seen)
                    return std::unexpected(seen.error());
                status.unseen = row->messages - *seen;
            }
            if (need.deletedSize && row->deleted > 0) {
                const auto octets = store::Mailboxes::deletedOctets(connection, row->id);
                if (!octets)
                    return std::unexpected(octets.error());
                status.deletedSize = *octets;
            }
            return status;
        },
        bring<imap::MailboxStatus>(id));
}

void ImapService::on(ImapSession &, NeedId id, imap::CreateMailbox &need)
{
    m_world.store->write<imap::Created>(
        [account = m_account, need, origin = self()](store::Transaction &transaction) -> Result<imap::Created> {
            const auto created = store::Sharing::create(transaction, account, need.name, need.specialUse);
            sign(transaction, origin);
            return created ? Result<imap::Created>({*created}) : std::unexpected(created.error());
        },
        bring<imap::Created>(id));
}

void ImapService::on(ImapSession &, NeedId id, imap::DeleteMailbox &need)
{
    m_world.store->write<imap::Done>(
        doneJob([account = m_account, need, by = m_user + u" (IMAP)"_s](store::Transaction &transaction) {
            return store::Sharing::remove(transaction, account, need.name, by);
        }, &ImapService::sign, self()),
        bring<imap::Done>(id));
}

void ImapService::on(ImapSession &, NeedId id, imap::RenameMailbox &need)
{
    // Of names alone: that INBOX is empty now is news to whoever has it selected, the session itself too (RFC 9051 §6.3.6).
    const auto signNames = [](store::Transaction &transaction, ConversationId origin) {
        for (NameChange &change : transaction.changes.names)
            change.origin = origin;
    };
    m_world.store->write<imap::Done>(doneJob([account = m_account, need](store::Transaction &transaction) {
                                         return store::Sharing::rename(transaction, account, need.from, need.to);
                                     }, signNames, self()),
                                     bring<imap::Done>(id));
}

void ImapService::on(ImapSession &, NeedId id, imap::SubscribeMailbox &need)
{
    m_world.store->write<imap::Done>(doneJob([account = m_account, need](store::Transaction &transaction) {
                                         return store::Mailboxes::subscribe(transaction, account, need.name,
                                                                            need.subscribe);
                                     }, &ImapService::sign, self()),
                                     bring<imap::Done>(id));
}

} // namespace posthorn::access
