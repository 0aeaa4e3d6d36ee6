// What a message is made of: MIME parts (RFC 2045, 2046, 2183) with their octet offsets, and its envelope.
// Computed once, while the message arrives, without ever holding all of it in memory.
#pragma once

#include "core/result.h"
#include "language/message/address.h"

#include <QByteArray>
#include <QList>

#include <memory>

namespace posthorn::message {

// Raw values: unfolded (RFC 5322 §2.2.3), encoded words not decoded. Null (isNull()) when the field is missing. Of a
// field that must be single the first counts; several To, Cc or Bcc are joined.
struct Envelope
{
    QByteArray date;
    QByteArray subject;
    QList<Address> from, sender, replyTo, to, cc, bcc; // sender and replyTo as found; IMAP's defaults are IMAP's
    QByteArray inReplyTo;
    QByteArray messageId;

    bool operator==(const Envelope &) const = default;
};

struct Parameter
{
    QByteArray name; // lower case; RFC 2231 continuations joined and charset'lang'% form decoded to UTF-8
    QByteArray value;
    bool operator==(const Parameter &) const = default;
};

struct Part
{
    QByteArray type = QByteArrayLiteral("text");     // lower case
    QByteArray subtype = QByteArrayLiteral("plain"); // lower case
    QList<Parameter> parameters;
    QByteArray id;                                   // Content-ID, null when missing
    QByteArray description;                          // Content-Description
    QByteArray encoding = QByteArrayLiteral("7bit"); // lower case
    QByteArray md5;
    QByteArray disposition; // lower case type, null when missing
    QList<Parameter> dispositionParameters;
    QList<QByteArray> language;
    QByteArray location;

    // Octets counted from the start of the whole message. The header includes the empty line that ends it.
    // The body of a part in a multipart ends before the CRLF that belongs to the boundary; a header keeps its last line
    // end even when a delimiter follows at once, so it may reach two octets beyond the end of the body around it.
    qint64 headerOffset = 0;
    qint64 headerSize = 0;
    qint64 bodyOffset = 0;
    qint64 bodySize = 0;
    qint64 bodyLines = 0; // number of line ends in the body (a last line without one counts too)

    QList<Part> children; // multipart: its parts; message/rfc822 and message/global: the one message inside
    std::shared_ptr<Envelope> envelope; // of message/rfc822 and message/global: of the message inside

    bool operator==(const Part &other) const; // envelopes by value

    [[nodiscard]] bool isMultipart() const { return type == "multipart"; }
    [[nodiscard]] bool isMessage() const { return type == "message" && (subtype == "rfc822" || subtype == "global"); }
};

// What clients may rely on, whatever arrived: a multipart has at least one child (an empty text/plain when no part was
// found), a message/rfc822 or message/global exactly one and an envelope. What is nested deeper than maxDepth is
// application/octet-stream. A missing or unreadable Content-Type gives text/plain with charset us-ascii, in a
// multipart/digest message/rfc822.
struct Structure
{
    Part root; // the message itself as a part
    Envelope envelope;
    QByteArray header;      // the message's own header, exactly, with the empty line; at most maxHeaderSize octets
    qint64 size = 0;        // octets of the whole message
    qint64 dateSeconds = 0; // the Date field as seconds since 1970, 0 when missing or not a date
    int dateOffsetMinutes = 0;
    int receivedCount = 0; // Received fields in the message's own header
    bool has8BitHeader = false;
    bool has8BitBody = false;
    bool hasNul = false;

    bool operator==(const Structure &) const = default;
};

struct StructureLimits
{
    qsizetype maxHeaderSize = 256 * 1024; // octets kept of one header; what is over is counted in sizes but not read
    int maxHeaderFields = 5'000;          // fields looked at in one header
    int maxDepth = 50;                    // multiparts and messages inside one another; deeper is treated as a leaf
    int maxParts = 10'000;                // parts in a message; the rest stays inside the last one's body
};

// Feed it a message in pieces cut anywhere, then finish(). Time is linear in the octets whatever they hold,
// memory is bounded by the limits. Never fails: broken MIME gives the best reading.
class StructureParser
{
public:
    explicit StructureParser(StructureLimits limits = {});
    ~StructureParser();
    StructureParser(StructureParser &&) noexcept;
    StructureParser &operator=(StructureParser &&) noexcept;

    void feed(QByteArrayView bytes);
    [[nodiscard]] Structure finish();

private:
    struct State;
    std::unique_ptr<State> m_state;
};

[[nodiscard]] Structure parseStructure(QByteArrayView message, StructureLimits limits = {});

// The tree's offsets, sizes, types, encodings and charsets in a compact form for the store, and back. unpack() of
// anything but packed bytes is an error, never a crash. Packed: type, subtype, encoding, charset parameter, filename,
// the numbers, children.
[[nodiscard]] QByteArray packOffsets(const Part &root);
[[nodiscard]] Result<Part> unpackOffsets(QByteArrayView packed);

} // namespace posthorn::message
