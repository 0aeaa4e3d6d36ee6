// APPEND: a message handed in by a client, in pieces.
#include "service/access/imap_service.h"

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

// All that the write job needs, by value.
struct Filing
{
    MailboxId mailbox;
    QString mailboxName;
    MessageId staged;
    int chunks = 0;
    store::Digest digest;
    QByteArray body;
    QList<QByteArray> flags;
    qint64 internalDate = 0;
    int internalDateOffset = 0;
    quint32 uidValidity = 0;
    QString user;
    QByteArray client, messageId;
    QString subject;
};

Result<imap::Appended> file(store::Transaction &transaction, const Filing &filing)
{
    const auto message = delivery::keepContent(transaction, filing.staged, filing.chunks, filing.digest, filing.body);
    if (!message)
        return std::unexpected(message.error());
    const auto flags = store::Mailboxes::flagsFromNames(transaction, filing.mailbox, filing.flags);
    if (!flags)
        return std::unexpected(flags.error());
    const auto mark = store::Mailboxes::add(transaction, filing.mailbox, *message, *flags, filing.internalDate,
                                            filing.internalDateOffset);
    if (!mark)
        return std::unexpected(mark.error());
    const auto traced = store::Trace::add(
        transaction, {.at = QDateTime::currentMSecsSinceEpoch(), .journey = delivery::newJourney(),
                      .step = store::Step::Submitted, .client = filing.client, .user = filing.user,
                      .messageId = filing.messageId, .subject = filing.subject, .size = filing.digest.size,
                      .mailbox = filing.mailbox.value, .uid = mark->uid, .message = message->value,
                      .text = filing.mailboxName});
    if (!traced)
        return std::unexpected(traced.error());
    return imap::Appended{filing.uidValidity, mark->uid};
}

} // namespace

void ImapService::on(ImapSession &, NeedId id, imap::AppendBegin &need)
{
    dropAppend();
    const auto account = m_world.directory->snapshot()->account(m_account);
    const bool hasRoom = account && account->hasRoomFor(need.size);
    m_world.store->read<store::Mailbox>(
        [account = m_account, name = need.name](store::Connection &connection) {
            return store::Mailboxes::find(connection, account, name);
        },
        [to = m_address, id, need, hasRoom](const Result<store::Mailbox> &mailbox) {
            net::post(to, [id, need, mailbox, hasRoom](net::Session &late) {
                auto &bound = static_cast<ImapSession &>(late);
                ImapService &self = bound.service();
                if (!mailbox) {
                    bound.answer(id, imap::Answer(imap::Failure{mailbox.error()}));
                } else if (!hasRoom) {
                    bound.answer(id, imap::Answer(imap::Failure{Error{ErrorKind::OverQuota, u"Over quota"_s, {}, -1}}));
                } else if (!self.m_world.store->isAccepting()) {
                    bound.answer(id, imap::Answer(imap::Failure{
                                         Error{ErrorKind::Unavailable, u"The store is short of space"_s, {}, -1}}));
                } else {
                    self.m_append.emplace(Append{*mailbox, need, std::make_unique<delivery::Collector>(nullptr),
                                                 ++self.m_appends});
                    bound.answer(id, imap::Answer(imap::Done{}));
                }
            });
        });
}

void ImapService::on(ImapSession &session, NeedId id, imap::AppendContent &need)
{
    const auto refuse = [&](ErrorKind kind, const QString &text) {
        session.answer(id, imap::Answer(imap::Failure{Error{kind, text, {}, -1}}));
    };
    if (!m_append)
        return refuse(ErrorKind::Invalid, u"No message is being appended"_s);
    m_append->collector->add(need.bytes);
    if (m_append->collector->headerTooLarge())
        return refuse(ErrorKind::TooLarge, u"The message header is too large"_s);
    if (m_append->collector->chunkReady())
        stageChunk(id);
    else
        session.answer(id, imap::Answer(imap::Done{}));
}

void ImapService::stageChunk(NeedId id)
{
    delivery::Collector &collector = *m_append->collector;
    const MessageId staged = collector.staged;
    const int sequence = collector.sequence;
    const QByteArray chunk = collector.takeChunk();
    m_world.store->write<MessageId>(
        [staged, sequence, chunk](store::Transaction &transaction) {
            return delivery::stageChunk(transaction, staged, sequence, chunk);
        },
        [to = m_address, id, number = m_append->number](const Result<MessageId> &result) {
            net::post(to, [id, result, number](net::Session &late) {
                auto &bound = static_cast<ImapSession &>(late);
                auto &append = bound.service().m_append;
                if (result && append && append->number == number)
                    append->collector->staged = *result;
                bound.answer(id, result ? imap::Answer(imap::Done{}) : imap::Answer(imap::Failure{result.error()}));
            });
        },
        chunk.size());
}

void ImapService::on(ImapSession &session, NeedId id, imap::AppendEnd &)
{
    if (!m_append) {
        session.answer(id, imap::Answer(imap::Failure{Error{ErrorKind::Invalid, u"Nothing to append"_s, {}, -1}}));
        return;
    }
    delivery::Collector &collector = *m_append->collector;
    const message::Structure structure = collector.finish();
    Filing filing{m_append->mailbox.id, m_append->mailbox.name, collector.staged, collector.sequence,
                  delivery::digestOf(structure), collector.takeBody(), m_append->begin.flags,
                  m_append->begin.internalDate.value_or(QDateTime::currentMSecsSinceEpoch()),
                  m_append->begin.internalDateOffset, m_append->mailbox.uidValidity, m_user, m_peer.address,
                  structure.envelope.messageId, message::decodeHeader(structure.envelope.subject).left(200)};
    filing.digest.header = collector.header();
    m_append.reset();
    const qint64 octets = filing.body.size() + filing.digest.header.size();
    m_world.store->write<imap::Appended>(
        [filing = std::move(filing)](store::Transaction &transaction) { return file(transaction, filing); },
        bring<imap::Appended>(id), octets);
}

void ImapService::on(ImapSession &, NeedId, imap::AppendCancel &) { dropAppend(); }

void ImapService::dropAppend()
{
    if (m_append)
        delivery::dropStaged(*m_world.store, m_append->collector->staged);
    m_append.reset();
}

} // namespace posthorn::access
