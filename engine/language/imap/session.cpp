#include "language/imap/session.h"

#include "language/imap/lexer.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype limitBeforeSignIn = 16 * 1024; // strangers get little memory
constexpr qint64 maxSkipped = 1024 * 1024;         // octets of refused commands, beside a refused message
constexpr qsizetype maxTag = 100;
constexpr qsizetype loggedOctets = 200;

bool isTag(QByteArrayView tag)
{
    return !tag.isEmpty() && tag.size() <= maxTag && std::all_of(tag.begin(), tag.end(), [](char c) {
        return c > ' ' && c < 127 && !QByteArrayView("(){%*\"\\+").contains(c);
    });
}

struct Words
{
    QByteArrayView tag, name, arguments;
    bool hasArguments = false;
};

QByteArrayView cutWord(QByteArrayView &text, bool *more)
{
    const qsizetype space = text.indexOf(' ');
    *more = space >= 0;
    const QByteArrayView word = space < 0 ? text : text.first(space);
    text = space < 0 ? QByteArrayView() : text.sliced(space + 1);
    return word;
}

Words wordsOf(QByteArrayView text)
{
    Words words;
    const QByteArrayView whole = text;
    words.tag = cutWord(text, &words.hasArguments);
    const QByteArrayView rest = text;
    words.name = cutWord(text, &words.hasArguments);
    if (words.name.compare("UID", Qt::CaseInsensitive) == 0 && words.hasArguments) {
        const QByteArrayView second = cutWord(text, &words.hasArguments);
        words.name = rest.first(words.name.size() + 1 + second.size());
    }
    words.arguments = words.hasArguments ? text : whole.last(0);
    return words;
}

// What the log may show of a command that is none of ours: lines of one word may be what a client that was refused
// AUTHENTICATE sends all the same.
QByteArray shown(QByteArrayView text)
{
    const qsizetype end = text.indexOf('\r');
    const QByteArrayView line = end < 0 ? text : text.first(end);
    if (!line.contains(' '))
        return "(one word of " + QByteArray::number(line.size()) + " octets)";
    return line.first(std::min(line.size(), loggedOctets)).toByteArray();
}

} // namespace

// --- for commands

NeedId Session::ask(What what)
{
    m_needs.enqueue({++m_lastNeed, std::move(what)});
    return m_lastNeed;
}

void Session::untagged(QByteArrayView text)
{
    out += "* ";
    out += text;
    out += "\r\n";
}

void Session::continuation(QByteArrayView text)
{
    out += "+ ";
    out += text;
    out += "\r\n";
}

void Session::finish(const Reply &reply)
{
    if (!m_task || m_taskDone)
        return;
    m_taskDone = true;
    if (view) {
        view->tell(out, m_command->flags & UsesSequence ? SelectedView::Telling::NoExpunges
                                                        : SelectedView::Telling::All);
    }
    out += tagged(m_tag, reply);
    afterReply(reply, m_command);
}

void Session::afterReply(const Reply &reply, const Command *command)
{
    const bool isBad = reply.status == Reply::Status::Bad;
    const bool isSecret = command && (command->flags & Secret);
    if (isBad || (isSecret && reply.status == Reply::Status::No))
        noteRefusal(reply);
    if (isBad)
        ++m_badCommands;
    else if (reply.status == Reply::Status::Ok && state != NotAuthenticated)
        m_badCommands = 0;
    if (m_badCommands >= config.maxBadCommands)
        bye("Too many bad commands");
    else if (view && view->isRemoved())
        bye("The selected mailbox has been deleted");
}

void Session::noteRefusal(const Reply &reply)
{
    QByteArray text = tagged({}, reply).trimmed();
    tell(Refused{m_line, std::move(text)});
}

void Session::authenticated(const QString &account)
{
    user = account;
    state = Authenticated;
    ok("Signed in", "CAPABILITY " + capabilities(*this));
}

void Session::authenticationFailed(const Reply &reply)
{
    finish(reply);
    if (++m_authFailures >= config.maxAuthFailures)
        bye("Too many failures to sign in");
}

void Session::select(const Selected &selected)
{
    view = std::make_unique<SelectedView>(selected, !rev2);
    if (condstore)
        view->tellModSeqs();
    if (qresync)
        view->tellVanished();
    state = MailboxSelected;
}

void Session::deselect()
{
    view.reset();
    savedResult.clear();
    state = Authenticated;
}

void Session::unauthenticate()
{
    view.reset();
    savedResult.clear();
    rev2 = utf8Accept = condstore = qresync = false;
    user.clear();
    state = NotAuthenticated;
    tell(Unauthenticate{});
}

void Session::enableCondstore()
{
    if (std::exchange(condstore, true) || !view)
        return;
    view->tellModSeqs();
    untagged("OK [HIGHESTMODSEQ " + QByteArray::number(view->highestModSeq()) + "] Highest");
}

void Session::enableQresync()
{
    enableCondstore();
    qresync = true;
    if (view)
        view->tellVanished();
}

void Session::bye(QByteArrayView text)
{
    if (m_closed)
        return;
    if (!m_task || m_taskDone || !m_task->inLiteral())
        untagged("BYE " + text.toByteArray());
    close();
}

void Session::close()
{
    if (m_closed)
        return;
    if (m_task && !m_taskDone)
        m_task->abandoned(*this);
    m_taskDone = m_task != nullptr;
    m_closed = true;
    reader.clear();
}

// --- for the machine

void Session::greet()
{
    untagged("OK [CAPABILITY " + capabilities(*this) + "] " + config.hostName + ' ' + config.implementation + " ready");
}

void Session::start(const TlsFacts *facts)
{
    if (facts) {
        tls = true;
        channelBinding = facts->canBind();
        serverName = facts->serverName.toLower();
    }
    greet();
}

void Session::tlsStarted(const TlsFacts &facts)
{
    tls = true;
    channelBinding = facts.canBind();
    serverName = facts.serverName.toLower();
    m_wantsTls = false;
    reader.clear();
    advance();
}

void Session::receive(QByteArrayView bytes)
{
    if (m_closed || m_wantsTls)
        return;
    reader.feed(bytes);
    advance();
}

void Session::peerClosed()
{
    m_peerClosed = true;
    if (m_task && !m_taskDone && m_task->hungry())
        close();
    advance();
}

void Session::stop()
{
    m_stopping = true;
    advance();
}

void Session::outputWaiting(qsizetype waiting)
{
    m_waiting = waiting;
    if (m_closed)
        return;
    if (m_task && !m_taskDone)
        m_task->outputTaken(*this);
    advance();
}

void Session::answer(NeedId id, Answer &answer)
{
    if (m_closed || !m_task || m_taskDone || id <= m_taskNeeds)
        return;
    m_task->answered(*this, id, answer);
    advance();
}

void Session::changed(const MailboxChange &change)
{
    if (m_closed || !view)
        return;
    view->note(change);
    if (m_task && !m_taskDone)
        m_task->changed(*this);
    else if (view->isRemoved())
        bye("The selected mailbox has been deleted");
    advance();
}

std::optional<Need> Session::nextNeed()
{
    if (m_needs.isEmpty())
        return std::nullopt;
    return m_needs.dequeue();
}

bool Session::hungry() const
{
    return !m_closed && !m_wantsTls && !m_peerClosed && hasRoom() && (!m_task || m_taskDone || m_task->hungry());
}

QLatin1StringView Session::stateName() const
{
    if (m_closed)
        return "logout"_L1;
    if (m_task && !m_taskDone && !m_task->stateName().isEmpty())
        return m_task->stateName();
    switch (state) {
    case NotAuthenticated:
        return "not-authenticated"_L1;
    case Authenticated:
        return "authenticated"_L1;
    default:
        return "selected"_L1;
    }
}

// Goes on as far as input, answers and room for output allow. Not reentrant: what a command does may call for more.
void Session::advance()
{
    if (m_advancing)
        return;
    m_advancing = true;
    for (bool going = true; going;) {
        if (m_taskDone) {
            m_task.reset();
            m_command = nullptr;
            m_taskDone = false;
        }
        if (m_closed || m_wantsTls)
            break;
        if (m_stopping && (!m_task || m_task->hungry())) {
            bye("[UNAVAILABLE] The server is shutting down");
        } else if (m_task) {
            const qsizetype before = reader.buffered();
            if (m_task->hungry())
                m_task->input(*this);
            going = m_taskDone || reader.buffered() != before;
        } else {
            going = hasRoom() && readCommand();
        }
    }
    if (m_peerClosed && !m_task && hasRoom())
        close();
    m_advancing = false;
}

CommandReader::Limits Session::limits() const
{
    if (state == NotAuthenticated)
        return {limitBeforeSignIn, limitBeforeSignIn, limitBeforeSignIn};
    return {config.maxLine, config.maxLiteral, config.maxCommand};
}

// False: nothing to do until more comes.
bool Session::readCommand()
{
    reader.setLimits(limits());
    switch (reader.next()) {
    case CommandReader::Event::More:
        if (reader.skipped() > maxSkipped + 2 * config.maxMessageSize)
            bye("Too much to skip");
        return false;
    case CommandReader::Event::Literal:
        literalAnnounced();
        break;
    case CommandReader::Event::Command:
        dispatch(reader.command());
        reader.finish();
        break;
    case CommandReader::Event::TooLong:
        m_tag = wordsOf(reader.command()).tag.toByteArray();
        m_line = "(too long)";
        reject({Reply::Status::Bad, "TOOBIG", "The command is too long"});
        break;
    case CommandReader::Event::Malformed:
        m_tag = wordsOf(reader.command()).tag.toByteArray();
        m_line = "(malformed)";
        reject({Reply::Status::Bad, {}, "The command holds a NUL"});
        break;
    }
    return true;
}

// Ends a command that never began.
void Session::reject(const Reply &reply, const Command *command)
{
    reader.finish();
    out += tagged(isTag(m_tag) ? QByteArrayView(m_tag) : QByteArrayView("*"), reply);
    afterReply(reply, command);
}

// A literal with these arguments before it. The name of the mailbox may be one as well.
static bool isMessage(const Command &command, QByteArrayView arguments)
{
    if (!(command.flags & StreamsLiteral))
        return false;
    const bool replaces = command.name.endsWith("REPLACE"_L1);
    return !(replaces ? arguments.sliced(std::min(arguments.indexOf(' ') + 1, arguments.size())) : arguments).isEmpty()
           && (!replaces || arguments.contains(' '));
}

void Session::literalAnnounced()
{
    const Words words = wordsOf(reader.command());
    const Command *command = findCommand(words.name);
    if (command && isMessage(*command, words.arguments)) {
        dispatch(reader.command());
        return;
    }
    m_tag = words.tag.toByteArray();
    m_line = command ? command->name.toString().toLatin1() : shown(reader.command());
    if (!command) {
        reject({Reply::Status::Bad, {}, "Unknown command"});
    } else if (!reader.literalFits()) {
        reject({Reply::Status::Bad, "TOOBIG", "The literal is too large"});
    } else {
        if (reader.literal().synchronizing)
            continuation("OK");
        reader.acceptLiteral();
    }
}

void Session::dispatch(QByteArrayView text)
{
    const Words words = wordsOf(text);
    m_tag = words.tag.toByteArray();
    const Command *command = isTag(m_tag) ? findCommand(words.name) : nullptr;
    if (!command) {
        m_line = shown(text);
        const Command *other = findCommand(words.tag);
        reject({Reply::Status::Bad, {}, isTag(m_tag) ? "Unknown command" : "A command begins with a tag"});
        if (other && (other->flags & Junk))
            bye("This is an IMAP server");
        return;
    }
    m_line = command->flags & Secret ? QByteArray(command->name.data(), command->name.size()) : shown(text);
    if (!(command->states & state)) {
        reject({Reply::Status::Bad, {}, state == NotAuthenticated ? "Sign in first" : "Not in this state"});
    } else if ((command->flags & NeedsPrivacy) && !plaintextAllowed()) {
        reject({Reply::Status::No, "PRIVACYREQUIRED", "Not without TLS"}, command);
    } else {
        Lexer arguments(words.arguments);
        Result<TaskPointer> task = words.hasArguments && words.arguments.isEmpty()
                                       ? parseError(u"Arguments expected"_s, 0)
                                       : command->parse(arguments, *this);
        if (task)
            beginTask(*command, std::move(*task));
        else
            reject({Reply::Status::Bad, {}, plainText(task.error().text)});
    }
}

void Session::beginTask(const Command &command, TaskPointer task)
{
    m_command = &command;
    m_task = std::move(task);
    m_taskNeeds = m_lastNeed;
    m_task->begin(*this);
}

} // namespace posthorn::imap
