// One SMTP session, server side (RFC 5321, 6409), as a state machine without a world.
#pragma once

#include "core/machine.h"
#include "language/smtp/content_reader.h"
#include "language/smtp/needs.h"

#include <memory>

namespace posthorn::smtp {

enum class Role { Mx, Submission };
struct ServerConfig
{
    QByteArray hostName = "localhost";
    QByteArray software = "Posthorn";
    Role role = Role::Mx;
    bool tlsAvailable = true;
    bool authOffered = false;      // AUTH with `mechanisms` (and `tlsOnlyMechanisms` under TLS)
    bool authRequired = false;     // MAIL before AUTH is refused with 530 5.7.0
    bool plaintextAllowed = false; // PLAIN and LOGIN without TLS
    bool burl = false;             // BURL from users who have signed in
    bool tlsRequired = false;      // 530 5.7.0 to most commands before STARTTLS (RFC 3207 §4); never on port 25
    QList<QByteArray> mechanisms{"SCRAM-SHA-256", "PLAIN", "LOGIN"};
    QList<QByteArray> tlsOnlyMechanisms{"SCRAM-SHA-256-PLUS"};
    BareLineEnd bareLineEnd = BareLineEnd::Refuse;
    qint64 maxMessageSize = 64 * 1024 * 1024; // SIZE, octets
    int maxRecipients = 1000;                 // RCPTMAX; more: 452 4.5.3
    int maxTransactions = 100'000;            // MAILMAX a connection; then 421
    qsizetype maxCommandLine = 4096;          // octets with CRLF; RFC 5321 §4.5.3.1.4 and the extensions need 2,384
    qsizetype maxAuthLine = 12'288;           // RFC 4954 §4
    int maxBadCommands = 20;                  // junk (unknown, bad sequence, NOOP and VRFY beyond reason); then 421
    int maxRefusedRecipients = 100;           // then 421: address guessing
    int maxAuthFailures = 5;
    qsizetype pieceSize = 64 * 1024; // octets of a Content need at most; a smaller message comes in one
    std::chrono::seconds commandPatience{300}; // RFC 5321 §4.5.3.2.7
    std::chrono::seconds dataPatience{600};
    std::chrono::seconds greetingPatience{60}; // before the first good command
};

// Needs that want an answer come one at a time: the next one is there when the last one is answered, whatever the client
// pipelined. The pieces of a message keep their order so, and EndOfMail comes when all of them are answered.
// The one exception is AbortMail (RFC 5321 §3.8: a lost connection, a time-out, shutDown()), which may overtake an
// answer; a late answer to a forgotten need is ignored.
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

} // namespace posthorn::smtp
