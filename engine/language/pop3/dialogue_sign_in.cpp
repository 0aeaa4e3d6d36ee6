// Who is it: STLS, USER and PASS, AUTH, and the maildrop that opens then.
#include "language/pop3/dialogue.h"

namespace posthorn::pop3 {

namespace {

// Text that came from elsewhere, as part of one line.
QByteArray oneLine(const QString &text)
{
    QByteArray line = text.left(200).toUtf8();
    for (char &c : line) {
        if (quint8(c) < ' ' || c == '\x7F')
            c = ' ';
    }
    return line;
}

// The one place where an error becomes a response.
QByteArray responseFor(const Failure &failure)
{
    const Error &error = failure.error;
    if (failure.tooSoon)
        return "[LOGIN-DELAY] Too soon after the last time";
    if (isTemporary(error.kind))
        return "[SYS/TEMP] Temporary trouble here, please try again later";
    return (error.kind == ErrorKind::Denied ? "[IN-USE] " : "[SYS/PERM] ") + oneLine(error.text);
}

std::optional<QByteArray> fromBase64(QByteArrayView text)
{
    const auto decoded = QByteArray::fromBase64Encoding(
        text.toByteArray(), QByteArray::Base64Encoding | QByteArray::AbortOnBase64DecodingErrors);
    if (!decoded)
        return std::nullopt;
    // Empty is a value here, and not none.
    return decoded.decoded.isEmpty() ? QByteArray("") : decoded.decoded;
}

} // namespace

void Dialogue::capa(QByteArrayView)
{
    ok("Capabilities follow");
    for (const QByteArray &line : capabilities(m_config, m_around))
        m_output += line + "\r\n";
    m_output += ".\r\n";
}

void Dialogue::stls(QByteArrayView)
{
    if (m_around.tls || !m_config.tlsAvailable)
        return junk(m_around.tls ? "TLS is there already" : "TLS is not available");
    if (m_utf8) // RFC 6856 §2.1
        return junk("STLS comes before UTF8");
    ok("Begin TLS");
    m_lines.clear(); // whatever came with the command was not protected
    m_mode = Mode::StartingTls;
}

void Dialogue::utf8(QByteArrayView)
{
    m_utf8 = true;
    ok("UTF-8 it is");
}

// RFC 6856 §3.2: all replies are in plain English, which is what "i-default" stands for as well.
void Dialogue::lang(QByteArrayView argument)
{
    const QByteArray range = argument.trimmed().toByteArray().toLower();
    if (range.isEmpty()) {
        ok("Languages follow");
        m_output += "en English\r\ni-default Default language\r\n.\r\n";
    } else if (range == "i-default" || range == "*") {
        ok("i-default This is spoken");
    } else if (range == "en" || range.startsWith("en-")) {
        ok("en English is spoken");
    } else {
        refuse("This language is not spoken here");
    }
}

void Dialogue::user(QByteArrayView argument)
{
    if (argument.trimmed().isEmpty())
        return junk("USER takes a name");
    m_givenName = argument.trimmed().toByteArray();
    ok("Password, please"); // whether or not there is such a user
}

void Dialogue::pass(QByteArrayView argument)
{
    if (m_givenName.isEmpty())
        return junk("USER comes first");
    wait(VerifyPassword{std::exchange(m_givenName, {}), argument.toByteArray()}); // spaces belong to the password
}

// Its digest needs the password itself, which nobody here keeps.
void Dialogue::apop(QByteArrayView)
{
    junk("APOP is not offered");
}

void Dialogue::auth(QByteArrayView argument)
{
    const QList<QByteArray> offered = offeredMechanisms(m_config, m_around);
    const QList<QByteArray> words = argument.trimmed().toByteArray().split(' ');
    if (words.first().isEmpty()) { // older clients ask so for the list
        ok("Mechanisms follow");
        for (const QByteArray &mechanism : offered)
            m_output += mechanism + "\r\n";
        m_output += ".\r\n";
        return;
    }
    const QByteArray mechanism = words.first().toUpper();
    if (!offered.contains(mechanism)) {
        const bool needsTls = offeredMechanisms(m_config, {true, true}).contains(mechanism) && !m_around.tls;
        return junk(needsTls ? "[AUTH] Passwords travel only encrypted: use STLS first" : "No such mechanism");
    }
    if (words.size() > 2)
        return junk("AUTH takes a mechanism and an initial response");
    std::optional<QByteArray> initial;
    if (words.size() == 2) {
        initial = words[1] == "=" ? QByteArray("") : fromBase64(words[1]);
        if (!initial)
            return junk("Not base64");
    }
    m_givenName.clear();
    wait(SaslBegin{mechanism, std::move(initial)});
}

void Dialogue::saslResponse(QByteArrayView line)
{
    if (std::exchange(m_proven, false)) {
        if (line.isEmpty())
            return openDrop();
        m_user.clear();
        m_mode = Mode::Command;
        return junk("[AUTH] The client did not accept the server's proof");
    }
    auto response = fromBase64(line);
    if (line == "*" || !response) {
        ask(SaslCancel{});
        m_mode = Mode::Command;
        return junk(line == "*" ? "[AUTH] Cancelled" : "Not base64");
    }
    wait(SaslContinue{std::move(*response)});
}

void Dialogue::authenticated(const SaslAnswer &answer)
{
    const bool isSuccess = answer.outcome == SaslAnswer::Outcome::Success;
    if (isSuccess)
        m_user = answer.user;
    // Additional data comes as a last challenge, which the client answers with nothing (RFC 5034 §4).
    if (answer.outcome == SaslAnswer::Outcome::Challenge || (isSuccess && !answer.bytes.isEmpty())) {
        m_output += "+ " + answer.bytes.toBase64() + "\r\n";
        m_proven = isSuccess;
        m_mode = Mode::Sasl;
        return;
    }
    if (isSuccess)
        return openDrop();
    m_mode = Mode::Command;
    if (answer.outcome == SaslAnswer::Outcome::Unavailable)
        return refuse("[SYS/TEMP] Signing in is not possible now, please try again later");
    refuse("[AUTH] Wrong user name or password");
    ask(Refused{m_line, "-ERR [AUTH] Wrong user name or password"});
    if (++m_authFailures >= m_config.maxAuthFailures)
        giveUp("[AUTH] Too many failures");
}

void Dialogue::openDrop()
{
    m_dropOpen = true;
    wait(OpenDrop{});
}

void Dialogue::opened(Drop drop)
{
    m_drop = Maildrop(std::move(drop));
    m_state = State::Transaction;
    m_mode = Mode::Command;
    m_bad = 0;
    ok(QByteArray::number(m_drop.count()) + " messages");
}

void Dialogue::updated()
{
    m_dropOpen = false;
    m_drop = {};
    ok("Goodbye");
    close();
}

void Dialogue::failed(const Failure &failure)
{
    if (m_mode == Mode::Updating) {
        m_dropOpen = false;
        refuse("[SYS/TEMP] Some messages were not removed");
        return close();
    }
    if (m_mode == Mode::Sending && m_offset > 0)
        return close(); // half a message can't be taken back: only hanging up tells
    refuse(responseFor(failure));
    m_mode = Mode::Command;
    if (m_state == State::Authorization) {
        m_dropOpen = false;
        m_user.clear();
    }
}

} // namespace posthorn::pop3
