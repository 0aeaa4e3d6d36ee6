// The content of one message on its way from the wire to the service: read, measured, gathered into pieces.
#pragma once

#include "language/smtp/content_reader.h"
#include "language/smtp/reply.h"

#include <QList>

#include <optional>

namespace posthorn::smtp {

class ContentGatherer
{
public:
    struct Rules
    {
        ContentReader::Framing framing = ContentReader::Framing::Dotted;
        BareLineEnd bareLineEnd = BareLineEnd::Refuse;
        bool binary = false;   // BODY=BINARYMIME: CR and LF are octets like others
        qint64 maxOctets = 0;  // more: 552 5.3.4
        qint64 expected = 0;   // what SIZE said, or 0
        qsizetype pieceSize = 64 * 1024; // at most; at least 16
    };
    explicit ContentGatherer(const Rules &rules);

    // Takes octets up to the end of the content and returns how many.
    qsizetype take(QByteArrayView in);
    // Counted: there is no more.
    void finish();
    [[nodiscard]] bool hasEnded() const { return m_reader.hasEnded(); }

    // Why the message is refused, if it is; the first reason stands. Its octets are dropped from then on.
    void refuse(Reply reply);
    [[nodiscard]] const std::optional<Reply> &refusal() const { return m_refusal; }
    // So much came after the refusal that the client will not stop by itself.
    [[nodiscard]] bool isHopeless() const { return m_dropped > m_patience; }

    // Full pieces, and what is left when there is no more. Null when there is none. Where pieces end does not depend on
    // how the octets came.
    [[nodiscard]] QByteArray takePiece();
    // Octets gathered and not yet taken.
    [[nodiscard]] qsizetype waiting() const { return m_waiting + m_gathering.size(); }

private:
    qsizetype takeSlice(QByteArrayView slice);
    void check();
    void gather(bool all);
    [[nodiscard]] qsizetype fullAt() const { return m_rules.pieceSize - 4; }

    Rules m_rules;
    ContentReader m_reader;
    QByteArray m_gathering;
    QList<QByteArray> m_pieces;
    std::optional<Reply> m_refusal;
    qint64 m_octets = 0;
    qint64 m_dropped = 0;
    qint64 m_patience;
    qsizetype m_waiting = 0;
};

} // namespace posthorn::smtp
