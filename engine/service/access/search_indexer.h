// Keeps the search index current in the background: a few messages at a time, when nobody else has much to do.
#pragma once

#include "platform/store/search_index.h"
#include "platform/store/store.h"

#include <QObject>
#include <QTimer>

#include <atomic>

namespace posthorn::access {

// Lives on a thread with an event loop, longer than the store's jobs.
class SearchIndexer : public QObject
{
    Q_OBJECT
public:
    explicit SearchIndexer(store::Store &store);
    ~SearchIndexer() override;

    void setEnabled(bool enabled);
    void committed(const store::Committed &committed); // writer's thread
    void stop();                                       // nothing new is begun

private:
    struct Batch
    {
        QList<store::SearchIndex::Words> messages;
        MessageId upTo; // none: nothing was waiting
        bool more = false;
    };
    static Result<Batch> collect(store::Connection &connection);
    void step();
    void write(Batch batch);
    void finished(bool ok, bool more);
    void wait(std::chrono::milliseconds time);

    store::Store &m_store;
    QTimer m_timer;
    bool m_enabled = false;
    bool m_working = false;
    qint64 m_lastStep = 0;                // steady ms
    std::atomic<qint64> m_lastCommit = 0; // of mail, steady ms
    std::atomic<bool> m_asleep = false;   // there was nothing to do
};

} // namespace posthorn::access
