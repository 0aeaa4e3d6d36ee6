// Counts failed sign-ins by address and by account, and says what the next one costs. Thread-safe; bounded memory: what
// was not used for longest is forgotten first.
#pragma once

#include "policy/auth/lru_map.h"

#include <QByteArray>

#include <array>
#include <chrono>
#include <mutex>

namespace posthorn::auth {

// Of an address in text form: an IPv4 address, or the /64 of an IPv6 one, since a home has all of it. Mapped IPv4
// addresses are the IPv4 one. Anything else counts as one address.
[[nodiscard]] quint64 addressKey(const QByteArray &address);

class Throttle
{
public:
    struct Rules
    {
        int freeFailures = 5;
        std::chrono::milliseconds window{15 * 60 * 1000};
        std::chrono::milliseconds failureDelay{500};
        std::chrono::milliseconds maxDelay{16'000};
        int refuseAfter = 50;
    };
    explicit Throttle(qsizetype capacity = 100'000) : m_addresses(capacity), m_accounts(capacity) {}

    // The address had its failures: it is not listened to until the window has passed.
    [[nodiscard]] bool refuses(quint64 address, const Rules &rules, qint64 now);
    // A password is about to be looked at slowly. False: this address has so many under way that, all wrong, they would
    // be too many; else many guesses made at once were all looked at before the first was counted.
    [[nodiscard]] bool enter(quint64 address, const Rules &rules, qint64 now);
    void leave(quint64 address);
    // `guess` tells wrong passwords apart; 0: not known. The same one as lately, from there for that account, is not
    // counted again. Answers how long the failure's answer waits.
    std::chrono::milliseconds failed(quint64 address, quint64 account, quint64 guess, const Rules &rules, qint64 now);
    // The same without counting.
    [[nodiscard]] std::chrono::milliseconds delay(quint64 address, quint64 account, const Rules &rules, qint64 now);

private:
    struct Failures
    {
        qint64 since = 0; // when the window began
        int count = 0;
        size_t next = 0;
        std::array<quint64, 4> guesses{}; // the last ones
    };
    using Table = LruMap<quint64, Failures>;
    static int countIn(Table &table, quint64 key, const Rules &rules, qint64 now);
    static void add(Table &table, quint64 key, const Rules &rules, qint64 now);
    [[nodiscard]] bool isRepeated(quint64 address, quint64 guess, const Rules &rules, qint64 now);
    std::chrono::milliseconds delayLocked(quint64 address, quint64 account, const Rules &rules, qint64 now);

    std::mutex m_mutex;
    Table m_addresses;
    Table m_accounts;
    QHash<quint64, int> m_underWay; // by address; as many as the hash queue and its threads hold at most
};

} // namespace posthorn::auth
