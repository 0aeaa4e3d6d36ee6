// SASL for one conversation of any protocol: begins and continues exchanges, brings the outcome back to the
// conversation's worker as that protocol's SaslAnswer, after the service's `signedIn(Step)` was told.
#pragma once

#include "platform/net/session.h"
#include "policy/auth/authenticator.h"

namespace posthorn::auth {

// Bound: the net::BoundSession of the protocol; SaslAnswer: its answer type (smtp, imap and pop3 have alike ones).
template<typename Bound, typename SaslAnswer>
class SaslRunner
{
public:
    explicit SaslRunner(Authenticator &authenticator) : m_authenticator(authenticator) {}

    void attach(net::Address address, const net::Peer &peer)
    {
        m_address = address;
        m_origin.address = peer.address;
    }
    void begin(NeedId id, const QByteArray &mechanism, std::optional<QByteArray> initial, const TlsFacts &tls)
    {
        m_origin.tls = tls;
        m_exchange = m_authenticator.begin(mechanism, std::move(initial), m_origin, bring(id));
    }
    void proceed(NeedId id, QByteArray response) { m_authenticator.proceed(m_exchange, std::move(response), bring(id)); }
    void verify(NeedId id, QByteArray user, QByteArray password, const TlsFacts &tls)
    {
        m_origin.tls = tls;
        m_authenticator.verify(std::move(user), std::move(password), m_origin, bring(id));
    }
    void cancel() { m_exchange.reset(); }

private:
    [[nodiscard]] Done bring(NeedId id) const
    {
        return [to = m_address, id](Step step) {
            net::post(to, [id, step = std::move(step)](net::Session &session) {
                auto &bound = static_cast<Bound &>(session);
                bound.service().authenticated(step);
                // The two enums list the same outcomes in the same order.
                using Outcome = typename SaslAnswer::Outcome;
                static_assert(int(Outcome::Unavailable) == int(Step::Outcome::Unavailable));
                bound.answer(id, SaslAnswer{Outcome(int(step.outcome)), step.bytes, step.user});
            });
        };
    }

    Authenticator &m_authenticator;
    net::Address m_address;
    Origin m_origin;
    std::shared_ptr<Exchange> m_exchange;
};

} // namespace posthorn::auth
