#include "service/relay/tokens.h"

#include "platform/system/command.h"

#include <algorithm>

namespace posthorn::relay {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 keptFor = 300'000; // ms; tokens are good for an hour, as a rule
constexpr system::CommandLimits limits{std::chrono::seconds(20), 16 * 1024};

// Its first line. What is no token must not get into a command (RFC 6750 §2.1).
Result<QByteArray> tokenIn(const QByteArray &printed)
{
    const QByteArray token = printed.trimmed().split('\n').first().trimmed();
    if (token.isEmpty())
        return fail(ErrorKind::Unavailable, u"The token's command printed nothing"_s);
    const auto fits = [](char c) { return c > ' ' && c < 0x7f; };
    if (!std::ranges::all_of(token, fits))
        return fail(ErrorKind::Unavailable, u"What the token's command printed is no token"_s);
    return token;
}

} // namespace

void Tokens::fetch(const QString &command, const QByteArray &refused, Done done)
{
    const Kept kept = m_kept.value(command);
    if (!kept.token.isEmpty() && kept.token != refused && m_clock.steadyMs() < kept.until) {
        done(kept.token);
        return;
    }
    QList<Done> &waiting = m_waiting[command];
    waiting.append(std::move(done));
    if (waiting.size() == 1)
        run(command);
}

void Tokens::run(const QString &command)
{
    const auto words = system::splitCommand(command);
    if (!words) {
        ended(command, std::unexpected(words.error()));
        return;
    }
    system::runCommand(this, *words, limits, [this, command](const Result<QByteArray> &printed) { ended(command, printed); });
}

void Tokens::ended(const QString &command, const Result<QByteArray> &printed)
{
    const auto token = printed ? tokenIn(*printed) : printed;
    if (token)
        m_kept.insert(command, {*token, m_clock.steadyMs() + keptFor});
    else
        m_kept.remove(command);
    for (const Done &done : m_waiting.take(command))
        done(token);
}

} // namespace posthorn::relay
