#include "service/intake/named_content.h"

#include "language/imap/fetch_response.h"
#include "platform/store/messages.h"
#include "platform/store/sharing.h"
#include "service/delivery/url_token.h"

namespace posthorn::intake {

using namespace Qt::StringLiterals;

namespace {

std::unexpected<Error> missing()
{
    return fail(ErrorKind::NotFound, u"No such message"_s);
}

// A part's header is read whole, to be filtered.
Result<NamedContent> filtered(store::Connection &connection, MessageId message, const imap::Section &section,
                              const imap::SectionRange &range)
{
    const auto header = store::Messages::read(connection, message, range.offset, range.length);
    if (!header)
        return std::unexpected(header.error());
    return NamedContent{.bytes = imap::filteredHeader(section, *header)};
}

} // namespace

Result<NamedContent> findNamed(store::Connection &connection, AccountId owner, const imap::Url &url, const QByteArray &rump)
{
    const auto found = store::Sharing::find(connection, owner, url.mailbox, right::Read);
    if (!found)
        return std::unexpected(found.error());
    const store::Mailbox *mailbox = &found->mailbox;
    if (url.uidValidity > 0 && url.uidValidity != mailbox->uidValidity)
        return missing();
    if (const auto proven = delivery::checkUrlToken(connection, owner, mailbox->id, rump, url.token); !proven)
        return std::unexpected(proven.error());
    const QList<UidRange> uids{{url.uid, url.uid}};
    const auto marks = store::Mailboxes::marks(connection, mailbox->id, uids);
    if (!marks)
        return std::unexpected(marks.error());
    Uid next = 0;
    const auto rows = store::Messages::rows(connection, mailbox->id, uids, {.header = true, .parts = true}, 0, &next);
    if (!rows)
        return std::unexpected(rows.error());
    if (rows->isEmpty() || marks->marks.isEmpty())
        return missing();
    const imap::FetchedRow row{.mark = marks->marks.first(), .header = rows->first().digest.header, .parts = rows->first().digest.parts};
    const imap::SectionRange range = imap::locate(url.section, row);
    using Place = imap::SectionRange::Place;
    if (range.place == Place::Ready)
        return NamedContent{.bytes = QByteArray(range.bytes.constData(), range.bytes.size())};
    if (range.place == Place::Filter)
        return filtered(connection, row.mark.message, url.section, range);
    if (range.place != Place::Stream)
        return missing();
    return NamedContent{.message = row.mark.message, .offset = range.offset, .left = range.length};
}

} // namespace posthorn::intake
