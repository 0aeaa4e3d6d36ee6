// Content-Transfer-Encoding (RFC 2045 §6): decoders fed in pieces cut anywhere, and encoders. Linear, never failing:
// what is not allowed is skipped (base64) or taken as it is (quoted-printable).
#pragma once

#include <QByteArray>
#include <QByteArrayView>

namespace posthorn::message {

// Octets outside the alphabet are skipped; padding ends a quantum and what follows begins a new one, so that pieces
// encoded each on its own and put one after another are read.
class Base64Decoder
{
public:
    void feed(QByteArrayView piece, QByteArray &out);
    void finish(QByteArray &out);

private:
    quint32 m_bits = 0;
    int m_count = 0; // characters of the quantum seen
};

// Soft line breaks and white space before a line end go; a wrong escape stays as it is.
class QuotedPrintableDecoder
{
public:
    void feed(QByteArrayView piece, QByteArray &out);
    void finish(QByteArray &out);

private:
    void take(char c, QByteArray &out);
    void takeAfterEquals(char c, QByteArray &out);
    void flushHeld(QByteArray &out);

    QByteArray m_held; // "=" and what came after it, or white space that may be before a line end
};

// Picks by the name of the encoding; 7bit, 8bit, binary and unknown ones pass through.
class TransferDecoder
{
public:
    explicit TransferDecoder(QByteArrayView encoding = {});

    // False: nobody knows how to decode it.
    [[nodiscard]] bool isKnown() const { return m_known; }
    // True when octets come out as they went in.
    [[nodiscard]] bool isIdentity() const { return m_kind == Kind::Identity; }

    void feed(QByteArrayView piece, QByteArray &out);
    void finish(QByteArray &out);

private:
    enum class Kind { Identity, Base64, QuotedPrintable };

    Kind m_kind = Kind::Identity;
    bool m_known = true;
    Base64Decoder m_base64;
    QuotedPrintableDecoder m_quotedPrintable;
};

// All at once.
[[nodiscard]] QByteArray decodeTransfer(QByteArrayView bytes, QByteArrayView encoding);

// Lines of 76 characters, each with CRLF, the last one too.
[[nodiscard]] QByteArray encodeBase64(QByteArrayView bytes);

// Of text: its CRLF or LF line ends become CRLF and stay line ends. Lines of at most 76 characters. A line that would
// be "." or begin with "From " is written so that no transport can damage it.
[[nodiscard]] QByteArray encodeQuotedPrintable(QByteArrayView text);

} // namespace posthorn::message
