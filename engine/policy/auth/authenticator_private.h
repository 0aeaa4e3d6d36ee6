// What the Authenticator is made of, within the room: the pure exchanges, the verifier, the throttle.
#pragma once

#include "policy/auth/authenticator.h"
#include "policy/auth/login.h"
#include "policy/auth/password_verifier.h"
#include "policy/auth/plain.h"
#include "policy/auth/scram.h"
#include "policy/auth/throttle.h"
#include "policy/auth/timekeeper.h"

#include <atomic>
#include <mutex>
#include <variant>

namespace posthorn::auth {

class Exchange
{
public:
    std::mutex mutex; // one step at a time is the rule; a lookup may answer on another thread
    QByteArray mechanism;
    Origin origin;
    std::variant<std::monostate, PlainExchange, LoginExchange, ScramExchange> way; // monostate: over
    bool busy = false;        // a step is under way
    bool challenged = false;  // SCRAM: the server-first-message is out
    QString user;             // SCRAM: what was typed, then the canonical address
    std::optional<Account> account; // SCRAM: none for an unknown user
};

// One step under way: whom it is for, and where its outcome goes.
struct Attempt
{
    QByteArray mechanism;
    QString user;
    quint64 address = 0;
    Done done;
};

struct Authenticator::Private : std::enable_shared_from_this<Private>
{
    Private(Lookup find, Options first, std::shared_ptr<Timekeeper> keeper);

    void step(const std::shared_ptr<Exchange> &exchange, std::optional<QByteArray> response, Done done);
    void takePasswordStep(PasswordStep next, Attempt attempt);
    void takeScramFirst(const std::shared_ptr<Exchange> &exchange, ScramExchange &scram, const QByteArray &message,
                        Attempt attempt);
    void takeScramAccount(Exchange &exchange, const Result<Account> &account, Attempt attempt);
    void takeScramFinal(Exchange &exchange, const ScramExchange &scram, const QByteArray &message, Attempt attempt);

    void checkPassword(PasswordClaim claim, Attempt attempt);
    void compare(const QByteArray &password, Result<Account> account, Attempt attempt);

    void challenge(const Attempt &attempt, QByteArray bytes);
    void succeed(const Attempt &attempt, const Account &account, QByteArray bytes = {});
    // Counted and delayed. `guess`: see Throttle::failed().
    void failed(const Attempt &attempt, quint64 guess = 0);
    // Delayed: this address has guessed enough.
    void refused(const Attempt &attempt);
    void unavailable(const Attempt &attempt);
    void tellLater(const Attempt &attempt, std::chrono::milliseconds delay);
    void tell(const Done &done, Step step);

    // Calls back with NotFound at once for a name that can't be one.
    void lookUp(const QString &user, std::function<void(Result<Account>)> found);
    [[nodiscard]] Credential credentialFor(const Result<Account> &account, const QString &user);
    [[nodiscard]] quint64 accountKey(const QString &user) const;
    [[nodiscard]] Options current();
    [[nodiscard]] PasswordVerifier::Rules rules();

    const Lookup lookup;
    std::mutex optionsMutex;
    Options options;
    const QByteArray secret; // keys what is pretended
    const QByteArray nameKey;
    const std::shared_ptr<Timekeeper> time;
    std::atomic<bool> stopped = false;
    Throttle throttle;
    PasswordVerifier verifier;
};

} // namespace posthorn::auth
