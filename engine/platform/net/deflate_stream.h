// DEFLATE (RFC 1951) on top of another stream, as COMPRESS wants it (RFC 4978 §3): no header, both ways.
#pragma once

#include "platform/net/stream.h"

#include <QByteArray>

#include <memory>

struct z_stream_s; // zlib's

namespace posthorn::net {

class DeflateStream final : public Stream
{
public:
    // `under` must outlive this.
    explicit DeflateStream(Stream &under);
    ~DeflateStream() override;

    [[nodiscard]] qint64 read(char *to, qint64 max) override;
    [[nodiscard]] qint64 write(QByteArrayView octets) override;
    [[nodiscard]] bool hasMore() const override { return m_hasMore; }
    void watch(quint8 interest) override { m_under.watch(interest); }
    [[nodiscard]] bool close() override { return m_under.close(); }

private:
    [[nodiscard]] qint64 inflateInto(char *to, qint64 max);
    [[nodiscard]] bool compress(QByteArrayView octets);

    Stream &m_under;
    std::unique_ptr<z_stream_s> m_inflate, m_deflate;
    QByteArray m_input;      // compressed, not looked at yet
    QByteArray m_output;     // compressed, not taken by the stream under this one yet
    qsizetype m_sent = 0;    // of it
    qint64 m_compressed = 0; // plain octets that m_output stands for
    bool m_hasMore = false;
    bool m_broken = false;
};

} // namespace posthorn::net
