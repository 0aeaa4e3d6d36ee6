#include "policy/auth/password_verifier.h"

#include "platform/crypto/hash.h"
#include "policy/auth/credential.h"

#include <QtEndian>

#include <cstring>

namespace posthorn::auth {

namespace {

constexpr qsizetype maxRemembered = 50'000;

quint64 guessOf(const QByteArray &tag)
{
    return qFromUnaligned<quint64>(tag.constData());
}

} // namespace

PasswordVerifier::PasswordVerifier(Throttle &throttle, Timekeeper &time, int threads, qsizetype queue, Hasher hasher)
    : m_throttle(throttle), m_time(time), m_hasher(hasher ? std::move(hasher) : Hasher(storedKeyOf)),
      m_key(crypto::randomBytes(keyOctets)), m_remembered(maxRemembered), m_pool(threads, queue)
{
}

QByteArray PasswordVerifier::tagOf(const Question &question) const
{
    // The first two have fixed lengths, so that no two questions have the same octets.
    QByteArray all(8 + keyOctets, '\0');
    qToLittleEndian(question.account.value, all.data());
    memcpy(all.data() + 8, question.credential.storedKey.constData(),
           size_t(qMin(keyOctets, question.credential.storedKey.size())));
    all += question.password;
    QByteArray tag = crypto::hmacSha256(m_key, all);
    crypto::wipe(all);
    return tag;
}

bool PasswordVerifier::remembers(const Question &question, const QByteArray &tag)
{
    if (!question.account)
        return false;
    const std::lock_guard lock(m_mutex);
    const Remembered *const known = m_remembered.find(question.account);
    return known && known->until > m_time.nowMs() && crypto::constantTimeEquals(known->tag, tag);
}

bool PasswordVerifier::join(const QByteArray &tag, Told &told)
{
    const std::lock_guard lock(m_mutex);
    const auto at = m_asked.find(tag);
    if (at == m_asked.end())
        return false;
    at->push_back(std::move(told));
    return true;
}

void PasswordVerifier::ask(Question question, const Rules &rules, Told told)
{
    const QByteArray tag = tagOf(question);
    if (question.possible && remembers(question, tag)) {
        told(Outcome::Right, 0);
        return;
    }
    if (join(tag, told))
        return;
    const quint64 address = question.address;
    if (!m_throttle.enter(address, rules.throttle, m_time.nowMs())) {
        told(Outcome::Unavailable, 0);
        return;
    }
    {
        // Two equal questions may both come here: the second then hashes for nothing, and both are told.
        const std::lock_guard lock(m_mutex);
        m_asked[tag].push_back(std::move(told));
    }
    Job job{std::move(question), tag, m_time.nowMs() + rules.hashDeadline.count(), rules.rememberFor};
    if (!m_pool.submit([this, job = std::move(job)]() mutable { work(job); })) {
        m_throttle.leave(address);
        settle(tag, Outcome::Unavailable);
    }
}

void PasswordVerifier::work(Job &job)
{
    const Question &question = job.question;
    if (m_time.nowMs() > job.deadline) {
        m_throttle.leave(question.address);
        settle(job.tag, Outcome::Unavailable);
        return;
    }
    const Credential &credential = question.credential;
    const QByteArray key = m_hasher(question.password, credential.salt, credential.iterations);
    const bool equal = crypto::constantTimeEquals(key, credential.storedKey);
    const bool right = equal && question.possible && question.account;
    if (right && job.rememberFor.count() > 0) {
        const std::lock_guard lock(m_mutex);
        m_remembered[question.account] = {job.tag, m_time.nowMs() + job.rememberFor.count()};
    }
    // Left before it is counted: the next guess after this answer must not find it twice, under way and counted. One
    // more may slip between, which is no more than chance gives.
    m_throttle.leave(question.address);
    settle(job.tag, right ? Outcome::Right : Outcome::Wrong);
    crypto::wipe(job.question.password);
}

void PasswordVerifier::settle(const QByteArray &tag, Outcome outcome)
{
    std::vector<Told> waiting;
    {
        const std::lock_guard lock(m_mutex);
        waiting = m_asked.take(tag);
    }
    for (const Told &told : waiting)
        told(outcome, guessOf(tag));
}

void PasswordVerifier::forget(AccountId account)
{
    const std::lock_guard lock(m_mutex);
    m_remembered.remove(account);
}

} // namespace posthorn::auth
