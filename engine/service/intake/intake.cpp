#include "service/intake/intake.h"

#include "language/message/encoded_word.h"
#include "policy/trust/batv.h"
#include "policy/trust/srs.h"
#include "service/delivery/staging.h"
#include "service/intake/stamp.h"

#include <QDateTime>

#include <utility>

namespace posthorn::intake {

using namespace Qt::StringLiterals;
using smtp::Judgement;
using smtp::Reply;

namespace {

smtp::ServerConfig configFor(const World &world, const SettingsSnapshot &settings, smtp::Role role,
                             const net::Peer &peer, bool tlsAvailable, bool trusted)
{
    smtp::ServerConfig config;
    const bool submission = role == smtp::Role::Submission;
    config.hostName = world.hostName;
    config.role = role;
    config.tlsAvailable = tlsAvailable;
    config.authOffered = submission;
    config.authRequired = submission && !trusted;
    config.plaintextAllowed = peer.loopback && settings.flag("auth.plaintext_on_loopback"_L1);
    const auto bareKey = submission ? "submission.bare_line_ends"_L1 : "smtp.bare_line_ends"_L1;
    config.bareLineEnd = settings.text(bareKey) == "normalize"_L1 ? smtp::BareLineEnd::Normalize
                                                                  : smtp::BareLineEnd::Refuse;
    config.burl = submission;
    config.maxMessageSize = settings.number("smtp.max_message_size"_L1);
    config.maxRecipients = int(settings.number("smtp.max_recipients"_L1));
    return config;
}

// Want of space has a code of its own (RFC 5321 §4.2.2, RFC 3463 §3.4); the rest is trouble here.
Reply notTaken(store::Health health)
{
    if (health == store::Health::LowSpace || health == store::Health::Full)
        return {452, "4.3.1", "Insufficient system storage, please try again later"};
    return smtp::replyFor({ErrorKind::Unavailable, store::textOf(health) + u", please try again later"_s, {}, -1});
}

} // namespace

std::unique_ptr<net::Session> makeSession(World &world, smtp::Role role, const net::Peer &peer, bool tlsAvailable)
{
    const SettingsPointer settings = world.settings();
    const QString trusted = settings->text("smtp.trusted_networks"_L1);
    const bool isTrusted = !trusted.isEmpty() && inNetworks(trusted, peer.address);
    return std::make_unique<Session>(
        configFor(world, *settings, role, peer, tlsAvailable, isTrusted),
        std::make_unique<Service>(world, role, settings),
        role == smtp::Role::Submission ? "submission"_L1 : "smtp"_L1);
}

Service::Service(World &world, smtp::Role role, SettingsPointer settings)
    : m_world(world), m_role(role), m_settings(std::move(settings)), m_sasl(*world.authenticator),
      m_pipeline(world.checks)
{
    m_facts.submission = role == smtp::Role::Submission;
    m_facts.maxHops = int(m_settings->number("smtp.max_hops"_L1));
}

Service::~Service() { reset(); }

void Service::attach(net::Address address, const net::Peer &peer)
{
    m_address = address;
    m_peer = peer;
    m_facts.client = peer.address;
    const QString trusted = m_settings->text("smtp.trusted_networks"_L1);
    m_trusted = m_facts.trusted = !trusted.isEmpty() && inNetworks(trusted, peer.address);
    m_sasl.attach(address, peer);
}

void Service::handle(Session &session, smtp::Need need)
{
    std::visit([&](auto &what) { on(session, need.id, what); }, need.what);
}

void Service::closed() { reset(); }

void Service::authenticated(const auth::Step &step)
{
    if (step.outcome == auth::Step::Outcome::Success) {
        m_facts.user = step.user;
        ++m_world.counters->signIns;
    }
}

void Service::on(Session &session, NeedId id, smtp::Welcome &)
{
    m_pipeline.run(filter::Connection, m_facts, nullptr, [&session, id](const filter::Verdict &verdict) {
        session.answer(id, Judgement{verdict.stops() ? verdict.reply : Reply{220, {}, {}}, verdict.stops()});
    });
}

void Service::on(Session &session, NeedId, smtp::Hello &need)
{
    m_facts.helo = need.name;
    m_extended = need.extended;
    m_tls = session.tls();
    m_facts.tls = m_tls.protocol;
}

void Service::on(Session &session, NeedId id, smtp::SaslBegin &need)
{
    m_sasl.begin(id, need.mechanism, std::move(need.initialResponse), session.tls());
}

void Service::on(Session &, NeedId id, smtp::SaslContinue &need) { m_sasl.proceed(id, std::move(need.response)); }

void Service::on(Session &, NeedId, smtp::SaslCancel &) { m_sasl.cancel(); }

void Service::on(Session &session, NeedId id, smtp::JudgeSender &need)
{
    reset();
    m_facts.mail = need.mail;
    if (const store::Health health = m_world.store->health(); health != store::Health::Good) {
        session.answer(id, Judgement{notTaken(health)});
        return;
    }
    m_pipeline.run(filter::Sender, m_facts, nullptr, [this, &session, id](const filter::Verdict &verdict) {
        if (!verdict.stops())
            beginMail();
        session.answer(id, Judgement{verdict.stops() ? verdict.reply : Reply{250, "2.1.0", "Sender ok"}});
    });
}

void Service::beginMail()
{
    m_arrival = std::make_shared<delivery::Arrival>();
    m_arrival->journey = delivery::newJourney();
    m_arrival->client = m_facts.client + (m_facts.helo.isEmpty() ? QByteArray() : " (" + m_facts.helo + ')');
    m_arrival->tls = m_facts.tls;
    m_arrival->user = m_facts.user;
    m_arrival->sign = mayRelay();
    m_arrival->mail = m_facts.mail;
}

bool Service::mayRelay() const { return !m_facts.user.isEmpty() || m_trusted; }

Reply Service::fullReply() const
{
    return m_settings->text("quota.reply"_L1) == "temporary"_L1 ? Reply{452, "4.2.2", "Mailbox full, please try again later"}
                                                              : Reply{552, "5.2.2", "Mailbox full"};
}

Reply Service::judgeRoom(const delivery::Destination &destination) const
{
    const qint64 octets = m_facts.mail.size.value_or(1);
    for (const auto &account : destination.accounts) {
        if (!account->enabled)
            return {550, "5.2.1", "This account is disabled"};
        if (!account->hasRoomFor(octets))
            return fullReply();
    }
    return {250, "2.1.5", "Recipient ok"};
}

// With tags (BATV), mail that is really ours comes back to a tagged address.
bool Service::isForgedBounce(const smtp::Address &address, const delivery::Destination &destination) const
{
    return m_facts.mail.reversePath.isNull() && !mayRelay() && m_settings->text("bounce.tags"_L1) == "refuse"_L1
           && destination.localDomain && !trust::isBatv(address.localPart) && !trust::isSrs(address.localPart)
           && address.localPart.compare("postmaster", Qt::CaseInsensitive) != 0;
}

// Said at once and to the one who types: a report would come after the mail program has forgotten.
std::optional<Reply> Service::judgeFailed(const delivery::Destination &destination) const
{
    if (!mayRelay() || !m_settings->flag("suppression.enabled"_L1))
        return std::nullopt;
    for (const delivery::Onward &onward : destination.elsewhere) {
        const auto listed = onward.via.isEmpty() ? m_world.directory->suppression(onward.address) : std::nullopt;
        if (listed) {
            const auto since = QDateTime::fromMSecsSinceEpoch(listed->since).toString(u"yyyy-MM-dd"_s);
            return Reply{550, "5.1.1", u"This address failed on %1 and is not tried again (%2); if it is right, ask your administrator"_s
                                           .arg(since, listed->reply.isEmpty() ? listed->reason : listed->reply).toUtf8()};
        }
    }
    return std::nullopt;
}

Reply Service::judgeRecipient(const smtp::RcptCommand &rcpt)
{
    smtp::Address address = rcpt.forwardPath;
    // postmaster@[our address] and the like: the literal of the address they reached us at is our first domain.
    const QByteArray ours = (m_peer.localAddress.contains(':') ? "[ipv6:" : "[") + m_peer.localAddress + ']';
    if (address.isLiteral() && address.domain.toLower() == ours.toLower())
        address.domain.clear();
    const auto directory = m_world.directory->snapshot();
    if (!address.domain.isEmpty() && !directory->isLocalDomain(address.domain) && !mayRelay())
        return {550, "5.7.1", "Relaying denied: sign in first, or send this elsewhere"};
    auto destination = directory->resolve(address);
    if (!destination)
        return {550, "5.1.1", destination.error().text.toUtf8()};
    if (isForgedBounce(address, *destination))
        return {550, "5.7.1", "Nobody here has sent the mail that this reports on"};
    if (const auto failed = judgeFailed(*destination))
        return *failed;
    const Reply reply = judgeRoom(*destination);
    if (reply.isPositive())
        m_arrival->recipients.emplaceBack(rcpt, std::move(*destination));
    return reply;
}

void Service::on(Session &session, NeedId id, smtp::JudgeRecipient &need)
{
    m_facts.recipients += need.rcpt;
    m_pipeline.run(filter::Recipient, m_facts, nullptr, [this, &session, id](const filter::Verdict &verdict) {
        const Reply reply = verdict.stops() ? verdict.reply : judgeRecipient(m_facts.recipients.back());
        if (!reply.isPositive()) {
            m_facts.recipients.removeLast();
            ++m_world.counters->recipientsRefused;
        }
        session.answer(id, Judgement{reply});
    });
}

void Service::on(Session &session, NeedId id, smtp::Content &need)
{
    if (!m_collector)
        beginContent();
    m_collector->add(need.bytes);
    if (m_collector->headerTooLarge()) {
        session.answer(id, Judgement{{552, "5.3.4", "The message header is too large"}});
    } else if (m_collector->chunkReady()) {
        stageChunk(id);
    } else {
        session.answer(id, Judgement{{250, {}, {}}});
    }
}

void Service::beginContent()
{
    m_arrival->at = QDateTime::currentMSecsSinceEpoch();
    m_collector = std::make_unique<delivery::Collector>([this](QByteArrayView header) { return prefixFor(header); });
}

QByteArray Service::prefixFor(QByteArrayView header) const
{
    StampFacts facts{m_facts.helo, m_facts.client, m_world.hostName, m_arrival->journey, {}, m_tls, {}, m_arrival->at,
                     QDateTime::fromMSecsSinceEpoch(m_arrival->at).offsetFromUtc() / 60};
    facts.with = withKeyword(m_extended, m_facts.mail.smtpUtf8, !m_tls.protocol.isEmpty(), !m_facts.user.isEmpty());
    if (m_arrival->recipients.size() == 1)
        facts.recipient = m_arrival->recipients.front().rcpt.forwardPath.toString();
    QByteArray prefix = returnPathField(m_facts.mail.reversePath) + receivedField(facts);
    if (m_facts.submission || m_trusted)
        prefix += submissionFields(header, facts);
    return prefix;
}

// A big message goes to the store while it arrives; the client waits for each chunk, so that memory stays bounded.
void Service::stageChunk(NeedId id)
{
    const int sequence = m_collector->sequence;
    delivery::stageChunk(*m_world.store, m_collector->staged, sequence, m_collector->takeChunk(),
                         [to = m_address, id](const Result<void> &staged) {
                             Session::answerLater(to, id, Judgement{staged ? Reply{250, {}, {}} : smtp::replyFor(staged.error())});
                         });
}

void Service::on(Session &session, NeedId id, smtp::EndOfMail &)
{
    if (!m_collector)
        beginContent(); // an empty message
    m_structure = m_collector->finish();
    m_pipeline.run(filter::Message, m_facts, &m_structure, [this, &session, id](const filter::Verdict &verdict) {
        messageJudged(session, id, verdict);
    });
}

void Service::messageJudged(Session &session, NeedId id, const filter::Verdict &verdict)
{
    if (verdict.stops()) {
        ++m_world.counters->messagesRefused;
        session.answer(id, Judgement{verdict.reply});
        m_collector.reset();
        m_arrival.reset();
        m_structure = {};
        return;
    }
    m_arrival->digest = delivery::digestOf(m_structure);
    m_arrival->digest.header = m_collector->header();
    m_arrival->body = m_collector->takeBody();
    m_arrival->staged = m_collector->staged;
    m_arrival->stagedChunks = m_collector->sequence;
    m_arrival->messageId = m_structure.envelope.messageId;
    m_arrival->subject = message::decodeHeader(m_structure.envelope.subject).left(200);
    m_arrival->judged = verdict.why;
    m_arrival->quiet = verdict.action >= filter::Action::Quarantine && !mayRelay();
    m_collector.reset();
    m_structure = {};
    m_world.delivery->deliver(std::exchange(m_arrival, nullptr),
                              [to = m_address, id](const Result<delivery::Receipt> &receipt) {
                                  net::post(to, [id, receipt](net::Session &late) {
                                      auto &bound = static_cast<Session &>(late);
                                      bound.service().delivered(bound, id, receipt);
                                  });
                              });
}

// What a message that was refused was about is known until the next one, for the trace.
void Service::delivered(Session &session, NeedId id, const Result<delivery::Receipt> &receipt)
{
    if (receipt) {
        forget();
        session.answer(id, Judgement{{250, "2.0.0", "Accepted"}});
        return;
    }
    const bool full = receipt.error().kind == ErrorKind::OverQuota;
    session.answer(id, Judgement{full ? fullReply() : smtp::replyFor(receipt.error())});
}

void Service::on(Session &, NeedId, smtp::AbortMail &) { reset(); }

void Service::reset()
{
    m_collector.reset();
    m_arrival.reset();
    m_structure = {};
    m_named.reset();
    forget();
}

void Service::forget()
{
    m_facts.mail = {};
    m_facts.recipients.clear();
}

void Service::on(Session &, NeedId, smtp::Refused &need) { m_world.refusals->add(m_facts, need); }

} // namespace posthorn::intake
