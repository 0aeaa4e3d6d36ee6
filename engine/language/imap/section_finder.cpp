// Where the octets of a section are in a message.
#include "language/imap/fetch_response.h"
#include "language/message/transfer_encoding.h"

#include <algorithm>

namespace posthorn::imap {

using message::Part;

namespace {

using Place = SectionRange::Place;

constexpr qint64 longestFilteredHeader = 256 * 1024; // octets; the message room keeps no more of a header either

// The part that the numbers name. A message that is no multipart has one part, its body (RFC 9051 §6.4.5.1).
const Part *findPart(const Part &root, const QList<quint32> &path)
{
    const Part *part = nullptr;
    for (const quint32 number : path) {
        const bool entersMessage = !part || (part->isMessage() && !part->children.isEmpty());
        const Part *holder = !part ? &root : entersMessage ? &part->children.front() : part;
        if (holder->isMultipart())
            part = number <= quint32(holder->children.size()) ? &holder->children[qsizetype(number) - 1] : nullptr;
        else
            part = entersMessage && number == 1 ? holder : nullptr;
        if (!part)
            return nullptr;
    }
    return part;
}

// [from, from + length) of `size` octets, cut to what the section's partial wants.
void applyPartial(const Section &section, qint64 &offset, qint64 &length)
{
    if (!section.isPartial)
        return;
    const qint64 skipped = std::min(section.from, length);
    offset += skipped;
    length = std::min(section.length, length - skipped);
}

SectionRange ready(const Section &section, const QByteArray &octets)
{
    qint64 offset = 0;
    qint64 length = octets.size();
    applyPartial(section, offset, length);
    SectionRange range;
    range.place = Place::Ready;
    range.bytes = length == octets.size() ? octets : octets.sliced(qsizetype(offset), qsizetype(length));
    return range;
}

} // namespace

QByteArray filteredHeader(const Section &section, QByteArrayView header)
{
    QByteArray out;
    const bool wanted = section.kind == Section::Kind::HeaderFields;
    for (message::FieldReader fields(header); fields.next();) {
        const message::Field &field = fields.field();
        if (!section.fields || section.fields->contains(field.name) != wanted)
            continue;
        if (out.isEmpty())
            out.reserve(std::min<qsizetype>(header.size(), 1024));
        out += header.sliced(field.offset, field.size);
    }
    if (!out.isEmpty() && !out.endsWith('\n'))
        out += "\r\n";
    out += "\r\n";
    return ready(section, out).bytes;
}

const Part *SectionFinder::root()
{
    if (!m_isUnpacked) {
        m_isUnpacked = true;
        if (auto unpacked = message::unpackOffsets(m_row.parts))
            m_root = *std::move(unpacked);
    }
    return m_root ? &*m_root : nullptr;
}

SectionRange SectionFinder::ofOwnHeader(const Section &section)
{
    if (section.isFiltered()) {
        SectionRange range;
        range.place = Place::Ready;
        range.bytes = filteredHeader(section, m_row.header);
        return range;
    }
    const Part *part = m_row.header.size() >= longestFilteredHeader ? root() : nullptr;
    if (part && part->headerSize > m_row.header.size()) // the row has only its beginning
        return inMessage(section, {part->headerOffset, part->headerSize});
    return ready(section, m_row.header);
}

std::optional<SectionFinder::Range> SectionFinder::rangeOf(const Section &section)
{
    using Kind = Section::Kind;
    if (section.path.isEmpty() && section.kind == Kind::Whole)
        return Range{0, m_row.mark.size};
    const Part *part = root();
    if (part && !section.path.isEmpty())
        part = findPart(*part, section.path);
    if (!part)
        return std::nullopt;
    if (section.kind == Kind::Mime)
        return Range{part->headerOffset, part->headerSize};
    if (section.kind != Kind::Whole && !section.path.isEmpty()) {
        if (!part->isMessage() || part->children.isEmpty())
            return std::nullopt;
        part = &part->children.front();
    }
    if (section.kind == Kind::Whole || section.kind == Kind::Text)
        return Range{part->bodyOffset, part->bodySize, part->children.isEmpty() ? part->encoding : QByteArray()};
    return Range{part->headerOffset, part->headerSize};
}

SectionRange SectionFinder::inMessage(const Section &section, Range range) const
{
    const bool isHere = !m_row.body.isNull();
    const qint64 size = isHere ? m_row.body.size() : m_row.mark.size;
    SectionRange found;
    found.offset = std::clamp<qint64>(range.offset, 0, size);
    found.length = std::clamp<qint64>(range.length, 0, size - found.offset);
    const message::TransferDecoder decoder(section.decoded ? range.encoding : QByteArray());
    if (!decoder.isKnown()) {
        found.place = Place::Unknown;
        return found;
    }
    if (!decoder.isIdentity()) {
        found.encoding = range.encoding;
        return decoded(section, std::move(found));
    }
    if (section.isFiltered())
        found.length = std::min(found.length, longestFilteredHeader);
    else if (!section.sizeOnly)
        applyPartial(section, found.offset, found.length);
    found.place = Place::Ready;
    if (isHere) {
        found.bytes = QByteArray::fromRawData(m_row.body.constData() + found.offset, qsizetype(found.length));
        if (section.isFiltered())
            found.bytes = filteredHeader(section, found.bytes);
    } else if (found.length > 0) {
        // Whether there is a NUL in what is asked for as it is decoded is announced before it is read.
        found.isCut = section.decoded && !section.sizeOnly;
        found.place = section.isFiltered() ? Place::Filter : found.isCut ? Place::Decode : Place::Stream;
    } else if (section.isFiltered()) {
        found.bytes = filteredHeader(section, {});
    }
    return found;
}

SectionRange SectionFinder::decoded(const Section &section, SectionRange found) const
{
    if (m_row.body.isNull()) {
        found.place = Place::Decode;
        return found;
    }
    const auto octets = QByteArrayView(m_row.body).sliced(found.offset, found.length);
    return ready(section, message::decodeTransfer(octets, found.encoding));
}

SectionRange SectionFinder::locate(const Section &section)
{
    if (section.isOfOwnHeader())
        return ofOwnHeader(section);
    const std::optional<Range> range = rangeOf(section);
    return range ? inMessage(section, *range) : SectionRange();
}

SectionRange locate(const Section &section, const FetchedRow &row)
{
    return SectionFinder(row).locate(section);
}

} // namespace posthorn::imap
