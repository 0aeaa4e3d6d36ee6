#include "language/imap/append_task.h"

#include "language/imap/arguments.h"
#include "language/imap/message_limit.h"
#include "language/imap/resolve.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype pieceSize = 64 * 1024;

const Reply tooBig{Reply::Status::No, "TOOBIG", "The message is too large"};

Reply syntaxError(QByteArrayView text)
{
    return {Reply::Status::Bad, {}, text.toByteArray()};
}

} // namespace

Result<AppendForm> AppendForm::parse(Arguments &arguments)
{
    AppendForm form;
    if (arguments.peek() == '(') {
        form.options.flags = arguments.flagList();
        arguments.space();
    }
    if (arguments.peek() == '"') {
        const DateTime at = arguments.dateTime();
        form.options.internalDate = at.ms;
        form.options.internalDateOffset = at.offsetMinutes;
        arguments.space();
    }
    form.utf8 = arguments.ok() && arguments.lexer().takeWord("UTF8");
    form.catenate = arguments.ok() && !form.utf8 && arguments.lexer().takeWord("CATENATE");
    if (form.utf8 || form.catenate) {
        arguments.space();
        arguments.expect('(');
    }
    if (!arguments.ok())
        return arguments.error();
    if (!form.catenate && !arguments.atEnd())
        return parseError(u"The message is expected as a literal"_s, 0);
    return form;
}

void AppendTask::begin(Session &session)
{
    m_event = session.reader.contentLeft() > 0 ? CommandReader::Event::More : session.reader.next();
    m_isRead = m_event == CommandReader::Event::Command;
    m_head = session.reader.command().size() - m_text.size();
    if (m_replaced) {
        if (const auto wrong = findReplaced(session))
            return refuse(session, *wrong);
    }
    beginMessage(session);
}

QLatin1StringView AppendTask::stateName() const { return "append"_L1; }

void AppendTask::abandoned(Session &session)
{
    if (m_isBegun)
        session.tell(AppendCancel{});
}

bool AppendTask::atLiteral(const Session &) const { return m_event == CommandReader::Event::Literal; }

std::optional<Reply> AppendTask::findReplaced(Session &session)
{
    if (session.view->isExamined())
        return Reply{Reply::Status::No, "CANNOT", "The mailbox is selected read-only"};
    const auto uids = resolve(session, m_replaced->set, m_replaced->numbering);
    if (!uids)
        return syntaxError("No such message");
    if (uids->size() != 1 || uids->first().first != uids->first().last)
        return Reply{Reply::Status::No, "NONEXISTENT", "One message is replaced, and must be there"};
    m_replacedUid = uids->first().first;
    return std::nullopt;
}

// The literal at hand is the message. Says what is wrong with it.
std::optional<Reply> AppendTask::measure(Session &session)
{
    if (!atLiteral(session))
        return syntaxError("A literal is expected");
    m_form.options.size = session.reader.literal().size;
    if (m_form.options.size > session.config.maxMessageSize)
        return tooBig;
    if (m_form.options.size == 0)
        return Reply{Reply::Status::No, "CANNOT", "There is no message"};
    return std::nullopt;
}

void AppendTask::beginMessage(Session &session)
{
    if (!m_form.catenate) {
        if (const auto wrong = measure(session))
            return refuse(session, *wrong);
    }
    m_octets = 0;
    m_firstPart = true;
    m_stage = Stage::Begin;
    if (++m_messages == 1)
        m_waiting = session.ask(AppendBegin{m_mailbox, m_form.options});
    else
        m_waiting = session.ask(AppendNext{m_form.options});
}

void AppendTask::answered(Session &session, NeedId id, Answer &answer)
{
    if (m_url.isWaitingFor(id))
        return urlAnswered(session, m_url.answered(session, answer));
    if (id != m_waiting)
        return;
    m_waiting = 0;
    if (const auto *failure = std::get_if<Failure>(&answer))
        failed(session, failure->error);
    else if (m_stage == Stage::Begin)
        begun(session);
    else if (m_stage == Stage::Url)
        passOn(session);
    else if (m_stage == Stage::End)
        appended(session, std::get_if<Appended>(&answer));
}

void AppendTask::failed(Session &session, const Error &error)
{
    if (m_stage == Stage::End)
        m_isBegun = false; // it has been given up
    refuse(session, replyFor(error, Missing::Target));
}

void AppendTask::begun(Session &session)
{
    m_isBegun = true;
    if (m_form.catenate)
        return nextPart(session);
    m_closes = m_form.utf8;
    beginLiteral(session);
}

void AppendTask::beginLiteral(Session &session)
{
    m_stage = Stage::Content;
    m_head = session.reader.command().size();
    const bool synchronizing = session.reader.literal().synchronizing;
    session.reader.streamLiteral();
    if (synchronizing)
        session.continuation("OK");
    if (session.reader.contentLeft() == 0)
        m_stage = Stage::Tail;
}

void AppendTask::input(Session &session)
{
    if (m_stage == Stage::Content)
        takeContent(session);
    if (m_stage == Stage::Tail && m_waiting == 0)
        takeTail(session);
}

void AppendTask::takeContent(Session &session)
{
    // Small pieces would cost a need each: wait until there is enough, or the end.
    const qsizetype there = session.reader.buffered();
    if (there == 0 || (there < pieceSize / 4 && there < session.reader.contentLeft()))
        return;
    m_waiting = session.ask(AppendContent{session.reader.takeContent(pieceSize)});
    if (session.reader.contentLeft() == 0)
        m_stage = Stage::Tail;
}

// What stands behind a literal.
void AppendTask::takeTail(Session &session)
{
    m_event = session.reader.next();
    if (m_event == CommandReader::Event::More)
        return;
    if (m_event != CommandReader::Event::Command && m_event != CommandReader::Event::Literal)
        return refuse(session, syntaxError("Not a command"));
    m_text = session.reader.command().sliced(m_head).toByteArray();
    if (!std::exchange(m_closes, false))
        return literalDone(session);
    if (!m_text.startsWith(')'))
        return refuse(session, syntaxError("')' expected"));
    m_text.remove(0, 1);
    literalDone(session);
}

void AppendTask::literalDone(Session &session)
{
    m_form.catenate ? nextPart(session) : messageDone(session);
}

void AppendTask::messageDone(Session &session)
{
    if (m_form.catenate && m_octets == 0)
        return refuse(session, {Reply::Status::No, "CANNOT", "There is no message"});
    if (m_text.isEmpty() && m_event == CommandReader::Event::Command) {
        m_stage = Stage::End;
        if (!m_isRead)
            session.reader.finish();
        m_waiting = session.ask(AppendEnd{m_replacedUid});
    } else if (m_text.startsWith(' ') && !m_replaced) {
        m_text.remove(0, 1);
        nextMessage(session);
    } else {
        refuse(session, syntaxError("Nothing else may follow the message"));
    }
}

// MULTIAPPEND (RFC 3502)
void AppendTask::nextMessage(Session &session)
{
    if (isOverLimit(session, m_messages + 1))
        return refuse(session, overLimit(session));
    Lexer lexer(m_text);
    Arguments arguments(lexer, session);
    auto form = AppendForm::parse(arguments);
    if (!form)
        return refuse(session, syntaxError(plainText(form.error().text)));
    m_text = lexer.rest().toByteArray();
    m_form = std::move(*form);
    beginMessage(session);
}

// CATENATE (RFC 4469): TEXT literal, URL astring, UTF8 (literal) (RFC 6855 §4), or the end of the parts.
void AppendTask::nextPart(Session &session)
{
    if (!m_firstPart && m_text.startsWith(')')) {
        m_text.remove(0, 1);
        return messageDone(session);
    }
    Lexer lexer(m_text);
    const bool separated = std::exchange(m_firstPart, false) || lexer.take(' ');
    const qsizetype start = lexer.offset();
    if (separated && lexer.takeWord("TEXT") && lexer.take(' ') && lexer.atEnd())
        return textPart(session, false);
    lexer.moveTo(start);
    if (separated && lexer.takeWord("UTF8") && lexer.take(' ') && lexer.take('(') && lexer.atEnd())
        return textPart(session, true);
    lexer.moveTo(start);
    if (separated && lexer.takeWord("URL") && lexer.take(' '))
        return urlPart(session, start, lexer);
    refuse(session, syntaxError("TEXT with a literal, or URL expected"));
}

void AppendTask::textPart(Session &session, bool utf8)
{
    if (!atLiteral(session))
        return refuse(session, syntaxError("A literal is expected"));
    m_octets += session.reader.literal().size;
    if (m_octets > session.config.maxMessageSize)
        return refuse(session, tooBig);
    m_closes = utf8;
    beginLiteral(session);
}

void AppendTask::urlPart(Session &session, qsizetype start, Lexer &lexer)
{
    if (lexer.atEnd() && atLiteral(session)) { // the URL itself is the literal
        if (!session.reader.literalFits())
            return refuse(session, {Reply::Status::Bad, "TOOBIG", "The literal is too large"});
        m_head = session.reader.command().size() - (m_text.size() - start);
        m_firstPart = true;
        m_stage = Stage::Tail;
        if (session.reader.literal().synchronizing)
            session.continuation("OK");
        session.reader.acceptLiteral();
        return;
    }
    const auto text = lexer.astring();
    if (!text)
        return refuse(session, syntaxError("A URL is expected"));
    m_urlText = *text;
    m_text = lexer.rest().toByteArray();
    m_stage = Stage::Url;
    m_urlFound = false;
    const auto url = parseUrl(m_urlText);
    const auto target = url && (url->access.isEmpty() || url->isAuthorized()) ? targetOf(session, m_urlText, *url) : std::nullopt;
    if (!target)
        return urlAnswered(session, UrlContent::State::Missing);
    m_url.open(session, *target, url->section);
}

void AppendTask::urlAnswered(Session &session, UrlContent::State state)
{
    if (state == UrlContent::State::Waiting)
        return;
    if (state == UrlContent::State::Missing)
        return refuse(session, {Reply::Status::No, "BADURL \"" + urlText(m_urlText) + '"', "No such message, or part of one"});
    if (state == UrlContent::State::Failed)
        return refuse(session, replyFor(m_url.error(), Missing::Mailbox));
    if (!std::exchange(m_urlFound, true) && m_octets + m_url.size() > session.config.maxMessageSize)
        return refuse(session, tooBig);
    passOn(session);
}

// What is here of the URL's octets goes to the service; then the next are asked for.
void AppendTask::passOn(Session &session)
{
    const QByteArray bytes = m_url.take();
    m_octets += bytes.size();
    if (!bytes.isEmpty())
        m_waiting = session.ask(AppendContent{bytes});
    else if (!m_url.more(session))
        nextPart(session);
}

void AppendTask::appended(Session &session, const Appended *appended)
{
    if (!appended)
        return session.failed(Error{});
    const QByteArray code = "APPENDUID " + QByteArray::number(appended->uidValidity) + ' ' + setText(appended->uids);
    if (!m_replaced)
        return session.ok("Appended", code);
    session.untagged("OK [" + code + "] Replacement is there"); // before its EXPUNGE (RFC 8508 §3.2)
    session.ok("Replaced");
}

// All or nothing.
void AppendTask::refuse(Session &session, const Reply &reply)
{
    if (m_isBegun)
        session.tell(AppendCancel{});
    if (m_stage != Stage::End && !m_isRead)
        session.reader.finish();
    session.finish(reply);
}

} // namespace posthorn::imap
