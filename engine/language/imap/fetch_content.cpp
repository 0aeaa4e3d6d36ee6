// FETCH at work on what of a message is not in memory: it is read in pieces, and written as they come.
#include "language/imap/fetch_task.h"

#include <algorithm>

namespace posthorn::imap {

namespace {

constexpr qint64 pieceOctets = 128 * 1024;
constexpr qint64 maxFiltered = 1024 * 1024; // octets of a part's header that are looked at

} // namespace

bool FetchTask::writeSection(Session &session, const Section &section)
{
    const SectionRange range = m_finder->locate(section);
    using Place = SectionRange::Place;
    m_filtering = range.place == Place::Filter;
    m_isUnknown = m_isUnknown || range.place == Place::Unknown;
    if (section.sizeOnly && range.place == Place::Stream) {
        appendBinarySize(m_line, section, range.length);
        return true;
    }
    if (range.place == Place::Decode && range.length > 0)
        m_decoding = Decoding{.encoding = range.encoding, .offset = range.offset, .length = range.length, .isPartial = section.isPartial && !range.isCut};
    const bool inMessage = m_filtering || range.place == Place::Stream || range.place == Place::Decode;
    if (inMessage && range.length > 0) {
        m_section = &section;
        m_offset = range.offset;
        m_length = m_filtering ? std::min(range.length, maxFiltered) : range.length;
        askContent(session);
        return false;
    }
    if (inMessage)
        appendSection(m_line, section, {.place = SectionRange::Place::Ready, .bytes = QByteArray("")});
    else
        appendSection(m_line, section, range);
    return true;
}

void FetchTask::askContent(Session &session)
{
    m_reading = session.ask(ReadContent{m_row.mark.message, m_offset, std::min(m_length, pieceOctets)});
}

// The size is announced only once the first octets are here: until then the row can be left out.
void FetchTask::contentCame(Session &session, const QByteArray &bytes)
{
    const QByteArrayView taken = QByteArrayView(bytes).first(std::min<qint64>(bytes.size(), m_length));
    if (m_decoding) {
        m_offset += taken.size();
        m_length -= taken.size();
        decodedCame(session, taken);
        proceed(session);
        return;
    }
    if (m_filtering) {
        m_header += taken;
    } else {
        if (m_left == 0) {
            m_left = m_length;
            appendSectionHead(m_line, *m_section, m_length);
            session.out += std::exchange(m_line, {});
            m_rowStarted = true;
        }
        appendContent(session.out, taken);
        m_left -= taken.size();
    }
    m_offset += taken.size();
    m_length -= taken.size();
    if (m_length == 0) {
        if (m_filtering) {
            const QByteArray filtered = filteredHeader(*m_section, std::exchange(m_header, {}));
            appendSection(m_line, *m_section, {.place = SectionRange::Place::Ready, .bytes = filtered});
        }
        m_section = nullptr;
    }
    proceed(session);
}

void FetchTask::decodedCame(Session &session, QByteArrayView bytes)
{
    QByteArray out;
    m_decoding->decoder.feed(bytes, out);
    if (m_length == 0)
        m_decoding->decoder.finish(out);
    if (m_decoding->writing) {
        writeDecoded(session, std::move(out));
        return;
    }
    const bool isPartial = m_decoding->isPartial;
    const qint64 from = isPartial ? m_section->from - m_decoding->size : 0;
    const qint64 to = isPartial && m_section->length < out.size() - from ? from + m_section->length : out.size();
    const qint64 begin = std::clamp<qint64>(from, 0, out.size());
    const auto shown = QByteArrayView(out).sliced(begin, std::clamp<qint64>(to, begin, out.size()) - begin);
    m_decoding->hasNul = m_decoding->hasNul || shown.contains('\0');
    m_decoding->size += out.size();
    if (m_length == 0)
        counted(session);
}

// The size is known now.
void FetchTask::counted(Session &session)
{
    const Section &section = *m_section;
    qint64 skip = 0, left = m_decoding->size;
    if (m_decoding->isPartial) {
        skip = std::min(section.from, left);
        left = std::min(section.length, left - skip);
    }
    if (section.sizeOnly)
        appendBinarySize(m_line, section, left);
    else
        appendSectionHead(m_line, section, left, m_decoding->hasNul);
    if (section.sizeOnly || left == 0) {
        m_section = nullptr;
        m_decoding.reset();
        return;
    }
    session.out += std::exchange(m_line, {});
    m_rowStarted = true;
    m_left = left;
    m_offset = m_decoding->offset;
    m_length = m_decoding->length;
    *m_decoding = Decoding{.encoding = m_decoding->encoding, .writing = true, .skip = skip};
}

void FetchTask::writeDecoded(Session &session, QByteArray bytes)
{
    const qint64 skipped = std::min<qint64>(m_decoding->skip, bytes.size());
    m_decoding->skip -= skipped;
    bytes = bytes.sliced(skipped, std::min<qint64>(bytes.size() - skipped, m_left));
    session.out += bytes;
    m_left -= bytes.size();
    if (m_left == 0) {
        m_section = nullptr;
        m_decoding.reset();
    } else if (m_length == 0) {
        session.close(); // the content is not what it was the first time
    }
}

// The message is gone, or can't be read now.
void FetchTask::contentMissing(Session &session, const Error &error)
{
    if (m_left > 0) {
        session.close(); // nothing else could be told from the message's octets
        return;
    }
    if (error.kind != ErrorKind::NotFound)
        m_error = error;
    m_header.clear();
    m_decoding.reset();
    if (m_rowStarted) {
        appendSection(m_line, *m_section, {});
        m_section = nullptr;
    } else {
        m_section = nullptr;
        rowDone();
    }
    proceed(session);
}

} // namespace posthorn::imap
