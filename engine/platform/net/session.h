// What the driver drives: a protocol machine bound to the service that answers its needs.
#pragma once

#include "core/change.h"
#include "core/ids.h"
#include "core/machine.h"

#include <QByteArray>
#include <QString>

#include <functional>
#include <memory>

namespace posthorn::net {

class Session;

// Takes from any thread what is for conversations and brings it to them on theirs, in order: a worker, or a test's own.
class Letterbox
{
public:
    virtual void post(ConversationId to, std::function<void(Session &)> deliver) = 0;

protected:
    ~Letterbox() = default;
};

// Where an answer goes: a worker and a conversation that may be gone by then. Copy it freely to any thread.
struct Address
{
    Letterbox *worker = nullptr; // workers outlive all stores and services' jobs
    ConversationId conversation;
};

// Facts of the connection that do not change.
struct Peer
{
    QByteArray address; // "192.0.2.1", "2001:db8::1", v4-mapped addresses as IPv4
    quint16 port = 0;
    QByteArray localAddress;
    quint16 localPort = 0;
    bool loopback = false;
    bool implicitTls = false;
};

enum class LinkStep { Connect, Tls };

// Lives on its worker's thread, called by its Conversation only.
class Session
{
public:
    virtual ~Session() = default;
    [[nodiscard]] virtual Machine &machine() = 0;
    // Hands the machine's needs to the service until there are none.
    virtual void pump() = 0;
    // A mailbox this session watches changed. Default: ignored.
    virtual void changed(const MailboxChange &change) { Q_UNUSED(change) }
    // Called once, before start(): where this session's answers are to be posted.
    virtual void attach(Address address, const Peer &peer) = 0;
    // About once a second, with the time of a clock that only goes forward. True: there may be something to be sent.
    virtual bool tick(qint64 steadyMs)
    {
        Q_UNUSED(steadyMs)
        return false;
    }
    // Of a connection we began: it did not come about, or TLS did not. `why` is for people. The conversation is over.
    virtual void failed(LinkStep step, const QString &why) { Q_UNUSED(step) Q_UNUSED(why) }
    // The conversation is over; the last call.
    virtual void closed() {}
    // "smtp", "submission", "imap", "pop3"
    [[nodiscard]] virtual QLatin1StringView protocol() const = 0;
};

// Runs `deliver` on the conversation's worker if the conversation is still there, then pumps it. Any thread.
// Calls made to one worker in a row cost one event.
void post(const Address &to, std::function<void(Session &)> deliver);

// Binds a Machine M (with nextNeed() and answer(id, Answer)) to a Service S with attach(), handle(BoundSession &, Need)
// and closed(). M is made here from its configuration.
template<typename M, typename S>
class BoundSession : public Session
{
public:
    template<typename Config>
    BoundSession(Config config, std::unique_ptr<S> service, QLatin1StringView protocol)
        : m_machine(std::move(config)), m_service(std::move(service)), m_protocol(protocol) {}

    Machine &machine() override { return m_machine; }
    void pump() override
    {
        while (auto need = m_machine.nextNeed())
            m_service->handle(*this, std::move(*need));
    }
    void attach(Address address, const Peer &peer) override { m_service->attach(address, peer); }
    void changed(const MailboxChange &change) override
    {
        if constexpr (requires(M &machine, S &service) { machine.changed(service.heard(change)); })
            m_machine.changed(m_service->heard(change));
        else if constexpr (requires(M &machine) { machine.changed(change); })
            m_machine.changed(change);
    }
    bool tick(qint64 steadyMs) override
    {
        if constexpr (requires(S &service, BoundSession &self) { service.tick(self, steadyMs); })
            return m_service->tick(*this, steadyMs);
        else
            return false;
    }
    void failed(LinkStep step, const QString &why) override
    {
        if constexpr (requires(S &service) { service.failed(step, why); })
            m_service->failed(step, why);
    }
    void closed() override { m_service->closed(); }
    QLatin1StringView protocol() const override { return m_protocol; }
    S &service() { return *m_service; }
    // Of this connection; protocol is empty while there is no TLS.
    [[nodiscard]] const TlsFacts &tls() const { return m_machine.facts; }

    // An answer given at once, on the worker, from within S::handle or a posted function.
    template<typename A>
    void answer(NeedId id, A value) { m_machine.answer(id, std::move(value)); }
    // An answer from any thread.
    template<typename A>
    static void answerLater(const Address &to, NeedId id, A value)
    {
        post(to, [id, value = std::move(value)](Session &session) mutable {
            static_cast<BoundSession &>(session).m_machine.answer(id, std::move(value));
        });
    }

private:
    // Keeps what the machine is told of TLS, for the service.
    struct Remembering : M
    {
        using M::M;
        void start(const TlsFacts *tls) override
        {
            if (tls)
                facts = *tls;
            M::start(tls);
        }
        void tlsStarted(const TlsFacts &tls) override
        {
            facts = tls;
            M::tlsStarted(tls);
        }
        TlsFacts facts;
    };

    Remembering m_machine;
    std::unique_ptr<S> m_service;
    QLatin1StringView m_protocol;
};

} // namespace posthorn::net
