// Cuts what a server sends into replies (RFC 5321 §4.2.1, RFC 2034). A line end is LF with or without CR.
#pragma once

#include "language/smtp/reply.h"

#include <QByteArrayView>

#include <optional>

namespace posthorn::smtp {

class ReplyReader
{
public:
    static constexpr qsizetype longestLine = 4'096; // octets; a longer line is no reply
    static constexpr qsizetype mostText = 32'768;   // octets of all lines of one reply
    static constexpr int mostLines = 512;

    void add(QByteArrayView bytes);
    // The next whole reply. The enhanced status code is taken off each line when the first one has one that fits.
    [[nodiscard]] std::optional<Reply> next();
    // What came is no reply: nothing more can be understood.
    [[nodiscard]] bool isBroken() const { return m_broken; }
    void clear() { *this = {}; }

private:
    [[nodiscard]] bool takeLine(QByteArrayView line);

    QByteArray m_input;
    qsizetype m_start = 0;   // of the next line
    qsizetype m_scanned = 0; // known to have no LF up to there
    Reply m_reply{0, {}, {}};
    int m_lines = 0;
    bool m_broken = false;
};

} // namespace posthorn::smtp
