#include "language/message/structure.h"

#include "language/message/boundary_stack.h"
#include "language/message/lexical.h"
#include "language/message/mime_field.h"
#include "language/message/part_fields.h"

#include <algorithm>
#include <cstring>

namespace posthorn::message {

namespace {

constexpr int deepest = 500; // what the recursions over a tree can take, whatever the limits say

// Where in a line-wise reading of the message we are.
struct Place
{
    qint64 offset = 0;            // of the next octet to be consumed
    qint64 lineStart = 0;         // of the line being read
    qint64 previousLineStart = 0; // of the line before that
    qint64 lineEnds = 0;          // seen so far
    int lineEndSize = 0;          // of the line before, 1 or 2
    bool atLineStart = true;
    char last = '\0'; // the octet before `offset`
};

} // namespace

// The open parts form a stack: the message, then multiparts and messages inside one another, the last one being what
// the octets are now of. Only a line that starts with "--" can end a part, so of a line nothing but the first octets
// is ever looked at; when they are not there yet they wait in `carry`.
struct StructureParser::State
{
    struct Open
    {
        Part *part = nullptr;
        Envelope *envelope = nullptr; // to fill, when the part is a message
        qint64 lineEndsBefore = 0;    // of its body
    };
    enum class Reading { Header, Body, DelimiterLine };
    enum class Line { Undecided, Ordinary, Empty, Delimiter };

    explicit State(const StructureLimits &given) : limits(given)
    {
        limits.maxDepth = std::clamp(limits.maxDepth, 0, deepest);
        open.append({&result.root, &result.envelope, 0});
    }

    void feed(QByteArrayView bytes);
    void fillCarry(QByteArrayView &bytes);
    [[nodiscard]] const char *consume(const char *from, const char *end, bool final);
    [[nodiscard]] Line classify(QByteArrayView start, bool final) const;
    void takeDelimiter(QByteArrayView line);
    const char *takeLine(const char *at, const char *end);

    void note(const char *from, const char *to);
    void endHeader(qint64 offset);
    void beginBody(Part &part);
    void beginChild(Part &parent, qint64 offset, Envelope *envelope);
    void closeDownTo(qsizetype size, qint64 bodyEnd, bool atDelimiter);
    void closeTop(qint64 bodyEnd, bool atDelimiter);
    void endAllHeaders(qint64 offset);

    StructureLimits limits;
    Structure result;
    QList<Open> open;
    BoundaryStack boundaries;
    Reading reading = Reading::Header;
    Place place;
    BoundaryStack::Match found; // the delimiter whose line is being read
    QByteArray carry;           // start of a line that can't be told yet; not consumed
    QByteArray header;          // of the part being read, as far as it is kept
    int parts = 1;
};

// Octets [from, to) belong to what is being read.
void StructureParser::State::note(const char *from, const char *to)
{
    const QByteArrayView bytes(from, to);
    bool &seen8Bit = reading == Reading::Header ? result.has8BitHeader : result.has8BitBody;
    if (!seen8Bit && !isAscii(bytes))
        seen8Bit = true;
    if (!result.hasNul && from != to && std::memchr(from, 0, size_t(to - from)))
        result.hasNul = true;
    if (reading != Reading::Header)
        return;
    const qsizetype room = limits.maxHeaderSize - header.size();
    header.append(bytes.first(std::clamp<qsizetype>(bytes.size(), 0, std::max<qsizetype>(room, 0))));
}

StructureParser::State::Line StructureParser::State::classify(QByteArrayView start, bool final) const
{
    if (reading == Reading::Header) {
        if (start[0] == '\n')
            return Line::Empty;
        if (start[0] == '\r') {
            if (start.size() == 1)
                return final ? Line::Ordinary : Line::Undecided;
            return start[1] == '\n' ? Line::Empty : Line::Ordinary;
        }
    }
    if (start[0] != '-' || boundaries.isEmpty())
        return Line::Ordinary;
    if (start.size() == 1)
        return final ? Line::Ordinary : Line::Undecided;
    if (start[1] != '-')
        return Line::Ordinary;
    if (!final && start.size() < boundaries.longestDelimiter() && !start.contains('\n'))
        return Line::Undecided;
    return boundaries.match(start) ? Line::Delimiter : Line::Ordinary;
}

void StructureParser::State::feed(QByteArrayView bytes)
{
    while (!carry.isEmpty() && !bytes.isEmpty())
        fillCarry(bytes);
    if (bytes.isEmpty())
        return;
    const char *end = bytes.data() + bytes.size();
    const char *stopped = consume(bytes.data(), end, false);
    carry.append(QByteArrayView(stopped, end));
}

// Gives the waiting line as much as is needed to tell what it is, and no more.
void StructureParser::State::fillCarry(QByteArrayView &bytes)
{
    const qsizetype wanted = std::max<qsizetype>(boundaries.longestDelimiter() - carry.size(), 1);
    qsizetype count = std::min(wanted, bytes.size());
    const qsizetype lineEnd = bytes.first(count).indexOf('\n');
    if (lineEnd >= 0)
        count = lineEnd + 1;
    carry.append(bytes.first(count));
    bytes = bytes.sliced(count);
    const QByteArray line = std::exchange(carry, {});
    const char *end = line.constData() + line.size();
    const char *stopped = consume(line.constData(), end, false);
    carry = stopped == line.constData() ? line : QByteArray(stopped, end - stopped);
}

// Returns where it stopped: at the end, or at the start of a line that can't be told yet.
const char *StructureParser::State::consume(const char *from, const char *end, bool final)
{
    const char *noted = from;
    const char *at = from;
    while (at != end) {
        if (place.atLineStart) {
            const bool special = *at == '-' || *at == '\r' || *at == '\n';
            const Line line = special ? classify({at, end}, final) : Line::Ordinary;
            if (line == Line::Undecided)
                break;
            if (line == Line::Delimiter) {
                note(noted, at);
                noted = at;
                takeDelimiter({at, end});
            } else if (line == Line::Empty) {
                at = takeLine(at, end);
                note(noted, at);
                noted = at;
                endHeader(place.offset);
                continue;
            }
        }
        at = takeLine(at, end);
        if (reading == Reading::DelimiterLine && place.atLineStart) {
            note(noted, at);
            noted = at;
            reading = Reading::Body;
            if (!found.closes)
                beginChild(*open.last().part, place.offset, nullptr);
        }
    }
    note(noted, at);
    return at;
}

// Moves over the rest of a line, as far as it is there.
const char *StructureParser::State::takeLine(const char *at, const char *end)
{
    const char *lineEnd = static_cast<const char *>(std::memchr(at, '\n', size_t(end - at)));
    const char *stop = lineEnd ? lineEnd + 1 : end;
    place.offset += stop - at;
    place.atLineStart = lineEnd != nullptr;
    if (lineEnd) {
        const char before = lineEnd == at ? place.last : lineEnd[-1];
        place.lineEndSize = before == '\r' ? 2 : 1;
        ++place.lineEnds;
        place.previousLineStart = std::exchange(place.lineStart, place.offset);
    }
    place.last = stop[-1];
    return stop;
}

// At the start of a delimiter line: ends what it ends. The line itself is read as part of the body around.
void StructureParser::State::takeDelimiter(QByteArrayView line)
{
    found = boundaries.match(line).value();
    const qint64 bodyEnd = place.offset - place.lineEndSize;
    endAllHeaders(place.offset);
    closeDownTo(found.owner + 1, bodyEnd, true);
    boundaries.popAbove(found.owner);
    if (found.closes)
        boundaries.pop();
    reading = Reading::DelimiterLine;
}

// A header can end in a message that begins and, with nothing left, has an empty header of its own.
void StructureParser::State::endAllHeaders(qint64 offset)
{
    while (reading == Reading::Header)
        endHeader(offset);
}

void StructureParser::State::endHeader(qint64 offset)
{
    Open &top = open.last();
    Part &part = *top.part;
    part.headerSize = offset - part.headerOffset;
    part.bodyOffset = offset;
    top.lineEndsBefore = place.lineEnds;
    const bool isRoot = open.size() == 1;
    const bool inDigest =
        !isRoot && open[open.size() - 2].part->isMultipart() && open[open.size() - 2].part->subtype == "digest";
    readPartFields(header, {&part, top.envelope, isRoot ? &result : nullptr, inDigest, limits.maxHeaderFields});
    if (isRoot)
        result.header = std::exchange(header, {});
    else
        header.resize(0);
    reading = Reading::Body;
    beginBody(part);
}

void StructureParser::State::beginBody(Part &part)
{
    if (!part.isMultipart() && !part.isMessage())
        return;
    const bool noMoreParts = parts >= limits.maxParts;
    if (open.size() > limits.maxDepth || (noMoreParts && part.isMessage())) {
        part.type = QByteArrayLiteral("application");
        part.subtype = QByteArrayLiteral("octet-stream");
    } else if (part.isMessage()) {
        part.envelope = std::make_shared<Envelope>();
        beginChild(part, part.bodyOffset, part.envelope.get());
    } else if (!noMoreParts) {
        boundaries.push(parameterValue(part.parameters, "boundary"), open.size() - 1);
    }
}

void StructureParser::State::beginChild(Part &parent, qint64 offset, Envelope *envelope)
{
    ++parts;
    parent.children.emplaceBack();
    Part &child = parent.children.last();
    child.headerOffset = child.bodyOffset = offset;
    open.append({&child, envelope, place.lineEnds});
    reading = Reading::Header;
    if (parts >= limits.maxParts)
        boundaries.clear();
}

void StructureParser::State::closeDownTo(qsizetype size, qint64 bodyEnd, bool atDelimiter)
{
    while (open.size() > size) {
        closeTop(bodyEnd, atDelimiter);
        open.removeLast();
    }
}

// The line end before a delimiter belongs to the delimiter (RFC 2046 §5.1.1).
void StructureParser::State::closeTop(qint64 bodyEnd, bool atDelimiter)
{
    Part &part = *open.last().part;
    part.bodySize = std::max<qint64>(bodyEnd - part.bodyOffset, 0);
    if (part.bodySize > 0) {
        const bool endsInLineEnd = atDelimiter ? bodyEnd <= place.previousLineStart : place.offset == place.lineStart;
        part.bodyLines = place.lineEnds - open.last().lineEndsBefore;
        if (atDelimiter)
            part.bodyLines -= endsInLineEnd ? 1 : 0;
        else
            part.bodyLines += endsInLineEnd ? 0 : 1;
    }
    if (part.isMultipart() && part.children.isEmpty()) {
        Part &child = part.children.emplaceBack();
        child.parameters.append({QByteArrayLiteral("charset"), QByteArrayLiteral("us-ascii")});
        child.headerOffset = child.bodyOffset = part.bodyOffset;
    }
}

StructureParser::StructureParser(StructureLimits limits) : m_state(std::make_unique<State>(limits)) {}
StructureParser::~StructureParser() = default;
StructureParser::StructureParser(StructureParser &&) noexcept = default;
StructureParser &StructureParser::operator=(StructureParser &&) noexcept = default;

void StructureParser::feed(QByteArrayView bytes)
{
    m_state->feed(bytes);
}

Structure StructureParser::finish()
{
    State &state = *m_state;
    const QByteArray rest = std::exchange(state.carry, {});
    (void)state.consume(rest.constData(), rest.constData() + rest.size(), true);
    if (state.reading == State::Reading::DelimiterLine && !state.found.closes)
        state.beginChild(*state.open.last().part, state.place.offset, nullptr);
    state.endAllHeaders(state.place.offset);
    state.closeDownTo(0, state.place.offset, false);
    state.result.size = state.place.offset;
    return std::move(state.result);
}

Structure parseStructure(QByteArrayView message, StructureLimits limits)
{
    StructureParser parser(limits);
    parser.feed(message);
    return parser.finish();
}

bool Part::operator==(const Part &other) const
{
    const bool sameEnvelope =
        envelope == other.envelope || (envelope && other.envelope && *envelope == *other.envelope);
    return sameEnvelope && type == other.type && subtype == other.subtype && parameters == other.parameters &&
           id == other.id && description == other.description && encoding == other.encoding && md5 == other.md5 &&
           disposition == other.disposition && dispositionParameters == other.dispositionParameters &&
           language == other.language && location == other.location && headerOffset == other.headerOffset &&
           headerSize == other.headerSize && bodyOffset == other.bodyOffset && bodySize == other.bodySize &&
           bodyLines == other.bodyLines && children == other.children;
}

} // namespace posthorn::message
