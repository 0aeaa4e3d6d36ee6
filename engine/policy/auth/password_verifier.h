// Is this the password? Slow once (PBKDF2 on a pool), cheap when asked again. Thread-safe.
//
// Nothing remembered tells a password: only HMAC-SHA-256, under a key of this process, of account, its stored key and the
// password. So a changed password is not found any more. Equal questions asked at the same time are hashed once.
#pragma once

#include "policy/auth/authenticator.h"
#include "policy/auth/hash_pool.h"
#include "policy/auth/lru_map.h"
#include "policy/auth/throttle.h"
#include "policy/auth/timekeeper.h"

#include <mutex>
#include <vector>

namespace posthorn::auth {

class PasswordVerifier
{
public:
    struct Question
    {
        AccountId account; // none: pretended, and never right
        Credential credential;
        QByteArray password; // prepared; if that failed, as it came, and `possible` is false
        bool possible = true;
        quint64 address = 0;
    };
    struct Rules
    {
        Throttle::Rules throttle;
        std::chrono::milliseconds rememberFor;
        std::chrono::milliseconds hashDeadline;
    };
    enum class Outcome { Right, Wrong, Unavailable };
    // `guess` tells wrong passwords apart, for the throttle.
    using Told = std::function<void(Outcome, quint64 guess)>;
    using Hasher = std::function<QByteArray(const QByteArray &password, const QByteArray &salt, int iterations)>;

    // `hasher` is storedKeyOf(); tests have others.
    PasswordVerifier(Throttle &throttle, Timekeeper &time, int threads, qsizetype queue, Hasher hasher = {});

    // `told` is called once, on this thread or a pool's, and not after stop().
    void ask(Question question, const Rules &rules, Told told);
    void forget(AccountId account);
    void stop() { m_pool.stop(); }

private:
    struct Remembered
    {
        QByteArray tag;
        qint64 until = 0;
    };
    struct Job
    {
        Question question;
        QByteArray tag;
        qint64 deadline = 0;
        std::chrono::milliseconds rememberFor;
    };
    [[nodiscard]] QByteArray tagOf(const Question &question) const;
    [[nodiscard]] bool remembers(const Question &question, const QByteArray &tag);
    [[nodiscard]] bool join(const QByteArray &tag, Told &told);
    void work(Job &job);
    void settle(const QByteArray &tag, Outcome outcome);

    Throttle &m_throttle;
    Timekeeper &m_time;
    const Hasher m_hasher;
    const QByteArray m_key;
    std::mutex m_mutex;
    LruMap<AccountId, Remembered> m_remembered;
    QHash<QByteArray, std::vector<Told>> m_asked; // by tag: who waits for a hash under way
    HashPool m_pool; // last: its threads use what is above
};

} // namespace posthorn::auth
