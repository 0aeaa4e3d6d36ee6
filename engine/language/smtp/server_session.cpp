#include "language/smtp/server_session.h"

#include "language/message/lexical.h"

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype mostContent = 256 * 1024; // octets of content waiting for the service
constexpr qsizetype mostInput = 64 * 1024;    // octets of commands waiting for an answer
constexpr qsizetype mostHeld = 16 * 1024;     // octets of replies held back for their group

} // namespace

ServerSession::ServerSession(ServerConfig config) : m_config(std::move(config))
{
    m_output.reserve(512);
}

void ServerSession::start(bool tls)
{
    m_tls = tls;
    ask(Asked::Welcome, Welcome{});
}

// --- input -----------------------------------------------------------------------------------------------------

void ServerSession::receive(QByteArrayView bytes)
{
    if (m_state == State::Over || m_state == State::TlsWait)
        return;
    const bool direct = m_inputAt == m_input.size();
    if (!direct)
        m_input.append(bytes);
    m_rest = direct ? bytes : QByteArrayView(m_input).sliced(m_inputAt);
    run();
    if (direct) {
        m_input = m_rest.toByteArray();
        m_inputAt = 0;
        m_rest = {};
    } else {
        keepRest();
    }
}

void ServerSession::keepRest()
{
    m_inputAt = m_input.size() - m_rest.size();
    m_rest = {};
    if (m_inputAt == m_input.size()) {
        m_input = {};
        m_inputAt = 0;
    } else if (m_inputAt > mostInput / 2) {
        m_input.remove(0, m_inputAt);
        m_inputAt = 0;
    }
}

// As far as it goes: until the input is used up or a need has to be answered first.
void ServerSession::run()
{
    while (m_state != State::Over) {
        if (isReadingContent()) {
            if (m_rest.isEmpty())
                break;
            takeContent();
        } else if (m_needs.isAsking() || m_state == State::TlsWait || !takeLine()) {
            break;
        }
    }
    if (m_state == State::Over || m_state == State::TlsWait)
        m_rest = {};
    else if (m_peerClosed && !m_needs.isAsking())
        end();
}

bool ServerSession::takeLine()
{
    QByteArrayView line;
    const auto outcome = m_lines.next(m_rest, lineLimit(), line);
    if (outcome == LineReader::Outcome::More)
        return false;
    if (outcome != LineReader::Outcome::Line)
        refuseLine(outcome, line);
    else if (m_state == State::Sasl)
        saslLine(line);
    else
        command(line);
    return true;
}

void ServerSession::refuseLine(LineReader::Outcome outcome, QByteArrayView line)
{
    const bool inSasl = m_state == State::Sasl;
    if (inSasl) {
        m_needs.tell(SaslCancel{});
        m_provenUser.reset();
        m_state = State::Ready;
        m_hideLines = true;
    } else {
        remember(line);
    }
    if (outcome == LineReader::Outcome::Endless)
        endWith({421, "4.7.0"_ba, "This line has no end"_ba});
    else if (outcome == LineReader::Outcome::BadEnd)
        refuseJunk({500, "5.5.2"_ba, "Lines must end with CRLF"_ba});
    else if (outcome == LineReader::Outcome::BadText)
        refuseJunk({500, "5.5.2"_ba, "CR and NUL have no place in a command"_ba});
    else if (inSasl)
        refuseJunk({500, "5.5.6"_ba, "Authentication exchange line is too long"_ba});
    else
        refuseJunk({500, "5.5.2"_ba, "Line too long"_ba});
}

qsizetype ServerSession::lineLimit() const
{
    if (m_state == State::Sasl || (m_rest.size() > 4 && message::equalsIgnoringCase(m_rest.first(5), "AUTH ")))
        return m_config.maxAuthLine;
    return m_config.maxCommandLine;
}

void ServerSession::tlsStarted()
{
    m_tls = true;
    m_extended = false;
    m_user.clear();
    m_authenticated = false;
    m_lines.reset();
    m_state = State::Start;
}

// --- answers ---------------------------------------------------------------------------------------------------

void ServerSession::answer(NeedId id, Answer answer)
{
    if (!m_needs.take(id))
        return;
    m_rest = QByteArrayView(m_input).sliced(m_inputAt);
    if (m_asked == Asked::Sasl) {
        const auto *sasl = std::get_if<SaslAnswer>(&answer);
        saslAnswered(sasl ? *sasl : SaslAnswer{SaslAnswer::Outcome::Unavailable, {}, {}});
    } else if (const auto *octets = std::get_if<UrlOctets>(&answer); octets && m_asked == Asked::Url) {
        urlCame(*octets);
    } else {
        auto *judgement = std::get_if<Judgement>(&answer);
        judged(judgement ? std::move(*judgement) : Judgement{replyFor({})});
    }
    run();
    keepRest();
}

void ServerSession::judged(Judgement judgement)
{
    const bool hangUp = judgement.close || judgement.reply.code == 421;
    switch (m_asked) {
    case Asked::Welcome: welcomed(judgement); return;
    case Asked::Content:
    case Asked::Url: contentJudged(judgement); return;
    case Asked::Sender:
        if (!hangUp)
            senderJudged(judgement.reply);
        break;
    case Asked::Recipient:
        if (!hangUp)
            recipientJudged(judgement.reply);
        break;
    case Asked::EndOfMail:
        if (!hangUp)
            mailJudged(judgement.reply);
        else
            m_mailOpen = false;
        break;
    case Asked::Sasl: break;
    }
    if (hangUp)
        endWith(judgement.reply);
}

void ServerSession::welcomed(Judgement &judgement)
{
    if (!judgement.reply.isPositive() || judgement.close) {
        endWith(judgement.reply);
        return;
    }
    const QByteArray text = judgement.reply.text.isEmpty() ? "ESMTP " + m_config.software : judgement.reply.text;
    say({220, {}, m_config.hostName + ' ' + text});
    m_state = State::Start;
}

// --- output ----------------------------------------------------------------------------------------------------

// The replies of a pipelined group leave together (RFC 2920 §3.2): they wait while one of its commands is being judged
// and more of it is here.
QByteArray ServerSession::takeOutput()
{
    const bool inGroup = m_asked == Asked::Sender || m_asked == Asked::Recipient;
    if (m_mayHold && inGroup && m_needs.isAsking() && m_inputAt < m_input.size() && m_output.size() < mostHeld)
        return {};
    m_mayHold = true;
    return std::exchange(m_output, {});
}

void ServerSession::refuse(const Reply &reply)
{
    say(reply);
    m_needs.tell(Refused{m_line, reply});
}

void ServerSession::refuseJunk(const Reply &reply)
{
    m_mayHold = false;
    if (++m_badCommands > m_config.maxBadCommands)
        endWith({421, "4.7.0"_ba, "Too many bad commands"_ba});
    else
        refuse(reply);
}

bool ServerSession::hungry() const
{
    if (m_state == State::Over || m_state == State::TlsWait || m_peerClosed)
        return false;
    if (isReadingContent())
        return !m_content || m_content->waiting() <= mostContent;
    return !m_needs.isAsking() || m_input.size() - m_inputAt <= mostInput;
}

std::chrono::milliseconds ServerSession::patience() const
{
    if (m_state == State::Over || m_state == State::TlsWait || (m_needs.isAsking() && !isReadingContent()))
        return {};
    if (m_state == State::Content)
        return m_config.dataPatience;
    return m_greeted ? m_config.commandPatience : m_config.greetingPatience;
}

// --- ends ------------------------------------------------------------------------------------------------------

void ServerSession::abortMail()
{
    if (m_mailOpen)
        m_needs.tell(AbortMail{});
    m_mailOpen = false;
    m_mail = {};
    m_recipients = 0;
    m_anyRefused = false;
    m_content.reset();
    m_ending = Ending::None;
    m_lastChunk = false;
    m_chunkLeft = 0;
    m_skipReply.reset();
}

void ServerSession::end()
{
    if (m_state == State::Sasl || (m_needs.isAsking() && m_asked == Asked::Sasl))
        m_needs.tell(SaslCancel{});
    m_needs.forget();
    abortMail();
    m_state = State::Over;
    m_input = {};
    m_inputAt = 0;
    m_rest = {};
}

void ServerSession::endWith(const Reply &reply)
{
    refuse(reply);
    end();
}

// For ends that are nobody's refusal, unless mail is lost by them.
void ServerSession::endLosing(const Reply &reply)
{
    if (m_mailOpen)
        refuse(reply);
    else
        say(reply);
    end();
}

// What came before the end is still worked on: a client may send all and close its side.
void ServerSession::peerClosed()
{
    m_peerClosed = true;
    if (!m_needs.isAsking())
        end();
}

void ServerSession::timedOut()
{
    if (m_state != State::Over)
        endLosing({421, "4.4.2"_ba, m_config.hostName + " Nothing was heard for too long, closing"});
}

void ServerSession::shutDown()
{
    if (m_state == State::Over)
        return;
    if (m_state == State::Content && m_ending == Ending::Mail)
        m_stopping = true; // the message is all here: it gets its reply first
    else
        endLosing({421, "4.3.2"_ba, m_config.hostName + " The server is stopping, closing"});
}

} // namespace posthorn::smtp
