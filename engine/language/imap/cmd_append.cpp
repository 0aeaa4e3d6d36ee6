// APPEND (RFC 9051 §6.3.12): the message goes to the service in pieces while it comes, and is never held whole.
#include "language/imap/arguments.h"
#include "language/imap/output.h"
#include "language/imap/parsers.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype pieceSize = 64 * 1024;

class AppendTask : public Task
{
public:
    explicit AppendTask(AppendBegin what) : m_what(std::move(what)) {}

    void begin(Session &session) override
    {
        if (session.reader.contentLeft() > 0 || session.reader.next() != CommandReader::Event::Literal) {
            session.bad("A literal is expected");
            return;
        }
        m_what.size = session.reader.literal().size;
        m_synchronizing = session.reader.literal().synchronizing;
        if (m_what.size > session.config.maxMessageSize)
            refuse(session, {Reply::Status::No, "TOOBIG", "The message is too large"});
        else if (m_what.size == 0)
            refuse(session, {Reply::Status::No, "CANNOT", "There is no message"});
        else
            m_waiting = session.ask(m_what);
    }

    bool hungry() const override { return m_stage != Stage::Begin && m_stage != Stage::End && m_waiting == 0; }
    QLatin1StringView stateName() const override { return "append"_L1; }
    void abandoned(Session &session) override
    {
        if (m_stage != Stage::Begin)
            session.tell(AppendCancel{});
    }

    void answered(Session &session, NeedId id, Answer &answer) override
    {
        if (id != m_waiting)
            return;
        m_waiting = 0;
        if (const auto *failure = std::get_if<Failure>(&answer)) {
            const Reply reply = replyFor(failure->error, Missing::Target);
            if (m_stage == Stage::Content || m_stage == Stage::Tail)
                skipRest(session, reply);
            else
                refuse(session, reply);
        } else if (m_stage == Stage::Begin) {
            beginContent(session);
        } else if (m_stage == Stage::End) {
            appended(session, std::get_if<Appended>(&answer));
        }
    }

    void input(Session &session) override
    {
        if (m_stage == Stage::Content)
            takeContent(session);
        if (m_stage == Stage::Tail && m_waiting == 0)
            takeTail(session);
    }

private:
    enum class Stage { Begin, Content, Tail, End };

    void beginContent(Session &session)
    {
        m_stage = Stage::Content;
        m_head = session.reader.command().size();
        session.reader.streamLiteral();
        if (m_synchronizing)
            session.continuation("OK");
    }

    void takeContent(Session &session)
    {
        // Small pieces would cost a need each: wait until there is enough, or the end.
        const qsizetype there = session.reader.buffered();
        if (there == 0 || (there < pieceSize / 4 && there < session.reader.contentLeft()))
            return;
        m_waiting = session.ask(AppendContent{session.reader.takeContent(pieceSize)});
        if (session.reader.contentLeft() == 0)
            m_stage = Stage::Tail;
    }

    void takeTail(Session &session)
    {
        switch (session.reader.next()) {
        case CommandReader::Event::More:
            return;
        case CommandReader::Event::Command:
            if (session.reader.command().size() == m_head) {
                m_stage = Stage::End;
                session.reader.finish();
                m_waiting = session.ask(AppendEnd{});
                return;
            }
            break;
        default:
            break;
        }
        skipRest(session, {Reply::Status::Bad, {}, "Nothing may follow the message"});
    }

    void appended(Session &session, const Appended *appended)
    {
        if (!appended) {
            session.failed(Error{});
            return;
        }
        QByteArray code = "APPENDUID ";
        appendNumber(code, appended->uidValidity);
        code += ' ';
        appendNumber(code, appended->uid);
        session.ok("Appended", code);
    }

    void skipRest(Session &session, const Reply &reply)
    {
        session.tell(AppendCancel{});
        refuse(session, reply);
    }

    void refuse(Session &session, const Reply &reply)
    {
        if (m_stage != Stage::End)
            session.reader.finish();
        session.finish(reply);
    }

    AppendBegin m_what;
    qsizetype m_head = 0; // octets of the command before the message
    NeedId m_waiting = 0;
    Stage m_stage = Stage::Begin;
    bool m_synchronizing = true;
};

} // namespace

// The arguments before the message: mailbox, flags and date-time.
Result<TaskPointer> parseAppend(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    AppendBegin what;
    what.name = arguments.mailbox();
    arguments.space();
    if (arguments.peek() == '(') {
        what.flags = arguments.flagList();
        arguments.space();
    }
    if (arguments.peek() == '"') {
        const DateTime at = arguments.dateTime();
        what.internalDate = at.ms;
        what.internalDateOffset = at.offsetMinutes;
        arguments.space();
    }
    if (!arguments.ok())
        return arguments.error();
    if (!arguments.atEnd())
        return parseError(u"The message is expected as a literal"_s, 0);
    return std::make_unique<AppendTask>(std::move(what));
}

} // namespace posthorn::imap
