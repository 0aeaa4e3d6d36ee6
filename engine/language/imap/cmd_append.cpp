// APPEND (RFC 9051 §6.3.12, MULTIAPPEND: RFC 3502) and REPLACE (RFC 8508): the message goes to the service in pieces while it comes, and is never held whole.
#include "language/imap/arguments.h"
#include "language/imap/output.h"
#include "language/imap/number_set.h"
#include "language/imap/parsers.h"
#include "language/imap/resolve.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype pieceSize = 64 * 1024;

// Flags and date-time of one message, to the end: its literal follows.
Result<AppendOptions> parseOptions(Arguments &arguments, bool &utf8)
{
    AppendOptions options;
    if (arguments.peek() == '(') {
        options.flags = arguments.flagList();
        arguments.space();
    }
    if (arguments.peek() == '"') {
        const DateTime at = arguments.dateTime();
        options.internalDate = at.ms;
        options.internalDateOffset = at.offsetMinutes;
        arguments.space();
    }
    utf8 = arguments.ok() && arguments.lexer().takeWord("UTF8"); // RFC 6855 §4
    if (utf8) {
        arguments.space();
        arguments.expect('(');
    }
    if (!arguments.ok())
        return arguments.error();
    if (!arguments.atEnd())
        return parseError(u"The message is expected as a literal"_s, 0);
    return options;
}

// Which message a REPLACE takes the place of.
struct Replaced
{
    NumberSet set;
    Numbering numbering = Numbering::Uid;
};

class AppendTask : public Task
{
public:
    AppendTask(AppendBegin what, bool utf8, std::optional<Replaced> replaced = {})
        : m_what(std::move(what)), m_replaced(std::move(replaced)), m_utf8(utf8)
    {
    }

    void begin(Session &session) override
    {
        if (session.reader.contentLeft() > 0 || session.reader.next() != CommandReader::Event::Literal) {
            session.bad("A literal is expected");
            return;
        }
        if (m_replaced) {
            if (const auto wrong = findReplaced(session))
                return refuse(session, *wrong);
        }
        if (const auto wrong = measure(session, m_what.options))
            refuse(session, *wrong);
        else
            m_waiting = session.ask(m_what);
    }

    bool hungry() const override { return m_stage != Stage::Begin && m_stage != Stage::End && m_waiting == 0; }
    QLatin1StringView stateName() const override { return "append"_L1; }
    void abandoned(Session &session) override
    {
        if (m_isBegun)
            session.tell(AppendCancel{});
    }

    void answered(Session &session, NeedId id, Answer &answer) override
    {
        if (id != m_waiting)
            return;
        m_waiting = 0;
        if (const auto *failure = std::get_if<Failure>(&answer)) {
            const Reply reply = replyFor(failure->error, Missing::Target);
            if (m_stage == Stage::End || !m_isBegun)
                refuse(session, reply);
            else
                skipRest(session, reply);
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

    // The literal at hand is the message. Says what is wrong with it.
    std::optional<Reply> measure(Session &session, AppendOptions &options)
    {
        options.size = session.reader.literal().size;
        m_synchronizing = session.reader.literal().synchronizing;
        if (options.size > session.config.maxMessageSize)
            return Reply{Reply::Status::No, "TOOBIG", "The message is too large"};
        if (options.size == 0)
            return Reply{Reply::Status::No, "CANNOT", "There is no message"};
        return std::nullopt;
    }

    std::optional<Reply> findReplaced(Session &session)
    {
        if (session.view->readOnly())
            return Reply{Reply::Status::No, "CANNOT", "The mailbox is selected read-only"};
        const auto uids = resolve(session, m_replaced->set, m_replaced->numbering);
        if (!uids)
            return Reply{Reply::Status::Bad, {}, "No such message"};
        if (uids->size() != 1 || uids->first().first != uids->first().last)
            return Reply{Reply::Status::No, "NONEXISTENT", "One message is replaced, and must be there"};
        m_replacedUid = uids->first().first;
        return std::nullopt;
    }

    void beginContent(Session &session)
    {
        m_isBegun = true;
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

    // After a message: the end, or the next one.
    void takeTail(Session &session)
    {
        const auto event = session.reader.next();
        if (event == CommandReader::Event::More)
            return;
        QByteArrayView tail = session.reader.command().sliced(m_head);
        const bool closed = !m_utf8 || tail.startsWith(')');
        if (closed && m_utf8)
            tail.slice(1);
        if (closed && event == CommandReader::Event::Command && tail.isEmpty()) {
            m_stage = Stage::End;
            session.reader.finish();
            m_waiting = session.ask(AppendEnd{m_replacedUid});
        } else if (closed && event == CommandReader::Event::Literal && tail.startsWith(' ') && !m_replaced) {
            next(session, tail.sliced(1));
        } else {
            skipRest(session, {Reply::Status::Bad, {}, "Nothing else may follow the message"});
        }
    }

    // MULTIAPPEND (RFC 3502)
    void next(Session &session, QByteArrayView text)
    {
        Lexer lexer(text);
        Arguments arguments(lexer, session);
        auto options = parseOptions(arguments, m_utf8);
        if (!options)
            return skipRest(session, {Reply::Status::Bad, {}, plainText(options.error().text)});
        if (const auto wrong = measure(session, *options))
            return skipRest(session, *wrong);
        m_stage = Stage::Begin;
        m_waiting = session.ask(AppendNext{std::move(*options)});
    }

    void appended(Session &session, const Appended *appended)
    {
        if (!appended) {
            session.failed(Error{});
            return;
        }
        const QByteArray code = "APPENDUID " + QByteArray::number(appended->uidValidity) + ' ' + setText(appended->uids);
        if (!m_replaced)
            return session.ok("Appended", code);
        session.untagged("OK [" + code + "] Replacement is there"); // before its EXPUNGE (RFC 8508 §3.2)
        session.ok("Replaced");
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
    std::optional<Replaced> m_replaced;
    Uid m_replacedUid = 0;
    qsizetype m_head = 0; // octets of the command before the message
    NeedId m_waiting = 0;
    Stage m_stage = Stage::Begin;
    bool m_synchronizing = true;
    bool m_utf8 = false;    // a parenthesis follows the literal
    bool m_isBegun = false; // the service holds something
};

Result<TaskPointer> parse(Arguments &arguments, std::optional<Replaced> replaced)
{
    AppendBegin what;
    what.name = arguments.mailbox();
    arguments.space();
    if (!arguments.ok())
        return arguments.error();
    bool utf8 = false;
    auto options = parseOptions(arguments, utf8);
    if (!options)
        return std::unexpected(options.error());
    what.options = std::move(*options);
    return std::make_unique<AppendTask>(std::move(what), utf8, std::move(replaced));
}

Result<TaskPointer> parseReplacement(Lexer &lexer, const Session &session, Numbering numbering)
{
    Arguments arguments(lexer, session);
    Replaced replaced{arguments.set(), numbering};
    arguments.space();
    return parse(arguments, std::move(replaced));
}

} // namespace

// The arguments before the message: mailbox, flags and date-time.
Result<TaskPointer> parseAppend(Lexer &lexer, const Session &session)
{
    Arguments arguments(lexer, session);
    return parse(arguments, std::nullopt);
}

Result<TaskPointer> parseReplace(Lexer &lexer, const Session &session)
{
    return parseReplacement(lexer, session, Numbering::Sequence);
}

Result<TaskPointer> parseUidReplace(Lexer &lexer, const Session &session)
{
    return parseReplacement(lexer, session, Numbering::Uid);
}

} // namespace posthorn::imap
