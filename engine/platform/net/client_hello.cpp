#include "platform/net/client_hello.h"

#include <optional>

namespace posthorn::net {

namespace {

constexpr quint8 handshakeRecord = 22;
constexpr quint8 clientHelloMessage = 1;
constexpr int serverNameExtension = 0;
constexpr quint8 hostNameType = 0;

// Reads big-endian numbers and length-prefixed pieces. Once it has run out of octets, all it gives is empty.
class Reader
{
public:
    explicit Reader(QByteArrayView octets) : m_left(octets) {}

    int number(int octets)
    {
        if (!has(octets))
            return 0;
        int value = 0;
        for (int i = 0; i < octets; ++i)
            value = value << 8 | quint8(m_left[i]);
        m_left = m_left.sliced(octets);
        return value;
    }
    void skip(qsizetype octets)
    {
        if (has(octets))
            m_left = m_left.sliced(octets);
    }
    // As much of the piece as is there, which may be less than its length says.
    Reader piece(int lengthOctets)
    {
        const qsizetype length = number(lengthOctets);
        const QByteArrayView there = m_left.first(qMin(length, m_left.size()));
        Reader inner(there);
        inner.m_cut = there.size() < length;
        m_short = m_short || inner.m_cut;
        m_left = m_left.sliced(there.size());
        return inner;
    }
    [[nodiscard]] bool ranOut() const { return m_short; }
    [[nodiscard]] bool isCut() const { return m_cut; }
    [[nodiscard]] bool atEnd() const { return m_left.isEmpty(); }
    [[nodiscard]] QByteArrayView rest() const { return m_left; }

private:
    bool has(qsizetype octets)
    {
        if (m_left.size() >= octets)
            return true;
        m_short = true;
        m_left = {};
        return false;
    }

    QByteArrayView m_left;
    bool m_short = false; // asked for more than there is
    bool m_cut = false;   // shorter than announced
};

// The handshake message may be spread over several records (RFC 8446 §5.1). Nothing: this is not TLS.
std::optional<QByteArray> joinRecords(QByteArrayView octets)
{
    QByteArray message;
    Reader reader(octets);
    while (!reader.atEnd()) {
        const int type = reader.number(1);
        const int major = reader.number(1);
        reader.skip(1);
        if (type != handshakeRecord || (major != 3 && !reader.ranOut()))
            return message.isEmpty() ? std::nullopt : std::optional(message);
        message.append(reader.piece(2).rest());
    }
    return message;
}

QByteArray cleanName(QByteArrayView name)
{
    if (name.isEmpty() || name.size() > 255)
        return {};
    QByteArray clean = name.toByteArray().toLower();
    for (const char c : std::as_const(clean)) {
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
            return {};
    }
    if (clean.endsWith('.'))
        clean.chop(1);
    return clean;
}

ClientHello nameIn(Reader extension)
{
    Reader list = extension.piece(2);
    while (!list.atEnd()) {
        const int type = list.number(1);
        const Reader name = list.piece(2);
        if (name.isCut() || list.ranOut())
            break;
        if (type == hostNameType)
            return {ClientHello::State::Complete, cleanName(name.rest())};
    }
    return {extension.isCut() || list.isCut() ? ClientHello::State::Incomplete : ClientHello::State::Complete, {}};
}

ClientHello nameInHello(Reader hello)
{
    hello.skip(2 + 32); // version, random
    hello.piece(1);     // session
    hello.piece(2);     // cipher suites
    hello.piece(1);     // compression
    if (!hello.ranOut() && hello.atEnd() && !hello.isCut())
        return {ClientHello::State::Complete, {}}; // no extensions at all
    Reader extensions = hello.piece(2);
    while (!extensions.atEnd()) {
        const int type = extensions.number(2);
        const Reader extension = extensions.piece(2);
        if (type == serverNameExtension && !(extensions.ranOut() && extension.atEnd()))
            return nameIn(extension);
    }
    const bool missing = hello.ranOut() || extensions.ranOut() || extensions.isCut();
    return {missing && hello.isCut() ? ClientHello::State::Incomplete : ClientHello::State::Complete, {}};
}

} // namespace

ClientHello parseClientHello(QByteArrayView octets)
{
    const std::optional<QByteArray> message = joinRecords(octets.first(qMin(octets.size(), maxClientHello)));
    if (!message)
        return {ClientHello::State::NotTls, {}};
    if (message->isEmpty())
        return {ClientHello::State::Incomplete, {}};
    Reader reader(*message);
    if (reader.number(1) != clientHelloMessage)
        return {ClientHello::State::NotTls, {}};
    const Reader hello = reader.piece(3);
    if (reader.ranOut() && !hello.isCut())
        return {ClientHello::State::Incomplete, {}};
    return nameInHello(hello);
}

} // namespace posthorn::net
