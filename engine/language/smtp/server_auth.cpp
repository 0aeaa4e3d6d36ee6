// AUTH (RFC 4954).
#include "language/smtp/server_session.h"

#include "language/smtp/wire.h"

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

void ServerSession::auth(const AuthArguments &auth)
{
    if (m_authenticated) {
        refuseJunk({503, "5.5.1"_ba, "You are authenticated already"_ba});
        return;
    }
    if (!isMechanismOffered(auth.mechanism, offer())) {
        authRefused(isMechanismKnown(auth.mechanism, m_config)
                        ? Reply{538, "5.7.11"_ba, "Encryption required for this mechanism"_ba}
                        : Reply{504, "5.5.4"_ba, "Mechanism not offered"_ba});
        return;
    }
    std::optional<QByteArray> initial;
    if (auth.hasInitialResponse) {
        initial = decodeBase64(auth.initialResponse);
        if (!initial) {
            authRefused({501, "5.5.2"_ba, "This is not base64"_ba});
            return;
        }
    }
    m_mechanism = auth.mechanism;
    m_state = State::Sasl;
    ask(Asked::Sasl, SaslBegin{auth.mechanism, std::move(initial)});
}

// The client's answer to a 334.
void ServerSession::saslLine(QByteArrayView line)
{
    m_mayHold = false;
    const auto response = decodeBase64(line);
    if (line == "*" || !response) {
        m_provenUser.reset();
        m_needs.tell(SaslCancel{});
        m_state = State::Ready;
        authRefused(line == "*" ? Reply{501, "5.7.0"_ba, "Authentication given up"_ba}
                                : Reply{501, "5.5.2"_ba, "This is not base64"_ba});
        return;
    }
    if (m_provenUser)
        authSucceeded();
    else
        ask(Asked::Sasl, SaslContinue{*response});
}

void ServerSession::saslAnswered(const SaslAnswer &answer)
{
    using Outcome = SaslAnswer::Outcome;
    if (answer.outcome == Outcome::Challenge
        || (answer.outcome == Outcome::Success && !answer.bytes.isEmpty())) {
        if (answer.outcome == Outcome::Success)
            m_provenUser = answer.user;
        m_output.append("334 ").append(answer.bytes.toBase64()).append("\r\n");
        return;
    }
    m_state = State::Ready;
    if (answer.outcome == Outcome::Success) {
        m_provenUser = answer.user;
        authSucceeded();
    } else if (answer.outcome == Outcome::Unavailable) {
        authRefused({454, "4.7.0"_ba, "Temporary authentication failure"_ba});
    } else if (++m_authFailures >= m_config.maxAuthFailures) {
        endWith({421, "4.7.0"_ba, "Too many authentication failures"_ba});
    } else {
        authRefused({535, "5.7.8"_ba, "Authentication credentials invalid"_ba});
    }
}

void ServerSession::authSucceeded()
{
    m_state = State::Ready;
    m_authenticated = true;
    m_user = *std::exchange(m_provenUser, std::nullopt);
    say({235, "2.7.0"_ba, "Authentication successful"_ba});
}

void ServerSession::authRefused(const Reply &reply)
{
    refuseJunk(reply);
    m_hideLines = true;
}

} // namespace posthorn::smtp
