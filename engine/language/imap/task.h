// One command at work. It is made by its parser from the arguments, begins when no command before it is in its way (see
// CommandFlag), and ends by Session::finish() (or ok(), no(), bad(), failed()), which it may call from any of these.
#pragma once

#include "language/imap/needs.h"

namespace posthorn::imap {

class Session;

class Task
{
public:
    virtual ~Task() = default;
    virtual void begin(Session &session) = 0;
    // The answer to a need this task asked for.
    virtual void answered(Session &session, NeedId id, Answer &answer)
    {
        Q_UNUSED(session) Q_UNUSED(id) Q_UNUSED(answer)
    }
    // There may be room for output again.
    virtual void outputTaken(Session &session) { Q_UNUSED(session) }
    // The view has news.
    virtual void changed(Session &session) { Q_UNUSED(session) }

    // What the client sends next is for this task, and no command.
    [[nodiscard]] virtual bool holdsInput() const { return hungry(); }
    // Wants what the client sends now; it is in Session::reader. Called until hungry() is false or nothing was read.
    [[nodiscard]] virtual bool hungry() const { return false; }
    virtual void input(Session &session) { Q_UNUSED(session) }

    // Nothing is being done: whatever is news may be told at any time.
    [[nodiscard]] virtual bool isResting() const { return false; }

    // The session ends before the task does: whatever the service keeps for it is to be dropped.
    virtual void abandoned(Session &session) { Q_UNUSED(session) }
    // A response has begun in the output and is not complete: nothing of others may come between.
    [[nodiscard]] virtual bool inResponse() const { return false; }
    // Octets were announced that are not written yet: not even a BYE may come between.
    [[nodiscard]] virtual bool inLiteral() const { return false; }
    // Flags of CommandFlag that these arguments add to the command's.
    [[nodiscard]] virtual quint16 effects() const { return 0; }
    // The one mailbox it adds to or looks at, when that need not be the selected one. Asked before it begins.
    [[nodiscard]] virtual QString mailbox() const { return {}; }
    // What a list of sessions shows of it, or empty.
    [[nodiscard]] virtual QLatin1StringView stateName() const { return {}; }
};

// A command that asks one thing. `done` gets the session and the answer, and ends the command.
template<typename A, typename F>
class AskTask : public Task
{
public:
    AskTask(What what, F done, bool target);
    void begin(Session &session) override;
    void answered(Session &session, NeedId id, Answer &answer) override;
    [[nodiscard]] QString mailbox() const override
    {
        const auto *status = std::get_if<StatusMailbox>(&m_what);
        return status ? status->name : QString();
    }

private:
    What m_what;
    F m_done;
    bool m_target;
};

// A command that is done at once.
template<typename F>
class PlainTask : public Task
{
public:
    explicit PlainTask(F run) : m_run(std::move(run)) {}
    void begin(Session &session) override { m_run(session); }

private:
    F m_run;
};

using TaskPointer = std::unique_ptr<Task>;

template<typename F>
TaskPointer plainTask(F run)
{
    return std::make_unique<PlainTask<F>>(std::move(run));
}

} // namespace posthorn::imap
