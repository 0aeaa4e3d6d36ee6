// What all IMAP and POP3 conversations share; all of it thread-safe and living longer than they do.
#pragma once

#include "core/counters.h"
#include "core/events.h"
#include "core/settings.h"
#include "platform/net/session.h"
#include "platform/store/store.h"
#include "policy/auth/authenticator.h"
#include "service/access/index_cache.h"
#include "service/access/notice_board.h"
#include "service/delivery/directory.h"

#include <QMutex>
#include <QSet>

#include <atomic>
#include <functional>

namespace posthorn::access {

// Which maildrops a POP3 session holds (RFC 1939 §4: one at a time).
class DropLocks
{
public:
    [[nodiscard]] bool take(AccountId account)
    {
        const QMutexLocker lock(&m_mutex);
        if (m_held.contains(account))
            return false;
        m_held.insert(account);
        return true;
    }
    void release(AccountId account)
    {
        const QMutexLocker lock(&m_mutex);
        m_held.remove(account);
    }

private:
    QMutex m_mutex;
    QSet<AccountId> m_held;
};

struct World
{
    store::Store *store = nullptr;
    delivery::Directory *directory = nullptr;
    auth::Authenticator *authenticator = nullptr;
    IndexCache *indexes = nullptr;
    NoticeBoard *notices = nullptr;
    DropLocks *drops = nullptr;
    EventLog *events = nullptr;
    Counters *counters = nullptr;
    std::function<SettingsPointer()> settings;
    QByteArray hostName;
    // Failed sign-ins not yet written to the trace; an attack must not fill the store.
    std::shared_ptr<std::atomic<int>> failuresWaiting = std::make_shared<std::atomic<int>>(0);
};

[[nodiscard]] std::unique_ptr<net::Session> makeImapSession(World &world, const net::Peer &peer, bool tlsAvailable);
[[nodiscard]] std::unique_ptr<net::Session> makePop3Session(World &world, const net::Peer &peer, bool tlsAvailable);

// Tells log and trace who signed in, or failed to.
void noteSignIn(World &world, QLatin1StringView protocol, const net::Peer &peer, const TlsFacts &tls,
                const auth::Step &step);

} // namespace posthorn::access
