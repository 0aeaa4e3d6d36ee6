// From octets to commands that have begun (RFC 9051 §2.2.1, §4.3): lines, literals, and the gate of the command table.
#include "language/imap/lexer.h"
#include "language/imap/session.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype limitBeforeSignIn = 16 * 1024; // strangers get little memory
constexpr qint64 unasked = 4096; // octets of a literal that a stranger sends without waiting (LITERAL-, RFC 7888 §5)
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
