// The steps of the exchanges, and how each ends.

#include "policy/auth/authenticator_private.h"

#include "platform/crypto/hash.h"
#include "policy/auth/credential.h"
#include "policy/auth/saslprep.h"

#include <QtEndian>

namespace posthorn::auth {

using namespace Qt::StringLiterals;

Authenticator::Private::Private(Lookup find, Options first, std::shared_ptr<Timekeeper> keeper)
    : lookup(std::move(find)), options(std::move(first)),
      secret(options.pretenceSecret.isEmpty() ? crypto::randomBytes(keyOctets) : options.pretenceSecret),
      nameKey(crypto::randomBytes(keyOctets)), time(std::move(keeper)),
      verifier(throttle, *time, options.hashThreads, options.hashQueue)
{
}

namespace {

// An exchange that its conversation dropped is answered no more; its failure is counted all the same.
Done ending(const std::shared_ptr<Exchange> &exchange, Done done)
{
    return [held = std::weak_ptr(exchange), done = std::move(done)](Step step) {
        const auto still = held.lock();
        if (!still)
            return;
        {
            const std::lock_guard lock(still->mutex);
            still->busy = false;
            if (step.outcome != Step::Outcome::Challenge)
                still->way = std::monostate();
        }
        done(std::move(step));
    };
}

} // namespace

void Authenticator::Private::step(const std::shared_ptr<Exchange> &exchange, std::optional<QByteArray> response, Done done)
{
    Attempt attempt{exchange->mechanism, {}, addressKey(exchange->origin.address), std::move(done)};
    std::unique_lock lock(exchange->mutex);
    attempt.user = exchange->user;
    if (exchange->busy || std::holds_alternative<std::monostate>(exchange->way)) {
        lock.unlock();
        failed(attempt);
        return;
    }
    attempt.done = ending(exchange, std::move(attempt.done));
    exchange->busy = true;
    if (auto *const scram = std::get_if<ScramExchange>(&exchange->way)) {
        lock.unlock(); // busy keeps others out
        if (!response)
            challenge(attempt, {});
        else if (!exchange->challenged)
            takeScramFirst(exchange, *scram, *response, std::move(attempt));
        else
            takeScramFinal(*exchange, *scram, *response, std::move(attempt));
        return;
    }
    auto *const login = std::get_if<LoginExchange>(&exchange->way);
    PasswordStep next = login ? login->next(response) : std::get<PlainExchange>(exchange->way).next(response);
    lock.unlock();
    takePasswordStep(std::move(next), std::move(attempt));
}

void Authenticator::Private::takePasswordStep(PasswordStep next, Attempt attempt)
{
    if (auto *const more = std::get_if<Challenge>(&next))
        challenge(attempt, std::move(more->bytes));
    else if (auto *const claim = std::get_if<PasswordClaim>(&next))
        checkPassword(std::move(*claim), std::move(attempt));
    else
        failed(attempt);
}

void Authenticator::Private::takeScramFirst(const std::shared_ptr<Exchange> &exchange, ScramExchange &scram, const QByteArray &message,
                             Attempt attempt)
{
    const auto user = scram.first(message);
    if (user) {
        exchange->user = saslPrep(*user).value_or(QString());
        attempt.user = *user;
    }
    if (throttle.refuses(attempt.address, rules().throttle, time->nowMs()))
        refused(attempt);
    else if (!user)
        failed(attempt);
    else
        lookUp(exchange->user, [self = weak_from_this(), held = std::weak_ptr(exchange),
                                attempt = std::move(attempt)](Result<Account> account) mutable {
            const auto still = self.lock();
            const auto here = held.lock();
            if (still && here)
                still->takeScramAccount(*here, account, std::move(attempt));
        });
}

void Authenticator::Private::takeScramAccount(Exchange &exchange, const Result<Account> &account, Attempt attempt)
{
    if (!account && account.error().kind != ErrorKind::NotFound) {
        unavailable(attempt);
        return;
    }
    QByteArray serverFirst;
    {
        const std::lock_guard lock(exchange.mutex);
        if (account)
            exchange.account = *account;
        exchange.challenged = true;
        serverFirst = std::get<ScramExchange>(exchange.way).challenge(credentialFor(account, attempt.user));
        exchange.user = account ? account->address : attempt.user;
    }
    challenge(attempt, std::move(serverFirst));
}

void Authenticator::Private::takeScramFinal(Exchange &exchange, const ScramExchange &scram, const QByteArray &message, Attempt attempt)
{
    // Exchanges begun side by side are not all listened to in the end.
    if (throttle.refuses(attempt.address, rules().throttle, time->nowMs())) {
        refused(attempt);
        return;
    }
    auto serverFinal = scram.final(message);
    if (serverFinal && exchange.account)
        succeed(attempt, *exchange.account, std::move(*serverFinal));
    else
        failed(attempt);
}

void Authenticator::Private::checkPassword(PasswordClaim claim, Attempt attempt)
{
    attempt.user = QString::fromUtf8(claim.user);
    if (throttle.refuses(attempt.address, rules().throttle, time->nowMs())) {
        refused(attempt);
        return;
    }
    if (claim.user.size() > maxUserOctets || claim.password.size() > maxPasswordOctets) {
        failed(attempt);
        return;
    }
    const auto user = saslPrep(claim.user);
    lookUp(user ? QString::fromUtf8(*user) : QString(),
           [self = weak_from_this(), password = std::move(claim.password),
            attempt = std::move(attempt)](Result<Account> account) mutable {
               if (const auto still = self.lock())
                   still->compare(password, std::move(account), std::move(attempt));
           });
}

void Authenticator::Private::compare(const QByteArray &password, Result<Account> account, Attempt attempt)
{
    if (!account && account.error().kind != ErrorKind::NotFound) {
        unavailable(attempt);
        return;
    }
    const auto prepared = saslPrep(password);
    PasswordVerifier::Question question{account ? account->id : AccountId(), credentialFor(account, attempt.user),
                                        prepared.value_or(password), prepared && !prepared->isEmpty(), attempt.address};
    if (account)
        attempt.user = account->address;
    // The verifier is ours and stops before we go.
    verifier.ask(std::move(question), rules(),
                 [this, account = std::move(account), attempt = std::move(attempt)](PasswordVerifier::Outcome outcome,
                                                                                    quint64 guess) {
                     if (outcome == PasswordVerifier::Outcome::Right && account)
                         succeed(attempt, *account);
                     else if (outcome == PasswordVerifier::Outcome::Unavailable)
                         unavailable(attempt);
                     else
                         failed(attempt, guess);
                 });
}

void Authenticator::Private::challenge(const Attempt &attempt, QByteArray bytes)
{
    tell(attempt.done, {Step::Outcome::Challenge, std::move(bytes), {}, attempt.user, attempt.mechanism});
}

void Authenticator::Private::succeed(const Attempt &attempt, const Account &account, QByteArray bytes)
{
    tell(attempt.done, {Step::Outcome::Success, std::move(bytes), account.id, account.address, attempt.mechanism});
}

void Authenticator::Private::failed(const Attempt &attempt, quint64 guess)
{
    tellLater(attempt, throttle.failed(attempt.address, accountKey(attempt.user), guess, rules().throttle, time->nowMs()));
}

void Authenticator::Private::refused(const Attempt &attempt)
{
    tellLater(attempt, throttle.delay(attempt.address, accountKey(attempt.user), rules().throttle, time->nowMs()));
}

void Authenticator::Private::unavailable(const Attempt &attempt)
{
    tell(attempt.done, {Step::Outcome::Unavailable, {}, {}, attempt.user, attempt.mechanism});
}

void Authenticator::Private::tellLater(const Attempt &attempt, std::chrono::milliseconds delay)
{
    time->after(delay, [this, done = attempt.done, step = Step{Step::Outcome::Failure, {}, {}, attempt.user, attempt.mechanism}] {
        tell(done, step);
    });
}

void Authenticator::Private::tell(const Done &done, Step step)
{
    if (!stopped && done)
        done(std::move(step));
}

void Authenticator::Private::lookUp(const QString &user, std::function<void(Result<Account>)> found)
{
    if (user.isEmpty())
        found(fail(ErrorKind::NotFound, u"No such account"_s));
    else
        lookup(user, std::move(found));
}

Credential Authenticator::Private::credentialFor(const Result<Account> &account, const QString &user)
{
    return account ? account->credential : pretendedCredential(secret, user, current().iterations);
}

quint64 Authenticator::Private::accountKey(const QString &user) const
{
    return qFromUnaligned<quint64>(crypto::hmacSha256(nameKey, user.toLower().toUtf8()).constData());
}

Authenticator::Options Authenticator::Private::current()
{
    const std::lock_guard lock(optionsMutex);
    return options;
}

PasswordVerifier::Rules Authenticator::Private::rules()
{
    const std::lock_guard lock(optionsMutex);
    return {{options.freeFailures, options.window, options.failureDelay, options.maxDelay, options.refuseAfter},
            options.rememberFor, options.hashDeadline};
}

} // namespace posthorn::auth
