#include "platform/net/deflate_stream.h"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace posthorn::net {

namespace {

// A smaller window than the largest: a session must not cost a quarter of a megabyte (zlib.h: 2^(window + 2) +
// 2^(memory + 9) octets), and the lines of a protocol repeat soon.
constexpr int window = 13;
constexpr int memory = 5;
constexpr qsizetype pieceOctets = 64 * 1024;
constexpr qsizetype readOctets = 16 * 1024;

} // namespace

DeflateStream::DeflateStream(Stream &under)
    : m_under(under), m_inflate(std::make_unique<z_stream>()), m_deflate(std::make_unique<z_stream>())
{
    m_broken = inflateInit2(m_inflate.get(), -MAX_WBITS) != Z_OK
               || deflateInit2(m_deflate.get(), Z_DEFAULT_COMPRESSION, Z_DEFLATED, -window, memory, Z_DEFAULT_STRATEGY) != Z_OK;
}

DeflateStream::~DeflateStream()
{
    inflateEnd(m_inflate.get());
    deflateEnd(m_deflate.get());
}

qint64 DeflateStream::read(char *to, qint64 max)
{
    for (;;) {
        if (m_broken)
            return system::Broken;
        if (const qint64 got = inflateInto(to, max); got != 0)
            return got;
        QByteArray piece(readOctets, Qt::Uninitialized);
        const qint64 got = m_under.read(piece.data(), piece.size());
        if (got <= 0)
            return got;
        piece.truncate(got);
        m_input = std::move(piece);
    }
}

// 0: more input is needed.
qint64 DeflateStream::inflateInto(char *to, qint64 max)
{
    if (m_input.isEmpty() && !m_hasMore)
        return 0;
    z_stream &state = *m_inflate;
    state.next_in = reinterpret_cast<Bytef *>(m_input.data());
    state.avail_in = uInt(m_input.size());
    state.next_out = reinterpret_cast<Bytef *>(to);
    state.avail_out = uInt(max);
    const int result = inflate(&state, Z_SYNC_FLUSH);
    const qint64 got = max - state.avail_out;
    m_input = m_input.last(state.avail_in);
    // A full buffer says nothing of what is still inside.
    m_hasMore = state.avail_out == 0 || !m_input.isEmpty();
    m_broken = result != Z_OK && result != Z_BUF_ERROR; // the end of what was compressed is an end as well
    return got > 0 ? got : m_broken ? system::Broken : 0;
}

qint64 DeflateStream::write(QByteArrayView octets)
{
    if (m_output.isEmpty() && !compress(octets.first(std::min(octets.size(), pieceOctets))))
        return system::Broken;
    while (m_sent < m_output.size()) {
        const qint64 sent = m_under.write(QByteArrayView(m_output).sliced(m_sent));
        if (sent <= 0)
            return sent; // these octets will be offered again
        m_sent += sent;
    }
    m_output.clear();
    m_sent = 0;
    return m_compressed;
}

bool DeflateStream::compress(QByteArrayView octets)
{
    z_stream &state = *m_deflate;
    state.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(octets.data()));
    state.avail_in = uInt(octets.size());
    std::array<char, 16 * 1024> piece;
    do {
        state.next_out = reinterpret_cast<Bytef *>(piece.data());
        state.avail_out = uInt(piece.size());
        const int result = deflate(&state, Z_SYNC_FLUSH);
        m_broken = m_broken || (result != Z_OK && result != Z_BUF_ERROR);
        m_output.append(piece.data(), qsizetype(piece.size()) - state.avail_out);
    } while (state.avail_out == 0 && !m_broken);
    m_compressed = octets.size();
    return !m_broken;
}

} // namespace posthorn::net
