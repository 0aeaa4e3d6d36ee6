#include "service/delivery/staging.h"

#include "platform/store/store.h"

namespace posthorn::delivery {

StagedContent::~StagedContent()
{
    const MessageId staged = id();
    if (!staged || m_kept)
        return;
    m_store.write<bool>(
        [staged](store::Transaction &transaction) -> Result<bool> {
            const auto dropped = store::Messages::dropStaged(transaction, staged);
            return dropped ? Result<bool>(true) : std::unexpected(dropped.error());
        },
        [&store = m_store, staged](const Result<bool> &dropped) {
            if (!dropped && isTemporary(dropped.error().kind))
                store.dropLater(staged);
        });
}

void stageChunk(store::Store &store, std::shared_ptr<StagedContent> &content, int sequence, const QByteArray &chunk,
                std::function<void(Result<void>)> done)
{
    if (!content)
        content = std::make_shared<StagedContent>(store);
    store.write<MessageId>(
        [content, sequence, chunk](store::Transaction &transaction) -> Result<MessageId> {
            const auto message = content->id() ? Result<MessageId>(content->id()) : store::Messages::stage(transaction);
            if (!message)
                return message;
            const auto appended = store::Messages::append(transaction, *message, sequence, chunk);
            return appended ? message : std::unexpected(appended.error());
        },
        [content, done = std::move(done)](const Result<MessageId> &message) {
            if (message)
                content->begun(*message);
            done(message ? Result<void>() : std::unexpected(message.error()));
        },
        chunk.size());
}

Result<MessageId> keepContent(store::Transaction &transaction, const StagedContent *staged, int sequence,
                              const store::Digest &digest, const QByteArray &rest)
{
    const MessageId message = staged ? staged->id() : MessageId();
    if (!message)
        return store::Messages::add(transaction, digest, rest);
    if (!rest.isEmpty()) {
        const auto appended = store::Messages::append(transaction, message, sequence, rest);
        if (!appended)
            return std::unexpected(appended.error());
    }
    const auto finished = store::Messages::finish(transaction, message, digest);
    return finished ? Result<MessageId>(message) : std::unexpected(finished.error());
}

} // namespace posthorn::delivery
