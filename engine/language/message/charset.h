// Octets to text by the name of a charset (RFC 2978). Names come from mail, so none of them is trusted.
#pragma once

#include <QByteArray>
#include <QByteArrayView>
#include <QString>
#include <QStringDecoder>

namespace posthorn::message {

// Text in pieces cut anywhere. A missing charset, us-ascii and one nobody knows mean: UTF-8 as long as it is valid,
// else windows-1252. ISO-8859-1 is read as windows-1252, which it mostly is in mail. Never fails: what can't be
// decoded becomes U+FFFD.
class TextDecoder
{
public:
    explicit TextDecoder(QByteArrayView charset = {});

    [[nodiscard]] QString decode(QByteArrayView piece);

    // True when octets under 0x80 always mean themselves, whatever came before them.
    [[nodiscard]] bool isAsciiSuperset() const { return m_asciiSuperset; }

    // True when the charset is not known.
    [[nodiscard]] bool guesses() const { return m_kind == Kind::Guess; }

    // True when the last piece may have ended inside of a character.
    [[nodiscard]] bool isInsideCharacter() const { return m_insideCharacter; }

private:
    enum class Kind { Guess, Windows1252, Named };

    [[nodiscard]] QString guess(QByteArrayView piece);

    Kind m_kind = Kind::Guess;
    bool m_asciiSuperset = true;
    bool m_insideCharacter = false;
    QStringDecoder m_decoder;
};

[[nodiscard]] QString decodeText(QByteArrayView bytes, QByteArrayView charset);

} // namespace posthorn::message
