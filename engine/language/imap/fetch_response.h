// Writes FETCH responses (RFC 9051 §7.5.2) straight into the output.
#pragma once

#include "language/imap/fetch_items.h"
#include "language/imap/needs.h"
#include "language/message/structure.h"

#include <QByteArray>

#include <optional>

namespace posthorn::imap {

// Where the octets of a section are.
struct SectionRange
{
    enum class Place {
        Missing, // there is no such part: NIL
        Ready,   // `bytes`
        Stream,  // `length` octets of the message from `offset`, the partial is applied already: write them as they come
        Filter,  // the same, but a header to be read whole and handed to filteredHeader()
        Decode,  // the same without the partial, unless it is cut, and with an encoding to be taken off first
        Unknown, // nobody knows the encoding: [UNKNOWN-CTE]
    };

    Place place = Place::Missing;
    QByteArray bytes;  // may refer to the row's octets: use it while the row is there
    qint64 offset = 0; // from the start of the message
    qint64 length = 0;
    QByteArray encoding; // of Decode; empty: there is nothing to be taken off, only to be looked at
    bool isCut = false;  // Decode, but the partial is applied already
};

// Finds sections of one message. The row must outlive it and have what FetchItems::wants() said.
class SectionFinder
{
public:
    explicit SectionFinder(const FetchedRow &row) : m_row(row) {}

    [[nodiscard]] SectionRange locate(const Section &section);

private:
    struct Range { qint64 offset = 0; qint64 length = 0; QByteArray encoding = {}; };

    [[nodiscard]] const message::Part *root();
    [[nodiscard]] SectionRange ofOwnHeader(const Section &section);
    [[nodiscard]] std::optional<Range> rangeOf(const Section &section);
    [[nodiscard]] SectionRange inMessage(const Section &section, Range range) const;
    [[nodiscard]] SectionRange decoded(const Section &section, SectionRange found) const;

    const FetchedRow &m_row;
    std::optional<message::Part> m_root;
    bool m_isUnpacked = false;
};

[[nodiscard]] SectionRange locate(const Section &section, const FetchedRow &row);

// The fields of a header that the section wants, with an empty line after them, and of that its partial.
[[nodiscard]] QByteArray filteredHeader(const Section &section, QByteArrayView header);

// What the row's items need to know beside the row.
struct FetchedMessage
{
    const FetchedRow &row;
    quint32 number = 0; // its sequence number
    const Keywords &keywords;
    bool recent = false;
    bool byUid = false; // UIDFETCH (RFC 9586 §3.3)
};

// The whole line, from "* 5 FETCH (" to ")" CRLF. False, and nothing is written, when a section's octets are not in the row:
// then the line is written with the functions below, octets in between.
[[nodiscard]] bool appendFetch(QByteArray &out, const FetchItems &items, const FetchedMessage &message);

// "* VANISHED (EARLIER) 3:7" (RFC 7162 §3.2.10.1); nothing when there are none.
void appendVanishedEarlier(QByteArray &out, const QList<UidRange> &uids);
void appendFetchHead(QByteArray &out, const FetchedMessage &message);
// "UID 7"; not for a section.
void appendFetchItem(QByteArray &out, FetchItem::Kind kind, const FetchedMessage &message);
// "BODY[] {1234}" CRLF and the octets, "BODY[9] NIL" or "BINARY.SIZE[1] 7"; the range must be Missing, Unknown or Ready.
void appendSection(QByteArray &out, const Section &section, const SectionRange &range);
// "BODY[] {1234}" CRLF, as a literal8 when there are NULs; then as many octets must follow.
// Content of a message as it is. A literal can hold no NUL (RFC 9051 §4.3), and its size is fixed: it becomes 0x80.
void appendContent(QByteArray &out, QByteArrayView bytes);
void appendSectionHead(QByteArray &out, const Section &section, qint64 size, bool hasNul = false);
void appendBinarySize(QByteArray &out, const Section &section, qint64 size);
void appendFetchEnd(QByteArray &out);

} // namespace posthorn::imap
