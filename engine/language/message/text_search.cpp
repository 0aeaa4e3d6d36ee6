#include "language/message/text_search.h"

#include "language/message/encoded_word.h"
#include "language/message/header.h"
#include "language/message/lexical.h"
#include "language/message/mime_field.h"

#include <algorithm>

namespace posthorn::message {

namespace {

constexpr qsizetype largestHeader = 256 * 1024;

bool isAsciiText(QStringView text)
{
    char16_t all = 0;
    for (const QChar c : text)
        all |= c.unicode();
    return all < 0x80;
}

std::span<const char16_t> units(QStringView text)
{
    return {text.utf16(), size_t(text.size())};
}

} // namespace

QString foldForSearch(QStringView text)
{
    if (!isAsciiText(text))
        return text.toString().toCaseFolded().normalized(QString::NormalizationForm_KD);
    QString out(text.size(), Qt::Uninitialized);
    QChar *to = out.data();
    for (const QChar c : text)
        *to++ = c >= u'A' && c <= u'Z' ? QChar(c.unicode() + 32) : c;
    return out;
}

SearchNeedle::SearchNeedle(QStringView text)
    : m_folded(foldForSearch(text)), m_isAscii(isAsciiText(m_folded)), m_units(units(m_folded))
{
    const QByteArray octets = m_folded.toLatin1();
    if (m_isAscii)
        m_octets = TextFinder<char>(std::span(octets.constData(), size_t(octets.size())));
}

bool SearchNeedle::isInFolded(QStringView folded) const
{
    return m_units.find(units(folded)) >= 0;
}

bool SearchNeedle::isIn(QStringView text) const
{
    return isInFolded(foldForSearch(text));
}

bool SearchNeedle::isInAscii(QByteArrayView ascii) const
{
    return m_isAscii && m_octets.find(std::span(ascii.data(), size_t(ascii.size()))) >= 0;
}

bool SearchNeedle::isInField(QByteArrayView rawValue) const
{
    const bool plain = message::isAscii(rawValue) && !rawValue.contains("=?");
    if (!plain)
        return isIn(decodeHeader(rawValue));
    return rawValue.contains('\n') ? isInAscii(unfold(rawValue)) : isInAscii(rawValue);
}

bool SearchNeedle::isInHeader(QByteArrayView header) const
{
    for (FieldReader fields(header); fields.next();) {
        const Field &field = fields.field();
        const char *from = field.name.isEmpty() ? field.value.data() : field.name.data();
        if (isInField(QByteArrayView(from, field.value.data() + field.value.size())))
            return true;
    }
    return false;
}

PartMatcher::PartMatcher(const SearchNeedle &needle, QByteArrayView encoding, QByteArrayView charset)
    : m_needle(&needle), m_transfer(encoding), m_text(charset), m_found(needle.isEmpty())
{
}

bool PartMatcher::feed(QByteArrayView piece)
{
    if (m_found || piece.isEmpty())
        return m_found;
    if (m_transfer.isIdentity())
        return feedDecoded(piece);
    m_decoded.resize(0);
    m_transfer.feed(piece, m_decoded);
    return feedDecoded(m_decoded);
}

bool PartMatcher::finish()
{
    if (m_found)
        return true;
    m_decoded.resize(0);
    m_transfer.finish(m_decoded);
    return feedDecoded(m_decoded);
}

bool PartMatcher::feedDecoded(QByteArrayView octets)
{
    if (octets.isEmpty())
        return m_found;
    const bool plain = m_text.isAsciiSuperset() && !m_text.isInsideCharacter() && isAscii(octets);
    m_found = plain ? feedAscii(octets) : feedText(octets);
    return m_found;
}

// The common case, in which no text needs to be made.
bool PartMatcher::feedAscii(QByteArrayView octets)
{
    const qsizetype overlap = m_needle->size() - 1;
    if (m_needle->isInAscii(octets))
        return true;
    if (!m_tail.isEmpty()) {
        const QByteArrayView start = octets.first(std::min(overlap, octets.size()));
        const QString joint = m_tail + foldForSearch(QString::fromLatin1(start));
        if (m_needle->isInFolded(joint))
            return true;
        if (octets.size() < overlap) {
            keepTail(joint);
            return false;
        }
    }
    const QByteArrayView end = octets.last(std::min(overlap, octets.size()));
    m_tail = foldForSearch(QString::fromLatin1(end));
    return false;
}

bool PartMatcher::feedText(QByteArrayView octets)
{
    const QString joint = m_tail + foldForSearch(m_text.decode(octets));
    if (m_needle->isInFolded(joint))
        return true;
    keepTail(joint);
    return false;
}

void PartMatcher::keepTail(QStringView folded)
{
    m_tail = folded.last(std::min(m_needle->size() - 1, folded.size())).toString();
}

MessageMatcher::MessageMatcher(const SearchNeedle &needle, Scope scope, const Part &root)
    : m_needle(&needle), m_found(needle.isEmpty())
{
    addSegments(root, scope == Scope::Text);
}

void MessageMatcher::addSegments(const Part &part, bool withHeader)
{
    if (withHeader && part.headerSize > 0)
        m_segments.append({part.headerOffset, part.headerOffset + part.headerSize, nullptr});
    for (const Part &child : part.children)
        addSegments(child, true);
    const bool readable = part.type == "text" || (part.type == "message" && part.children.isEmpty());
    if (readable && part.bodySize > 0)
        m_segments.append({part.bodyOffset, part.bodyOffset + part.bodySize, &part});
}

qint64 MessageMatcher::wanted() const
{
    if (m_found || m_current >= m_segments.size())
        return -1;
    return std::max(m_offset, m_segments[m_current].from);
}

bool MessageMatcher::feed(QByteArrayView piece)
{
    return feedAt(m_offset, piece);
}

bool MessageMatcher::feedAt(qint64 offset, QByteArrayView piece)
{
    const qint64 end = offset + piece.size();
    m_offset = std::max(m_offset, offset);
    while (!m_found && m_current < m_segments.size() && m_segments[m_current].from < end) {
        const Segment segment = m_segments[m_current];
        const qint64 from = std::max(segment.from, m_offset);
        const qint64 to = std::min(segment.to, end);
        if (from < to)
            m_found = feedSegment(segment, piece.sliced(from - offset, to - from));
        m_offset = std::max(m_offset, to);
        if (segment.to > end)
            break;
        m_found = m_found || finishSegment();
    }
    m_offset = std::max(m_offset, end);
    return m_found;
}

bool MessageMatcher::feedSegment(const Segment &segment, QByteArrayView piece)
{
    const bool begins = !std::exchange(m_inSegment, true);
    if (segment.body) {
        if (begins)
            m_body.emplace(*m_needle, segment.body->encoding, parameterValue(segment.body->parameters, "charset"));
        return m_body->feed(piece);
    }
    if (begins && piece.size() == segment.to - segment.from)
        return m_needle->isInHeader(piece.first(std::min(piece.size(), largestHeader)));
    m_header.append(piece.first(std::clamp<qsizetype>(largestHeader - m_header.size(), 0, piece.size())));
    return false;
}

bool MessageMatcher::finishSegment()
{
    ++m_current;
    if (!std::exchange(m_inSegment, false))
        return false;
    if (m_body) {
        const bool found = m_body->finish();
        m_body.reset();
        return found;
    }
    const QByteArray header = std::exchange(m_header, {});
    return m_needle->isInHeader(header);
}

bool MessageMatcher::finish()
{
    if (!m_found && m_inSegment)
        m_found = finishSegment();
    return m_found;
}

bool matches(const SearchNeedle &needle, MessageMatcher::Scope scope, const Part &root, QByteArrayView message)
{
    MessageMatcher matcher(needle, scope, root);
    return matcher.feed(message) || matcher.finish();
}

} // namespace posthorn::message
