#include "language/imap/session.h"

#include "language/imap/lexer.h"
#include "language/imap/notifier.h"
#include "language/imap/search_contexts.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype limitBeforeSignIn = 16 * 1024; // strangers get little memory
constexpr qint64 unasked = 4096; // octets of a literal that a stranger sends without waiting (LITERAL-, RFC 7888 §5)
constexpr qint64 maxSkipped = 1024 * 1024;         // octets of refused commands, beside a refused message
constexpr qsizetype maxTag = 100;
constexpr qsizetype loggedOctets = 200;
constexpr size_t maxRunning = 10; // commands at work at the same time

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

Session::Session(ServerConfig serverConfig) : config(std::move(serverConfig)) {}

Session::~Session() = default;

// --- for commands

NeedId Session::ask(What what)
{
    tell(std::move(what));
    if (m_current)
        m_current->needs += m_lastNeed;
    return m_lastNeed;
}

void Session::tell(What what)
{
    m_needs.enqueue({++m_lastNeed, std::move(what)});
}

bool Session::tellNews(SelectedView::Telling telling)
{
    if (view)
        view->tell(out, telling);
    return contexts && contexts->look(*this);
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
    if (!m_current || m_current->done || m_current->held)
        return;
    const bool looks = tellNews(telling());
    if (looks && !(m_current->claim.flags & EndsAtOnce))
        m_current->held = reply;
    else
        conclude(*m_current, reply);
}

void Session::conclude(Running &running, const Reply &reply)
{
    running.done = true;
    if (contexts)
        contexts->tell(*this);
    out += tagged(running.tag, reply);
    m_line = running.line;
    afterReply(reply, running.command);
}

// Sequence numbers have to keep their meaning when the command that ends used them, or one beside it is writing of messages;
// and what that one writes must not come after what is newer.
SelectedView::Telling Session::telling() const
{
    const bool othersTell = std::any_of(m_running.begin(), m_running.end(), [this](const auto &other) {
        return other.get() != m_current && !other->done && !other->held && (other->claim.flags & (UsesSequence | ReadsFlags | AltersFlags));
    });
    if (othersTell)
        return SelectedView::Telling::Arrivals;
    if (notifier && notifier->rules().isImmediate())
        return SelectedView::Telling::All; // who asked for that uses UIDs (RFC 5465 §5.3)
    return m_current->claim.flags & UsesSequence ? SelectedView::Telling::NoExpunges : SelectedView::Telling::All;
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
        bye("The selected mailbox is gone");
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
    contexts.reset();
    view = std::make_unique<SelectedView>(selected, !rev2);
    if (condstore)
        view->tellModSeqs();
    if (qresync)
        view->tellVanished();
    if (tellsMetadata)
        view->tellMetadata(utf8Names());
    if (uidOnly)
        view->tellUids();
    if (notifier)
        notifier->apply(*view);
    state = MailboxSelected;
}

void Session::deselect()
{
    contexts.reset();
    view.reset();
    savedResult.clear();
    state = Authenticated;
}

void Session::unauthenticate()
{
    contexts.reset();
    notifier.reset();
    view.reset();
    savedResult.clear();
    rev2 = utf8Accept = condstore = qresync = uidOnly = tellsMetadata = false;
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

void Session::enableMetadata()
{
    tellsMetadata = true;
    if (view)
        view->tellMetadata(utf8Names());
}

void Session::enableUidOnly()
{
    uidOnly = true;
    if (view)
        view->tellUids();
}

void Session::bye(QByteArrayView text)
{
    if (m_closed)
        return;
    const bool torn = std::any_of(m_running.begin(), m_running.end(), [](const auto &running) { return !running->done && running->task->inLiteral(); });
    if (!torn && !(notifier && notifier->inLiteral()))
        untagged("BYE " + text.toByteArray());
    close();
}

void Session::close()
{
    if (m_closed)
        return;
    for (const auto &running : m_running) {
        if (!std::exchange(running->done, true))
            running->task->abandoned(*this);
    }
    m_closed = true;
    m_late.clear();
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
    if (const Running *holder = inputHolder(); holder && holder->task->hungry())
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
    withEach([this](Task &task) { task.outputTaken(*this); });
    if (notifier)
        notifier->outputTaken(*this);
    advance();
}

void Session::answer(NeedId id, Answer &answer)
{
    if (m_closed)
        return;
    ++m_answers;
    if ((notifier && notifier->answered(*this, id, answer)) || (contexts && contexts->answered(*this, id, answer)))
        return advance();
    const Running *writer = inResponse();
    if (writer && !writer->needs.contains(id))
        m_late.enqueue({id, std::move(answer)});
    else
        deliver(id, answer);
    advance();
}

// An answer to what nobody waits for is for a command that is gone.
void Session::deliver(NeedId id, Answer &answer)
{
    for (const auto &running : m_running) {
        if (!running->needs.removeOne(id))
            continue;
        with(*running, [&](Task &task) { task.answered(*this, id, answer); });
        return;
    }
}

void Session::changed(const MailboxChange &change)
{
    if (m_closed || !view)
        return;
    view->note(change);
    if (m_running.empty() && view->isRemoved())
        bye("The selected mailbox is gone");
    withEach([this](Task &task) { task.changed(*this); });
    advance();
}

void Session::noticed(const Notice &notice)
{
    if (m_closed || !notifier)
        return;
    notifier->note(*this, notice);
    advance();
}

// The first command that waits for an answer.
const Session::Running *Session::atWork() const
{
    const auto found = std::ranges::find_if(m_running, [](const auto &running) {
        return !running->done && (!running->needs.isEmpty() || running->held) && !running->task->isResting();
    });
    return found == m_running.end() ? nullptr : found->get();
}

quint64 Session::workMark() const
{
    return !m_closed && hasRoom() && atWork() ? m_lastNeed + m_answers : 0;
}

void Session::stillWorking(qint64 done, qint64 total)
{
    if (workMark() == 0 || inResponse() || state == NotAuthenticated)
        return;
    const QByteArray goal = total > 0 ? QByteArray::number(std::clamp<qint64>(done, 0, total)) + ' ' + QByteArray::number(total)
                                      : QByteArray("NIL NIL");
    untagged("OK [INPROGRESS (\"" + atWork()->tag + "\" " + goal + ")] Still at it");
}

std::optional<Need> Session::nextNeed()
{
    if (m_needs.isEmpty())
        return std::nullopt;
    return m_needs.dequeue();
}

bool Session::hungry() const
{
    if (m_closed || m_wantsTls || m_peerClosed || !hasRoom() || inResponse() || (notifier && notifier->isFetching()))
        return false;
    if (const Running *holder = inputHolder())
        return !holder->held && holder->task->hungry();
    return !m_blocked && m_running.size() < maxRunning;
}

QLatin1StringView Session::stateName() const
{
    if (m_closed)
        return "logout"_L1;
    for (const auto &running : m_running) {
        if (!running->done && !running->task->stateName().isEmpty())
            return running->task->stateName();
    }
    switch (state) {
    case NotAuthenticated:
        return "not-authenticated"_L1;
    case Authenticated:
        return "authenticated"_L1;
    default:
        return "selected"_L1;
    }
}

// --- commands beside one another

template<typename F>
void Session::with(Running &running, F work)
{
    if (running.done || running.held)
        return;
    Running *const before = std::exchange(m_current, &running);
    work(*running.task);
    m_current = before;
}

// All that run; only the one that is writing a response when there is one.
template<typename F>
void Session::withEach(F work)
{
    for (size_t i = 0; i < m_running.size() && !m_closed; ++i) {
        const Running *writer = inResponse();
        if (!writer || writer == m_running[i].get())
            with(*m_running[i], work);
    }
}

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
    const CommandReader::Event event = reader.next();
    if (event == CommandReader::Event::TooLong || event == CommandReader::Event::Malformed) {
        if (!mayBegin(nullptr, {}))
            return false;
    }
    switch (event) {
    case CommandReader::Event::More:
        if (reader.skipped() > maxSkipped + 2 * config.maxMessageSize)
            bye("Too much to skip");
        return false;
    case CommandReader::Event::Literal:
        literalAnnounced();
        return !m_blocked;
    case CommandReader::Event::Command:
        dispatch(reader.command());
        if (m_blocked)
            return false;
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
    if (command && isMessage(*command, words.arguments))
        return dispatch(reader.command());
    if (!mayBegin(command, words.arguments))
        return;
    m_tag = words.tag.toByteArray();
    m_line = command ? command->name.toString().toLatin1() : shown(reader.command());
    if (!command) {
        reject({Reply::Status::Bad, {}, "Unknown command"});
    } else if (!reader.literalFits()
               || (state == NotAuthenticated && !reader.literal().synchronizing && reader.literal().size > unasked)) {
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
    if (!mayBegin(command, words.arguments))
        return;
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
    } else if ((command->flags & TakesNumbers) && uidOnly) {
        reject({Reply::Status::Bad, "UIDREQUIRED", "Message numbers are not used any longer"}, command);
    } else {
        Lexer arguments(words.arguments);
        Result<TaskPointer> task = words.hasArguments && words.arguments.isEmpty()
                                       ? parseError(u"Arguments expected"_s, 0)
                                       : command->parse(arguments, *this);
        if (!task)
            return reject({Reply::Status::Bad, {}, plainText(task.error().text)});
        tryTask(*command, words.arguments, std::move(*task));
    }
}

// Begins it, unless it has to wait: then it is read again when its turn has come.
void Session::tryTask(const Command &command, QByteArrayView arguments, TaskPointer task)
{
    const QString named = task->mailbox(), selected = view ? view->name() : QString();
    const bool isOfSelected = command.states == MailboxSelected;
    Claim claim{command.flags, isOfSelected ? selected : named, !named.isEmpty() ? named : isOfSelected ? selected : QString()};
    claim.flags |= task->effects();
    if (!m_running.empty()) {
        Claim whole = claim;
        whole.flags |= flagsOf(&command, arguments);
        m_blocked = isInTheWay(whole);
        if (m_blocked)
            return;
    }
    m_running.push_back(std::make_unique<Running>(std::move(task), &command, std::move(claim), m_tag, m_line));
    with(*m_running.back(), [this](Task &begun) { begun.begin(*this); });
}

} // namespace posthorn::imap
