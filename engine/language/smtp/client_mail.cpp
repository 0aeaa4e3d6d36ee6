#include "language/smtp/client_session.h"

#include "language/smtp/wire.h"

#include <algorithm>

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype enoughWaiting = 256 * 1024; // octets of output; more content is fetched below it

bool isAscii(QByteArrayView text)
{
    return std::ranges::all_of(text, [](char c) { return uchar(c) < 0x80; });
}

ContentScan scan(QByteArrayView content)
{
    const qsizetype empty = content.indexOf("\r\n\r\n");
    const QByteArrayView header = empty < 0 ? content : content.first(empty);
    return {!isAscii(header), !isAscii(content.sliced(header.size()))};
}

QByteArray notifyText(quint8 notify)
{
    if (notify & NotifyNever)
        return "NEVER";
    QByteArrayList words;
    if (notify & NotifySuccess)
        words += "SUCCESS";
    if (notify & NotifyFailure)
        words += "FAILURE";
    if (notify & NotifyDelay)
        words += "DELAY";
    return words.join(',');
}

Fate fateOf(const Reply &reply)
{
    return reply.code < 400 ? Fate::Accepted : reply.code < 500 ? Fate::Deferred : Fate::Refused;
}

// It takes no more recipients in this transaction. RFC 821 had 552 for it (RFC 5321 §4.5.3.1.10).
bool isTooMany(const Reply &reply)
{
    return (reply.code == 452 || reply.code == 552) && (reply.enhanced.isEmpty() || reply.enhanced.endsWith(".5.3"));
}

bool isUnknownCommand(const Reply &reply)
{
    return reply.code == 500 || reply.code == 502 || reply.code == 504;
}

// Not the address is wrong (RFC 5321 §4.1.1.11, RFC 3463 §3.6).
bool isForParameters(const Reply &reply)
{
    return reply.code == 555 || ((reply.code == 501 || reply.code == 504) && reply.enhanced == "5.5.4");
}

// A refusal as it is; a positive reply where there can be none is one as well.
Reply sensible(const Reply &reply)
{
    return reply.isPositive() ? Reply{451, "4.5.0", "The server's answer makes no sense: " + reply.text} : reply;
}

} // namespace

void ClientSession::on(OutgoingMail &mail)
{
    if (m_state != ClientState::Ready)
        return;
    m_state = ClientState::Sending;
    m_dialogue.clear();
    m_mail.emplace();
    m_mail->outcomes.resize(mail.recipients.size());
    m_mail->mail = std::move(mail);
    m_mail->chunking = m_offer.chunking && (!m_config.distrust.flow || m_mail->mail.body == BodyType::BinaryMime);
    if (isWhole())
        m_mail->scan = scan(m_mail->mail.content);
    else if (m_mail->mail.body != BodyType::SevenBit)
        m_mail->scan.body8 = true;
    if (isWhole() || (m_offer.eightBitMime && (m_offer.smtpUtf8 || !m_mail->mail.smtpUtf8)))
        judgeContent();
    else
        m_needs.ask(ScanContent{});
}

void ClientSession::on(ContentScan &scanned)
{
    if (!m_mail)
        return;
    m_mail->scan = scanned;
    judgeContent();
}

bool ClientSession::isWhole() const
{
    return m_mail->mail.content.size() >= m_mail->mail.size;
}

// Can this server take this message at all?
void ClientSession::judgeContent()
{
    Transaction &now = *m_mail;
    const bool utf8Path = !isAscii(now.mail.reversePath);
    const bool utf8Header = now.mail.smtpUtf8 && now.scan.header8;
    now.utf8 = utf8Path || utf8Header;
    for (qsizetype i = 0; i < now.mail.recipients.size(); ++i) {
        const bool ascii = isAscii(now.mail.recipients[i].path);
        if (ascii || m_offer.smtpUtf8)
            now.offered += i;
        else
            settle({i}, Fate::Refused, {553, "5.6.7", "The next server takes no addresses beyond ASCII (SMTPUTF8)"}, false, "");
        now.utf8 |= !ascii && m_offer.smtpUtf8;
    }
    keepToLimit();
    if (m_offer.maxSize > 0 && now.mail.size > m_offer.maxSize)
        refuseAll(552, "5.3.4", "The message is bigger than the next server takes");
    else if ((utf8Path || utf8Header) && !m_offer.smtpUtf8)
        refuseAll(553, "5.6.7", "The next server takes no addresses and header fields beyond ASCII (SMTPUTF8)");
    else if (now.mail.body == BodyType::BinaryMime && !(m_offer.binaryMime && m_offer.chunking))
        refuseAll(554, "5.6.3", "The message is binary, and the next server does not take that (BINARYMIME)");
    else if ((now.scan.header8 || now.scan.body8) && !m_offer.eightBitMime)
        refuseAll(554, "5.6.3", "The message has 8-bit text, and the next server does not take that (8BITMIME)");
    else if (now.offered.isEmpty())
        closeTransaction();
    else
        sendEnvelope();
}

// The server has told how many recipients it takes (RFC 9422); the others come with the next transaction.
void ClientSession::keepToLimit()
{
    Transaction &now = *m_mail;
    while (m_offer.maxRecipients > 0 && now.offered.size() > m_offer.maxRecipients)
        settle({now.offered.takeLast()}, Fate::NotTried, {452, "4.5.3", "Too many recipients for one transaction"}, false, "");
}

void ClientSession::refuseAll(int code, const char *enhanced, const char *text)
{
    settleRest(Fate::Refused, {code, enhanced, text}, false, "");
    closeTransaction();
}

// --- the envelope ----------------------------------------------------------------------------------------------

void ClientSession::sendEnvelope()
{
    ++m_transactions;
    say(Verb::Mail, mailLine());
    if (!m_offer.pipelining)
        return;
    while (m_mail->named < m_mail->offered.size())
        sayRcpt();
    if (!m_mail->chunking)
        say(Verb::Data, "DATA");
    else if (isWhole() && m_mail->mail.size <= m_config.pieceSize)
        sendPiece(m_mail->mail.content);
}

QByteArray ClientSession::mailLine()
{
    const OutgoingMail &mail = m_mail->mail;
    QByteArray line = "MAIL FROM:<" + mail.reversePath + '>';
    if (m_offer.size)
        line += " SIZE=" + QByteArray::number(mail.size);
    if (mail.body == BodyType::BinaryMime)
        line += " BODY=BINARYMIME";
    else if (m_mail->scan.header8 || m_mail->scan.body8)
        line += " BODY=8BITMIME";
    if (m_mail->utf8)
        line += " SMTPUTF8";
    if (m_config.requireTls)
        line += " REQUIRETLS";
    if (m_offer.dsn && !mail.ret.isEmpty())
        line += " RET=" + mail.ret;
    if (m_offer.dsn && !mail.envid.isEmpty())
        line += " ENVID=" + encodeXtext(mail.envid);
    return line;
}

void ClientSession::sayRcpt()
{
    say(Verb::Rcpt, rcptLine(m_mail->mail.recipients[m_mail->offered[m_mail->named++]]));
}

QByteArray ClientSession::rcptLine(const OutgoingRecipient &recipient) const
{
    QByteArray line = "RCPT TO:<" + recipient.path + '>';
    if (!m_offer.dsn)
        return line;
    if (recipient.notify)
        line += " NOTIFY=" + notifyText(recipient.notify);
    const qsizetype semicolon = recipient.originalRecipient.indexOf(';');
    if (semicolon > 0) {
        const QByteArray type = recipient.originalRecipient.left(semicolon);
        const QByteArray address = recipient.originalRecipient.mid(semicolon + 1);
        line += " ORCPT=" + type + ';' + (type.toLower() == "utf-8" ? encodeUtf8AddressXtext(address) : encodeXtext(address));
    }
    return line;
}

void ClientSession::onMail(const Reply &reply)
{
    m_mail->mailOk = reply.code >= 200 && reply.code < 300;
    if (m_mail->mailOk)
        return;
    if (isForParameters(reply) && saysParameters()) {
        distrust({.parameters = true}, reply);
        return;
    }
    settleRest(reply.isPositive() ? Fate::Deferred : fateOf(reply), reply, true, "MAIL FROM");
    m_mail->stopped = true;
}

void ClientSession::onRcpt(const Reply &reply)
{
    const qsizetype recipient = m_mail->offered[m_mail->answered++];
    if (!m_mail->mailOk)
        return;
    if (reply.code >= 200 && reply.code < 300)
        m_mail->accepted += recipient;
    else if (isTooMany(reply) && !m_mail->accepted.isEmpty())
        m_mail->turnedAway.append({recipient, reply});
    else
        settle({recipient}, reply.isPositive() ? Fate::Deferred : fateOf(reply), reply, true, "RCPT TO");
    if (m_mail->answered == m_mail->offered.size() && m_mail->accepted.isEmpty())
        m_mail->stopped = true;
}

// What comes next, after each reply.
void ClientSession::proceed()
{
    Transaction &now = *m_mail;
    if (now.streaming && !now.stopped && !now.finalSent) {
        pumpContent();
        return;
    }
    if (!m_pending.empty())
        return;
    if (now.stopped || now.finalSent)
        closeTransaction();
    else if (now.named < now.offered.size())
        sayRcpt();
    else
        beginContent();
}

// --- the content -----------------------------------------------------------------------------------------------

void ClientSession::beginContent()
{
    if (!m_mail->chunking) {
        say(Verb::Data, "DATA");
        return;
    }
    m_mail->streaming = true;
    pumpContent();
}

void ClientSession::onData(const Reply &reply)
{
    if (reply.code == 354 && !m_mail->stopped) {
        m_mail->streaming = true; // proceed() sends it
    } else if (reply.code == 354) {
        // Pipelined, and nobody is to get it: a lone dot ends what the server thinks has begun (RFC 2920 §3.1).
        m_output += ".\r\n";
        m_pending.push_back(Verb::End);
        m_mail->finalSent = true;
    } else {
        settleAccepted(sensible(reply), "DATA");
        m_mail->stopped = true;
    }
}

void ClientSession::outputWaiting(qsizetype waiting)
{
    m_waiting = waiting;
    if (m_mail && m_mail->streaming && !m_mail->stopped && m_state == ClientState::Sending)
        pumpContent();
}

void ClientSession::pumpContent()
{
    Transaction &now = *m_mail;
    while (!now.finalSent && !m_needs.isAsking() && m_waiting + m_output.size() < enoughWaiting
           && (!m_mail->chunking || m_offer.pipelining || m_pending.empty())) {
        if (now.sent < now.mail.content.size() || now.mail.size == 0) {
            const qsizetype octets = std::min<qsizetype>(m_config.pieceSize, now.mail.content.size() - now.sent);
            sendPiece(QByteArrayView(now.mail.content).sliced(now.sent, octets));
        } else {
            m_needs.ask(MoreContent{now.sent});
        }
    }
}

void ClientSession::on(ContentPiece &piece)
{
    if (!m_mail || m_mail->stopped)
        return;
    if (!piece.good || piece.bytes.isEmpty()) {
        failHere("4.3.0", "The message can't be read from the store");
        return;
    }
    sendPiece(QByteArrayView(piece.bytes).first(std::min<qint64>(piece.bytes.size(), m_mail->mail.size - m_mail->sent)));
    pumpContent();
}

void ClientSession::sendPiece(QByteArrayView piece)
{
    Transaction &now = *m_mail;
    now.sent += piece.size();
    now.finalSent = now.sent >= now.mail.size;
    if (m_mail->chunking) {
        const QByteArray line = "BDAT " + QByteArray::number(piece.size()) + (now.finalSent ? " LAST" : "");
        say(now.finalSent ? Verb::End : Verb::Chunk, line);
        m_output += piece;
        return;
    }
    now.stuffer.add(piece, m_output);
    if (!now.finalSent)
        return;
    now.stuffer.finish(m_output);
    m_pending.push_back(Verb::End);
    m_dialogue.noted(QByteArray::number(now.mail.size) + " octets of message");
}

void ClientSession::onChunk(const Reply &reply)
{
    if (reply.isPositive() || m_mail->stopped)
        return;
    if (deniesChunks(reply)) {
        distrust({.flow = true}, reply);
        return;
    }
    settleAccepted(reply, "BDAT");
    m_mail->stopped = true;
}

void ClientSession::onEnd(const Reply &reply)
{
    const bool taken = reply.code >= 200 && reply.code < 300;
    if (deniesChunks(reply)) {
        distrust({.flow = true}, reply);
        return;
    }
    if (taken && m_mail->accepted.isEmpty())
        m_mail->stopped = true; // the lone dot
    else if (!m_mail->stopped)
        settleAccepted(taken ? reply : sensible(reply), "the end of the message");
    m_mail->ended = taken || !m_mail->chunking; // a refused BDAT waits for RSET (RFC 3030 §2)
}

// --- the end of it ---------------------------------------------------------------------------------------------

void ClientSession::settle(const QList<qsizetype> &recipients, Fate fate, const Reply &reply, bool fromServer,
                           const char *command)
{
    for (const qsizetype recipient : recipients) {
        auto &outcome = m_mail->outcomes[recipient];
        if (!outcome)
            outcome = RecipientOutcome{fate, reply, fromServer, command};
    }
}

void ClientSession::settleRest(Fate fate, const Reply &reply, bool fromServer, const char *command)
{
    for (qsizetype i = 0; i < m_mail->outcomes.size(); ++i)
        settle({i}, fate, reply, fromServer, command);
}

void ClientSession::settleAccepted(const Reply &reply, const char *command)
{
    settle(m_mail->accepted, fateOf(reply), reply, true, command);
}

// The session ends in the middle of it. A connection kept from an earlier message may have been closed by the server
// before it saw anything of this one: that is no attempt.
void ClientSession::abandon(const Reply &reply, bool fromServer)
{
    const bool stale = m_mails > 0 && !m_mail->heard && (fromServer || !m_mail->finalSent);
    Fate fate = fromServer ? fateOf(reply) : Fate::Deferred;
    if (m_mail->finalSent && !fromServer)
        fate = Fate::Unknown;
    if (fate == Fate::Accepted)
        fate = Fate::Deferred; // a positive reply that nobody asked for
    if (stale || (m_stopping && fate != Fate::Unknown))
        fate = Fate::NotTried;
    const char *const command = m_pending.empty() ? "" : clientCommand(m_pending.front()).name;
    settleRest(fate, reply, fromServer, command);
    tellDone();
}

// Those who were too many are next, now that others are taken; else there is no telling what is amiss.
void ClientSession::settleTurnedAway()
{
    const auto isTaken = [](const std::optional<RecipientOutcome> &one) { return one && one->fate == Fate::Accepted; };
    const bool goesOn = std::ranges::any_of(m_mail->outcomes, isTaken);
    for (const auto &[recipient, reply] : std::as_const(m_mail->turnedAway))
        settle({recipient}, goesOn ? Fate::NotTried : Fate::Deferred, reply, true, "RCPT TO");
}

// The server promised what it does not know. This was no attempt: the next session does without.
void ClientSession::distrust(Distrust what, const Reply &reply)
{
    m_distrust = what;
    settleRest(Fate::NotTried, reply, true, "");
    fail(reply, true);
}

// The first message ended in silence or nonsense, with more than one thing said at a time.
bool ClientSession::isConfused(const Reply &reply) const
{
    if (m_mails > 0 || m_stopping || m_pending.empty() || m_config.distrust.flow)
        return false;
    const bool isChunk = m_mail->chunking && (m_pending.front() == Verb::Chunk || m_pending.front() == Verb::End);
    return (reply.enhanced == "4.4.2" || reply.enhanced == "4.5.0") && (isChunk || (m_offer.pipelining && m_pending.size() > 1));
}

bool ClientSession::deniesChunks(const Reply &reply) const
{
    return m_mail->chunking && !m_mail->stopped && m_mails == 0 && !m_config.distrust.flow && isUnknownCommand(reply);
}

bool ClientSession::saysParameters() const
{
    return m_offer.size || (m_offer.dsn && !(m_mail->mail.ret.isEmpty() && m_mail->mail.envid.isEmpty()));
}

void ClientSession::tellDone()
{
    m_needs.forget(); // content that is not wanted any more
    settleTurnedAway();
    MailDone done;
    for (const auto &outcome : std::as_const(m_mail->outcomes))
        done.outcomes += outcome.value_or(RecipientOutcome{Fate::Deferred, {451, "4.5.0", "No answer for it"}, false, {}});
    done.dsn = m_offer.dsn;
    done.dialogue = wholeDialogue();
    m_mail.reset();
    ++m_mails;
    m_needs.tell(std::move(done));
}

void ClientSession::closeTransaction()
{
    const bool reset = m_mail->mailOk && !m_mail->ended;
    tellDone();
    if (reset)
        say(Verb::Rset, "RSET");
    else
        becomeReady();
}

void ClientSession::onRset(const Reply &reply)
{
    if (reply.isPositive())
        becomeReady();
    else
        fail(reply, true);
}

} // namespace posthorn::smtp
