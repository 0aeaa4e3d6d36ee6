#include "language/smtp/server_session.h"

#include <algorithm>

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

// --- DATA ------------------------------------------------------------------------------------------------------

void ServerSession::data(NoArguments)
{
    if (m_mail.body == BodyType::BinaryMime) {
        refuseJunk({503, "5.5.1"_ba, "BINARYMIME wants BDAT"_ba}); // RFC 3030 §3
        return;
    }
    beginContent(ContentReader::Framing::Dotted);
    say({354, {}, "End data with <CR><LF>.<CR><LF>"_ba});
}

void ServerSession::beginContent(ContentReader::Framing framing)
{
    ContentGatherer::Rules rules;
    rules.framing = framing;
    rules.bareLineEnd = m_config.bareLineEnd;
    rules.binary = m_mail.body == BodyType::BinaryMime;
    rules.maxOctets = m_config.maxMessageSize;
    rules.expected = m_mail.size.value_or(0);
    rules.pieceSize = m_config.pieceSize;
    m_content.emplace(rules);
    m_state = State::Content;
}

void ServerSession::takeContent()
{
    if (m_chunkLeft > 0) {
        takeChunk();
        return;
    }
    m_rest = m_rest.sliced(m_content->take(m_rest));
    if (m_content->hasEnded())
        m_ending = Ending::Mail;
    if (m_content->isHopeless())
        endWith(*m_content->refusal());
    else
        pumpContent();
}

// --- BDAT (RFC 3030) -------------------------------------------------------------------------------------------

void ServerSession::bdat(BdatArguments chunk)
{
    if (!m_content)
        beginContent(ContentReader::Framing::Counted);
    m_state = State::Content;
    m_chunkLeft = m_chunkSize = chunk.octets;
    m_lastChunk = chunk.last;
    if (m_chunkLeft == 0)
        chunkEnded();
}

void ServerSession::takeChunk()
{
    const qsizetype most = qsizetype(std::min<qint64>(m_chunkLeft, m_rest.size()));
    if (!m_skipReply)
        m_content->take(m_rest.first(most));
    m_rest = m_rest.sliced(most);
    m_chunkLeft -= most;
    if (!m_skipReply && m_content->isHopeless())
        endWith(*m_content->refusal());
    else if (m_chunkLeft == 0)
        chunkEnded();
    else if (!m_skipReply)
        pumpContent();
}

void ServerSession::chunkEnded()
{
    if (m_skipReply) {
        m_state = m_skipState;
        refuseJunk(*std::exchange(m_skipReply, std::nullopt));
        return;
    }
    if (m_lastChunk)
        m_content->finish();
    m_ending = m_lastChunk ? Ending::Mail : Ending::Chunk;
    pumpContent();
}

// BDAT where it may not be: its octets are on their way all the same, and must not be taken for commands.
void ServerSession::skipChunk(QByteArrayView arguments, const Reply &reply)
{
    const auto chunk = parseBdat(arguments, offer());
    if (!chunk) {
        refuseSyntax(chunk.error());
        return;
    }
    if (chunk->octets > 2 * m_config.maxMessageSize) {
        endWith({552, "5.3.4"_ba, "Message too big"_ba});
        return;
    }
    m_skipReply = reply;
    m_skipState = m_state;
    m_chunkLeft = chunk->octets;
    m_state = State::Content;
    if (m_chunkLeft == 0)
        chunkEnded();
}

// --- BURL (RFC 4468) -------------------------------------------------------------------------------------------

void ServerSession::burl(BurlArguments burl)
{
    if (!m_content)
        beginContent(ContentReader::Framing::Counted);
    m_state = State::Content;
    m_ending = Ending::Url;
    m_url = std::move(burl.url);
    m_chunkSize = 0;
    m_lastChunk = burl.last;
    pumpContent();
}

void ServerSession::urlCame(const UrlOctets &octets)
{
    m_content->take(octets.bytes);
    m_chunkSize += octets.bytes.size();
    if (octets.last || octets.bytes.isEmpty())
        chunkEnded();
    else
        pumpContent();
}

// --- to the service --------------------------------------------------------------------------------------------

// The next piece; and once all pieces are answered for, what follows from the end of the chunk or of the message. A
// refusal is told at the end of any chunk: the client then need not send the rest.
void ServerSession::pumpContent()
{
    if (m_needs.isAsking())
        return;
    if (QByteArray piece = m_content->takePiece(); !piece.isNull()) {
        ask(Asked::Content, Content{std::move(piece)});
    } else if (m_ending == Ending::None) {
        return;
    } else if (m_content->refusal()) {
        refuseMail(*m_content->refusal());
    } else if (m_ending == Ending::Url) {
        ask(Asked::Url, ReadUrl{m_url, m_chunkSize});
    } else if (m_ending == Ending::Mail) {
        ask(Asked::EndOfMail, EndOfMail{});
    } else {
        m_ending = Ending::None;
        m_state = State::Chunks;
        say({250, "2.0.0"_ba, QByteArray::number(m_chunkSize) + " octets received"});
    }
}

void ServerSession::contentJudged(Judgement &judgement)
{
    if (judgement.close || judgement.reply.code == 421) {
        endWith(judgement.reply);
        return;
    }
    if (!judgement.reply.isPositive() || m_asked == Asked::Url)
        m_content->refuse(std::move(judgement.reply));
    pumpContent();
}

void ServerSession::refuseMail(const Reply &reply)
{
    refuse(reply);
    abortMail();
    m_state = State::Ready;
    if (m_stopping)
        shutDown();
}

// The reply to the message itself: the transaction is over, whatever it says.
void ServerSession::mailJudged(const Reply &reply)
{
    m_mailOpen = false;
    if (reply.isPositive()) {
        say(reply);
        m_badCommands = m_junkCommands = 0;
    } else {
        refuse(reply);
    }
    abortMail();
    m_state = State::Ready;
    if (m_stopping)
        shutDown();
}

} // namespace posthorn::smtp
