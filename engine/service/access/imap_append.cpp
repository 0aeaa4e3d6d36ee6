// APPEND and REPLACE: messages handed in by a client, in pieces.
#include "service/access/imap_service.h"

#include "language/imap/output.h"
#include "language/message/encoded_word.h"
#include "platform/store/messages.h"
#include "platform/store/trace.h"
#include "platform/store/transaction.h"
#include "service/delivery/delivery.h"
#include "service/delivery/staging.h"

#include <QDateTime>

namespace posthorn::access {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 heldOctets = 1024 * 1024; // of whole messages that wait for the others of their APPEND
constexpr qsizetype maxBatch = 1'000;      // messages of one APPEND

// The flags that may be set there (RFC 4314 §4).
QList<QByteArray> allowed(QList<QByteArray> names, Rights rights)
{
    names.removeIf([rights](const QByteArray &name) {
        const bool isSeen = name.compare("\\Seen", Qt::CaseInsensitive) == 0;
        const bool isDeleted = name.compare("\\Deleted", Qt::CaseInsensitive) == 0;
        return !(rights & (isSeen ? right::KeepSeen : isDeleted ? right::DeleteMessages : right::Write));
    });
    return names;
}

Result<Uid> file(store::Transaction &transaction, const Batch &batch, const Filing &filing, const store::Reached &target)
{
    const auto message = delivery::keepContent(transaction, filing.staged.get(), filing.chunks, filing.digest, filing.body);
    if (!message)
        return std::unexpected(message.error());
    const auto flags = store::Mailboxes::flagsFromNames(transaction, batch.mailbox, allowed(filing.flags, target.rights));
    if (!flags)
        return std::unexpected(flags.error());
    const auto mark = store::Mailboxes::add(transaction, batch.mailbox, *message, target.reader ? *flags & ~flag::Seen : *flags, filing.internalDate,
                                            filing.internalDateOffset);
    if (!mark)
        return std::unexpected(mark.error());
    if (target.reader && (*flags & flag::Seen)) {
        const auto seen = store::Mailboxes::setFlags(transaction, batch.mailbox, {{mark->uid, mark->uid}},
                                                     store::FlagAction::Add, {"\\Seen"}, {}, target.hand());
        if (!seen)
            return std::unexpected(seen.error());
    }
    const auto traced = store::Trace::add(
        transaction, {.at = QDateTime::currentMSecsSinceEpoch(), .journey = delivery::newJourney(),
                      .step = store::Step::Submitted, .client = batch.client, .user = batch.user,
                      .messageId = filing.messageId, .subject = filing.subject, .size = filing.digest.size,
                      .mailbox = batch.mailbox.value, .uid = mark->uid, .message = message->value,
                      .text = batch.mailboxName});
    if (!traced)
        return std::unexpected(traced.error());
    return mark->uid;
}

Result<imap::Appended> fileAll(store::Transaction &transaction, const Batch &batch)
{
    const auto target = store::Sharing::get(transaction, batch.account, batch.mailbox, right::Insert);
    if (!target)
        return std::unexpected(target.error());
    imap::Appended appended{batch.uidValidity, {}};
    for (const Filing &filing : batch.messages) {
        const auto uid = file(transaction, batch, filing, *target);
        if (!uid)
            return std::unexpected(uid.error());
        imap::addUid(appended.uids, *uid);
    }
    if (batch.replaces > 0) {
        const Rights taking = right::DeleteMessages | right::Expunge;
        if (const auto from = store::Sharing::get(transaction, batch.account, batch.selected, taking); !from)
            return fail(ErrorKind::Denied, {});
        const auto gone = store::Mailboxes::expunge(transaction, batch.selected, {{batch.replaces, batch.replaces}}, true,
                                                    batch.user + u" (IMAP)"_s);
        if (!gone)
            return std::unexpected(gone.error());
        if (gone->isEmpty())
            return fail(ErrorKind::Invalid, u"The message to be replaced is gone"_s);
    }
    return appended;
}

} // namespace

void ImapService::on(ImapSession &, NeedId id, imap::AppendBegin &need)
{
    m_append.reset();
    m_world.store->read<store::Reached>(
        [account = m_account, name = need.name](store::Connection &connection) {
            return store::Sharing::find(connection, account, name, right::Insert);
        },
        [to = m_address, id, need](const Result<store::Reached> &target) {
            net::post(to, [id, need, target](net::Session &late) {
                auto &bound = static_cast<ImapSession &>(late);
                ImapService &self = bound.service();
                if (!target)
                    return bound.answer(id, imap::Answer(imap::Failure{target.error()}));
                self.m_append.emplace();
                self.m_append->target = *target;
                self.m_append->number = ++self.m_appends;
                self.beginMessage(bound, id, need.options);
            });
        });
}

// Of the APPEND under way, if there is room for it.
void ImapService::beginMessage(ImapSession &session, NeedId id, const imap::AppendOptions &options)
{
    const auto account = m_world.directory->snapshot()->account(m_append->target.mailbox.account);
    if (!account || !account->hasRoomFor(m_append->octets + options.size, m_append->messages.size() + 1)) {
        session.answer(id, imap::Answer(imap::Failure{Error{ErrorKind::OverQuota, u"Over quota"_s, {}, -1}}));
    } else if (const store::Health health = m_world.store->health(); health != store::Health::Good) {
        session.answer(id, imap::Answer(imap::Failure{Error{ErrorKind::Unavailable, store::textOf(health), {}, -1}}));
    } else {
        m_append->options = options;
        m_append->octets += options.size;
        m_append->unannounced = options.size;
        m_append->collector = std::make_unique<delivery::Collector>(nullptr);
        session.answer(id, imap::Answer(imap::Done{}));
    }
}

void ImapService::on(ImapSession &session, NeedId id, imap::AppendContent &need)
{
    const auto refuse = [&](ErrorKind kind, const QString &text) {
        session.answer(id, imap::Answer(imap::Failure{Error{kind, text, {}, -1}}));
    };
    if (!m_append || !m_append->collector)
        return refuse(ErrorKind::Invalid, u"No message is being appended"_s);
    if (!takeOctets(need.bytes.size()))
        return refuse(ErrorKind::OverQuota, u"Over quota"_s);
    m_append->collector->add(need.bytes);
    if (m_append->collector->headerTooLarge())
        return refuse(ErrorKind::TooLarge, u"The message header is too large"_s);
    if (m_append->collector->chunkReady())
        stageChunk(id);
    else
        session.answer(id, imap::Answer(imap::Done{}));
}

// Octets whose number was not said before (CATENATE) need room as well.
bool ImapService::takeOctets(qint64 octets)
{
    const qint64 expected = std::min(octets, m_append->unannounced);
    m_append->unannounced -= expected;
    if (octets == expected)
        return true;
    m_append->octets += octets - expected;
    const auto account = m_world.directory->snapshot()->account(m_append->target.mailbox.account);
    return account && account->hasRoomFor(m_append->octets, m_append->messages.size() + 1);
}

void ImapService::stageChunk(NeedId id)
{
    delivery::Collector &collector = *m_append->collector;
    const int sequence = collector.sequence;
    delivery::stageChunk(*m_world.store, collector.staged, sequence, collector.takeChunk(),
                         [to = m_address, id](const Result<void> &staged) {
                             ImapSession::answerLater(to, id, staged ? imap::Answer(imap::Done{})
                                                                     : imap::Answer(imap::Failure{staged.error()}));
                         });
}

// The message under way is whole.
void ImapService::finishMessage()
{
    delivery::Collector &collector = *m_append->collector;
    const message::Structure structure = collector.finish();
    Filing filing{.staged = collector.staged,
                  .chunks = collector.sequence,
                  .digest = delivery::digestOf(structure),
                  .body = collector.takeBody(),
                  .flags = m_append->options.flags,
                  .internalDate = m_append->options.internalDate.value_or(QDateTime::currentMSecsSinceEpoch()),
                  .internalDateOffset = m_append->options.internalDateOffset,
                  .messageId = structure.envelope.messageId,
                  .subject = message::decodeHeader(structure.envelope.subject).left(200)};
    filing.digest.header = collector.header();
    m_append->collector.reset();
    m_append->held += filing.body.size() + filing.digest.header.size();
    m_append->messages += std::move(filing);
}

void ImapService::on(ImapSession &session, NeedId id, imap::AppendNext &need)
{
    if (!m_append || !m_append->collector || m_append->messages.size() + 1 >= maxBatch) {
        session.answer(id, imap::Answer(imap::Failure{Error{ErrorKind::TooLarge, u"Too many messages"_s, {}, -1}}));
        return;
    }
    finishMessage();
    const Filing &last = m_append->messages.constLast();
    if (m_append->held > heldOctets && !last.body.isEmpty())
        stageRest(id, need.options);
    else
        beginMessage(session, id, need.options);
}

// Puts the last whole message into the store, unfinished, so that many of them don't fill the memory.
void ImapService::stageRest(NeedId id, const imap::AppendOptions &next)
{
    Filing &last = m_append->messages.last();
    const auto staged = [to = m_address, id, next, number = m_append->number](const Result<void> &result) {
        net::post(to, [id, next, result, number](net::Session &late) {
            auto &bound = static_cast<ImapSession &>(late);
            ImapService &self = bound.service();
            if (!self.m_append || self.m_append->number != number)
                return;
            if (!result)
                return bound.answer(id, imap::Answer(imap::Failure{result.error()}));
            Filing &filing = self.m_append->messages.last();
            self.m_append->held -= filing.body.size();
            ++filing.chunks;
            filing.body.clear();
            self.beginMessage(bound, id, next);
        });
    };
    delivery::stageChunk(*m_world.store, last.staged, last.chunks, last.body, staged);
}

void ImapService::on(ImapSession &session, NeedId id, imap::AppendEnd &need)
{
    if (!m_append || !m_append->collector) {
        session.answer(id, imap::Answer(imap::Failure{Error{ErrorKind::Invalid, u"Nothing to append"_s, {}, -1}}));
        return;
    }
    finishMessage();
    Batch batch{.account = m_account,
                .mailbox = m_append->target.mailbox.id,
                .mailboxName = m_append->target.name,
                .uidValidity = m_append->target.mailbox.uidValidity,
                .messages = std::move(m_append->messages),
                .selected = m_mailbox,
                .replaces = need.replaces,
                .user = m_user,
                .client = m_peer.address};
    const qint64 octets = m_append->held;
    m_append.reset();
    const auto whole = std::make_shared<const Batch>(std::move(batch));
    m_world.store->write<imap::Appended>(
        [whole, origin = self()](store::Transaction &transaction) {
            auto filed = fileAll(transaction, *whole);
            for (MailboxChange &change : transaction.changes.mailboxes) {
                if (change.expunged.isEmpty()) // what REPLACE takes away is told as others' doings are
                    change.origin = origin;
            }
            return filed;
        },
        [whole, answer = bring<imap::Appended>(id)](Result<imap::Appended> appended) {
            for (const Filing &filing : whole->messages) {
                if (appended && filing.staged)
                    filing.staged->becameMessage();
            }
            answer(std::move(appended));
        },
        octets);
}

void ImapService::on(ImapSession &, NeedId, imap::AppendCancel &) { m_append.reset(); }

} // namespace posthorn::access
