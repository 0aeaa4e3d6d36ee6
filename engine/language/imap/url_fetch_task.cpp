#include "language/imap/url_fetch_task.h"

#include "language/imap/bodystructure_text.h"
#include "language/imap/fetch_response.h"
#include "language/imap/quote.h"

namespace posthorn::imap {

using namespace Qt::StringLiterals;

void UrlFetchTask::begin(Session &session)
{
    next(session);
}

void UrlFetchTask::next(Session &session)
{
    if (m_urls.isEmpty())
        return session.ok("Done");
    if (session.isStopping())
        return session.failed(Error{ErrorKind::Unavailable, {}, {}, -1});
    const UrlWanted &wanted = m_urls.first();
    const auto url = parseUrl(wanted.text);
    auto target = url ? authorizedTarget(session, wanted.text, *url) : std::nullopt;
    if (!target)
        return missing(session);
    target->wants.bodyStructure = wanted.structure;
    m_content.open(session, std::move(*target), url->section, wanted.binary);
}

void UrlFetchTask::answered(Session &session, NeedId id, Answer &answer)
{
    if (!m_content.isWaitingFor(id))
        return;
    const auto state = m_content.answered(session, answer);
    if (state == UrlContent::State::Failed && !m_isOpen)
        session.failed(m_content.error());
    else if ((state == UrlContent::State::Failed || state == UrlContent::State::Missing) && m_isOpen)
        session.close(); // nothing else could be told from the octets that were announced
    else if (state == UrlContent::State::Missing)
        missing(session);
    else if (state == UrlContent::State::Found)
        m_isOpen ? proceed(session) : found(session);
}

// The same for all that is wrong with a URL (RFC 4467 §7).
void UrlFetchTask::missing(Session &session)
{
    session.out += "* URLFETCH ";
    appendString(session.out, m_urls.first().text);
    lineDone(session, " NIL\r\n");
}

void UrlFetchTask::found(Session &session)
{
    const UrlWanted &wanted = m_urls.first();
    session.out += "* URLFETCH ";
    appendString(session.out, wanted.text);
    if (wanted.structure) {
        const QByteArray structure = partStructure(m_content.bodyStructure(), m_content.section().path);
        session.out += " (BODYPARTSTRUCTURE " + (structure.isEmpty() ? QByteArray("NIL") : structure) + ')';
    }
    if (!wanted.body && !wanted.binary)
        return lineDone(session, "\r\n");
    session.out += !wanted.extended ? " " : wanted.binary ? " (BINARY " : " (BODY ";
    if (m_content.isUnknown()) // nobody knows how to take its encoding off (RFC 5524 §3.2)
        return lineDone(session, "NIL)\r\n");
    if (m_content.hasNul())
        session.out += '~';
    appendLiteralHead(session.out, m_content.size());
    m_left = m_content.size();
    m_isOpen = true;
    proceed(session);
}

// Writes what is here, and asks for what comes next when there is room.
void UrlFetchTask::proceed(Session &session)
{
    if (!m_isOpen)
        return;
    const QByteArray bytes = m_content.take();
    if (m_content.hasNul())
        session.out += bytes;
    else
        appendContent(session.out, bytes);
    m_left -= bytes.size();
    if (m_left > 0 && !m_content.isWaiting() && session.hasRoom() && !m_content.more(session))
        return session.close(); // the content is not what it was when it was counted
    if (m_left == 0)
        lineDone(session, m_urls.first().extended ? ")\r\n" : "\r\n");
}

void UrlFetchTask::lineDone(Session &session, QByteArrayView end)
{
    session.out += end;
    m_isOpen = false;
    m_left = 0;
    m_urls.removeFirst();
    next(session);
}

} // namespace posthorn::imap
