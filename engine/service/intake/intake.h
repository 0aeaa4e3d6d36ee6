// MTA-in and MSA: mail arriving by SMTP. One Service answers the needs of one SMTP conversation.
#pragma once

#include "core/counters.h"
#include "core/events.h"
#include "core/settings.h"
#include "language/smtp/server_machine.h"
#include "platform/net/session.h"
#include "platform/store/store.h"
#include "policy/auth/authenticator.h"
#include "policy/auth/sasl_runner.h"
#include "policy/filter/pipeline.h"
#include "service/delivery/delivery.h"
#include "service/delivery/collector.h"
#include "service/intake/named_content.h"
#include "service/intake/refusals.h"

#include <functional>
#include <memory>
#include <optional>

namespace posthorn::intake {

// What all conversations share; all thread-safe, all outlive the conversations.
struct World
{
    store::Store *store = nullptr;
    delivery::Delivery *delivery = nullptr;
    delivery::Directory *directory = nullptr;
    auth::Authenticator *authenticator = nullptr;
    EventLog *events = nullptr;
    Counters *counters = nullptr;
    filter::CheckList checks;
    std::function<SettingsPointer()> settings; // any thread
    QByteArray hostName;
    Refusals *refusals = nullptr;
};

class Service;
using Session = net::BoundSession<smtp::ServerMachine, Service>;

// Makes the session for a new connection; `role` and TLS come from the listener.
[[nodiscard]] std::unique_ptr<net::Session> makeSession(World &world, smtp::Role role, const net::Peer &peer,
                                                        bool tlsAvailable);

class Service
{
public:
    Service(World &world, smtp::Role role, SettingsPointer settings);
    ~Service();

    void attach(net::Address address, const net::Peer &peer);
    void handle(Session &session, smtp::Need need);
    void closed();
    void authenticated(const auth::Step &step);

private:
    void on(Session &session, NeedId id, smtp::Welcome &need);
    void on(Session &session, NeedId id, smtp::Hello &need);
    void on(Session &session, NeedId id, smtp::SaslBegin &need);
    void on(Session &session, NeedId id, smtp::SaslContinue &need);
    void on(Session &session, NeedId id, smtp::SaslCancel &need);
    void on(Session &session, NeedId id, smtp::JudgeSender &need);
    void on(Session &session, NeedId id, smtp::JudgeRecipient &need);
    void on(Session &session, NeedId id, smtp::Content &need);
    void on(Session &session, NeedId id, smtp::ReadUrl &need);
    void on(Session &session, NeedId id, smtp::EndOfMail &need);
    void on(Session &session, NeedId id, smtp::AbortMail &need);
    void on(Session &session, NeedId id, smtp::Refused &need);

    [[nodiscard]] bool mayRelay() const;
    [[nodiscard]] smtp::Reply judgeRecipient(const smtp::RcptCommand &rcpt);
    [[nodiscard]] bool isForgedBounce(const smtp::Address &address, const delivery::Destination &destination) const;
    [[nodiscard]] std::optional<smtp::Reply> judgeFailed(const delivery::Destination &destination) const;
    [[nodiscard]] smtp::Reply judgeRoom(const delivery::Destination &destination) const;
    [[nodiscard]] QByteArray prefixFor(QByteArrayView header) const;
    void readNamed(Session &session, NeedId id);
    void beginMail();
    void beginContent();
    void stageChunk(NeedId id);
    void messageJudged(Session &session, NeedId id, const filter::Verdict &verdict);
    void delivered(Session &session, NeedId id, const Result<delivery::Receipt> &receipt);
    [[nodiscard]] smtp::Reply fullReply() const;
    void reset();
    void forget();

    World &m_world;
    const smtp::Role m_role;
    const SettingsPointer m_settings;
    auth::SaslRunner<Session, smtp::SaslAnswer> m_sasl;
    net::Address m_address;
    net::Peer m_peer;
    filter::Facts m_facts;
    filter::Pipeline m_pipeline;
    bool m_trusted = false; // the peer is in smtp.trusted_networks
    bool m_extended = false;
    TlsFacts m_tls;

    // The transaction under way.
    std::shared_ptr<delivery::Arrival> m_arrival;
    std::unique_ptr<delivery::Collector> m_collector;
    message::Structure m_structure;
    std::optional<NamedContent> m_named; // what BURL is reading
};

} // namespace posthorn::intake
