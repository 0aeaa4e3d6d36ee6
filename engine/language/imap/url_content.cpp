#include "language/imap/url_content.h"

#include "language/imap/fetch_response.h"
#include "language/imap/session.h"

#include <algorithm>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 pieceOctets = 128 * 1024;
constexpr qint64 maxFiltered = 1024 * 1024; // octets of a part's header that are looked at

FetchWants wantsOf(const Section &section)
{
    const bool isWhole = section.path.isEmpty() && section.kind == Section::Kind::Whole;
    FetchWants wants;
    wants.header = section.isOfOwnHeader();
    wants.body = !wants.header;
    wants.parts = !isWhole && !section.isOfOwnHeader();
    return wants;
}

// "INBOX/a" is beside "INBOX/b".
QString besides(const QString &mailbox, const QString &name)
{
    return mailbox.first(mailbox.lastIndexOf(u'/') + 1) + name;
}

// INBOX has one spelling (RFC 9051 §5.1).
QString properName(const QString &name)
{
    const bool isInbox = name.startsWith("INBOX"_L1, Qt::CaseInsensitive) && (name.size() == 5 || name[5] == u'/');
    return isInbox ? "INBOX"_L1 + name.sliced(5) : name;
}

} // namespace

bool isOwnHost(const Session &session, const Url &url)
{
    QByteArray host = url.host;
    if (host.startsWith('[') && host.endsWith(']'))
        host = host.sliced(1, host.size() - 2);
    return host == session.config.hostName.toLower() || host == "localhost" || (!host.isEmpty() && host == session.serverName)
           || session.config.urlHosts.contains(host);
}

bool isOwnUser(const Session &session, const QString &user)
{
    const QString own = user.contains(u'@') ? session.user : session.user.section(u'@', 0, 0);
    return own.compare(user, Qt::CaseInsensitive) == 0;
}

std::optional<FindMessage> UrlContent::target(const Session &session, const Url &url)
{
    if (url.hasServer && (!isOwnHost(session, url) || (!url.user.isEmpty() && !isOwnUser(session, url.user))))
        return std::nullopt;
    if (url.isRelative && !session.view)
        return std::nullopt;
    FindMessage what{.mailbox = url.mailbox, .uidValidity = url.uidValidity, .uid = url.uid, .wants = wantsOf(url.section)};
    if (url.mailbox.isEmpty()) {
        what.mailbox = session.view->name();
        what.uidValidity = session.view->uidValidity();
    } else {
        what.mailbox = properName(url.isRelative ? besides(session.view->name(), url.mailbox) : url.mailbox);
    }
    return what;
}

void UrlContent::open(Session &session, FindMessage what, Section section)
{
    *this = {};
    m_section = std::move(section);
    m_isLooking = true;
    m_waiting = session.ask(std::move(what));
}

UrlContent::State UrlContent::answered(Session &session, Answer &answer)
{
    m_waiting = 0;
    if (auto *rows = std::get_if<FetchedRows>(&answer); rows && m_isLooking) {
        m_isLooking = false;
        if (rows->rows.isEmpty())
            return State::Missing;
        m_row = std::move(rows->rows.first());
        return located(session);
    }
    if (const auto *piece = std::get_if<ContentPiece>(&answer); piece && !m_isLooking)
        return pieceCame(session, piece->bytes);
    const auto *failure = std::get_if<Failure>(&answer);
    m_error = failure ? failure->error : Error{};
    return failure && !isTemporary(m_error.kind) ? State::Missing : State::Failed;
}

UrlContent::State UrlContent::located(Session &session)
{
    const SectionRange range = locate(m_section, m_row);
    using Place = SectionRange::Place;
    if (range.place == Place::Ready) {
        m_bytes = QByteArray(range.bytes.constData(), range.bytes.size());
        m_row = {};
        m_size = m_bytes.size();
        return State::Found;
    }
    m_isFiltering = range.place == Place::Filter;
    if (range.place != Place::Stream && !m_isFiltering)
        return State::Missing;
    m_offset = range.offset;
    m_left = m_isFiltering ? std::min(range.length, maxFiltered) : range.length;
    m_size = m_left;
    if (m_isFiltering)
        askPiece(session);
    return m_isFiltering ? State::Waiting : State::Found;
}

void UrlContent::askPiece(Session &session)
{
    m_waiting = session.ask(ReadContent{m_row.mark.message, m_offset, std::min(m_left, pieceOctets)});
}

UrlContent::State UrlContent::pieceCame(Session &session, const QByteArray &bytes)
{
    const QByteArray taken = bytes.first(std::min<qint64>(bytes.size(), m_left));
    if (taken.isEmpty())
        return State::Missing;
    m_offset += taken.size();
    m_left -= taken.size();
    if (!m_isFiltering) {
        m_bytes = taken;
        return State::Found;
    }
    m_header += taken;
    if (m_left > 0) {
        askPiece(session);
        return State::Waiting;
    }
    m_bytes = filteredHeader(m_section, std::exchange(m_header, {}));
    m_size = m_bytes.size();
    return State::Found;
}

bool UrlContent::more(Session &session)
{
    if (m_left > 0)
        askPiece(session);
    return m_left > 0;
}

} // namespace posthorn::imap
