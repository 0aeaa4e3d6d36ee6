// Chunks of a big message on their way into the store.
#pragma once

#include "core/result.h"
#include "platform/store/messages.h"
#include "platform/store/transaction.h"

namespace posthorn::delivery {

// Puts chunk number `sequence` after the ones before it; the first one (staged is none) makes the content.
[[nodiscard]] inline Result<MessageId> stageChunk(store::Transaction &transaction, MessageId staged, int sequence,
                                                  const QByteArray &chunk)
{
    const auto message = staged ? Result<MessageId>(staged) : store::Messages::stage(transaction);
    if (!message)
        return message;
    const auto appended = store::Messages::append(transaction, *message, sequence, chunk);
    if (!appended)
        return std::unexpected(appended.error());
    return message;
}

// The last chunk, if any, and the digest: the content is whole. Small messages come here with no chunk staged.
[[nodiscard]] inline Result<MessageId> keepContent(store::Transaction &transaction, MessageId staged, int sequence,
                                                   const store::Digest &digest, const QByteArray &rest)
{
    if (!staged)
        return store::Messages::add(transaction, digest, rest);
    if (!rest.isEmpty()) {
        const auto appended = store::Messages::append(transaction, staged, sequence, rest);
        if (!appended)
            return std::unexpected(appended.error());
    }
    const auto finished = store::Messages::finish(transaction, staged, digest);
    return finished ? Result<MessageId>(staged) : std::unexpected(finished.error());
}

// Forgets a content that will not be finished. Failing that, it is dropped at the next start.
inline void dropStaged(store::Store &store, MessageId staged)
{
    if (!staged)
        return;
    store.write<bool>(
        [staged](store::Transaction &transaction) -> Result<bool> {
            const auto dropped = store::Messages::dropStaged(transaction, staged);
            return dropped ? Result<bool>(true) : std::unexpected(dropped.error());
        },
        [](const Result<bool> &) {});
}

} // namespace posthorn::delivery
