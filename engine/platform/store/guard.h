// What state the store is in, and what it takes to leave that state. Fed by the writer and the readers.
#pragma once

#include "platform/store/sql/dialect.h"
#include "platform/store/store.h"

#include <atomic>
#include <mutex>

namespace posthorn::store {

class Guard
{
public:
    explicit Guard(const StoreOptions &options) : m_options(options), m_minFree(options.minFreeOctets) {}

    [[nodiscard]] Health health() const { return m_health.load(std::memory_order_relaxed); }
    void onHealth(std::function<void(Health, QString)> observer);
    void close();
    void setMinFree(qint64 octets); // any thread; the next look is not put off

    // Any thread: trouble met with the database. Told to the observers by the writer, in tell().
    void met(Trouble trouble, const QString &why);

    // Writer's thread. Looks at the free disk space, at most once each probe interval unless `now`.
    void look(bool now = false);
    // True when writes should be refused unseen: in trouble, and tried not long ago.
    [[nodiscard]] bool refuses() const;
    [[nodiscard]] Error refusal() const;
    // A probe or a commit went through: the trouble is over, if there is space.
    void recovered();
    void tell(); // calls the observers when the state has changed

private:
    void become(Health health, const QString &why);
    const StoreOptions &m_options;
    std::atomic<qint64> m_minFree;
    std::atomic<bool> m_lookSoon = false;
    std::atomic<Health> m_health = Health::Good;
    mutable std::mutex m_mutex;
    QString m_why;
    Health m_told = Health::Good;
    QList<std::function<void(Health, QString)>> m_observers;
    std::chrono::steady_clock::time_point m_looked{};
};

} // namespace posthorn::store
