// The string comparison and the text search of IMAP's SEARCH (RFC 9051 §6.4.4): substrings of decoded text, compared
// in the way of i;unicode-casemap (RFC 5051).
#pragma once

#include "language/message/charset.h"
#include "language/message/structure.h"
#include "language/message/text_finder.h"
#include "language/message/transfer_encoding.h"

#include <QString>

#include <optional>

namespace posthorn::message {

// Two texts are alike for a search when these are the same: case folded, then decomposed for compatibility (NFKD).
[[nodiscard]] QString foldForSearch(QStringView text);

// What is searched for. Made once for a search over many messages; keep it while matchers use it.
class SearchNeedle
{
public:
    explicit SearchNeedle(QStringView text);

    [[nodiscard]] bool isEmpty() const { return m_folded.isEmpty(); }
    [[nodiscard]] bool isAscii() const { return m_isAscii; }
    [[nodiscard]] qsizetype size() const { return m_folded.size(); }

    [[nodiscard]] bool isInFolded(QStringView folded) const; // of foldForSearch()
    [[nodiscard]] bool isIn(QStringView text) const;
    [[nodiscard]] bool isInAscii(QByteArrayView ascii) const;   // ASCII octets in any case
    [[nodiscard]] bool isInHeader(QByteArrayView header) const; // a header block, decoded field by field

    // A raw field value as HEADER, SUBJECT, FROM and the like look at it; an empty needle is in every one.
    [[nodiscard]] bool isInField(QByteArrayView rawValue) const;

private:
    QString m_folded;
    bool m_isAscii = true;
    TextFinder<char> m_octets; // when the needle is ASCII
    TextFinder<char16_t> m_units;
};

// Whether a part's body has the needle in its decoded text. Fed with the octets of the body in pieces cut anywhere.
class PartMatcher
{
public:
    PartMatcher(const SearchNeedle &needle, QByteArrayView encoding, QByteArrayView charset);

    bool feed(QByteArrayView piece); // true once the needle was found
    bool finish();

private:
    bool feedDecoded(QByteArrayView octets);
    bool feedAscii(QByteArrayView octets);
    bool feedText(QByteArrayView octets);
    void keepTail(QStringView folded);

    const SearchNeedle *m_needle;
    TransferDecoder m_transfer;
    TextDecoder m_text;
    QByteArray m_decoded;
    QString m_tail; // folded: the end of what was there, shorter than the needle
    bool m_found = false;
};

// Whether a message has the needle in the sense of BODY (text parts, and the headers inside of the body) or TEXT (its
// own header too). Parts that are neither text nor a message are left out. Needle and root must outlive it. Fed with
// the message's octets from its first one on, cut anywhere; memory is bounded by a piece and the largest header kept
// (256 KiB).
class MessageMatcher
{
public:
    enum class Scope { Body, Text };

    MessageMatcher(const SearchNeedle &needle, Scope scope, const Part &root);

    // Octets that need not be fetched may be left out by telling the next ones' offset; it never goes back.
    bool feed(QByteArrayView piece); // true once the needle was found: the rest does not matter
    bool feedAt(qint64 offset, QByteArrayView piece);
    bool finish();

    // Where the octets that matter next begin; -1 when none do.
    [[nodiscard]] qint64 wanted() const;

private:
    struct Segment
    {
        qint64 from = 0;
        qint64 to = 0;
        const Part *body = nullptr; // null: a header
    };

    void addSegments(const Part &part, bool withHeader);
    bool feedSegment(const Segment &segment, QByteArrayView piece);
    bool finishSegment();

    const SearchNeedle *m_needle;
    QList<Segment> m_segments; // in their order in the message
    qsizetype m_current = 0;
    qint64 m_offset = 0;
    bool m_inSegment = false;
    bool m_found = false;
    QByteArray m_header;
    std::optional<PartMatcher> m_body;
};

// All at once.
[[nodiscard]] bool matches(const SearchNeedle &needle, MessageMatcher::Scope scope, const Part &root,
                           QByteArrayView message);

} // namespace posthorn::message
