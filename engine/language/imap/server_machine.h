// One IMAP session (RFC 9051, 3501) as a state machine without a world.
#pragma once

#include "core/machine.h"
#include "language/imap/needs.h"

#include <QStringList>

#include <memory>
#include <optional>

namespace posthorn::imap {

struct ServerConfig
{
    QByteArray hostName = "localhost";
    QByteArray implementation = "Posthorn";
    QList<QByteArray> urlHosts;                // other names of this server in IMAP URLs, in lower case
    bool tlsAvailable = true;                  // STARTTLS can be offered
    bool plaintextAllowed = false;             // LOGIN and PLAIN without TLS
    QList<QByteArray> mechanisms{"SCRAM-SHA-256", "PLAIN", "LOGIN"};
    QList<QByteArray> tlsOnlyMechanisms{"SCRAM-SHA-256-PLUS"};
    QStringList submitUsers;                   // whom submission servers sign in as: they may use URLs for "submit+"
    qint64 maxMessageSize = 64 * 1024 * 1024;  // APPENDLIMIT, octets
    qint64 messageLimit = 10'000'000;          // MESSAGELIMIT, messages; 0: none
    qsizetype maxLine = 64 * 1024;             // octets of a command without its literals
    qsizetype maxLiteral = 128 * 1024;         // octets of a literal that is not an APPEND message
    qsizetype maxCommand = 1024 * 1024;        // octets of a command with its non-APPEND literals
    int maxBadCommands = 20;                   // then BYE
    int maxAuthFailures = 5;                   // then BYE
    std::chrono::seconds loginPatience{60};
    std::chrono::seconds idlePatience{30 * 60}; // RFC 9051 §5.4: at least 30 minutes
    qsizetype outputLow = 256 * 1024;          // ask for the next piece while less than this waits
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
    bool wantsDeflate() const override;
    bool finished() const override;
    QLatin1StringView stateName() const override;
    QString userName() const override;

    [[nodiscard]] std::optional<Need> nextNeed();
    void answer(NeedId id, Answer answer);
    // Another session, POP3 or delivery altered the selected mailbox.
    void changed(const MailboxChange &change);
    // How far a command has come that keeps the client waiting (RFC 9585); `total` 0: nobody knows. Whoever calls it has
    // a clock, and sees by workMark() that nothing else has happened meanwhile. 0: the client waits for nothing.
    void stillWorking(qint64 done, qint64 total);
    [[nodiscard]] quint64 workMark() const;
    // Something that WatchMailboxes asked to be told of.
    void noticed(const Notice &notice);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace posthorn::imap
