// The real service on a real store, but what is posted to its sessions waits here until the test lets it through.
#pragma once

#include "service/access/imap_service.h"
#include "unit/platform/store/store_fixture.h"

#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace posthorn::access {

using namespace Qt::StringLiterals;

// What is posted to one conversation is brought to it in order. An answer that a reader thread gives may come later than
// that, so it waits apart until it is let in.
class PostOffice final : public net::Letterbox
{
public:
    using Letter = std::function<void(net::Session &)>;

    void post(ConversationId to, Letter letter) override
    {
        const std::scoped_lock lock(m_mutex);
        const bool ordered = std::this_thread::get_id() == writer || std::this_thread::get_id() == m_own;
        (ordered ? m_boxes[to.value].inOrder : m_boxes[to.value].late).push_back({std::move(letter), !ordered});
    }
    void admitLate(ConversationId to)
    {
        const std::scoped_lock lock(m_mutex);
        Box &box = m_boxes[to.value];
        std::ranges::move(box.late, std::back_inserter(box.inOrder));
        box.late.clear();
    }
    [[nodiscard]] bool has(ConversationId to)
    {
        const std::scoped_lock lock(m_mutex);
        return !m_boxes[to.value].inOrder.empty();
    }
    [[nodiscard]] bool hasLate(ConversationId to)
    {
        const std::scoped_lock lock(m_mutex);
        return !m_boxes[to.value].late.empty();
    }
    struct Waiting
    {
        Letter letter;
        bool isRead = false;    // an answer of a reader thread
        bool isOutcome = false; // of what the conversation itself wrote
    };
    [[nodiscard]] Waiting take(ConversationId to)
    {
        const std::scoped_lock lock(m_mutex);
        auto &letters = m_boxes[to.value].inOrder;
        Waiting first = std::move(letters.front());
        letters.pop_front();
        return first;
    }
    void markLast(ConversationId to)
    {
        const std::scoped_lock lock(m_mutex);
        m_boxes[to.value].inOrder.back().isOutcome = true;
    }
    void close(ConversationId to)
    {
        const std::scoped_lock lock(m_mutex);
        m_boxes.erase(to.value);
    }

    std::thread::id writer;

private:
    struct Box
    {
        std::deque<Waiting> inOrder, late;
    };
    std::mutex m_mutex;
    std::unordered_map<qint64, Box> m_boxes;
    const std::thread::id m_own = std::this_thread::get_id();
};

struct AccessHouse
{
    AccessHouse()
    {
        fixture.store->onCommitted([this](const store::Committed &committed) {
            if (committed.mailboxes.isEmpty())
                return;
            indexes.committed(committed);
            const std::scoped_lock lock(mutex);
            changes += committed.mailboxes;
        });
        account = fixture.makeAlice();
        store::must(directory.load());
        fixture.write([this](store::Transaction &) -> Result<int> {
            office.writer = std::this_thread::get_id();
            return 0;
        });
    }
    // Whatever was asked of the store is done, and its answers are posted.
    void settleReads()
    {
        fixture.read([](store::Connection &) -> Result<int> { return 0; });
    }
    void settleWrites()
    {
        fixture.write([](store::Transaction &) -> Result<int> { return 0; });
    }
    void settle()
    {
        settleReads();
        settleWrites();
        settleReads(); // what the writer's answers asked for
    }
    QList<MailboxChange> takeChanges()
    {
        const std::scoped_lock lock(mutex);
        return std::exchange(changes, {});
    }

    PostOffice office;
    store::Fixture fixture{store::StoreOptions{.readers = 1, .manyMessages = 3}};
    IndexCache indexes{*fixture.store};
    delivery::Directory directory{*fixture.store, u"+"_s};
    auth::Authenticator authenticator{[](const QString &, const std::function<void(Result<auth::Account>)> &done) {
                                          done(fail(ErrorKind::NotFound, u"Nobody"_s));
                                      },
                                      {}};
    NoticeBoard notices;
    DropLocks drops;
    EventLog events;
    Counters counters;
    SettingsPointer settings = std::make_shared<const SettingsSnapshot>();
    World world{fixture.store.get(), &directory, &authenticator, &indexes, &notices, &drops, &events, &counters,
                [this] { return settings; }, "mail.example.test"};
    AccountId account;
    std::mutex mutex;
    QList<MailboxChange> changes; // guarded
};

} // namespace posthorn::access
