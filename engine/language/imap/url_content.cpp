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

FindMessage named(const Url &url)
{
    return {.mailbox = properName(url.mailbox), .uidValidity = url.uidValidity, .uid = url.uid, .wants = wantsOf(url.section), .proof = {}};
}

// Who submits mail for others may read what is authorized for that.
bool isForSubmission(const Session &session, const Url &url)
{
    return url.access.startsWith("submit+") && session.config.submitUsers.contains(session.user, Qt::CaseInsensitive);
}

} // namespace

bool isOwnHost(const Session &session, const Url &url)
{
    return isOnServer(url, session.config.urlHosts + QList<QByteArray>{session.config.hostName.toLower(), session.serverName});
}

bool isOwnUser(const Session &session, const QString &user)
{
    const QString own = user.contains(u'@') ? session.user : session.user.section(u'@', 0, 0);
    return own.compare(user, Qt::CaseInsensitive) == 0;
}

std::optional<FindMessage> authorizedTarget(const Session &session, QByteArrayView text, const Url &url)
{
    if (!url.isAuthorized() || url.mechanism.compare("INTERNAL", Qt::CaseInsensitive) != 0 || !isOwnHost(session, url)
        || !(isFor(url, session.user, UrlUse::Reading) || isForSubmission(session, url)))
        return std::nullopt;
    const QString owner = ownerOf(url, session.user);
    FindMessage what = named(url);
    what.proof = UrlProof{owner, text.first(url.rumpSize).toByteArray(), url.token, url.expires};
    return what;
}

std::optional<FindMessage> targetOf(const Session &session, QByteArrayView text, const Url &url)
{
    if (url.isAuthorized())
        return authorizedTarget(session, text, url);
    if (url.hasServer && (!isOwnHost(session, url) || (!url.user.isEmpty() && !isOwnUser(session, url.user))))
        return std::nullopt;
    if (url.isRelative && !session.view)
        return std::nullopt;
    FindMessage what = named(url);
    if (url.mailbox.isEmpty()) {
        what.mailbox = session.view->name();
        what.uidValidity = session.view->uidValidity();
    } else if (url.isRelative) {
        what.mailbox = properName(besides(session.view->name(), url.mailbox));
    }
    return what;
}

void UrlContent::open(Session &session, FindMessage what, Section section, bool binary)
{
    *this = {};
    m_section = std::move(section);
    m_section.decoded = binary;
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
        m_structure = m_row.bodyStructure;
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
    if (range.place == Place::Missing)
        return State::Missing;
    if (range.place == Place::Ready) {
        m_bytes = QByteArray(range.bytes.constData(), range.bytes.size());
        m_row = {};
        m_hasNul = m_section.decoded && m_bytes.contains('\0');
        m_size = m_bytes.size();
        return State::Found;
    }
    m_isUnknown = range.place == Place::Unknown;
    if (m_isUnknown)
        return State::Found;
    m_isFiltering = range.place == Place::Filter;
    m_offset = range.offset;
    m_left = m_isFiltering ? std::min(range.length, maxFiltered) : range.length;
    m_size = m_left;
    if (range.place == Place::Decode)
        m_decoding = Decoding{.encoding = range.encoding, .offset = m_offset, .length = m_left, .isPartial = m_section.isPartial && !range.isCut};
    if (m_left == 0 || range.place == Place::Stream)
        return State::Found;
    askPiece(session);
    return State::Waiting;
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
    if (m_isFiltering)
        return headerCame(session, taken);
    if (m_decoding)
        return encodedCame(session, taken);
    m_bytes = taken;
    return State::Found;
}

UrlContent::State UrlContent::headerCame(Session &session, const QByteArray &bytes)
{
    m_header += bytes;
    if (m_left > 0) {
        askPiece(session);
        return State::Waiting;
    }
    m_bytes = filteredHeader(m_section, std::exchange(m_header, {}));
    m_size = m_bytes.size();
    return State::Found;
}

UrlContent::State UrlContent::encodedCame(Session &session, const QByteArray &bytes)
{
    QByteArray out;
    m_decoding->decoder.feed(bytes, out);
    if (m_left == 0)
        m_decoding->decoder.finish(out);
    if (m_decoding->writing) {
        const qint64 skipped = std::min<qint64>(m_decoding->skip, out.size());
        m_decoding->skip -= skipped;
        m_bytes = out.sliced(skipped, std::min<qint64>(out.size() - skipped, m_decoding->left));
        m_decoding->left -= m_bytes.size();
        if (!m_bytes.isEmpty())
            return State::Found;
    } else {
        m_decoding->left += out.size();
        m_hasNul = m_hasNul || out.contains('\0');
        if (m_left == 0)
            return counted();
    }
    if (m_left == 0)
        return State::Missing; // the content is not what it was the first time
    askPiece(session);
    return State::Waiting;
}

// The size is known now.
UrlContent::State UrlContent::counted()
{
    qint64 skip = 0, left = m_decoding->left;
    if (m_decoding->isPartial) {
        skip = std::min(m_section.from, left);
        left = std::min(m_section.length, left - skip);
    }
    m_size = left;
    m_offset = m_decoding->offset;
    m_left = m_decoding->length;
    *m_decoding = Decoding{.encoding = m_decoding->encoding, .offset = m_offset, .length = m_left, .writing = true, .skip = skip, .left = left};
    return State::Found;
}

bool UrlContent::more(Session &session)
{
    if (m_left == 0 || (m_decoding && m_decoding->left == 0))
        return false;
    askPiece(session);
    return true;
}

} // namespace posthorn::imap
