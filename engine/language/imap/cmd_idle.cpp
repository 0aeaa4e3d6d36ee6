// IDLE (RFC 2177): news are told as they come, until DONE.
#include "language/imap/lexer.h"
#include "language/imap/parsers.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

class IdleTask : public Task
{
public:
    void begin(Session &session) override
    {
        session.continuation("idling");
        changed(session);
    }
    bool hungry() const override { return true; }
    bool isResting() const override { return true; }
    QLatin1StringView stateName() const override { return "idle"_L1; }

    void changed(Session &session) override
    {
        if (!session.view || !session.hasRoom())
            return; // told later
        if (!session.notifier) // it tells all there is
            session.tellNews(SelectedView::Telling::All);
        if (session.view->isRemoved())
            session.bye("The selected mailbox is gone");
    }

    void outputTaken(Session &session) override { changed(session); }

    void input(Session &session) override
    {
        QByteArray line;
        const CommandReader::Line got = session.reader.takeLine(line, 100);
        if (got == CommandReader::Line::More)
            return;
        if (got == CommandReader::Line::Whole && line.compare("DONE", Qt::CaseInsensitive) == 0)
            session.ok("Idle no more");
        else
            session.bad("DONE expected");
    }
};

} // namespace

Result<TaskPointer> parseIdle(Lexer &arguments, const Session &)
{
    if (const auto end = arguments.end(); !end)
        return std::unexpected(end.error());
    return std::make_unique<IdleTask>();
}

} // namespace posthorn::imap
