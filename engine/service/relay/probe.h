// Tries a carrier without sending anything: finds it, connects, starts TLS, signs in, leaves; and tells how that went.
#pragma once

#include "platform/net/network.h"
#include "service/relay/service.h"

#include <QStringList>

namespace posthorn::relay {

struct ProbeStep
{
    bool good = false;
    QString text; // a sentence
};

struct ProbeReport
{
    bool good = false;
    QList<ProbeStep> steps;
    QByteArray dialogue;
};

// One connection of it. On its worker's thread.
class ProbeService
{
public:
    using Session = net::BoundSession<smtp::ClientMachine, ProbeService>;
    ProbeService(quint64 number, Hop hop, QString tokenCommand, std::shared_ptr<Board> board)
        : m_number(number), m_hop(std::move(hop)), m_tokenCommand(std::move(tokenCommand)), m_board(std::move(board)) {}

    void attach(net::Address address, const net::Peer &) { m_address = address; }
    void handle(Session &session, smtp::ClientNeed need);
    void failed(net::LinkStep step, const QString &why);
    void closed() { m_board->probed(m_number, m_outcome); }

private:
    void on(Session &session, NeedId id, smtp::NextMail &need);
    void on(Session &session, NeedId id, smtp::DeriveKey &need);
    void on(Session &session, NeedId id, smtp::FetchToken &need);
    void on(Session &session, NeedId id, smtp::SessionFailed &need);
    void on(Session &, NeedId, smtp::MoreContent &) {}
    void on(Session &, NeedId, smtp::ScanContent &) {}
    void on(Session &, NeedId, smtp::MailDone &) {}

    const quint64 m_number;
    const Hop m_hop;
    const QString m_tokenCommand;
    const std::shared_ptr<Board> m_board;
    net::Address m_address;
    ProbeOutcome m_outcome;
};

// Address after address, until one of them answers. On the runner's thread.
class Probe
{
public:
    using Open = std::function<void(const Hop &)>; // begins a connection; ended() follows
    using Done = std::function<void(const ProbeReport &)>;
    Probe(CarrierPointer carrier, Open open, Done done);

    void found(const Route &route); // the addresses
    void ended(const ProbeOutcome &outcome);
    [[nodiscard]] bool isOver() const { return !m_done; }
    [[nodiscard]] const CarrierPointer &carrier() const { return m_carrier; }

private:
    void say(bool good, const QString &text) { m_report.steps.append({good, text}); }
    void tellTls(const ProbeOutcome &outcome);
    void tellSignIn(const ProbeOutcome &outcome);
    void finish(bool good);

    CarrierPointer m_carrier;
    Open m_open;
    Done m_done;
    QList<Hop> m_hops; // not tried yet
    Hop m_hop;         // being tried
    ProbeReport m_report;
};

} // namespace posthorn::relay
