#include "service/relay/probe.h"

#include "service/relay/secrets.h"

namespace posthorn::relay {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype mostHops = 3;

QString text(const QByteArray &octets) { return QString::fromUtf8(octets); }

// "XOAUTH2", of "C: AUTH XOAUTH2 (secret)".
QString mechanismIn(const QByteArray &dialogue)
{
    const qsizetype at = dialogue.lastIndexOf("C: AUTH ");
    return at < 0 ? QString() : text(dialogue.sliced(at + 8).split('\n').first().split(' ').first());
}

} // namespace

// --- one connection --------------------------------------------------------------------------------------------

void ProbeService::handle(Session &session, smtp::ClientNeed need)
{
    std::visit([&](auto &what) { on(session, need.id, what); }, need.what);
}

void ProbeService::on(Session &session, NeedId id, smtp::NextMail &need)
{
    m_outcome.connected = true;
    m_outcome.tls = session.tls().protocol;
    m_outcome.dialogue = need.opening;
    session.answer(id, smtp::Leave{});
}

void ProbeService::on(Session &, NeedId id, smtp::DeriveKey &need)
{
    deriveKey(need, [to = m_address, id](const smtp::DerivedKey &key) { Session::answerLater(to, id, key); });
}

void ProbeService::on(Session &, NeedId id, smtp::FetchToken &need)
{
    m_board->wantToken(m_tokenCommand, need.refused, [to = m_address, id](const Result<QByteArray> &token) {
        Session::answerLater(to, id, tokenAnswer(token));
    });
}

void ProbeService::on(Session &session, NeedId, smtp::SessionFailed &need)
{
    if (!m_outcome.dialogue.isEmpty() || !m_outcome.failure.reply.text.isEmpty())
        return; // it failed before, or it is too late to matter
    m_outcome.connected = true;
    m_outcome.tls = session.tls().protocol;
    m_outcome.dialogue = need.dialogue;
    m_outcome.failure = {need.reply, need.fromServer, false, false, false, {}, need.dialogue};
    if (need.reply.text.isEmpty())
        m_outcome.failure.reply.text = "No reason given";
}

void ProbeService::failed(net::LinkStep step, const QString &why)
{
    const bool tls = step == net::LinkStep::Tls;
    m_outcome.connected = tls;
    m_outcome.failure = {{451, tls ? "4.7.5" : "4.4.1", why.toUtf8()}, false, tls, false, false, why, {}};
}

// --- all of it -------------------------------------------------------------------------------------------------

Probe::Probe(CarrierPointer carrier, Open open, Done done)
    : m_carrier(std::move(carrier)), m_open(std::move(open)), m_done(std::move(done))
{
}

void Probe::found(const Route &route)
{
    const QString name = text(m_carrier->host.address);
    if (route.hops.isEmpty()) {
        say(false, text(route.problem.text));
        finish(false);
        return;
    }
    QStringList addresses;
    for (const Hop &hop : route.hops)
        addresses += text(hop.address);
    if (addresses != QStringList{name})
        say(true, u"%1 has the address %2"_s.arg(name, addresses.join(u", "_s)));
    m_hops = route.hops.first(std::min(mostHops, route.hops.size()));
    m_hop = m_hops.takeFirst();
    m_open(m_hop);
}

void Probe::ended(const ProbeOutcome &outcome)
{
    const QString where = u"%1, port %2"_s.arg(text(m_hop.address)).arg(m_hop.port);
    if (!outcome.connected) {
        say(false, u"Connecting to %1 failed: %2"_s.arg(where, text(outcome.failure.reply.text)));
        if (m_hops.isEmpty()) {
            finish(false);
        } else {
            m_hop = m_hops.takeFirst();
            m_open(m_hop);
        }
        return;
    }
    say(true, u"Connected to %1"_s.arg(where));
    m_report.dialogue = outcome.dialogue;
    tellTls(outcome);
}

void Probe::tellTls(const ProbeOutcome &outcome)
{
    const LinkFailure &failure = outcome.failure;
    const bool checked = m_carrier->tls == TlsPolicy::Verify;
    if (failure.tls) {
        say(false, u"Encryption could not begin: %1"_s.arg(text(failure.reply.text)));
        finish(false);
        return;
    }
    if (!outcome.tls.isEmpty())
        say(true, checked ? u"Encrypted (%1), with a good certificate for %2"_s.arg(text(outcome.tls), text(m_hop.name))
                          : u"Encrypted (%1); the certificate was not checked"_s.arg(text(outcome.tls)));
    else if (failure.reply.text.isEmpty() || m_carrier->tls < TlsPolicy::Encrypt)
        say(true, u"Not encrypted"_s);
    tellSignIn(outcome);
}

void Probe::tellSignIn(const ProbeOutcome &outcome)
{
    const LinkFailure &failure = outcome.failure;
    const QString mechanism = mechanismIn(outcome.dialogue), user = text(m_carrier->user);
    const QString said = failure.fromServer ? text(failure.reply.toBytes()).simplified() : text(failure.reply.text);
    const bool good = failure.reply.text.isEmpty();
    if (good && user.isEmpty())
        say(true, u"The server takes mail without sign-in so far; no user name is given"_s);
    else if (good)
        say(true, u"Signed in as %1 (%2)"_s.arg(user, mechanism));
    else if (!mechanism.isEmpty())
        say(false, u"Signing in as %1 (%2) failed: %3"_s.arg(user, mechanism, said));
    else
        say(false, failure.fromServer ? u"The server refused: %1"_s.arg(said) : said);
    finish(good);
}

void Probe::finish(bool good)
{
    m_report.good = good;
    std::exchange(m_done, nullptr)(m_report);
}

} // namespace posthorn::relay
