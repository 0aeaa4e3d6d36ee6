// The seal on what leaves the house: DKIM signatures by the keys of the author's domain (RFC 6376 §5). Bodies are read
// through in pieces, on the store's readers, once for each message that has somewhere to go.
#pragma once

#include "platform/store/store.h"
#include "policy/trust/dkim_canonical.h"
#include "policy/trust/dkim_sign.h"

#include <QCache>
#include <QHash>

#include <memory>
#include <mutex>

namespace posthorn::relay {

// Thread-safe. Held by a shared pointer: jobs under way keep it.
class Signer : public std::enable_shared_from_this<Signer>
{
public:
    // Reports come from `hostName`, which is no domain of ours itself but most often lies within one.
    Signer(store::Store &store, QByteArray hostName);
    // Reads the active keys; waits for a reader. At start, and on the writer's thread after they changed.
    void load();

    struct Mail
    {
        MessageId message;
        qint64 from = 0;  // the octet in the store it begins with
        qint64 size = 0;  // of what is stored
        QByteArray first; // its octets from there on, some or all
    };
    // On a reader's thread, and so `done` is called: with fields to go before the message. Empty: nobody signs for its
    // author. An error: the message could not be read.
    using Done = std::function<void(Result<QByteArray>)>;
    void sign(const Mail &mail, Done done);
    [[nodiscard]] bool signsAnything() const { return !ring()->isEmpty(); } // any thread

private:
    struct Seal
    {
        QByteArray domain;
        QList<trust::SigningKey> keys;
    };
    using Ring = QHash<QByteArray, Seal>; // by domain
    struct Task;
    void readOn(const std::shared_ptr<Task> &task);
    void finish(Task &task);
    [[nodiscard]] const Seal *sealFor(const Ring &ring, QByteArrayView header) const;
    [[nodiscard]] std::shared_ptr<const Ring> ring() const;

    store::Store &m_store;
    const QByteArray m_hostName;
    mutable std::mutex m_mutex;
    std::shared_ptr<const Ring> m_ring;    // guarded by m_mutex
    QCache<qint64, QByteArray> m_made{1000}; // guarded by m_mutex; by message: it may have many ways to go
};

} // namespace posthorn::relay
