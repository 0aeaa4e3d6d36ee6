// Commands beside one another (RFC 9051 §5.5): which may begin while others are at work, and what goes on when.
#include "language/imap/session.h"

#include "language/imap/notifier.h"
#include "language/imap/search_contexts.h"

namespace posthorn::imap {

static constexpr size_t maxRunning = 10; // commands at work at the same time

void Session::removeDone()
{
    const auto isDone = [](const auto &running) { return running->done; };
    if (std::erase_if(m_running, isDone) > 0)
        m_blocked = false;
}

Session::Running *Session::inResponse() const
{
    for (const auto &running : m_running) {
        if (!running->done && running->task->inResponse())
            return running.get();
    }
    return nullptr;
}

// The one to which belongs what the client sends next, if it sends anything: the last, or nothing is read behind it.
Session::Running *Session::inputHolder() const
{
    if (m_running.empty() || m_running.back()->done)
        return nullptr;
    Running *last = m_running.back().get();
    return !(last->claim.flags & Beside) || last->task->holdsInput() ? last : nullptr;
}

bool Session::hungry() const
{
    if (m_closed || m_wantsTls || m_peerClosed || !hasRoom() || inResponse() || (notifier && notifier->isFetching()))
        return false;
    if (const Running *holder = inputHolder())
        return !holder->held && holder->task->hungry();
    return !m_blocked && m_running.size() < maxRunning;
}

bool Session::allHungry() const
{
    return std::all_of(m_running.begin(), m_running.end(), [](const auto &running) { return running->task->hungry(); });
}

// RFC 9051 §5.5
bool Session::isInTheWay(const Claim &claim) const
{
    const auto meets = [](const QString &one, const QString &other) { return one.isEmpty() || other.isEmpty() || one == other; };
    for (const auto &running : m_running) {
        const quint16 flags = claim.flags, other = running->claim.flags;
        if (!(flags & Beside) || !(other & Beside) || (flags & other & StreamsLiteral))
            return true;
        // What is not bound to sequence numbers may tell of expunged messages, and they mean others then.
        if ((flags & UsesSequence) && !(other & UsesSequence))
            return true;
        const auto clash = [&](quint16 reads, quint16 alters) {
            return (flags & alters && other & (reads | alters)) || (flags & reads && other & alters);
        };
        if (clash(ReadsFlags, AltersFlags) && meets(claim.flagsIn, running->claim.flagsIn))
            return true;
        if (clash(ReadsMail, AltersMail) && meets(claim.mailIn, running->claim.mailIn))
            return true;
        if (clash(ReadsNames, AltersNames))
            return true;
    }
    return false;
}

// 0: it runs alone.
quint16 Session::flagsOf(const Command *command, QByteArrayView arguments) const
{
    if (!command || !(command->states & state))
        return 0;
    quint16 flags = command->flags;
    const QByteArray words = arguments.toByteArray().toUpper();
    if (flags & (ReadsFlags | AltersFlags)) {
        if (words.contains('*'))
            flags |= ReadsMail; // it means the last message there is
        if (words.contains('$') || words.contains("SAVE"))
            return 0; // what was found before, or will be (RFC 5182)
    }
    if (flags & ReadsNames && words.contains("STATUS"))
        flags |= ReadsMail | ReadsFlags; // LIST (RFC 5819)
    return flags;
}

// False: the command has to wait for one before it, whatever its arguments mean.
bool Session::mayBegin(const Command *command, QByteArrayView arguments)
{
    m_blocked = !m_running.empty()
                && (m_running.size() >= maxRunning || isInTheWay({.flags = quint16(flagsOf(command, arguments) & (Beside | UsesSequence))}));
    return !m_blocked;
}

// Goes on as far as input, answers and room for output allow. Not reentrant: what a command does may call for more.
void Session::advance()
{
    if (m_advancing)
        return;
    m_advancing = true;
    do {
        removeDone();
    } while (!m_closed && !m_wantsTls && step());
    removeDone();
    if (m_peerClosed && m_running.empty() && hasRoom())
        close();
    m_advancing = false;
}

// False: nothing to do until something comes.
bool Session::step()
{
    if (inResponse())
        return false;
    if (!m_late.isEmpty()) {
        auto [id, answer] = m_late.dequeue();
        deliver(id, answer);
        return true;
    }
    if (concludeHeld())
        return true;
    if (m_stopping) {
        if (allHungry())
            bye("[UNAVAILABLE] The server is shutting down");
        return false;
    }
    if (!tellAtRest())
        return false;
    if (Running *holder = inputHolder()) {
        if (holder->held)
            return false;
        const qsizetype before = reader.buffered();
        if (holder->task->hungry())
            with(*holder, [this](Task &task) { task.input(*this); });
        return reader.buffered() != before || inputHolder() != holder;
    }
    return !m_blocked && hasRoom() && readCommand();
}

// True: some were waiting for what is looked up, and it is here.
bool Session::concludeHeld()
{
    if (contexts && contexts->isLooking())
        return false;
    bool any = false;
    for (const auto &running : m_running) {
        if (running->done || !running->held)
            continue;
        any = true;
        conclude(*running, *std::exchange(running->held, std::nullopt));
    }
    return any;
}

// False: the client is being told something that no command may come into.
bool Session::tellAtRest()
{
    const bool rests = m_running.empty() || (m_running.size() == 1 && m_running[0]->task->isResting() && !m_running[0]->held);
    if (!rests)
        return true;
    if (notifier) {
        notifier->proceed(*this, !m_running.empty() || notifier->rules().isImmediate() ? SelectedView::Telling::All
                                                                                        : SelectedView::Telling::NoExpunges);
        if (notifier->isFetching())
            return false;
    }
    if (contexts)
        contexts->tell(*this);
    return true;
}

} // namespace posthorn::imap
