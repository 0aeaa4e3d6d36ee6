// What each SMTP command does.
#include "language/smtp/dialogue.h"
#include "language/smtp/parameters.h"

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

void Commands::greet(QByteArrayView name, bool extended)
{
    if (name.isEmpty() || name.size() > 255 || name.contains('\r'))
        return refuse({501, "5.5.4", "Say your name"});
    resetTransaction(true);
    m_state = State::Greeted;
    m_extended = extended;
    ask(Hello{name.toByteArray(), extended});
    if (!extended)
        return give({250, {}, m_config.hostName});
    QByteArray text = m_config.hostName + " greets " + name.toByteArray();
    for (char &c : text) {
        if (uchar(c) < ' ' || uchar(c) >= 0x7f)
            c = '?';
    }
    for (const QByteArray &keyword : extensionKeywords(m_config, m_tls, !m_user.isEmpty()))
        text += '\n' + keyword;
    give({250, {}, text});
}

void Commands::helo(QByteArrayView argument) { greet(argument, false); }
void Commands::ehlo(QByteArrayView argument) { greet(argument, true); }

void Commands::startTls(QByteArrayView argument)
{
    if (!argument.isEmpty())
        return refuse({501, "5.5.4", "STARTTLS takes no argument"});
    if (m_tls)
        return refuse({503, "5.5.1", "TLS is active already"});
    if (!m_config.tlsAvailable)
        return refuse({454, "4.7.0", "TLS is not available"});
    give({220, "2.0.0", "Go ahead"});
    m_input.clear(); // whatever came with the command was not protected
    m_scanned = 0;
    m_mode = Mode::StartingTls;
}

void Commands::auth(QByteArrayView argument)
{
    if (!m_config.authOffered)
        return refuse({502, "5.5.1", "AUTH is not offered here"});
    if (!m_user.isEmpty())
        return refuse({503, "5.5.1", "You are signed in already"});
    const qsizetype space = argument.indexOf(' ');
    const QByteArray mechanism = argument.first(space < 0 ? argument.size() : space).toByteArray().toUpper();
    if (!offeredMechanisms(m_config, m_tls).contains(mechanism)) {
        const bool needsTls = offeredMechanisms(m_config, true).contains(mechanism);
        return needsTls ? refuse({538, "5.7.11", "Encryption is needed for this way to sign in: use STARTTLS"})
                        : refuse({504, "5.5.4", "Unknown way to sign in"});
    }
    std::optional<QByteArray> initial;
    if (space >= 0) {
        const QByteArrayView text = argument.sliced(space + 1).trimmed();
        if (text == QByteArrayView("=")) {
            initial = QByteArray("");
        } else {
            const auto decoded = QByteArray::fromBase64Encoding(text.toByteArray(), QByteArray::AbortOnBase64DecodingErrors);
            if (!decoded)
                return refuse({501, "5.5.2", "Bad base64"});
            initial = *decoded;
        }
    }
    wait(ask(SaslBegin{mechanism, initial}));
}

void Commands::mail(QByteArrayView argument)
{
    if (m_transactions >= m_config.maxTransactions)
        return giveUp({421, "4.7.0", "Too many messages in one connection"});
    auto parsed = parseMail(argument, m_extended);
    if (!parsed)
        return refuse(parsed.error());
    if (parsed->size.value_or(0) > m_config.maxMessageSize)
        return refuse({552, "5.3.4", "The message is too big"});
    m_body = parsed->body;
    m_smtpUtf8 = parsed->smtpUtf8;
    wait(ask(JudgeSender{std::move(*parsed)}));
}

void Commands::rcpt(QByteArrayView argument)
{
    auto parsed = parseRcpt(argument, m_extended, m_smtpUtf8);
    if (!parsed)
        return refuse(parsed.error());
    if (m_recipients >= m_config.maxRecipients)
        return refuse({452, "4.5.3", "Too many recipients: send the rest in another message"});
    wait(ask(JudgeRecipient{std::move(*parsed)}));
}

void Commands::data(QByteArrayView argument)
{
    if (!argument.isEmpty())
        return refuse({501, "5.5.4", "DATA takes no argument"});
    if (m_body == BodyType::BinaryMime)
        return refuse({503, "5.5.1", "BODY=BINARYMIME needs BDAT"});
    give({354, {}, "End with <CRLF>.<CRLF>"});
    m_reader = ContentReader(m_config.bareLineEnd == BareLineEnd::Normalize);
    m_mode = Mode::Content;
}

void Commands::bdat(QByteArrayView argument)
{
    const QList<QByteArray> words = argument.toByteArray().simplified().split(' ');
    bool isNumber = false;
    const qint64 size = words[0].size() <= 18 ? words[0].toLongLong(&isNumber) : -1;
    const bool last = words.size() == 2 && words[1].toUpper() == "LAST";
    if (!isNumber || size < 0 || words.size() > 2 || (words.size() == 2 && !last)) {
        // How much follows can't be known: what comes would be read as commands.
        return giveUp({421, "5.5.4", "BDAT takes a size and perhaps LAST; what follows can't be told apart"});
    }
    m_chunkLeft = m_chunkSize = size;
    m_lastChunk = last;
    if (m_state != State::Recipients && m_state != State::Chunking) {
        m_mode = Mode::Skipped;
        return;
    }
    if (m_state == State::Recipients) {
        m_reader = ContentReader(m_config.bareLineEnd == BareLineEnd::Normalize);
        m_state = State::Chunking;
    }
    m_mode = Mode::Counted;
}

void Commands::rset(QByteArrayView)
{
    resetTransaction(true);
    if (m_state != State::Connected)
        m_state = State::Greeted;
    give({250, "2.0.0", "Reset"});
}

void Commands::noop(QByteArrayView) { give({250, "2.0.0", "Ok"}); }
void Commands::vrfy(QByteArrayView) { give({252, "2.1.5", "Send some mail, it will be tried"}); }
void Commands::expn(QByteArrayView) { refuse({502, "5.5.1", "EXPN is not offered here"}); }

void Commands::help(QByteArrayView)
{
    QByteArray text = "Commands:";
    for (const Command &command : commands())
        text += ' ' + QByteArray(command.name.data(), command.name.size());
    give({214, "2.0.0", text});
}

void Commands::quit(QByteArrayView)
{
    resetTransaction(true);
    give({221, "2.0.0", "Goodbye"});
    m_mode = Mode::Closed;
}

} // namespace posthorn::smtp
