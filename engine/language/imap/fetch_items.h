// What a FETCH asks for (RFC 9051 §6.4.5, RFC 3501 §6.4.5), as a value.
#pragma once

#include "language/imap/needs.h"
#include "language/message/header.h"

#include <QByteArray>
#include <QList>

#include <optional>

namespace posthorn::imap {

class Lexer;

// BODY[...] and its older forms RFC822, RFC822.HEADER and RFC822.TEXT; BINARY[...] and BINARY.SIZE[...] (RFC 9051
// §6.4.5.1, RFC 3516 §4.2).
struct Section
{
    enum class Kind { Whole, Header, HeaderFields, HeaderFieldsNot, Mime, Text };

    Kind kind = Kind::Whole;
    QList<quint32> path;                       // part numbers, none: the message itself
    std::optional<message::FieldNames> fields; // HeaderFields and HeaderFieldsNot
    bool peek = false;                         // does not set \Seen
    bool decoded = false;                      // BINARY: without its content transfer encoding
    bool sizeOnly = false;                     // BINARY.SIZE
    bool isPartial = false;
    qint64 from = 0;   // isPartial: the first octet,
    qint64 length = 0; // and how many at most
    QByteArray label;  // as the response names it: "BODY[HEADER.FIELDS (From To)]<0>"

    // Of the message's own header, and so to be had from row.header alone.
    [[nodiscard]] bool isOfOwnHeader() const
    {
        return path.isEmpty() && kind != Kind::Whole && kind != Kind::Text && kind != Kind::Mime;
    }
    [[nodiscard]] bool isFiltered() const { return kind == Kind::HeaderFields || kind == Kind::HeaderFieldsNot; }
};

struct FetchItem
{
    enum class Kind { Uid, Flags, InternalDate, Size, Envelope, Body, BodyStructure, ModSeq, SaveDate, EmailId, ThreadId, Preview, Section };

    Kind kind = Kind::Uid;
    Section section; // of Kind::Section
};

class FetchItems
{
public:
    static constexpr qsizetype maxItems = 500;
    static constexpr qsizetype maxFields = 500; // names in one HEADER.FIELDS
    static constexpr qsizetype maxDepth = 100;  // part numbers in one section

    // ALL, FAST, FULL, one item, or items in parentheses. What is asked for twice is told once.
    [[nodiscard]] static Result<FetchItems> parse(Lexer &lexer);

    // Adds an item that is no section, if it is not there: UID FETCH adds Uid, at the front.
    void require(FetchItem::Kind kind);

    // Nothing becomes \Seen by it.
    void peekOnly();

    [[nodiscard]] const QList<FetchItem> &items() const { return m_items; }
    [[nodiscard]] bool has(FetchItem::Kind kind) const;
    [[nodiscard]] FetchWants wants() const;
    [[nodiscard]] bool setsSeen() const;

private:
    [[nodiscard]] Result<void> add(Lexer &lexer);
    [[nodiscard]] bool addMacro(QByteArrayView name);
    void add(FetchItem item);

    QList<FetchItem> m_items;
};

} // namespace posthorn::imap
