// Message content, its end, and what the answers to needs lead to.
#include "language/smtp/dialogue.h"

#include <algorithm>

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype contentPiece = 64 * 1024;

const Reply bareLineEndReply{550, "5.6.11", "Lines must end in CRLF"};
const Reply tooBigReply{552, "5.3.4", "The message is too big"};

} // namespace

void Commands::resetTransaction(bool tell)
{
    const bool open = m_state == State::Mail || m_state == State::Recipients || m_state == State::Chunking;
    if (tell && open)
        ask(AbortMail{});
    if (open)
        m_state = State::Greeted;
    m_recipients = 0;
    m_content.clear();
    m_size = 0;
    m_unanswered.clear();
    m_unansweredOctets = 0;
    m_fault.reset();
    m_contentEnded = false;
    m_smtpUtf8 = false;
    m_body = BodyType::SevenBit;
}

// --- content ---------------------------------------------------------------------------------------------------

void Commands::readContent()
{
    const qsizetype before = m_content.size();
    const qsizetype used = m_reader.take(m_input, m_content);
    m_input.remove(0, used);
    m_size += m_content.size() - before;
    if (m_reader.ended())
        endContent();
    else
        emitContent(false);
}

void Commands::readCounted()
{
    const qsizetype now = qsizetype(std::min<qint64>(m_chunkLeft, m_input.size()));
    const QByteArrayView octets = QByteArrayView(m_input).first(now);
    const bool skipping = m_mode == Mode::Skipped;
    m_chunkLeft -= now;
    const bool lastOctet = m_chunkLeft == 0 && m_lastChunk;
    if (!skipping) {
        const qsizetype before = m_content.size();
        if (m_body == BodyType::BinaryMime)
            m_content.append(octets);
        else
            m_reader.takeCounted(octets, m_content, lastOctet);
        m_size += m_content.size() - before;
    }
    m_input.remove(0, now);
    if (m_chunkLeft > 0)
        return skipping ? void() : emitContent(false);
    if (skipping) {
        m_mode = Mode::Command;
        refuse({503, "5.5.1", "MAIL and RCPT first"});
        return junk();
    }
    if (m_lastChunk)
        return endContent();
    emitContent(false);
    m_mode = Mode::Command;
    if (m_fault)
        return refuse(*m_fault); // RFC 3030 §2: the client gives up; further chunks are dropped
    give({250, "2.0.0", QByteArray::number(m_chunkSize) + " octets received"});
}

// Notes what makes the content unacceptable; from then on it is read and dropped.
void Commands::emitContent(bool all)
{
    if (!m_fault && m_size > m_config.maxMessageSize)
        m_fault = tooBigReply;
    if (!m_fault && m_reader.sawBareLineEnd() && m_config.bareLineEnd == BareLineEnd::Refuse)
        m_fault = bareLineEndReply;
    if (m_fault) {
        m_content.clear();
        return;
    }
    while (m_content.size() >= contentPiece || (all && !m_content.isEmpty())) {
        const qsizetype size = std::min(m_content.size(), contentPiece);
        QByteArray piece = size == m_content.size() ? std::exchange(m_content, {}) : m_content.first(size);
        if (!m_content.isEmpty())
            m_content.remove(0, size);
        m_unansweredOctets += size;
        m_unanswered.insert(ask(Content{std::move(piece)}));
    }
}

void Commands::endContent()
{
    emitContent(true);
    m_contentEnded = true;
    m_mode = Mode::EndOfMail;
    maybeEnd();
}

// All is read; when all of it is taken, too, the message can be finished.
void Commands::maybeEnd()
{
    if (!m_contentEnded || !m_unanswered.empty())
        return;
    if (m_fault)
        return refuseMail(*m_fault);
    m_waitingFor = ask(EndOfMail{});
}

void Commands::contentJudged(NeedId id, const Judgement &judgement)
{
    m_unanswered.erase(id);
    if (m_unanswered.empty())
        m_unansweredOctets = 0;
    else
        m_unansweredOctets = std::max<qsizetype>(0, m_unansweredOctets - contentPiece);
    if (!judgement.reply.isPositive() && !m_fault)
        m_fault = judgement.reply;
    maybeEnd();
}

void Commands::refuseMail(const Reply &reply)
{
    m_line = m_state == State::Chunking ? "BDAT" : "DATA";
    refuse(reply);
    resetTransaction(true);
    m_mode = Mode::Command;
    if (m_shuttingDown)
        shutDown();
}

void Commands::finishMail(const Reply &reply)
{
    ++m_transactions;
    m_line = m_state == State::Chunking ? "BDAT" : "DATA";
    if (reply.isPositive()) {
        m_bad = 0;
        give(reply);
    } else {
        refuse(reply);
    }
    m_waitingFor = 0;
    resetTransaction(false);
    m_mode = Mode::Command;
    if (m_shuttingDown)
        shutDown();
}

// --- answers ---------------------------------------------------------------------------------------------------

void Commands::judged(const Judgement &judgement)
{
    const Reply &reply = judgement.reply;
    const bool isWelcome = m_mode == Mode::Greeting, isEnd = m_mode == Mode::EndOfMail;
    m_waitingFor = 0;
    if (judgement.close || (isWelcome && !reply.isPositive()))
        return giveUp(reply);
    if (isEnd)
        return finishMail(reply);
    m_mode = Mode::Command;
    if (isWelcome)
        return give({220, {}, m_config.hostName + " ESMTP " + m_config.software});
    if (reply.isPositive()) {
        m_recipients += m_state == State::Mail || m_state == State::Recipients ? 1 : 0;
        m_state = m_state == State::Greeted ? State::Mail : State::Recipients;
        m_bad = std::max(0, m_bad - 1);
        return give(reply);
    }
    refuse(reply);
    const bool isRecipient = m_state != State::Greeted;
    if (isRecipient && ++m_refusedRecipients > m_config.maxRefusedRecipients)
        giveUp({421, "4.7.0", "Too many unknown recipients"});
}

void Commands::signedIn(const SaslAnswer &answer)
{
    m_waitingFor = 0;
    switch (answer.outcome) {
    case SaslAnswer::Outcome::Challenge:
        give({334, {}, answer.bytes.toBase64()});
        m_mode = Mode::Sasl;
        return;
    case SaslAnswer::Outcome::Success:
        m_user = answer.user;
        if (!answer.bytes.isEmpty()) { // additional data goes as a last challenge (RFC 4954 §4)
            give({334, {}, answer.bytes.toBase64()});
            m_mode = Mode::Sasl;
            return;
        }
        m_mode = Mode::Command;
        return give({235, "2.7.0", "Signed in"});
    case SaslAnswer::Outcome::Failure:
        return authFailed({535, "5.7.8", "User name or password is wrong"});
    case SaslAnswer::Outcome::Unavailable:
        return authFailed({454, "4.7.0", "Signing in is not possible now"});
    }
}

void Commands::authFailed(const Reply &reply)
{
    m_mode = Mode::Command;
    m_user.clear();
    refuse(reply);
    if (++m_authFailures >= m_config.maxAuthFailures)
        giveUp({421, "4.7.0", "Too many failures to sign in"});
}

bool Commands::readSasl()
{
    const qsizetype end = m_input.indexOf('\n', m_scanned);
    if (end < 0) {
        m_scanned = m_input.size();
        if (m_input.size() > m_config.maxAuthLine)
            giveUp({421, "4.7.0", "The response is too long"});
        return false;
    }
    const QByteArray line = m_input.first(end).trimmed();
    const bool tooLong = end > m_config.maxAuthLine;
    m_input.remove(0, end + 1);
    m_scanned = 0;
    if (tooLong) {
        ask(SaslCancel{});
        authFailed({500, "5.5.6", "The response is too long"});
    } else {
        saslResponse(line);
    }
    return m_mode != Mode::Closed;
}

void Commands::saslResponse(QByteArrayView line)
{
    if (!m_user.isEmpty()) { // the empty response to additional data
        if (!line.isEmpty())
            return authFailed({501, "5.5.2", "An empty response was expected"});
        m_mode = Mode::Command;
        return give({235, "2.7.0", "Signed in"});
    }
    if (line == QByteArrayView("*")) {
        ask(SaslCancel{});
        m_mode = Mode::Command;
        return refuse({501, "5.7.0", "Cancelled"});
    }
    const auto decoded = QByteArray::fromBase64Encoding(line.toByteArray(), QByteArray::AbortOnBase64DecodingErrors);
    if (!decoded) {
        ask(SaslCancel{});
        m_mode = Mode::Command;
        return refuse({501, "5.5.2", "Bad base64"});
    }
    wait(ask(SaslContinue{*decoded}));
}

} // namespace posthorn::smtp
