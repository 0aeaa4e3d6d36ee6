// Any octets decode to one line of text; any text survives being encoded; decoders don't mind how they are fed.
#include "language/message/encoded_word.h"
#include "language/message/transfer_encoding.h"

#include <cstdint>
#include <cstdlib>

using namespace posthorn::message;

namespace {

void require(bool truth)
{
    if (!truth)
        std::abort();
}

QByteArray decodeByPieces(QByteArrayView bytes, QByteArrayView encoding, qsizetype step)
{
    TransferDecoder decoder(encoding);
    QByteArray out;
    for (qsizetype at = 0; at < bytes.size(); at += step)
        decoder.feed(bytes.sliced(at, qMin(step, bytes.size() - at)), out);
    decoder.finish(out);
    return out;
}

// What encodeHeader() promises to keep: control characters are spaces, none at the ends; no byte order marks.
QString kept(QString text)
{
    text.remove(QChar(QChar::ByteOrderMark));
    for (QChar &c : text) {
        if (c < u' ' || c == QChar(0x7f))
            c = u' ';
    }
    return QString::fromUtf8(QString::fromUtf8(text.toUtf8()).toUtf8().trimmed());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const qsizetype step = 1 + data[0] % 50;
    const QByteArrayView raw(reinterpret_cast<const char *>(data) + 1, qsizetype(size) - 1);
    const QString text = decodeHeader(raw);
    require(!text.contains(u'\n') && !text.contains(u'\r') && !text.contains(QChar(0)));

    const QString wanted = kept(text);
    const QByteArray encoded = encodeHeader(wanted, step);
    require(!QByteArray(encoded).replace("\r\n ", "").contains('\n'));
    require(decodeHeader(encoded) == wanted);

    for (const QByteArrayView encoding : {"base64", "quoted-printable"})
        require(decodeByPieces(raw, encoding, step) == decodeTransfer(raw, encoding));
    require(decodeTransfer(encodeBase64(raw), "base64") == raw);
    const QByteArray printable = encodeQuotedPrintable(raw);
    require(encodeQuotedPrintable(decodeTransfer(printable, "quoted-printable")) == printable);
    return 0;
}
