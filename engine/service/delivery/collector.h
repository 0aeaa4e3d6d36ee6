// Gathers the octets of one arriving message: its structure is read as they pass, a small message stays in memory, a big
// one is handed over in chunks that go to the store while it arrives. Knows no store itself.
#pragma once

#include "language/message/structure.h"

#include <QByteArray>

#include <functional>
#include <memory>
#include <utility>

namespace posthorn::delivery {

class StagedContent;

class Collector
{
public:
    static constexpr qsizetype chunkOctets = 256 * 1024; // held at most, beyond the header
    static constexpr qsizetype maxHeader = 256 * 1024;   // a bigger header is refused

    // `prefix` is called once, when the message's header is complete (without its empty line), and gives the fields to
    // put above it, with line ends.
    using Prefix = std::function<QByteArray(QByteArrayView header)>;
    explicit Collector(Prefix prefix);

    void add(QByteArrayView bytes);
    // A chunk waits: take it and put it in the store before adding more.
    [[nodiscard]] bool chunkReady() const { return m_headerDone && m_body.size() >= chunkOctets; }
    [[nodiscard]] QByteArray takeChunk();
    [[nodiscard]] bool headerTooLarge() const { return m_headerTooLarge; }

    // After the last octet: what the message is made of. Its header is header(), the rest of its body is takeBody().
    [[nodiscard]] message::Structure finish();
    [[nodiscard]] const QByteArray &header() const { return m_header; }
    [[nodiscard]] QByteArray takeBody() { return std::exchange(m_body, {}); }

    // Where the chunks went.
    std::shared_ptr<StagedContent> staged;
    int sequence = 0; // number of chunks there

private:
    void endHeader(qsizetype size);
    [[nodiscard]] qsizetype findHeaderEnd(qsizetype from) const;

    Prefix m_prefix;
    message::StructureParser m_parser;
    QByteArray m_header; // until m_headerDone: all that came
    QByteArray m_body;
    bool m_headerDone = false;
    bool m_headerTooLarge = false;
};

} // namespace posthorn::delivery
