// Text in header fields that is not ASCII (RFC 2047, with the language suffix of RFC 2231 §5).
#pragma once

#include <QByteArray>
#include <QByteArrayView>
#include <QString>

namespace posthorn::message {

// The text that a raw field value stands for, on one line: unfolded, encoded words decoded, white space between two of
// them left out. Characters split over adjacent words of one charset are put together again. Raw 8-bit is read as
// UTF-8 if valid, else as windows-1252. What only looks like an encoded word stays as it is.
[[nodiscard]] QString decodeHeader(QByteArrayView raw);

// A field value for this text, folded so that lines stay under 77 octets where words allow that. ASCII stays as it is;
// from the first to the last word that is not, encoded words in UTF-8 stand: Q if half of the octets need no escape,
// so that people can read most of it, else B. Control characters become spaces. `firstLineRoom` is what the first line
// still has room for after "Name: ".
[[nodiscard]] QByteArray encodeHeader(QStringView text, qsizetype firstLineRoom = 66);

// All of the text as encoded words of a phrase (RFC 2047 §5 (3)), such as a display name; not folded, but with a space
// wherever it may be.
[[nodiscard]] QByteArray encodePhrase(QStringView text);

// Breaks an ASCII or UTF-8 value at spaces with CRLF so that lines stay in 76 octets where words allow that. Line ends
// that are there already become spaces first.
[[nodiscard]] QByteArray foldValue(QByteArrayView value, qsizetype firstLineRoom = 66);

// Octets of the encoded word at the start of `text`, 0 when there is none.
[[nodiscard]] qsizetype measureEncodedWord(QByteArrayView text);
[[nodiscard]] inline qsizetype encodedWordSize(QByteArrayView text)
{
    return text.size() > 8 && text[0] == '=' && text[1] == '?' ? measureEncodedWord(text) : 0;
}

} // namespace posthorn::message
