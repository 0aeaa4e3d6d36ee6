#include "language/smtp/client_session.h"

#include "language/smtp/wire.h"

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

void ClientSession::start(bool tls)
{
    m_tls = tls;
    m_pending.push_back(Verb::Greeting);
}

void ClientSession::receive(QByteArrayView bytes)
{
    m_replies.add(bytes);
    while (m_state != ClientState::Over && m_state != ClientState::TlsWait) {
        const auto reply = m_replies.next();
        if (!reply)
            break;
        handle(*reply);
    }
    if (m_replies.isBroken() && m_state != ClientState::Over)
        failHere("4.5.0", "The server's answer is not SMTP");
}

void ClientSession::handle(const Reply &reply)
{
    (m_mail ? m_dialogue : m_opening).heard(reply.toBytes());
    if (m_pending.empty()) {
        handleUnasked(reply);
        return;
    }
    const Verb verb = m_pending.front();
    if (reply.code == 421 && verb != Verb::Quit) {
        fail(reply, true);
        return;
    }
    m_pending.pop_front();
    if (m_mail)
        m_mail->heard = true;
    clientCommand(verb).onReply(*this, reply);
    if (m_mail && m_state == ClientState::Sending)
        proceed();
}

// Between two messages it can only be a farewell. In the middle of a message it is a refusal that can't wait.
void ClientSession::handleUnasked(const Reply &reply)
{
    if (m_mail && m_mail->streaming && !reply.isPositive())
        settleAccepted(reply, "the message");
    fail(reply, true);
}

void ClientSession::say(Verb verb, QByteArrayView line, QByteArrayView shown)
{
    m_output.append(line).append("\r\n");
    m_pending.push_back(verb);
    (m_mail ? m_dialogue : m_opening).said(shown.isNull() ? line : shown);
}

// --- opening ---------------------------------------------------------------------------------------------------

void ClientSession::onGreeting(const Reply &reply)
{
    if (reply.code == 220)
        greetAgain();
    else
        fail(reply, true);
}

void ClientSession::greetAgain()
{
    m_offer = {};
    say(Verb::Ehlo, "EHLO " + m_config.heloName);
}

void ClientSession::onEhlo(const Reply &reply)
{
    if (reply.code == 250) {
        m_offer = readOffer(reply);
        m_offer.pipelining &= !m_config.distrust.flow;
        m_offer.size &= !m_config.distrust.parameters;
        m_offer.dsn &= !m_config.distrust.parameters;
        opened();
    } else if (reply.code >= 500 && !m_tls) {
        say(Verb::Helo, "HELO " + m_config.heloName);
    } else {
        fail(reply, true);
    }
}

void ClientSession::onHelo(const Reply &reply)
{
    if (reply.code == 250)
        opened();
    else
        fail(reply, true);
}

void ClientSession::opened()
{
    if (!m_tls && m_config.tls != ClientTls::Never && m_offer.startTls)
        say(Verb::StartTls, "STARTTLS");
    else if (!m_tls && m_config.tls == ClientTls::Must)
        failHere("4.7.4", "The server offers no TLS, and it is required here");
    else if (m_config.requireTls && !(m_tls && m_offer.requireTls))
        failHere("4.7.30", "The server does not promise to keep the message under TLS (REQUIRETLS)");
    else if (!m_config.user.isEmpty())
        beginAuth();
    else
        becomeReady();
}

void ClientSession::onStartTls(const Reply &reply)
{
    if (reply.code == 220) {
        m_state = ClientState::TlsWait;
    } else if (m_config.tls == ClientTls::May) {
        m_config.tls = ClientTls::Never;
        opened();
    } else {
        fail(reply, true);
    }
}

// What was learnt before TLS is forgotten (RFC 3207 §4.2).
void ClientSession::tlsStarted(const TlsFacts &facts)
{
    m_tls = true;
    m_replies.clear();
    m_opening.noted("TLS: " + facts.protocol + ' ' + facts.cipher);
    m_state = ClientState::Opening;
    greetAgain();
}

void ClientSession::beginAuth()
{
    m_state = ClientState::SigningIn;
    if (m_config.asksToken && m_token.isEmpty())
        m_needs.ask(FetchToken{});
    else
        sayAuth();
}

void ClientSession::on(Token &token)
{
    if (m_state != ClientState::SigningIn)
        return;
    const bool isNew = !token.token.isEmpty() && token.token != m_token;
    m_token = token.token;
    if (isNew)
        sayAuth();
    else if (m_refusal)
        fail(*m_refusal, true);
    else
        failHere("4.7.0", "There is no token to sign in with: " + token.trouble);
}

void ClientSession::sayAuth()
{
    const SaslSecrets secrets{m_config.user, m_config.password, m_token, m_config.nonce, m_config.maxIterations,
                              m_config.mechanism};
    auto sasl = SaslClient::choose(m_offer.mechanisms, secrets, m_tls || m_config.secretsInClear);
    if (!sasl) {
        failHere("4.7.0", sasl.error().text.toUtf8());
        return;
    }
    m_sasl = std::move(*sasl);
    const QByteArray command = "AUTH " + m_sasl->mechanism();
    const auto initial = m_sasl->initialResponse();
    if (initial)
        say(Verb::Auth, command + ' ' + (initial->isEmpty() ? "="_ba : initial->toBase64()), command + " (secret)");
    else
        say(Verb::Auth, command);
}

void ClientSession::onAuth(const Reply &reply)
{
    if (reply.code == 235) {
        if (!m_sasl->isProven()) {
            failHere("4.7.0", "The server did not show that it knows the password");
            return;
        }
        m_sasl.reset();
        m_signedIn = true;
        becomeReady();
        return;
    }
    const auto challenge = decodeBase64(reply.text.trimmed());
    if (reply.code != 334 || !challenge) {
        authRefused(reply);
        return;
    }
    auto step = m_sasl->respond(*challenge);
    if (!step)
        failHere("4.7.0", step.error().text.toUtf8());
    else if (auto *derive = std::get_if<DeriveKey>(&*step))
        m_needs.ask(std::move(*derive));
    else
        sendResponse(std::get<QByteArray>(*step));
}

// A token may have expired before its time: once, a fresh one is tried.
void ClientSession::authRefused(const Reply &reply)
{
    if (!m_config.asksToken || reply.code < 500 || m_refusal) {
        fail(reply, true);
        return;
    }
    m_refusal = reply;
    m_needs.ask(FetchToken{m_token});
}

void ClientSession::on(DerivedKey &derived)
{
    if (m_state == ClientState::SigningIn)
        sendResponse(m_sasl->keyDerived(derived.key));
}

void ClientSession::sendResponse(const QByteArray &response)
{
    say(Verb::Auth, response.toBase64(), "(secret)");
}

void ClientSession::becomeReady()
{
    m_state = ClientState::Ready;
    if (m_stopping || isUsedUp())
        leave();
    else
        m_needs.ask(NextMail{m_mails == 0 ? m_opening.text() : QByteArray()});
}

// The server takes no more mail in this session (RFC 9422 §4.1): the next one needs another.
bool ClientSession::isUsedUp() const
{
    return m_offer.maxTransactions > 0 && m_transactions >= m_offer.maxTransactions;
}

// --- the end ---------------------------------------------------------------------------------------------------

void ClientSession::on(Leave &)
{
    if (m_state == ClientState::Ready)
        leave();
}

void ClientSession::leave()
{
    m_needs.forget();
    m_state = ClientState::Leaving;
    say(Verb::Quit, "QUIT");
}

void ClientSession::onQuit(const Reply &)
{
    m_state = ClientState::Over;
}

void ClientSession::failHere(const char *enhanced, QByteArray text)
{
    fail({451, enhanced, std::move(text)}, false);
}

// The session can't go on. A mail under way is answered for first.
void ClientSession::fail(const Reply &reply, bool fromServer)
{
    if (m_state == ClientState::Over)
        return;
    const bool leaving = m_state == ClientState::Leaving;
    const QByteArray during = m_pending.empty() ? QByteArray() : QByteArray(clientCommand(m_pending.front()).name);
    const bool idle = m_state == ClientState::Ready;
    m_needs.forget();
    m_distrust.flow |= m_mail && !fromServer && isConfused(reply);
    if (m_mail)
        abandon(reply, fromServer);
    m_state = ClientState::Over;
    m_pending.clear();
    if (!leaving)
        m_needs.tell(SessionFailed{reply, fromServer, idle, during, m_opening.text(), m_distrust});
}

void ClientSession::peerClosed()
{
    const QByteArray when = m_pending.empty() ? QByteArray()
                                              : " while we waited for the reply to "_ba + clientCommand(m_pending.front()).name;
    failHere("4.4.2", "The connection was lost" + when);
}

void ClientSession::timedOut()
{
    if (m_state == ClientState::Ready) {
        leave();
        return;
    }
    const QByteArray what = m_pending.empty() ? "anything"_ba : QByteArray(clientCommand(m_pending.front()).name);
    failHere("4.4.2", "The server did not answer in time to " + what);
}

void ClientSession::shutDown()
{
    m_stopping = true;
    if (m_state == ClientState::Ready)
        leave();
    else if (m_state != ClientState::Leaving && !(m_mail && m_mail->finalSent))
        failHere("4.3.2", "This server is stopping");
}

std::chrono::milliseconds ClientSession::patience() const
{
    if (m_state == ClientState::Ready)
        return m_config.deadlines.idle;
    if (m_pending.empty() || m_needs.isAsking())
        return std::chrono::milliseconds(0); // we are at work; the driver sees to a peer that takes nothing
    // Of pipelined commands each has a right to its time; a server that is at work on many gets some more for each.
    return m_config.deadlines.*clientCommand(m_pending.front()).deadline + std::chrono::seconds(5) * (m_pending.size() - 1);
}

QByteArray ClientSession::wholeDialogue() const
{
    return m_opening.text() + m_dialogue.text();
}

void ClientSession::answer(NeedId id, ClientAnswer answer)
{
    if (m_needs.take(id))
        std::visit([this](auto &what) { on(what); }, answer);
}

} // namespace posthorn::smtp
