#include "language/smtp/client_machine.h"

#include "language/smtp/client_session.h"

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

struct ClientMachine::Private
{
    ClientSession session;
};

ClientMachine::ClientMachine(ClientConfig config) : d(new Private{ClientSession(std::move(config))}) {}
ClientMachine::~ClientMachine() = default;

void ClientMachine::start(const TlsFacts *tls)
{
    d->session.start(tls != nullptr);
}

void ClientMachine::receive(QByteArrayView bytes)
{
    d->session.receive(bytes);
}

void ClientMachine::tlsStarted(const TlsFacts &facts)
{
    d->session.tlsStarted(facts);
}

void ClientMachine::peerClosed()
{
    d->session.peerClosed();
}

void ClientMachine::timedOut()
{
    d->session.timedOut();
}

void ClientMachine::shutDown()
{
    d->session.shutDown();
}

QByteArray ClientMachine::takeOutput()
{
    return d->session.takeOutput();
}

void ClientMachine::outputWaiting(qsizetype waiting)
{
    d->session.outputWaiting(waiting);
}

std::chrono::milliseconds ClientMachine::patience() const
{
    return d->session.patience();
}

bool ClientMachine::hungry() const
{
    return d->session.state() != ClientState::TlsWait && d->session.state() != ClientState::Over;
}

bool ClientMachine::wantsTls() const
{
    return d->session.state() == ClientState::TlsWait;
}

bool ClientMachine::finished() const
{
    return d->session.state() == ClientState::Over;
}

QLatin1StringView ClientMachine::stateName() const
{
    switch (d->session.state()) {
    case ClientState::Opening: return "greeting"_L1;
    case ClientState::TlsWait: return "tls"_L1;
    case ClientState::SigningIn: return "auth"_L1;
    case ClientState::Ready: return "idle"_L1;
    case ClientState::Sending: return "sending"_L1;
    case ClientState::Leaving: return "quit"_L1;
    case ClientState::Over: break;
    }
    return "over"_L1;
}

std::optional<ClientNeed> ClientMachine::nextNeed()
{
    return d->session.nextNeed();
}

void ClientMachine::answer(NeedId id, ClientAnswer answer)
{
    d->session.answer(id, std::move(answer));
}

} // namespace posthorn::smtp
