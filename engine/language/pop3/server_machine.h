// One POP3 session (RFC 1939, 2449, 2595, 5034, 6856) as a state machine without a world.
#pragma once

#include "core/machine.h"
#include "language/pop3/needs.h"

#include <memory>

namespace posthorn::pop3 {

struct ServerConfig
{
    QByteArray hostName = "localhost";
    QByteArray implementation = "Posthorn";
    bool tlsAvailable = true;
    bool plaintextAllowed = false; // USER/PASS, PLAIN and LOGIN without TLS
    QList<QByteArray> mechanisms{"SCRAM-SHA-256", "PLAIN", "LOGIN"};
    QList<QByteArray> tlsOnlyMechanisms{"SCRAM-SHA-256-PLUS"};
    int expireDays = -1;     // CAPA EXPIRE: -1 NEVER, else days
    int loginDelay = 0;      // CAPA LOGIN-DELAY, seconds
    qsizetype maxLine = 512; // octets of a command line with CRLF (RFC 2449 §4 asks for 255); AUTH responses 12,288
    int maxBadCommands = 20;
    int maxAuthFailures = 5;
    std::chrono::seconds loginPatience{60};
    std::chrono::seconds idlePatience{600}; // RFC 1939 §3: at least 10 minutes
    qsizetype outputLow = 256 * 1024;
};

class ServerMachine : public Machine
{
public:
    explicit ServerMachine(ServerConfig config);
    ~ServerMachine() override;

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
    QString userName() const override;

    [[nodiscard]] std::optional<Need> nextNeed();
    void answer(NeedId id, Answer answer);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace posthorn::pop3
