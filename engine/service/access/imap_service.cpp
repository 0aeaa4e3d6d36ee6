#include "service/access/imap_service.h"

#include "platform/store/trace.h"
#include "platform/store/transaction.h"

#include <QDateTime>

namespace posthorn::access {

using namespace Qt::StringLiterals;

std::unique_ptr<net::Session> makeImapSession(World &world, const net::Peer &peer, bool tlsAvailable)
{
    const SettingsPointer settings = world.settings();
    imap::ServerConfig config;
    config.hostName = world.hostName;
    config.tlsAvailable = tlsAvailable;
    config.plaintextAllowed = peer.loopback && settings->flag("auth.plaintext_on_loopback"_L1);
    config.urlHosts = {peer.localAddress};
    config.submitUsers = settings->text("imap.submit_users"_L1).replace(u',', u' ').simplified().split(u' ', Qt::SkipEmptyParts);
    config.maxMessageSize = settings->number("smtp.max_message_size"_L1);
    config.messageLimit = settings->number("imap.message_limit"_L1);
    config.idlePatience = std::chrono::minutes(settings->number("imap.idle_minutes"_L1));
    return std::make_unique<ImapSession>(config, std::make_unique<ImapService>(world), "imap"_L1);
}

// "Why can't my phone get its mail" is answered by the trace.
static void traceFailure(World &world, QLatin1StringView protocol, const net::Peer &peer, const TlsFacts &tls,
                         const auth::Step &step)
{
    constexpr int mostWaiting = 1'000;
    if (world.failuresWaiting->load() >= mostWaiting)
        return;
    ++*world.failuresWaiting;
    const bool wrong = step.outcome == auth::Step::Outcome::Failure;
    store::TraceRow row{.at = QDateTime::currentMSecsSinceEpoch(), .step = store::Step::Denied, .client = peer.address,
                        .tls = tls.protocol, .user = step.user.left(320),
                        .text = u"%1 sign-in (%2) %3"_s.arg(QString(protocol).toUpper(), QString::fromLatin1(step.mechanism),
                                                            wrong ? u"refused: wrong user name or password"_s
                                                                  : u"not possible: the server had trouble"_s)};
    world.store->write<bool>(
        [row = std::move(row)](store::Transaction &transaction) -> Result<bool> {
            const auto added = store::Trace::add(transaction, row);
            return added ? Result<bool>(true) : std::unexpected(added.error());
        },
        [waiting = world.failuresWaiting](const Result<bool> &) { --*waiting; });
}

void noteSignIn(World &world, QLatin1StringView protocol, const net::Peer &peer, const TlsFacts &tls,
                const auth::Step &step)
{
    if (step.outcome == auth::Step::Outcome::Challenge)
        return;
    const bool good = step.outcome == auth::Step::Outcome::Success;
    ++(good ? world.counters->signIns : world.counters->signInFailures);
    Event event{good ? EventKind::SignedIn : EventKind::SignInFailed};
    event.with(EventField::Protocol, QString(protocol)).with(EventField::Client, peer.address)
        .with(EventField::User, step.user).with(EventField::Mechanism, step.mechanism)
        .with(EventField::Tls, tls.protocol);
    world.events->emitEvent(std::move(event));
    if (!good)
        traceFailure(world, protocol, peer, tls, step);
}

ImapService::ImapService(World &world) : m_world(world), m_sasl(*world.authenticator) {}

ImapService::~ImapService()
{
    stopWatching();
    leaveMailbox();
    m_append.reset();
}

void ImapService::attach(net::Address address, const net::Peer &peer)
{
    m_address = address;
    m_peer = peer;
    m_sasl.attach(address, peer);
}

void ImapService::handle(ImapSession &session, imap::Need need)
{
    std::visit([&](auto &what) { on(session, need.id, what); }, need.what);
}

void ImapService::closed()
{
    stopWatching();
    leaveMailbox();
    m_append.reset();
}

bool ImapService::tick(ImapSession &session, qint64 steadyMs)
{
    auto &machine = static_cast<imap::ServerMachine &>(session.machine());
    const quint64 mark = machine.workMark();
    if (mark == 0 || std::exchange(m_workMark, mark) != mark) {
        m_workSince = steadyMs;
    } else if (steadyMs - m_workSince >= m_world.settings()->number("imap.progress_seconds"_L1) * 1000) {
        m_workSince = steadyMs;
        machine.stillWorking(m_progress->done, m_progress->total);
        return true;
    }
    return false;
}

void ImapService::authenticated(const auth::Step &step)
{
    noteSignIn(m_world, "imap"_L1, m_peer, m_tls, step);
    if (step.outcome != auth::Step::Outcome::Success)
        return;
    m_account = step.account;
    m_user = step.user;
    prefetchInbox();
}

void ImapService::on(ImapSession &, NeedId, imap::Unauthenticate &)
{
    stopWatching();
    leaveMailbox();
    m_append.reset();
    m_account = {};
    m_user.clear();
}

// Who signs in mostly opens INBOX next: its marks are read meanwhile.
void ImapService::prefetchInbox()
{
    m_world.store->read<MailboxId>(
        [account = m_account](store::Connection &connection) -> Result<MailboxId> {
            const auto inbox = store::Mailboxes::find(connection, account, u"INBOX"_s);
            return inbox ? Result<MailboxId>(inbox->id) : std::unexpected(inbox.error());
        },
        [indexes = m_world.indexes](const Result<MailboxId> &inbox) {
            if (inbox)
                indexes->open(*inbox, [](const auto &) {});
        });
}

void ImapService::on(ImapSession &session, NeedId id, imap::SaslBegin &need)
{
    m_tls = session.tls();
    m_sasl.begin(id, need.mechanism, std::move(need.initialResponse), m_tls);
}

void ImapService::on(ImapSession &, NeedId id, imap::SaslContinue &need) { m_sasl.proceed(id, std::move(need.response)); }

void ImapService::on(ImapSession &, NeedId, imap::SaslCancel &) { m_sasl.cancel(); }

void ImapService::on(ImapSession &session, NeedId id, imap::VerifyPassword &need)
{
    m_tls = session.tls();
    m_sasl.verify(id, std::move(need.user), std::move(need.password), m_tls);
}

void ImapService::on(ImapSession &, NeedId, imap::ClientId &need)
{
    QStringList parts;
    for (const auto &[name, value] : need.fields)
        parts += QString::fromUtf8(name + '=' + value);
    Event event{EventKind::ClientIdentified};
    event.with(EventField::Client, m_peer.address).with(EventField::User, m_user)
        .with(EventField::Detail, parts.join(u", "_s).left(500));
    m_world.events->emitEvent(std::move(event));
}

void ImapService::on(ImapSession &, NeedId, imap::Refused &need)
{
    Event event{EventKind::CommandRefused};
    event.with(EventField::Protocol, u"imap"_s).with(EventField::Client, m_peer.address).with(EventField::User, m_user)
        .with(EventField::Reply, need.reply.trimmed()).with(EventField::Detail, need.line.left(320));
    m_world.events->emitEvent(std::move(event));
}

bool ImapService::requireSelected(ImapSession &session, NeedId id) const
{
    if (m_index)
        return true;
    session.answer(id, imap::Answer(imap::Failure{Error{ErrorKind::Invalid, u"No mailbox is selected"_s, {}, -1}}));
    return false;
}

} // namespace posthorn::access
