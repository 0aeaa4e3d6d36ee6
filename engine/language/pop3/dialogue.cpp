// How the driver moves a session: octets, time, TLS, answers.
#include "language/pop3/dialogue.h"

namespace posthorn::pop3 {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxAuthLine = 12'288; // RFC 4954 §4, which RFC 5034 follows
constexpr int maxEarlyCommands = 100;     // before sign-in
constexpr qsizetype loggedOctets = 255;

} // namespace

void Dialogue::start(const TlsFacts *tls)
{
    if (tls)
        m_around = {true, tls->canBind()};
    ok(m_config.implementation + " POP3 server ready on " + m_config.hostName);
}

void Dialogue::receive(QByteArrayView bytes)
{
    if (m_mode == Mode::Closed || m_mode == Mode::StartingTls)
        return;
    m_lines.feed(bytes);
    run();
}

void Dialogue::run()
{
    while (isOutputLow()) {
        if (m_mode == Mode::Listing) {
            continueListing();
            continue;
        }
        if (m_mode == Mode::Sending && m_waitingFor == 0)
            askPiece();
        if (m_mode != Mode::Command && m_mode != Mode::Sasl)
            return;
        if (m_shuttingDown)
            giveUp("[SYS/TEMP] The server is going down");
        else if (readLine())
            continue;
        else if (m_peerGone)
            close();
        return;
    }
}

bool Dialogue::isOutputLow() const
{
    return m_waitingOutput + m_output.size() < m_config.outputLow;
}

void Dialogue::outputWaiting(qsizetype waiting)
{
    m_waitingOutput = waiting;
    run();
}

QByteArray Dialogue::takeOutput()
{
    m_waitingOutput += m_output.size();
    return std::exchange(m_output, {});
}

bool Dialogue::hungry() const
{
    return (m_mode == Mode::Command || m_mode == Mode::Sasl) && isOutputLow();
}

std::chrono::milliseconds Dialogue::patience() const
{
    return m_state == State::Authorization ? m_config.loginPatience : m_config.idlePatience;
}

QLatin1StringView Dialogue::stateName() const
{
    switch (m_mode) {
    case Mode::Sasl: return "signing-in"_L1;
    case Mode::Listing: return "listing"_L1;
    case Mode::Sending: return "sending"_L1;
    case Mode::Updating: return "update"_L1;
    case Mode::StartingTls: return "starting-tls"_L1;
    case Mode::Closed: return "closed"_L1;
    case Mode::Waiting: return "waiting"_L1;
    case Mode::Command: break;
    }
    return m_state == State::Authorization ? "authorization"_L1 : "transaction"_L1;
}

// What was said before is forgotten (RFC 2595 §4).
void Dialogue::tlsStarted(const TlsFacts &facts)
{
    if (m_mode != Mode::StartingTls)
        return;
    m_around = {true, facts.canBind()};
    m_lines.clear();
    m_givenName.clear();
    m_mode = Mode::Command;
}

// Without QUIT there is no UPDATE: nothing is deleted (RFC 1939 §6).
void Dialogue::close()
{
    if (std::exchange(m_dropOpen, false))
        ask(CloseDrop{});
    m_waitingFor = 0;
    m_lines.clear();
    m_mode = Mode::Closed;
}

// What came before the end is still done, QUIT and its UPDATE too; what he would no longer read is not sent.
void Dialogue::peerClosed()
{
    m_peerGone = true;
    if (m_mode == Mode::StartingTls)
        close();
    else
        run();
}

void Dialogue::timedOut()
{
    if (m_mode == Mode::Command || m_mode == Mode::Sasl)
        giveUp("[SYS/TEMP] Silent for too long");
}

// A message, a listing or UPDATE under way is finished first.
void Dialogue::shutDown()
{
    m_shuttingDown = true;
    if (m_mode == Mode::StartingTls)
        close();
    else if (m_mode == Mode::Command || m_mode == Mode::Sasl || m_mode == Mode::Waiting)
        giveUp("[SYS/TEMP] The server is going down");
}

// --- lines -----------------------------------------------------------------------------------------------------

qsizetype Dialogue::lineLimit() const
{
    const bool isAuth = m_lines.peek(5).compare("AUTH ", Qt::CaseInsensitive) == 0;
    return m_mode == Mode::Sasl || isAuth ? maxAuthLine : m_config.maxLine;
}

bool Dialogue::readLine()
{
    switch (m_lines.next(lineLimit())) {
    case LineReader::Outcome::More:
        return false;
    case LineReader::Outcome::Endless:
        giveUp("The line is endless");
        return true;
    case LineReader::Outcome::TooLong:
        tooLong();
        return true;
    case LineReader::Outcome::Line:
        break;
    }
    if (m_mode == Mode::Sasl)
        saslResponse(m_lines.line());
    else if (m_state == State::Authorization && ++m_commands > maxEarlyCommands)
        giveUp("Too many commands without signing in");
    else
        dispatch(m_lines.line());
    return true;
}

void Dialogue::tooLong()
{
    if (m_mode == Mode::Sasl)
        ask(SaslCancel{});
    m_mode = Mode::Command;
    m_line = "(too long)";
    junk("The line is too long");
}

// Nothing that may be a secret: an unknown line after a refused AUTH is often the password's base64.
QByteArray Dialogue::forTheLog(const Command *command, QByteArrayView line) const
{
    if (!command)
        return m_nearSecrets ? QByteArray("(unknown)") : line.first(qMin(line.size(), loggedOctets)).toByteArray();
    const QByteArray name(command->name.data(), command->name.size());
    if (command->flags & SecretArgument)
        return name + " ...";
    return name + line.sliced(name.size()).first(qMin(line.size() - name.size(), loggedOctets)).toByteArray();
}

void Dialogue::dispatch(QByteArrayView line)
{
    const qsizetype space = line.indexOf(' ');
    const QByteArrayView verb = line.first(space < 0 ? line.size() : space);
    const QByteArrayView argument = space < 0 ? QByteArrayView() : line.sliced(space + 1);
    const Command *const command = findCommand(verb);
    m_line = forTheLog(command, line);
    m_nearSecrets = m_nearSecrets || (command && (command->flags & NearSecrets));
    if (line.contains('\0') || line.contains('\r'))
        junk("A command has no control characters");
    else if (!command)
        junk("Unknown command");
    else if (!(command->states & unsigned(m_state)))
        junk(m_state == State::Authorization ? "Sign in first" : "Not after signing in");
    else if ((command->flags & NeedsPrivacy) && !m_around.tls && !m_config.plaintextAllowed)
        junk("[AUTH] Passwords travel only encrypted: use STLS first");
    else
        (this->*command->run)(argument);
}

// --- responses and needs ---------------------------------------------------------------------------------------

void Dialogue::ok(QByteArrayView text)
{
    m_output += "+OK ";
    m_output += text;
    m_output += "\r\n";
}

void Dialogue::refuse(QByteArrayView text)
{
    m_output += "-ERR ";
    m_output += text;
    m_output += "\r\n";
}

void Dialogue::junk(QByteArrayView text)
{
    refuse(text);
    ask(Refused{m_line, "-ERR " + text.toByteArray()});
    if (++m_bad > m_config.maxBadCommands)
        giveUp("Too many bad commands");
}

void Dialogue::giveUp(QByteArrayView text)
{
    refuse(text);
    close();
}

NeedId Dialogue::ask(What what)
{
    m_needs.push_back({++m_lastId, std::move(what)});
    return m_lastId;
}

void Dialogue::wait(What what)
{
    m_waitingFor = ask(std::move(what));
    m_mode = Mode::Waiting;
}

std::optional<Need> Dialogue::nextNeed()
{
    if (m_needs.empty())
        return std::nullopt;
    Need need = std::move(m_needs.front());
    m_needs.pop_front();
    return need;
}

void Dialogue::answer(NeedId id, Answer answer)
{
    if (id == 0 || id != m_waitingFor)
        return;
    m_waitingFor = 0;
    if (const auto *const failure = std::get_if<Failure>(&answer))
        failed(*failure);
    else if (const auto *const sasl = std::get_if<SaslAnswer>(&answer))
        authenticated(*sasl);
    else if (auto *const drop = std::get_if<Drop>(&answer))
        opened(std::move(*drop));
    else if (const auto *const piece = std::get_if<Piece>(&answer))
        sendPiece(*piece);
    else
        updated();
    run();
}

} // namespace posthorn::pop3
