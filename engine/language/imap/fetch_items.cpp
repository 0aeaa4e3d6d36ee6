#include "language/imap/fetch_items.h"

#include "language/imap/fetch_section.h"
#include "language/imap/lexer.h"

#include <algorithm>
#include <array>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

using Kind = FetchItem::Kind;

struct Named
{
    QByteArrayView name;
    Kind kind;
};

constexpr std::array<Named, 12> simpleItems{{
    {"UID", Kind::Uid},
    {"FLAGS", Kind::Flags},
    {"INTERNALDATE", Kind::InternalDate},
    {"RFC822.SIZE", Kind::Size},
    {"ENVELOPE", Kind::Envelope},
    {"BODY", Kind::Body},
    {"BODYSTRUCTURE", Kind::BodyStructure},
    {"MODSEQ", Kind::ModSeq},
    {"SAVEDATE", Kind::SaveDate},
    {"EMAILID", Kind::EmailId},
    {"THREADID", Kind::ThreadId},
    {"PREVIEW", Kind::Preview},
}};

constexpr std::array<SectionForm, 5> sectionForms{{
    {.name = "BODY", .label = "BODY["},
    {.name = "BODY.PEEK", .label = "BODY[", .peek = true},
    {.name = "BINARY", .label = "BINARY[", .decoded = true},
    {.name = "BINARY.PEEK", .label = "BINARY[", .peek = true, .decoded = true},
    {.name = "BINARY.SIZE", .label = "BINARY.SIZE[", .peek = true, .decoded = true, .sizeOnly = true},
}};

bool is(QByteArrayView name, QByteArrayView other)
{
    return name.compare(other, Qt::CaseInsensitive) == 0;
}

// The older names of BODY[], BODY.PEEK[HEADER] and BODY[TEXT].
std::optional<Section> oldSection(QByteArrayView name)
{
    Section section;
    if (is(name, "RFC822")) {
        section.label = "RFC822"_ba;
    } else if (is(name, "RFC822.HEADER")) {
        section.kind = Section::Kind::Header;
        section.peek = true;
        section.label = "RFC822.HEADER"_ba;
    } else if (is(name, "RFC822.TEXT")) {
        section.kind = Section::Kind::Text;
        section.label = "RFC822.TEXT"_ba;
    } else {
        return std::nullopt;
    }
    return section;
}

// " (LAZY)": previews are cheap here, and nobody has to wait for them (RFC 8970 §3.1).
Result<void> skipLazy(Lexer &lexer)
{
    if (!lexer.rest().startsWith(" ("))
        return {};
    lexer.take(' ');
    lexer.take('(');
    if (!lexer.takeWord("LAZY"))
        return lexer.error(u"LAZY expected"_s);
    return lexer.expect(')');
}

} // namespace

Result<FetchItems> FetchItems::parse(Lexer &lexer)
{
    FetchItems items;
    if (!lexer.take('(')) {
        const qsizetype start = lexer.offset();
        if (items.addMacro(lexer.takeName()))
            return items;
        lexer.moveTo(start);
        const auto added = items.add(lexer);
        return added ? Result<FetchItems>(std::move(items)) : std::unexpected(added.error());
    }
    do {
        const auto added = items.add(lexer);
        if (!added)
            return std::unexpected(added.error());
    } while (lexer.take(' '));
    const auto close = lexer.expect(')');
    return close ? Result<FetchItems>(std::move(items)) : std::unexpected(close.error());
}

bool FetchItems::addMacro(QByteArrayView name)
{
    const bool isFull = is(name, "FULL");
    const bool isAll = isFull || is(name, "ALL");
    if (!isAll && !is(name, "FAST"))
        return false;
    for (const Kind kind : {Kind::Flags, Kind::InternalDate, Kind::Size})
        add(FetchItem{kind, {}});
    if (isAll)
        add(FetchItem{Kind::Envelope, {}});
    if (isFull)
        add(FetchItem{Kind::Body, {}});
    return true;
}

Result<void> FetchItems::add(Lexer &lexer)
{
    const qsizetype start = lexer.offset();
    if (m_items.size() >= maxItems)
        return parseError(u"Too many items"_s, start);
    const QByteArrayView name = lexer.takeName();
    if (lexer.peek() == '[') {
        const auto form = std::ranges::find_if(sectionForms, [name](const SectionForm &row) { return is(name, row.name); });
        if (form == sectionForms.end())
            return parseError(u"Unknown item"_s, start);
        auto section = parseSection(lexer, *form);
        if (!section)
            return std::unexpected(section.error());
        add(FetchItem{Kind::Section, *std::move(section)});
        return {};
    }
    if (auto section = oldSection(name)) {
        add(FetchItem{Kind::Section, *std::move(section)});
        return {};
    }
    for (const Named &item : simpleItems) {
        if (is(name, item.name)) {
            add(FetchItem{item.kind, {}});
            return item.kind == Kind::Preview ? skipLazy(lexer) : Result<void>();
        }
    }
    return parseError(u"Unknown item"_s, start);
}

void FetchItems::add(FetchItem item)
{
    for (FetchItem &there : m_items) {
        const bool isSame = there.kind == item.kind && there.section.label == item.section.label
                            && there.section.length == item.section.length;
        if (isSame) {
            there.section.peek = there.section.peek && item.section.peek;
            return;
        }
    }
    m_items += std::move(item);
}

void FetchItems::require(Kind kind)
{
    if (!has(kind))
        m_items.prepend(FetchItem{kind, {}});
}

void FetchItems::peekOnly()
{
    for (FetchItem &item : m_items)
        item.section.peek = true;
}

bool FetchItems::has(Kind kind) const
{
    return std::any_of(m_items.begin(), m_items.end(), [kind](const FetchItem &item) { return item.kind == kind; });
}

FetchWants FetchItems::wants() const
{
    FetchWants wants;
    wants.envelope = has(Kind::Envelope);
    wants.bodyStructure = has(Kind::Body) || has(Kind::BodyStructure);
    wants.internalDate = has(Kind::InternalDate);
    wants.saveDate = has(Kind::SaveDate);
    wants.preview = has(Kind::Preview);
    for (const FetchItem &item : m_items) {
        if (item.kind != Kind::Section)
            continue;
        const Section &section = item.section;
        const bool isWhole = section.path.isEmpty() && section.kind == Section::Kind::Whole;
        wants.header = wants.header || section.isOfOwnHeader();
        wants.body = wants.body || !section.isOfOwnHeader();
        wants.parts = wants.parts || (!isWhole && !section.isFiltered()) || !section.path.isEmpty();
    }
    return wants;
}

bool FetchItems::setsSeen() const
{
    return std::any_of(m_items.begin(), m_items.end(),
                       [](const FetchItem &item) { return item.kind == Kind::Section && !item.section.peek; });
}

} // namespace posthorn::imap
