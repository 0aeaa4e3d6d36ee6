// Mail content as it comes over the wire after DATA: dots unstuffed, the end found, line ends watched (RFC 5321 §4.1.1.4,
// §4.5.2). Only CRLF.CRLF ends it, whatever stands around.
#pragma once

#include <QByteArray>

namespace posthorn::smtp {

class ContentReader
{
public:
    explicit ContentReader(bool normalize = false) : m_normalize(normalize) {}

    // Reads from `in`, appends content to `out`, returns how many octets were used. The rest is to be given again with
    // more behind it; it is at most longestHeld octets.
    qsizetype take(QByteArrayView in, QByteArray &out);
    // Octets counted by BDAT: no dots, no end; all of `in` is used but for a last CR, which is held for the next call.
    void takeCounted(QByteArrayView in, QByteArray &out, bool last);

    [[nodiscard]] bool ended() const { return m_ended; }
    [[nodiscard]] bool sawBareLineEnd() const { return m_bare; }

private:
    static constexpr qsizetype longestHeld = 8 * 1024;
    void append(QByteArrayView text, QByteArray &out);
    [[nodiscard]] QByteArrayView unstuffed(QByteArrayView text) const;

    bool m_normalize;
    bool m_lineStart = true; // after a real CRLF
    bool m_ended = false;
    bool m_bare = false;
    bool m_heldCr = false;
};

} // namespace posthorn::smtp
