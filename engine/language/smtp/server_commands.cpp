#include "language/smtp/server_session.h"
#include "language/smtp/wire.h"

#include <algorithm>

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype longestRemembered = 1024;

} // namespace

void ServerSession::command(QByteArrayView line)
{
    const qsizetype verbEnd = wordEnd(line);
    const QByteArrayView arguments = verbEnd < line.size() ? line.sliced(verbEnd + 1) : QByteArrayView();
    remember(line);
    const Command *command = m_command;
    if (!command) {
        refuseJunk(line.isEmpty() ? Reply{500, "5.5.2"_ba, "Empty command"_ba}
                                  : Reply{500, "5.5.1"_ba, "Unknown command"_ba});
        return;
    }
    m_hideLines = false;
    if (command->flags & EndsGroup)
        m_mayHold = false;
    if ((command->flags & Junk) && ++m_junkCommands > 10 * m_config.maxBadCommands) {
        endWith({421, "4.7.0"_ba, "Too many commands that do nothing"_ba});
        return;
    }
    const auto refusal = gate(*command);
    if (!refusal)
        command->enter(*this, arguments);
    else if (command->flags & CarriesOctets)
        skipChunk(arguments, *refusal);
    else
        refuseJunk(*refusal);
}

// The one place that says whether a command may be given now.
std::optional<Reply> ServerSession::gate(const Command &command) const
{
    if (!isOffered(command.extension, offer()))
        return notOffered(command);
    if (m_config.tlsRequired && !m_tls && !(command.flags & BeforeTls))
        return Reply{530, "5.7.0"_ba, "Must issue a STARTTLS command first"_ba};
    if (!(command.states & quint16(m_state)))
        return badSequence(command);
    if (m_config.authRequired && !m_authenticated && (command.flags & NeedsAuth)) {
        const bool wantsTls = !isOffered(Extension::Auth, offer()) && isOffered(Extension::StartTls, offer());
        return Reply{530, "5.7.0"_ba, wantsTls ? "Must issue a STARTTLS command first"_ba
                                               : "Authentication required"_ba};
    }
    return std::nullopt;
}

Reply ServerSession::notOffered(const Command &command) const
{
    if (command.extension == Extension::StartTls && m_tls)
        return {503, "5.5.1"_ba, "TLS is active already"_ba};
    if (command.extension == Extension::Auth && m_config.authOffered)
        return {538, "5.7.11"_ba, "Encryption required: STARTTLS first"_ba};
    return {502, "5.5.1"_ba, "This command is not offered"_ba};
}

Reply ServerSession::badSequence(const Command &command) const
{
    const auto wants = [&](State state) { return (command.states & quint16(state)) != 0; };
    if (m_state == State::Start)
        return {503, "5.5.1"_ba, "Say EHLO first"_ba};
    if (m_state == State::Ready)
        return {503, "5.5.1"_ba, "Say MAIL first"_ba};
    if (m_state == State::Chunks)
        return {503, "5.5.1"_ba, m_config.burl ? "Only BDAT or BURL may follow"_ba : "Only BDAT may follow BDAT"_ba};
    if (wants(State::Rcpt))
        return m_anyRefused ? Reply{554, "5.5.1"_ba, "No valid recipients"_ba}
                            : Reply{503, "5.5.1"_ba, "Say RCPT first"_ba};
    return {503, "5.5.1"_ba, "Not within a mail transaction"_ba};
}

// Secrets are not kept, and neither is what may be one: the line after an AUTH that was refused, if it is no command.
void ServerSession::remember(QByteArrayView line)
{
    m_command = findCommand(line.first(wordEnd(line)));
    if (m_command && (m_command->flags & Secret)) {
        const QByteArrayView arguments = line.sliced(qstrlen(m_command->name)).trimmed();
        const QByteArrayView first = arguments.first(wordEnd(arguments));
        const bool known = isMechanismKnown(first.toByteArray().toUpper(), m_config);
        m_line = m_command->name;
        if (known)
            m_line.append(' ').append(first);
        if (!known || first.size() < arguments.size())
            m_line.append(" ***");
    } else if (!m_command && (m_hideLines || line.isEmpty())) {
        m_line = line.isEmpty() ? "(empty)"_ba : "***"_ba;
    } else {
        m_line.assign(line.first(std::min(line.size(), longestRemembered)));
    }
}

void ServerSession::refuseSyntax(const Reply &reply)
{
    // How many octets follow can't be known, so nothing that follows can be trusted to be a command.
    if (m_command->flags & CarriesOctets)
        endWith(reply);
    else
        refuseJunk(reply);
}

void ServerSession::greet(const HelloArguments &hello, bool extended)
{
    abortMail();
    m_greeted = true;
    m_extended = extended;
    m_state = State::Ready;
    m_needs.tell(Hello{hello.name, extended});
    say({250, {}, extended ? ehloText(offer()) : m_config.hostName});
}

void ServerSession::mail(MailCommand mail)
{
    if (m_transactions >= m_config.maxTransactions) {
        endWith({421, "4.7.0"_ba, "Too many messages in one connection"_ba});
        return;
    }
    m_mail = mail;
    ask(Asked::Sender, JudgeSender{std::move(mail)});
}

void ServerSession::senderJudged(const Reply &reply)
{
    if (!reply.isPositive()) {
        m_mail = {};
        refuse(reply);
        return;
    }
    say(reply);
    ++m_transactions;
    m_mailOpen = true;
    m_state = State::Mail;
}

void ServerSession::rcpt(RcptCommand rcpt)
{
    if (m_recipients >= m_config.maxRecipients) {
        refuse({452, "4.5.3"_ba, "Too many recipients"_ba});
        return;
    }
    ask(Asked::Recipient, JudgeRecipient{std::move(rcpt)});
}

void ServerSession::recipientJudged(const Reply &reply)
{
    if (reply.isPositive()) {
        say(reply);
        ++m_recipients;
        m_state = State::Rcpt;
        return;
    }
    m_anyRefused = true;
    if (reply.code >= 500 && ++m_refusedRecipients > m_config.maxRefusedRecipients)
        endWith({421, "4.7.0"_ba, "Too many refused recipients"_ba});
    else
        refuse(reply);
}

void ServerSession::rset(NoArguments)
{
    abortMail();
    if (m_state != State::Start)
        m_state = State::Ready;
    say({250, "2.0.0"_ba, "Ok"_ba});
}

void ServerSession::noop(AnyArguments)
{
    say({250, "2.0.0"_ba, "Ok"_ba});
}

void ServerSession::help(AnyArguments)
{
    QByteArray text = "Commands here:";
    for (const Command &command : commands()) {
        if (isOffered(command.extension, offer()) && !(command.flags & Unwanted))
            text.append(' ').append(command.name);
    }
    say({214, "2.0.0"_ba, text});
}

// Whether an address is good is not told to whoever asks (RFC 5321 §3.5.3, §7.3).
void ServerSession::vrfy(AnyArguments)
{
    say({252, "2.0.0"_ba, "Cannot VRFY user, but will take a message and try to deliver it"_ba});
}

void ServerSession::quit(AnyArguments)
{
    say({221, "2.0.0"_ba, m_config.hostName + " closing"});
    end();
}

void ServerSession::startTls(NoArguments)
{
    // Some clients know beforehand that it is offered, and ask for it at once.
    if (!m_extended && m_state != State::Start) {
        refuseJunk({503, "5.5.1"_ba, "Say EHLO first"_ba});
        return;
    }
    say({220, "2.0.0"_ba, "Ready to start TLS"_ba});
    m_state = State::TlsWait;
}

void ServerSession::notImplemented(AnyArguments)
{
    refuseJunk({502, "5.5.1"_ba, "Command not implemented"_ba});
}

void ServerSession::wrongProtocol(AnyArguments)
{
    endWith({421, "4.7.0"_ba, "This is a mail server"_ba});
}

} // namespace posthorn::smtp
