#include "language/message/lexical.h"
#include "language/message/mime_field.h"
#include "language/message/structure.h"

#include <algorithm>

namespace posthorn::message {

using namespace Qt::StringLiterals;

namespace {

// Packed: a version octet, then the root. A part is: type, subtype, encoding, charset, filename as words; headerOffset,
// headerSize, bodyOffset, bodySize, bodyLines, the number of children as numbers; the children.
// A number is little-endian base 128. A word is a number n: 0 null, n <= count of the table the nth word of it,
// else n - count - 1 octets that follow.
constexpr char version = 1;
constexpr int deepest = 600;

// Stored messages refer to these by place: append only, and not more than 64 in this version.
const QByteArray words[] = {"text"_ba,
                            "plain"_ba,
                            "html"_ba,
                            "multipart"_ba,
                            "mixed"_ba,
                            "alternative"_ba,
                            "related"_ba,
                            "7bit"_ba,
                            "8bit"_ba,
                            "base64"_ba,
                            "quoted-printable"_ba,
                            "utf-8"_ba,
                            "us-ascii"_ba,
                            "iso-8859-1"_ba,
                            "application"_ba,
                            "octet-stream"_ba,
                            "pdf"_ba,
                            "image"_ba,
                            "png"_ba,
                            "jpeg"_ba,
                            "message"_ba,
                            "rfc822"_ba,
                            "report"_ba,
                            "signed"_ba,
                            "calendar"_ba,
                            "binary"_ba,
                            "UTF-8"_ba,
                            "windows-1252"_ba};
constexpr quint64 wordBase = 64;

void writeNumber(QByteArray &out, quint64 number)
{
    for (; number >= 128; number >>= 7)
        out.append(char(number | 128));
    out.append(char(number));
}

void writeWord(QByteArray &out, const QByteArray &word)
{
    if (word.isNull()) {
        writeNumber(out, 0);
        return;
    }
    const auto known = std::ranges::find(words, word);
    if (known != std::end(words)) {
        writeNumber(out, quint64(known - std::begin(words)) + 1);
        return;
    }
    writeNumber(out, wordBase + 1 + quint64(word.size()));
    out.append(word);
}

void writePart(QByteArray &out, const Part &part)
{
    QByteArray filename = parameterValue(part.dispositionParameters, "filename");
    if (filename.isNull())
        filename = parameterValue(part.parameters, "name");
    for (const QByteArray &word :
         {part.type, part.subtype, part.encoding, parameterValue(part.parameters, "charset"), filename}) {
        writeWord(out, word);
    }
    for (const qint64 number : {part.headerOffset, part.headerSize, part.bodyOffset, part.bodySize, part.bodyLines,
                                qint64(part.children.size())}) {
        writeNumber(out, quint64(number));
    }
    for (const Part &child : part.children)
        writePart(out, child);
}

class Unpacker
{
public:
    explicit Unpacker(QByteArrayView packed) : m_packed(packed) {}

    Result<Part> read();

private:
    void readPart(Part &part, int depth);
    qint64 readNumber();
    QByteArray readWord();

    QByteArrayView m_packed;
    qsizetype m_at = 0;
    bool m_broken = false;
};

qint64 Unpacker::readNumber()
{
    quint64 number = 0;
    for (int shift = 0; shift < 63 && m_at < m_packed.size(); shift += 7) {
        const uchar octet = uchar(m_packed[m_at++]);
        number |= quint64(octet & 127) << shift;
        if (octet < 128)
            return qint64(number);
    }
    m_broken = true;
    return 0;
}

QByteArray Unpacker::readWord()
{
    const quint64 number = quint64(readNumber());
    if (m_broken || number == 0)
        return {};
    if (number <= std::size(words))
        return words[number - 1];
    if (number <= wordBase || number - wordBase - 1 > quint64(m_packed.size() - m_at)) {
        m_broken = true;
        return {};
    }
    const qsizetype size = qsizetype(number - wordBase - 1);
    m_at += size;
    return QByteArray(m_packed.data() + m_at - size, size);
}

void Unpacker::readPart(Part &part, int depth)
{
    part.type = readWord();
    part.subtype = readWord();
    part.encoding = readWord();
    if (const QByteArray charset = readWord(); !charset.isNull())
        part.parameters.append({"charset"_ba, charset});
    if (const QByteArray filename = readWord(); !filename.isNull())
        part.dispositionParameters.append({"filename"_ba, filename});
    for (qint64 *number : {&part.headerOffset, &part.headerSize, &part.bodyOffset, &part.bodySize, &part.bodyLines})
        *number = readNumber();
    constexpr qint64 largest = std::numeric_limits<qint64>::max() / 4; // sums of two can't overflow
    for (const qint64 number : {part.headerOffset, part.headerSize, part.bodyOffset, part.bodySize, part.bodyLines})
        m_broken |= number > largest;
    const qint64 children = readNumber();
    m_broken |= depth >= deepest || children > (m_packed.size() - m_at) / 11; // a part has at least eleven octets
    for (qint64 i = 0; i < children && !m_broken; ++i)
        readPart(part.children.emplaceBack(), depth + 1);
}

Result<Part> Unpacker::read()
{
    if (m_packed.isEmpty() || m_packed[0] != version)
        return parseError(u"Not packed offsets of a message"_s, 0);
    m_at = 1;
    Part root;
    readPart(root, 0);
    if (m_broken || m_at != m_packed.size())
        return parseError(u"Packed offsets of a message are broken"_s, m_at);
    return root;
}

} // namespace

QByteArray packOffsets(const Part &root)
{
    QByteArray out;
    out.append(version);
    writePart(out, root);
    return out;
}

Result<Part> unpackOffsets(QByteArrayView packed)
{
    return Unpacker(packed).read();
}

} // namespace posthorn::message
