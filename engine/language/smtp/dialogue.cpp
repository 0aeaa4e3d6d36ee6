#include "language/smtp/dialogue.h"

#include <algorithm>

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype unansweredLimit = 256 * 1024;
constexpr qsizetype heldInput = 64 * 1024;

} // namespace

// --- driving ---------------------------------------------------------------------------------------------------

void Commands::start(const TlsFacts *tls)
{
    m_tls = tls != nullptr;
    m_waitingFor = ask(Welcome{});
}

void Commands::receive(QByteArrayView bytes)
{
    if (m_mode == Mode::Closed || m_mode == Mode::StartingTls)
        return;
    m_input.append(bytes);
    run();
}

void Commands::run()
{
    while (step()) { }
    if (m_peerGone && m_mode != Mode::Waiting && m_mode != Mode::EndOfMail && m_mode != Mode::Closed) {
        resetTransaction(true);
        m_mode = Mode::Closed;
    }
}

// Does one thing with what came; false when more octets or an answer are needed first.
bool Commands::step()
{
    switch (m_mode) {
    case Mode::Command: return readCommand();
    case Mode::Sasl: return readSasl();
    case Mode::Content: readContent(); return m_mode == Mode::Command;
    case Mode::Counted:
    case Mode::Skipped: readCounted(); return m_mode == Mode::Command;
    case Mode::Greeting:
    case Mode::Waiting:
    case Mode::EndOfMail:
    case Mode::StartingTls:
    case Mode::Closed: return false;
    }
    return false;
}

bool Commands::hungry() const
{
    if (m_mode == Mode::Closed || m_mode == Mode::StartingTls)
        return false;
    if (m_unansweredOctets > unansweredLimit)
        return false;
    const bool reading = m_mode == Mode::Command || m_mode == Mode::Sasl || m_mode == Mode::Content
                         || m_mode == Mode::Counted || m_mode == Mode::Skipped;
    return reading || m_input.size() < heldInput;
}

std::chrono::milliseconds Commands::patience() const
{
    if (m_mode == Mode::Content || m_mode == Mode::Counted || m_mode == Mode::Skipped)
        return m_config.dataPatience;
    return m_state == State::Connected ? m_config.greetingPatience : m_config.commandPatience;
}

QLatin1StringView Commands::stateName() const
{
    switch (m_mode) {
    case Mode::Content:
    case Mode::Counted:
    case Mode::EndOfMail: return "content"_L1;
    case Mode::Sasl: return "signing-in"_L1;
    case Mode::StartingTls: return "starting-tls"_L1;
    case Mode::Closed: return "closed"_L1;
    default: break;
    }
    switch (m_state) {
    case State::Connected: return "greeting"_L1;
    case State::Greeted: return "idle"_L1;
    case State::Mail: return "mail"_L1;
    case State::Recipients: return "recipients"_L1;
    case State::Chunking: return "content"_L1;
    }
    return {};
}

void Commands::tlsStarted(const TlsFacts &)
{
    m_tls = true;
    m_input.clear();
    m_scanned = 0;
    m_user.clear();
    m_state = State::Connected; // EHLO is said again (RFC 3207 §4.2)
    m_mode = Mode::Command;
}

void Commands::peerClosed()
{
    m_peerGone = true; // what is being answered is finished first: the peer may have closed its sending side only
    run();
}

void Commands::timedOut()
{
    if (m_mode != Mode::EndOfMail && m_mode != Mode::Waiting)
        giveUp({421, "4.4.2", m_config.hostName + " waited too long, closing"});
}

void Commands::shutDown()
{
    m_shuttingDown = true;
    if (m_mode != Mode::EndOfMail)
        giveUp({421, "4.3.2", m_config.hostName + " is going down, try again later"});
}

// --- replies and needs -----------------------------------------------------------------------------------------

NeedId Commands::ask(What what)
{
    m_needs.push_back({++m_lastId, std::move(what)});
    return m_lastId;
}

std::optional<Need> Commands::nextNeed()
{
    if (m_needs.empty())
        return std::nullopt;
    Need need = std::move(m_needs.front());
    m_needs.pop_front();
    return need;
}

void Commands::give(const Reply &reply) { m_output += reply.toBytes(); }

void Commands::refuse(const Reply &reply)
{
    give(reply);
    ask(Refused{m_line, reply});
}

void Commands::giveUp(const Reply &reply)
{
    if (m_mode == Mode::Closed)
        return;
    refuse(reply);
    resetTransaction(true);
    m_mode = Mode::Closed;
}

void Commands::junk()
{
    if (++m_bad > m_config.maxBadCommands)
        giveUp({421, "4.7.0", "Too many commands that lead to nothing"});
}

// --- command lines ---------------------------------------------------------------------------------------------

bool Commands::readCommand()
{
    const qsizetype end = m_input.indexOf('\n', m_scanned);
    if (end < 0) {
        m_scanned = m_input.size();
        const qsizetype limit = std::max(m_config.maxCommandLine, m_config.maxAuthLine);
        if (m_input.size() > limit) {
            m_overlong = true;
            m_input.clear();
            m_scanned = 0;
        }
        return false;
    }
    const QByteArray line = m_input.first(end + 1);
    m_input.remove(0, end + 1);
    m_scanned = 0;
    if (std::exchange(m_overlong, false)) {
        m_line = "(overlong)";
        refuse({500, "5.5.2", "The line is too long"});
        junk();
    } else {
        dispatch(line);
    }
    return m_mode != Mode::Closed;
}

void Commands::dispatch(QByteArrayView line)
{
    const QByteArrayView text = line.endsWith("\r\n") ? line.chopped(2) : line.chopped(1);
    qsizetype space = text.indexOf(' ');
    const QByteArrayView verb = text.first(space < 0 ? text.size() : space);
    const QByteArrayView argument = space < 0 ? QByteArrayView() : text.sliced(space + 1).trimmed();
    const Command *command = findCommand(verb);
    const bool secret = command && (command->flags & SecretArgument);
    m_line = secret ? verb.toByteArray() + " ..." : text.first(std::min<qsizetype>(text.size(), 600)).toByteArray();
    if (!line.endsWith("\r\n") || text.contains('\r') || text.contains('\0')) {
        refuse({500, "5.5.2", "A command line ends in CRLF and has no control characters"});
        return junk();
    }
    if (line.size() > (secret ? m_config.maxAuthLine : m_config.maxCommandLine)) {
        refuse({500, "5.5.2", "The line is too long"});
        return junk();
    }
    if (!command) {
        refuse({500, "5.5.1", "Unknown command"});
        return junk();
    }
    if (command->flags & Junk) {
        junk();
        if (m_mode == Mode::Closed)
            return;
    }
    if (!(command->states & unsigned(m_state))) {
        refuse({503, "5.5.1", command->wrongState ? command->wrongState : "Bad sequence of commands"});
        return junk();
    }
    if ((command->flags & NeedsExtended) && !m_extended)
        return refuse({503, "5.5.1", "EHLO first"});
    if ((command->flags & NeedsAuth) && m_config.authRequired && m_user.isEmpty())
        return refuse({530, "5.7.0", "Sign in first"});
    (this->*command->run)(argument);
}

// --- answers ---------------------------------------------------------------------------------------------------

void Commands::answer(NeedId id, Answer answer)
{
    if (const auto *judgement = std::get_if<Judgement>(&answer)) {
        if (m_unanswered.contains(id))
            contentJudged(id, *judgement);
        else if (id == m_waitingFor && m_mode != Mode::Closed)
            judged(*judgement);
    } else if (id == m_waitingFor && m_mode != Mode::Closed) {
        signedIn(std::get<SaslAnswer>(answer));
    }
    run();
}

} // namespace posthorn::smtp
