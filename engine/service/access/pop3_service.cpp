#include "service/access/pop3_service.h"

#include "platform/store/messages.h"
#include "platform/store/transaction.h"

#include <QDateTime>

#include <algorithm>
#include <limits>

namespace posthorn::access {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 pieceOctets = 128 * 1024;
constexpr qint64 dayMs = 24ll * 60 * 60 * 1000;

// Set on a message that a POP3 client deleted while the account keeps its mail for some days: POP3 no longer shows it.
const QByteArray takenKeyword = "$POP3Taken"_ba;

// The bit of that keyword in a mailbox, or 0 when it was never used there.
Flags takenFlag(const store::Mailbox &mailbox)
{
    const qsizetype bit = mailbox.keywords.indexOf(takenKeyword);
    return bit < 0 ? 0 : Flags(1) << (flag::firstKeywordBit + bit);
}

// Removes what POP3 clients deleted and the account has kept long enough.
Result<pop3::Done> removeOld(store::Transaction &transaction, MailboxId id, qint64 before, const QString &by)
{
    const auto mailbox = store::Mailboxes::get(transaction, id);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    const auto marks = store::Mailboxes::marks(transaction, id);
    if (!marks)
        return std::unexpected(marks.error());
    QList<UidRange> taken, old;
    for (const MessageMark &mark : marks->marks) {
        if (mark.flags & takenFlag(*mailbox))
            taken += UidRange{mark.uid, mark.uid};
    }
    if (taken.isEmpty())
        return pop3::Done{};
    Uid next = 0;
    const auto rows = store::Messages::rows(transaction, id, taken, {}, std::numeric_limits<qint64>::max(), &next);
    if (!rows)
        return std::unexpected(rows.error());
    for (const store::StoredRow &row : *rows) {
        if (row.internalDate < before)
            old += UidRange{row.uid, row.uid};
    }
    if (!old.isEmpty()) {
        const auto gone = store::Mailboxes::expunge(transaction, id, old, true, by);
        if (!gone)
            return std::unexpected(gone.error());
    }
    return pop3::Done{};
}

} // namespace

std::unique_ptr<net::Session> makePop3Session(World &world, const net::Peer &peer, bool tlsAvailable)
{
    const SettingsPointer settings = world.settings();
    pop3::ServerConfig config;
    config.hostName = world.hostName;
    config.tlsAvailable = tlsAvailable;
    config.plaintextAllowed = peer.loopback && settings->flag("auth.plaintext_on_loopback"_L1);
    config.idlePatience = std::chrono::minutes(settings->number("pop3.idle_minutes"_L1));
    return std::make_unique<Pop3Session>(config, std::make_unique<Pop3Service>(world), "pop3"_L1);
}

Pop3Service::Pop3Service(World &world) : m_world(world), m_sasl(*world.authenticator) {}

Pop3Service::~Pop3Service() { release(); }

void Pop3Service::attach(net::Address address, const net::Peer &peer)
{
    m_address = address;
    m_peer = peer;
    m_sasl.attach(address, peer);
}

void Pop3Service::handle(Pop3Session &session, pop3::Need need)
{
    std::visit([&](auto &what) { on(session, need.id, what); }, need.what);
}

void Pop3Service::closed() { release(); }

void Pop3Service::release()
{
    if (std::exchange(m_locked, false))
        m_world.drops->release(m_account);
    m_drop = {};
}

void Pop3Service::authenticated(const auth::Step &step)
{
    noteSignIn(m_world, "pop3"_L1, m_peer, m_tls, step);
    if (step.outcome != auth::Step::Outcome::Success)
        return;
    m_account = step.account;
    m_user = step.user;
    if (const auto account = m_world.directory->snapshot()->account(m_account))
        m_keepDays = account->pop3KeepDays;
}

void Pop3Service::on(Pop3Session &session, NeedId id, pop3::SaslBegin &need)
{
    m_tls = session.tls();
    m_sasl.begin(id, need.mechanism, std::move(need.initialResponse), m_tls);
}

void Pop3Service::on(Pop3Session &, NeedId id, pop3::SaslContinue &need) { m_sasl.proceed(id, std::move(need.response)); }

void Pop3Service::on(Pop3Session &, NeedId, pop3::SaslCancel &) { m_sasl.cancel(); }

void Pop3Service::on(Pop3Session &session, NeedId id, pop3::VerifyPassword &need)
{
    m_tls = session.tls();
    m_sasl.verify(id, std::move(need.user), std::move(need.password), m_tls);
}

Result<Pop3Service::Opened> Pop3Service::openDrop(store::Connection &connection, AccountId account)
{
    auto mailbox = store::Mailboxes::find(connection, account, u"INBOX"_s);
    if (!mailbox)
        return std::unexpected(mailbox.error());
    const auto marks = store::Mailboxes::marks(connection, mailbox->id);
    if (!marks)
        return std::unexpected(marks.error());
    const Flags taken = takenFlag(*mailbox);
    Opened drop{std::move(*mailbox), {}};
    drop.messages.reserve(marks->marks.size());
    for (const MessageMark &mark : marks->marks) {
        if (!(mark.flags & taken))
            drop.messages += Held{mark.uid, mark.message, mark.size, 0};
    }
    return drop;
}

void Pop3Service::on(Pop3Session &session, NeedId id, pop3::OpenDrop &)
{
    const bool shared = m_world.settings()->flag("pop3.shared_drops"_L1);
    if (!shared && !m_world.drops->take(m_account)) {
        session.answer(id, pop3::Answer(pop3::Failure{
                               Error{ErrorKind::Denied, u"The maildrop is in use by another session"_s, {}, -1}}));
        return;
    }
    m_locked = !shared;
    m_world.store->read<Opened>([account = m_account](store::Connection &connection) { return openDrop(connection, account); },
                                [to = m_address, id](Result<Opened> drop) {
                                    net::post(to, [id, drop = std::move(drop)](net::Session &late) {
                                        auto &bound = static_cast<Pop3Session &>(late);
                                        bound.service().opened(bound, id, drop);
                                    });
                                });
}

void Pop3Service::opened(Pop3Session &session, NeedId id, Result<Opened> drop)
{
    if (!drop) {
        release();
        session.answer(id, pop3::Answer(pop3::Failure{drop.error()}));
        return;
    }
    m_drop = std::move(*drop);
    pop3::Drop listing;
    listing.messages.reserve(m_drop.messages.size());
    const QByteArray validity = QByteArray::number(m_drop.mailbox.uidValidity) + '.';
    for (const Held &held : std::as_const(m_drop.messages))
        listing.messages += pop3::DropMessage{held.size, validity + QByteArray::number(held.uid)};
    session.answer(id, pop3::Answer(std::move(listing)));
}

void Pop3Service::on(Pop3Session &session, NeedId id, pop3::ReadMessage &need)
{
    if (need.index < 0 || need.index >= m_drop.messages.size()) {
        session.answer(id, pop3::Answer(pop3::Failure{Error{ErrorKind::NotFound, u"No such message"_s, {}, -1}}));
        return;
    }
    const Held held = m_drop.messages.at(need.index);
    m_world.store->read<pop3::Piece>(
        [held, offset = need.offset](store::Connection &connection) -> Result<pop3::Piece> {
            auto bytes = store::Messages::read(connection, held.message, offset, pieceOctets);
            if (!bytes)
                return std::unexpected(bytes.error());
            const bool last = offset + bytes->size() >= held.size || bytes->isEmpty();
            return pop3::Piece{std::move(*bytes), last};
        },
        [to = m_address, id](Result<pop3::Piece> piece) {
            Pop3Session::answerLater(to, id, piece ? pop3::Answer(std::move(*piece))
                                                   : pop3::Answer(pop3::Failure{piece.error()}));
        });
}

QList<UidRange> Pop3Service::rangesOf(const QList<qsizetype> &indexes) const
{
    QList<qsizetype> ascending = indexes;
    std::sort(ascending.begin(), ascending.end());
    QList<UidRange> ranges;
    for (const qsizetype index : std::as_const(ascending)) {
        const Uid uid = m_drop.messages.at(index).uid;
        if (!ranges.isEmpty() && ranges.back().last + 1 == uid)
            ranges.back().last = uid;
        else
            ranges += {uid, uid};
    }
    return ranges;
}

void Pop3Service::on(Pop3Session &session, NeedId id, pop3::Update &need)
{
    if (need.deleted.isEmpty() && m_keepDays == 0) {
        release();
        session.answer(id, pop3::Answer(pop3::Done{}));
        return;
    }
    const QList<UidRange> ranges = rangesOf(need.deleted);
    m_world.store->write<pop3::Done>(
        [mailbox = m_drop.mailbox.id, ranges, keepDays = m_keepDays,
         by = m_user + u" (POP3)"_s](store::Transaction &transaction) -> Result<pop3::Done> {
            if (keepDays == 0) {
                const auto gone = store::Mailboxes::expunge(transaction, mailbox, ranges, true, by);
                return gone ? Result<pop3::Done>(pop3::Done{}) : std::unexpected(gone.error());
            }
            if (!ranges.isEmpty()) {
                const auto taken = store::Mailboxes::setFlags(transaction, mailbox, ranges, store::FlagAction::Add,
                                                              {takenKeyword});
                if (!taken)
                    return std::unexpected(taken.error());
            }
            return removeOld(transaction, mailbox, QDateTime::currentMSecsSinceEpoch() - keepDays * dayMs, by);
        },
        [to = m_address, id](const Result<pop3::Done> &result) {
            net::post(to, [id, result](net::Session &late) {
                auto &bound = static_cast<Pop3Session &>(late);
                bound.service().release();
                bound.answer(id, result ? pop3::Answer(pop3::Done{}) : pop3::Answer(pop3::Failure{result.error()}));
            });
        });
}

void Pop3Service::on(Pop3Session &, NeedId, pop3::CloseDrop &) { release(); }

void Pop3Service::on(Pop3Session &, NeedId, pop3::Refused &need)
{
    Event event{EventKind::CommandRefused};
    event.with(EventField::Protocol, u"pop3"_s).with(EventField::Client, m_peer.address).with(EventField::User, m_user)
        .with(EventField::Reply, need.reply.trimmed()).with(EventField::Detail, need.line.left(320));
    m_world.events->emitEvent(std::move(event));
}

} // namespace posthorn::access
