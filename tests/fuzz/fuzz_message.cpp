// Any octets are a message: the tree is sound, the same however it was cut, and survives packing.
#include "language/message/header.h"
#include "language/message/structure.h"
#include "language/message/text_search.h"

#include <cstdint>
#include <cstdlib>

using namespace posthorn;
using namespace posthorn::message;

namespace {

void require(bool truth)
{
    if (!truth)
        std::abort();
}

void checkPart(const Part &part, qint64 from, qint64 to)
{
    require(part.headerOffset >= from && part.headerSize >= 0 && part.bodySize >= 0);
    require(part.bodyOffset == part.headerOffset + part.headerSize && part.bodyOffset <= to + 2);
    require(part.bodyOffset + part.bodySize <= qMax(part.bodyOffset, to));
    require(part.bodyLines <= part.bodySize && (part.bodyLines == 0) == (part.bodySize == 0));
    require(part.isMultipart() ? !part.children.isEmpty() : part.children.size() == (part.isMessage() ? 1 : 0));
    require(part.isMessage() == (part.envelope != nullptr));
    qint64 at = part.bodyOffset;
    for (const Part &child : part.children) {
        checkPart(child, at, part.bodyOffset + part.bodySize);
        at = child.bodyOffset + child.bodySize;
    }
}

void checkHeader(QByteArrayView header)
{
    qsizetype at = 0;
    for (FieldReader fields(header); fields.next(); at += fields.field().size) {
        require(fields.field().offset == at && fields.field().size > 0);
        const QByteArray value = unfold(fields.field().value);
        require(!value.contains('\r') && !value.contains('\n') && !value.contains('\0'));
    }
    require(headerSize(header) >= at && headerSize(header) <= header.size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    StructureLimits limits;
    limits.maxDepth = data[0] % 16;
    limits.maxParts = 1 + data[0] / 2;
    limits.maxHeaderSize = data[0] % 3 ? limits.maxHeaderSize : 100;
    const qsizetype step = 1 + data[1] % 100;
    const QByteArrayView message(reinterpret_cast<const char *>(data) + 2, qsizetype(size) - 2);

    const Structure whole = parseStructure(message, limits);
    require(whole.size == message.size());
    require(whole.header == message.first(qMin(whole.root.headerSize, qint64(limits.maxHeaderSize))));
    checkPart(whole.root, 0, message.size());
    checkHeader(message);

    StructureParser parser(limits);
    for (qsizetype at = 0; at < message.size(); at += step)
        parser.feed(message.sliced(at, qMin(step, message.size() - at)));
    require(parser.finish() == whole);

    const QByteArray packed = packOffsets(whole.root);
    const Result<Part> unpacked = unpackOffsets(packed);
    require(unpacked.has_value() && packOffsets(*unpacked) == packed);
    (void)unpackOffsets(message);

    const SearchNeedle needle(QString::fromUtf8(message.last(qMin<qsizetype>(message.size(), data[1] % 8))));
    const bool inBody = matches(needle, MessageMatcher::Scope::Body, *unpacked, message);
    require(!inBody || matches(needle, MessageMatcher::Scope::Text, whole.root, message));
    return 0;
}
