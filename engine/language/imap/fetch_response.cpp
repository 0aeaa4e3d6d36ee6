#include "language/imap/fetch_response.h"

#include "language/imap/bodystructure_text.h"
#include "language/imap/date_time.h"
#include "language/imap/number_set.h"
#include "language/imap/object_id.h"
#include "language/imap/output.h"
#include "language/imap/quote.h"

#include <algorithm>

namespace posthorn::imap {

namespace {

using Place = SectionRange::Place;

void appendDateOrNil(QByteArray &out, qint64 ms)
{
    if (ms == 0)
        out += "NIL";
    else
        appendDateTime(out, ms, 0);
}

void appendTextOrNil(QByteArray &out, const QByteArray &text)
{
    out += text.isEmpty() ? QByteArrayView("NIL") : QByteArrayView(text);
}

void appendFlags(QByteArray &out, const FetchedMessage &message)
{
    out += "FLAGS (";
    appendFlagNames(out, message.row.mark.flags, message.keywords, message.recent);
    out += ')';
}

void appendModSeq(QByteArray &out, ModSeq modSeq)
{
    out += "MODSEQ (";
    appendNumber(out, modSeq);
    out += ')';
}

} // namespace

void appendVanishedEarlier(QByteArray &out, const QList<UidRange> &uids)
{
    if (!uids.isEmpty())
        out += "* VANISHED (EARLIER) " + setText(uids) + "\r\n";
}

void appendFetchHead(QByteArray &out, const FetchedMessage &message)
{
    out += "* ";
    appendNumber(out, message.byUid ? message.row.mark.uid : message.number);
    out += message.byUid ? " UIDFETCH (" : " FETCH (";
}

void appendFetchEnd(QByteArray &out)
{
    out += ")\r\n";
}

void appendFetchItem(QByteArray &out, FetchItem::Kind kind, const FetchedMessage &message)
{
    using Kind = FetchItem::Kind;
    const FetchedRow &row = message.row;
    switch (kind) {
    case Kind::Uid:
        out += "UID ";
        return appendNumber(out, row.mark.uid);
    case Kind::Flags:
        return appendFlags(out, message);
    case Kind::InternalDate:
        out += "INTERNALDATE ";
        return appendDateTime(out, row.internalDate, row.internalDateOffset);
    case Kind::Size:
        out += "RFC822.SIZE ";
        return appendNumber(out, quint64(row.mark.size));
    case Kind::Envelope:
        out += "ENVELOPE ";
        return appendTextOrNil(out, row.envelope);
    case Kind::Body:
        out += "BODY ";
        return appendTextOrNil(out, bodyText(row.bodyStructure));
    case Kind::BodyStructure:
        out += "BODYSTRUCTURE ";
        return appendTextOrNil(out, row.bodyStructure);
    case Kind::ModSeq:
        return appendModSeq(out, row.mark.modSeq);
    case Kind::SaveDate:
        out += "SAVEDATE ";
        return appendDateOrNil(out, row.saveDate);
    case Kind::EmailId:
        out += "EMAILID (" + objectId(row.mark.message) + ')';
        return;
    case Kind::ThreadId:
        out += "THREADID NIL"; // threads are found when they are asked for, and have no name that lasts
        return;
    case Kind::Preview:
        out += "PREVIEW ";
        return appendString(out, row.preview);
    case Kind::Section:
        return;
    }
}

void appendSectionHead(QByteArray &out, const Section &section, qint64 size, bool hasNul)
{
    out += section.label;
    out += hasNul ? " ~" : " ";
    appendLiteralHead(out, size);
}

void appendBinarySize(QByteArray &out, const Section &section, qint64 size)
{
    out += section.label;
    out += ' ';
    appendNumber(out, quint64(size));
}

void appendSection(QByteArray &out, const Section &section, const SectionRange &range)
{
    if (range.place != Place::Ready) {
        out += section.label;
        out += section.sizeOnly ? " 0" : " NIL";
        return;
    }
    if (section.sizeOnly)
        return appendBinarySize(out, section, range.bytes.size());
    appendSectionHead(out, section, range.bytes.size(), section.decoded && range.bytes.contains('\0'));
    if (section.decoded)
        out += range.bytes;
    else
        appendContent(out, range.bytes);
}

void appendContent(QByteArray &out, QByteArrayView bytes)
{
    const qsizetype start = out.size();
    out += bytes;
    if (bytes.contains('\0'))
        std::replace(out.begin() + start, out.end(), '\0', '\x80');
}

bool appendFetch(QByteArray &out, const FetchItems &items, const FetchedMessage &message)
{
    const qsizetype start = out.size();
    SectionFinder finder(message.row);
    appendFetchHead(out, message);
    bool first = true;
    for (const FetchItem &item : items.items()) {
        if (!first)
            out += ' ';
        first = false;
        if (item.kind != FetchItem::Kind::Section) {
            appendFetchItem(out, item.kind, message);
            continue;
        }
        const SectionRange range = finder.locate(item.section);
        if (range.place != Place::Ready && range.place != Place::Missing) {
            out.truncate(start);
            return false;
        }
        appendSection(out, item.section, range);
    }
    appendFetchEnd(out);
    return true;
}

} // namespace posthorn::imap
