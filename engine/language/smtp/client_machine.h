// One SMTP session, client side (RFC 5321 §3), as a state machine without a world.
//
// It greets, starts TLS and signs in as its configuration says, then asks for mail after mail. Commands are pipelined
// where the server lets them be (RFC 2920); a message goes in BDAT chunks where it can (RFC 3030), a small one in one
// go with its envelope. Each mail handed out is answered for by exactly one MailDone.
#pragma once

#include "core/machine.h"
#include "language/smtp/client_needs.h"

#include <memory>

namespace posthorn::smtp {

enum class ClientTls {
    Never,  // also what a connection with implicit TLS has
    May,    // STARTTLS when offered
    Must,   // no mail and no password without it
};

// RFC 5321 §4.5.3.2; what it doesn't name is as long as the initial 220.
struct ClientDeadlines
{
    std::chrono::seconds greeting{300}, command{300}, mail{300}, rcpt{300}, data{120}, end{600}, quit{5}, idle{30};
};

struct ClientConfig
{
    QByteArray heloName = "localhost";
    ClientTls tls = ClientTls::May;
    bool requireTls = false; // no mail but to a server that takes it with REQUIRETLS (RFC 8689 §4.2.1)
    QByteArray user, password; // empty user: don't sign in
    bool asksToken = false;    // for XOAUTH2, in place of the password: FetchToken gets it
    QByteArray mechanism;      // the only one to sign in by; empty: the strongest one offered
    QByteArray nonce;          // for SCRAM: printable, no comma, new for each session
    Distrust distrust;
    bool secretsInClear = false; // a password may be shown without TLS: loopback only
    qsizetype pieceSize = 64 * 1024; // octets of a chunk; what is smaller goes with its envelope
    int maxIterations = 1'000'000;   // of SCRAM that a server may ask of us
    ClientDeadlines deadlines;
};

class ClientMachine : public Machine
{
public:
    explicit ClientMachine(ClientConfig config);
    ~ClientMachine() override;

    void start(const TlsFacts *tls) override;
    void receive(QByteArrayView bytes) override;
    void tlsStarted(const TlsFacts &facts) override;
    void peerClosed() override;
    void timedOut() override;
    void shutDown() override;
    QByteArray takeOutput() override;
    void outputWaiting(qsizetype waiting) override;
    std::chrono::milliseconds patience() const override;
    bool hungry() const override;
    bool wantsTls() const override;
    bool finished() const override;
    QLatin1StringView stateName() const override;

    [[nodiscard]] std::optional<ClientNeed> nextNeed();
    void answer(NeedId id, ClientAnswer answer);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace posthorn::smtp
