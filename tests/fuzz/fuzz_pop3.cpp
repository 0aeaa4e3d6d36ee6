// POP3 sessions: any octets, cut anywhere, any answers. Nothing is deleted without QUIT, no secret is told, output and
// needs stay bounded, and the dots of a message come back as they were.
#include "language/pop3/dot_writer.h"
#include "language/pop3/server_machine.h"

#include <QList>

#include <cstdint>
#include <cstdlib>

using namespace posthorn;
using namespace posthorn::pop3;

namespace {

void require(bool good)
{
    if (!good)
        std::abort();
}

class Bytes
{
public:
    Bytes(const uint8_t *data, size_t size) : m_rest(reinterpret_cast<const char *>(data), qsizetype(size)) {}
    [[nodiscard]] bool isEmpty() const { return m_rest.isEmpty(); }
    quint8 one()
    {
        if (m_rest.isEmpty())
            return 0;
        const quint8 value = quint8(m_rest.front());
        m_rest = m_rest.sliced(1);
        return value;
    }
    QByteArray some(qsizetype most)
    {
        const QByteArray bytes = m_rest.first(qMin(most, m_rest.size())).toByteArray();
        m_rest = m_rest.sliced(bytes.size());
        return bytes;
    }

private:
    QByteArrayView m_rest;
};

struct Peer
{
    ServerMachine machine{ServerConfig{}};
    const TlsFacts facts{"TLSv1.3", {}, {}, "hash"};
    bool dropOpen = false;
    QByteArray typed; // beside the password: the same may be said as a command of its own
    NeedId last = 0;
    qsizetype waiting = 0;

    Answer answerTo(const What &what, Bytes &bytes)
    {
        const quint8 choice = bytes.one();
        if (choice < 16)
            return Failure{Error{ErrorKind(choice % 9), QStringLiteral("x\r\n+OK"), {}, -1}, choice == 15};
        if (std::holds_alternative<OpenDrop>(what))
            return Drop{QList<DropMessage>(choice % 8, DropMessage{choice, "id"})};
        if (std::holds_alternative<ReadMessage>(what))
            return Piece{bytes.some(choice), choice % 3 == 0};
        if (std::holds_alternative<Update>(what))
            return Done{};
        return SaslAnswer{SaslAnswer::Outcome(choice % 4), choice & 64 ? QByteArray("data") : QByteArray(), QStringLiteral("u")};
    }
    void serve(Bytes &bytes)
    {
        for (int i = 0; i < 1000; ++i) {
            const auto need = machine.nextNeed();
            if (!need)
                return;
            require(need->id > last);
            last = need->id;
            if (std::holds_alternative<OpenDrop>(need->what))
                dropOpen = true;
            if (std::holds_alternative<Update>(need->what) || std::holds_alternative<CloseDrop>(need->what))
                require(std::exchange(dropOpen, false));
            if (const auto *const refused = std::get_if<Refused>(&need->what))
                require(typed.contains("s3cret") || !refused->line.contains("s3cret"));
            if (std::holds_alternative<SaslCancel>(need->what) || std::holds_alternative<CloseDrop>(need->what)
                || std::holds_alternative<Refused>(need->what))
                continue;
            Answer answer = answerTo(need->what, bytes);
            if (std::holds_alternative<OpenDrop>(need->what) && std::holds_alternative<Failure>(answer))
                dropOpen = false;
            machine.answer(need->id, std::move(answer));
        }
    }
    void read(qsizetype taken)
    {
        const QByteArray output = machine.takeOutput();
        require(output.isEmpty() || output.endsWith("\r\n") || machine.stateName() == QLatin1StringView("sending"));
        waiting += output.size();
        require(waiting < 2 * 1024 * 1024);
        waiting -= qMin(waiting, taken);
        machine.outputWaiting(waiting);
    }
};

void converse(Bytes &bytes)
{
    Peer peer;
    peer.machine.start(bytes.one() & 1 ? &peer.facts : nullptr);
    while (!bytes.isEmpty() && !peer.machine.finished()) {
        const quint8 event = bytes.one();
        if (peer.machine.wantsTls())
            peer.machine.tlsStarted(peer.facts);
        else if (event == 255)
            peer.machine.peerClosed();
        else if (event == 254)
            peer.machine.timedOut();
        else if (event == 253)
            peer.machine.shutDown();
        else if (event == 252)
            peer.machine.receive("USER a\r\nPASS s3cret\r\n");
        else if (peer.machine.hungry()) {
            const QByteArray piece = bytes.some(1 + event % 64);
            peer.typed += piece;
            peer.machine.receive(piece);
        }
        peer.serve(bytes);
        peer.read(event * 64);
    }
    peer.machine.peerClosed();
    for (int i = 0; i < 100 && !peer.machine.finished(); ++i) {
        peer.serve(bytes);
        peer.read(1 << 30);
    }
    require(peer.machine.finished());
    peer.serve(bytes);
    require(!peer.dropOpen);
}

void stuff(const QByteArray &message, quint8 cut)
{
    DotWriter writer;
    QByteArray out;
    const qsizetype first = qMin<qsizetype>(cut, message.size());
    writer.write(QByteArrayView(message).first(first), out);
    writer.write(QByteArrayView(message).sliced(first), out);
    writer.finish(out);
    require(out.endsWith(".\r\n"));
    // The dot on its own stands at the end only.
    require(!out.startsWith(".\r\n") || out.size() == 3);
    const qsizetype lone = out.indexOf("\r\n.\r\n");
    require(lone < 0 || lone == out.size() - 5);
    // All but line ends comes back.
    QByteArray back = out.chopped(3);
    back.replace("\r\n.", "\r\n");
    if (back.startsWith('.'))
        back.remove(0, 1);
    require(back.replace("\r", "").replace("\n", "") == QByteArray(message).replace("\r", "").replace("\n", ""));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes bytes(data, size);
    converse(bytes);
    Bytes again(data, size);
    const quint8 cut = again.one();
    stuff(again.some(100'000), cut);
    return 0;
}
