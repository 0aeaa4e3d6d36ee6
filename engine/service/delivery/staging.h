// Chunks of a big message on their way into the store.
#pragma once

#include "core/result.h"
#include "platform/store/messages.h"
#include "platform/store/transaction.h"

#include <QByteArray>

#include <atomic>
#include <functional>
#include <memory>

namespace posthorn::delivery {

// A content that goes into the store in chunks while it arrives. It belongs to whoever holds this: the session, then the
// jobs of the store. When nobody does any more and it has not become a message, it is dropped: at once, or, should that
// fail, when the store is well again.
class StagedContent
{
public:
    explicit StagedContent(store::Store &store) : m_store(store) {}
    ~StagedContent();
    Q_DISABLE_COPY_MOVE(StagedContent)

    // None before the first chunk is in.
    [[nodiscard]] MessageId id() const { return {m_id.load()}; }
    void begun(MessageId id) { m_id = id.value; }
    void becameMessage() { m_kept = true; }

private:
    store::Store &m_store;
    std::atomic<qint64> m_id = 0;
    std::atomic<bool> m_kept = false;
};

// Puts chunk number `sequence` after the ones before it; `content` is made with the first one. `done` is called on the
// writer's thread.
void stageChunk(store::Store &store, std::shared_ptr<StagedContent> &content, int sequence, const QByteArray &chunk,
                std::function<void(Result<void>)> done);

// The last chunk, if any, and the digest: the content is whole. Small messages come here with no chunk staged.
[[nodiscard]] Result<MessageId> keepContent(store::Transaction &transaction, const StagedContent *staged, int sequence,
                                            const store::Digest &digest, const QByteArray &rest);

} // namespace posthorn::delivery
