// BURL (RFC 4468): a message, or a part of one, comes from a mailbox here.
#include "service/intake/intake.h"

#include "platform/store/messages.h"

#include <QDateTime>

namespace posthorn::intake {

using namespace Qt::StringLiterals;
using smtp::Judgement;
using smtp::Reply;

namespace {

constexpr qint64 pieceOctets = 128 * 1024;

Judgement unresolved(const Error &error)
{
    if (isTemporary(error.kind))
        return {smtp::replyFor(error)};
    return {Reply{554, "5.6.6", "IMAP URL resolution failed"}};
}

Judgement untrusted()
{
    return {Reply{554, "5.7.8", "URL resolution requires trust relationship"}};
}

} // namespace

void Service::on(Session &session, NeedId id, smtp::ReadUrl &need)
{
    if (need.offset > 0)
        return readNamed(session, id);
    m_named.reset();
    const auto url = imap::parseUrl(need.url);
    const QString user = m_facts.user;
    if (!url || !url->isAuthorized() || url->mechanism.compare("INTERNAL", Qt::CaseInsensitive) != 0)
        return session.answer(id, unresolved(Error{ErrorKind::NotFound, {}, {}, -1}));
    const QList<QByteArray> names{m_world.hostName.toLower(), m_peer.localAddress, session.tls().serverName.toLower()};
    if (user.isEmpty() || !imap::isOnServer(*url, names) || !imap::isFor(*url, user, imap::UrlUse::Submitting))
        return session.answer(id, untrusted());
    const auto owner = m_world.directory->snapshot()->account(imap::ownerOf(*url, user));
    const bool isOver = url->expires && *url->expires <= QDateTime::currentMSecsSinceEpoch();
    if (!owner || !owner->enabled || isOver)
        return session.answer(id, unresolved(Error{ErrorKind::NotFound, {}, {}, -1}));
    m_world.store->read<NamedContent>(
        [owner = owner->id, url = *url, rump = need.url.first(url->rumpSize)](store::Connection &connection) {
            return findNamed(connection, owner, url, rump);
        },
        [to = m_address, id](const Result<NamedContent> &named) {
            net::post(to, [id, named](net::Session &late) {
                auto &bound = static_cast<Session &>(late);
                if (!named)
                    return bound.answer(id, unresolved(named.error()));
                bound.service().m_named = *named;
                bound.service().readNamed(bound, id);
            });
        });
}

void Service::readNamed(Session &session, NeedId id)
{
    if (!m_named)
        return session.answer(id, unresolved(Error{ErrorKind::NotFound, {}, {}, -1}));
    if (!m_named->bytes.isEmpty() || m_named->left == 0)
        return session.answer(id, smtp::UrlOctets{std::exchange(m_named->bytes, {}), m_named->left == 0});
    const qint64 length = std::min(m_named->left, pieceOctets);
    m_named->left -= length;
    m_world.store->read<QByteArray>(
        [message = m_named->message, offset = std::exchange(m_named->offset, m_named->offset + length),
         length](store::Connection &connection) { return store::Messages::read(connection, message, offset, length); },
        [to = m_address, id, length, last = m_named->left == 0](const Result<QByteArray> &bytes) {
            if (bytes && bytes->size() == length)
                Session::answerLater(to, id, smtp::Answer(smtp::UrlOctets{*bytes, last}));
            else // it was removed meanwhile
                Session::answerLater(to, id, smtp::Answer(unresolved(bytes ? Error{ErrorKind::NotFound, {}, {}, -1} : bytes.error())));
        });
}

} // namespace posthorn::intake
