#include "policy/auth/authenticator.h"

#include "platform/crypto/hash.h"
#include "policy/auth/authenticator_private.h"

namespace posthorn::auth {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype nonceCharacters = 24; // 144 bits

bool isScram(QByteArrayView mechanism)
{
    return mechanism == "SCRAM-SHA-256" || mechanism == "SCRAM-SHA-256-PLUS";
}

std::shared_ptr<Exchange> makeExchange(QByteArrayView mechanism, const Origin &origin)
{
    auto exchange = std::make_shared<Exchange>();
    exchange->mechanism = mechanism.toByteArray();
    exchange->origin = origin;
    if (mechanism == "PLAIN")
        exchange->way.emplace<PlainExchange>();
    else if (mechanism == "LOGIN")
        exchange->way.emplace<LoginExchange>();
    else if (isScram(mechanism))
        exchange->way.emplace<ScramExchange>(mechanism.endsWith("-PLUS"),
                                             ChannelBindings{origin.tls.certificateHash, origin.tls.exporter},
                                             crypto::randomText(nonceCharacters));
    return exchange;
}

} // namespace

Authenticator::Authenticator(Lookup lookup, Options options, std::shared_ptr<Timekeeper> time)
    : d(std::make_shared<Private>(std::move(lookup), std::move(options),
                                  time ? std::move(time) : std::make_shared<ThreadTimekeeper>()))
{
}

Authenticator::~Authenticator()
{
    stop();
}

void Authenticator::stop()
{
    d->stopped = true;
    d->verifier.stop();
    d->time->stop();
}

std::shared_ptr<Exchange> Authenticator::begin(QByteArrayView mechanism, std::optional<QByteArray> initialResponse,
                                               const Origin &origin, Done done)
{
    auto exchange = makeExchange(mechanism, origin);
    d->step(exchange, std::move(initialResponse), std::move(done));
    return exchange;
}

void Authenticator::proceed(const std::shared_ptr<Exchange> &exchange, QByteArray response, Done done)
{
    if (exchange)
        d->step(exchange, std::move(response), std::move(done));
    else
        d->tell(done, {});
}

void Authenticator::verify(QByteArray user, QByteArray password, const Origin &origin, Done done)
{
    d->checkPassword({std::move(user), std::move(password)}, {"PASSWORD"_ba, {}, addressKey(origin.address), std::move(done)});
}

void Authenticator::forget(AccountId account)
{
    d->verifier.forget(account);
}

void Authenticator::setOptions(Options options)
{
    const std::lock_guard lock(d->optionsMutex);
    d->options = std::move(options);
}

} // namespace posthorn::auth
