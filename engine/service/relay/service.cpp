#include "service/relay/service.h"

#include "platform/store/messages.h"
#include "service/relay/secrets.h"
#include "service/relay/tls_reports.h"

#include <algorithm>

namespace posthorn::relay {

using namespace Qt::StringLiterals;
using smtp::Fate;

namespace {

constexpr qint64 pieceOctets = 256 * 1024;

smtp::OutgoingMail mailFrom(const QList<store::Entry> &entries, qint64 skip, QByteArray content)
{
    const store::Entry &first = entries.front();
    smtp::OutgoingMail mail;
    mail.reversePath = first.reversePath;
    for (const store::Entry &entry : entries)
        mail.recipients.append({entry.recipient, quint8(entry.notify & ~store::delayTold), entry.originalRecipient});
    mail.size = first.size - skip;
    mail.body = smtp::BodyType(first.body);
    mail.smtpUtf8 = first.smtpUtf8;
    mail.ret = first.ret;
    mail.envid = first.envid;
    mail.content = std::move(content);
    return mail;
}

// Forwarded mail may have another reverse path than the same message sent straight on.
bool shareEnvelope(const store::Entry &one, const store::Entry &other)
{
    return one.reversePath == other.reversePath && one.prefix == other.prefix;
}

// Reads it all, a piece at a time.
Result<smtp::ContentScan> scanContent(store::Connection &connection, MessageId message, qint64 size)
{
    const auto is8 = [](char c) { return uchar(c) > 127; };
    smtp::ContentScan scan;
    const auto digest = store::Messages::digest(connection, message, {.header = true});
    if (!digest)
        return std::unexpected(digest.error());
    scan.header8 = std::ranges::any_of(digest->header, is8);
    for (qint64 at = digest->header.size(); at < size && !scan.body8; at += pieceOctets) {
        const auto piece = store::Messages::read(connection, message, at, pieceOctets);
        if (!piece)
            return std::unexpected(piece.error());
        scan.body8 = std::ranges::any_of(*piece, is8);
    }
    return scan;
}

// It says so of us or of itself, not of a recipient; or it is gone in the middle of it.
bool isTurnedDown(const smtp::RecipientOutcome &outcome)
{
    if (outcome.fate == Fate::Unknown)
        return true;
    if (outcome.fate != Fate::Deferred)
        return false;
    return outcome.fromServer ? outcome.command != "RCPT TO" || outcome.reply.code == 421 : outcome.reply.enhanced == "4.4.2";
}

// "TLSv1.3, verified by DANE"
QByteArray tlsWords(const QByteArray &protocol, const HopTls &tls)
{
    const bool verified = !protocol.isEmpty() && tls.policy == TlsPolicy::Verify;
    return verified ? protocol + ", verified by " + tls.source : protocol;
}

// Who asks for it, where TLS is the reason for a failure.
QByteArray whoAsks(const HopTls &tls)
{
    return tls.source.isEmpty()           ? QByteArray()
           : tls.source == "policy"       ? " (asked for by this server's settings)"_ba
           : tls.source == "REQUIRETLS"   ? " (asked for by the sender: REQUIRETLS)"_ba
                                          : " (asked for by the domain: " + tls.source + ')';
}

} // namespace

void Service::handle(Session &session, smtp::ClientNeed need)
{
    std::visit([&](auto &what) { on(session, need.id, what); }, need.what);
}

// Once a connection (RFC 8460 §4.3).
void Service::count(const QString &result)
{
    const HopTls &tls = m_link.hop.tls;
    if (std::exchange(m_counted, true) || tls.countAs.isEmpty())
        return;
    m_link.board->counted({0, QString::fromLatin1(m_link.domain), tls.countAs, result, QString::fromLatin1(m_link.hop.name),
                           QString::fromLatin1(m_link.hop.address), tls.policyText, 1});
}

void Service::on(Session &session, NeedId id, smtp::NextMail &)
{
    count(session.tls().protocol.isEmpty() ? u"starttls-not-supported"_s : tlsResultOf(*m_link.fault));
    m_link.board->linkReady(m_link.number, m_address, id);
}

// What is signed is read by a reader: a signature takes a while. So is what may have been held or removed meanwhile.
bool Service::mayGoAtOnce(const QList<EntryId> &entries, const FreshEntries &fresh) const
{
    if (fresh.size() != entries.size())
        return false;
    const store::Entry &first = fresh.front()->entry;
    return (!first.sign || !m_link.signer->signsAnything())
           && std::ranges::all_of(fresh, [&](const auto &one) { return shareEnvelope(first, one->entry) && one->isStillSo(); });
}

Service::Loaded Service::loadFresh(const FreshEntries &fresh)
{
    Loaded loaded;
    for (const auto &one : fresh)
        loaded.entries.append(one->entry);
    loaded.content = fresh.front()->content;
    leaveOutReturnPath(loaded);
    return loaded;
}

void Service::leaveOutReturnPath(Loaded &loaded)
{
    if (!loaded.content.startsWith("Return-Path:"))
        return;
    loaded.skip = loaded.content.indexOf("\r\n") + 2;
    loaded.content.remove(0, loaded.skip);
}

void Service::take(NeedId need, const QList<EntryId> &entries, const FreshEntries &fresh)
{
    if (mayGoAtOnce(entries, fresh)) {
        net::post(m_address, [need, entries, fresh](net::Session &late) {
            auto &session = static_cast<Session &>(late);
            session.service().loaded(session, need, entries, loadFresh(fresh));
        });
        return;
    }
    const auto post = [to = m_address, need, entries](Result<Loaded> result) {
        net::post(to, [need, entries, result = std::move(result)](net::Session &late) {
            auto &session = static_cast<Session &>(late);
            session.service().loaded(session, need, entries, result);
        });
    };
    m_link.store->read<Loaded>([entries](store::Connection &connection) { return load(connection, entries); },
                               [signer = m_link.signer, post](Result<Loaded> result) {
                                   sign(*signer, std::move(result), post);
                               });
}

// On a reader's thread. What can't be read through to be signed just now is not sent just now.
void Service::sign(Signer &signer, Result<Loaded> loaded, std::function<void(Result<Loaded>)> done)
{
    if (!loaded || loaded->entries.isEmpty() || !loaded->entries.front().sign)
        return done(std::move(loaded));
    const store::Entry &first = loaded->entries.front();
    const Signer::Mail mail{first.message, loaded->skip, first.size, loaded->content};
    signer.sign(mail, [loaded = std::move(loaded), done = std::move(done)](const Result<QByteArray> &fields) mutable {
        if (!fields)
            return done(std::unexpected(fields.error()));
        loaded->content.prepend(*fields);
        loaded->skip -= fields->size();
        done(std::move(loaded));
    });
}

// Entries may have been held or removed since the runner knew of them.
Result<Service::Loaded> Service::load(store::Connection &connection, const QList<EntryId> &ids)
{
    Loaded loaded;
    for (const EntryId id : ids) {
        const auto entry = store::Queue::get(connection, id);
        const bool ready = entry && entry->state != store::EntryState::Held;
        if (ready && (loaded.entries.isEmpty() || shareEnvelope(loaded.entries.front(), *entry)))
            loaded.entries.append(*entry);
        else if (entry)
            loaded.held.append(id);
        else if (entry.error().kind == ErrorKind::NotFound)
            loaded.missing.append(id);
        else
            return std::unexpected(entry.error());
    }
    if (loaded.entries.isEmpty())
        return loaded;
    auto content = store::Messages::read(connection, loaded.entries.front().message, 0, pieceOctets);
    if (!content)
        return std::unexpected(content.error());
    loaded.content = std::move(*content);
    leaveOutReturnPath(loaded);
    return loaded;
}

void Service::loaded(Session &session, NeedId need, const QList<EntryId> &asked, Result<Loaded> result)
{
    if (result && !result->missing.isEmpty())
        m_link.board->gone(result->missing);
    if (!result || result->entries.isEmpty()) {
        m_link.board->mailDone(m_link.number, result ? result->held : asked, {.trouble = !result});
        m_link.board->linkReady(m_link.number, m_address, need);
        return;
    }
    m_entries = result->entries;
    m_held = result->held;
    m_skip = result->skip;
    const QByteArray &prefix = m_entries.front().prefix;
    m_skip -= prefix.size();
    session.answer(need, mailFrom(m_entries, m_skip, prefix + result->content));
}

void Service::on(Session &, NeedId id, smtp::MoreContent &need)
{
    const MessageId message = m_entries.front().message;
    m_link.store->read<QByteArray>(
        [message, at = need.offset + m_skip](store::Connection &connection) {
            return store::Messages::read(connection, message, at, pieceOctets);
        },
        [to = m_address, id](const Result<QByteArray> &piece) {
            Session::answerLater(to, id, smtp::ContentPiece{piece.value_or(QByteArray()), piece.has_value()});
        });
}

void Service::on(Session &, NeedId id, smtp::ScanContent &)
{
    m_link.store->read<smtp::ContentScan>(
        [message = m_entries.front().message, size = m_entries.front().size](store::Connection &connection) {
            return scanContent(connection, message, size);
        },
        [to = m_address, id](const Result<smtp::ContentScan> &scan) {
            Session::answerLater(to, id, scan.value_or(smtp::ContentScan{true, true}));
        });
}

void Service::on(Session &, NeedId id, smtp::DeriveKey &need)
{
    deriveKey(need, [to = m_address, id](const smtp::DerivedKey &key) { Session::answerLater(to, id, key); });
}

void Service::on(Session &, NeedId id, smtp::FetchToken &need)
{
    m_link.board->wantToken(m_link.tokenCommand, need.refused, [to = m_address, id](const Result<QByteArray> &token) {
        Session::answerLater(to, id, tokenAnswer(token));
    });
}

void Service::on(Session &session, NeedId, smtp::MailDone &need)
{
    auto settlement = std::make_shared<Settlement>();
    settlement->host = m_link.hop.name + (m_link.hop.name == m_link.hop.address ? "" : " (" + m_link.hop.address + ')');
    settlement->tls = tlsWords(session.tls().protocol, m_link.hop.tls);
    settlement->dialogue = need.dialogue;
    settlement->dsn = need.dsn;
    QList<EntryId> notTried = std::exchange(m_held, {});
    Course course;
    for (qsizetype i = 0; i < need.outcomes.size() && i < m_entries.size(); ++i) {
        const Fate fate = need.outcomes[i].fate;
        course.accepted |= fate == Fate::Accepted;
        course.turnedDown |= isTurnedDown(need.outcomes[i]);
        if (fate == Fate::NotTried)
            notTried += m_entries[i].id;
        else
            settlement->items.append({m_entries[i].id, m_entries[i], need.outcomes[i]});
    }
    m_entries.clear();
    if (!settlement->items.isEmpty()) {
        m_link.settler->settle(settlement, [board = m_link.board, settlement](bool durable) {
            board->settled(settlement, durable);
        });
    }
    m_link.board->mailDone(m_link.number, notTried, course);
}

void Service::on(Session &, NeedId, smtp::SessionFailed &need)
{
    if (m_failure.reply.text.isEmpty())
        m_failure = {need.reply, need.fromServer, false, need.idle, need.fromServer && need.during == "STARTTLS",
                     {}, need.dialogue, need.distrust};
    if (m_failure.reply.text.isEmpty())
        m_failure.reply.text = "No reason given";
    if (!need.fromServer && need.reply.enhanced == "4.7.4")
        m_failure.reply.text += whoAsks(m_link.hop.tls);
}

void Service::failed(net::LinkStep step, const QString &why)
{
    const bool tls = step == net::LinkStep::Tls;
    m_failure = {{451, tls ? "4.7.5" : "4.4.1", (tls ? "TLS with " : "Connecting to ") + m_link.hop.name + " ("
                  + m_link.hop.address + "), port " + QByteArray::number(m_link.hop.port) + ", failed: " + why.toUtf8()
                  + (tls ? whoAsks(m_link.hop.tls) : QByteArray())},
                 false, tls, false, false, why, {}, {}};
}

void Service::closed()
{
    if (const QString result = tlsResultOf(m_failure, m_link.hop.tls); !m_counted && !result.isEmpty())
        count(result);
    m_link.board->linkClosed(m_link.number, m_failure);
}

} // namespace posthorn::relay
