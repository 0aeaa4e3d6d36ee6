// Who is it? SASL exchanges (RFC 4422) and passwords, against credentials kept as SCRAM-SHA-256 keys (RFC 5802, 7677).
// An unknown user and a wrong password are alike in text and, as near as can be, in time.
#pragma once

#include "core/ids.h"
#include "core/machine.h"
#include "core/result.h"

#include <QByteArray>
#include <QString>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace posthorn::auth {

// What the store keeps of a password.
struct Credential
{
    QByteArray salt;
    int iterations = 0;
    QByteArray storedKey; // 32 octets
    QByteArray serverKey; // 32 octets
    bool operator==(const Credential &) const = default;
};

// The one way a password becomes a credential. Slow by intent: call it on a pool or store thread.
// The password is prepared with SASLprep (RFC 4013); Invalid when it can't be, or is empty.
[[nodiscard]] Result<Credential> makeCredential(QStringView password, int iterations);
// One line for the store and exports, "SCRAM-SHA-256$iterations:salt$storedKey:serverKey" (base64), and back.
[[nodiscard]] QByteArray toText(const Credential &credential);
[[nodiscard]] Result<Credential> fromText(QByteArrayView text);

struct Account
{
    AccountId id;
    QString address; // canonical user@domain
    Credential credential;
};
// Finds an account by what the user typed; answers NotFound, or Unavailable when the store is. May call back on any
// thread, exactly once.
using Lookup = std::function<void(QString user, std::function<void(Result<Account>)>)>;

// Who asks, for throttling and the log.
struct Origin
{
    QByteArray address; // of the client, text
    TlsFacts tls;       // protocol empty: none
};

struct Step
{
    enum class Outcome { Challenge, Success, Failure, Unavailable };
    Outcome outcome = Outcome::Failure;
    QByteArray bytes; // Challenge: to send; Success: additional data
    AccountId account;
    QString user;    // canonical address on success, what was tried on failure
    QByteArray mechanism;
};
// Called exactly once a step, on any thread, possibly before the function that was asked returns.
using Done = std::function<void(Step)>;

class Exchange; // one SASL exchange under way; belongs to one conversation

class Timekeeper;

// Shared by all conversations; thread-safe.
//
// Guesses. Every failure's answer is delayed, more so the more failures its address (IPv6: its /64) and its account had
// within the window; a right password is always answered at once. An address with too many failures is refused until the
// window has passed. An account is never refused, whoever attacks it from however many addresses: its owner can be slowed
// down after a slip of his own, by maxDelay at most, and not locked out. The same wrong password from the same address,
// as a forgotten phone sends it, is one failure however often it comes (not with SCRAM, which shows no password). Success
// clears nothing: else an attacker with an account of his own could guess for ever.
class Authenticator
{
public:
    struct Options
    {
        int iterations = 100'000; // for the pretended credential of unknown users
        int freeFailures = 5;     // an address's or account's failures within the window that cost nothing
        std::chrono::seconds window{15 * 60};
        std::chrono::milliseconds failureDelay{500}; // each failure's answer; doubled beyond the free ones up to:
        std::chrono::milliseconds maxDelay{16'000};
        int refuseAfter = 50; // failures in the window from one address: refused without a look at the password
        std::chrono::seconds rememberFor{60 * 60}; // a right password costs no PBKDF2 again for so long; 0: never
        int hashThreads = 0;                       // for PBKDF2; 0: half the cores, 1 to 4. Only the first options count
        qsizetype hashQueue = 256;                 // waiting PBKDF2 jobs; beyond: Unavailable. Only the first options count
        std::chrono::seconds hashDeadline{10};     // a job that waited longer is Unavailable
        // Keys what is pretended of unknown users. Empty: random for this process; then a restart alters their salts,
        // while those of real accounts stay.
        QByteArray pretenceSecret = {};
    };
    // `time` is for tests; null: the real one.
    Authenticator(Lookup lookup, Options options, std::shared_ptr<Timekeeper> time = {});
    ~Authenticator();
    Authenticator(const Authenticator &) = delete;
    Authenticator &operator=(const Authenticator &) = delete;

    // No `done` is called any more once this has returned (unless from within a Lookup that answers on a thread of its
    // own), and none for steps that come later. Call it before what the `done`s refer to is taken down. The destructor
    // does it too.
    void stop();

    // Begins `mechanism` (upper case): PLAIN, LOGIN, SCRAM-SHA-256, SCRAM-SHA-256-PLUS; the first step's outcome goes to
    // `done`. The caller keeps the Exchange for the following steps; dropping it cancels (a late answer is lost safely).
    [[nodiscard]] std::shared_ptr<Exchange> begin(QByteArrayView mechanism, std::optional<QByteArray> initialResponse,
                                                  const Origin &origin, Done done);
    void proceed(const std::shared_ptr<Exchange> &exchange, QByteArray response, Done done);
    // User name and password at once (IMAP LOGIN, POP3 PASS).
    void verify(QByteArray user, QByteArray password, const Origin &origin, Done done);
    // A password changed or an account went: forget what is remembered of it.
    void forget(AccountId account);
    void setOptions(Options options);

private:
    struct Private;
    std::shared_ptr<Private> d;
};

} // namespace posthorn::auth
