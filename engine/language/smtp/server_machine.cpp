#include "language/smtp/server_machine.h"

#include "language/smtp/server_session.h"

namespace posthorn::smtp {

using namespace Qt::StringLiterals;

struct ServerMachine::Private
{
    ServerSession session;
};

ServerMachine::ServerMachine(ServerConfig config) : d(new Private{ServerSession(std::move(config))}) {}
ServerMachine::~ServerMachine() = default;

void ServerMachine::start(const TlsFacts *tls)
{
    d->session.start(tls != nullptr);
}

void ServerMachine::receive(QByteArrayView bytes)
{
    d->session.receive(bytes);
}

void ServerMachine::tlsStarted(const TlsFacts &)
{
    d->session.tlsStarted();
}

void ServerMachine::peerClosed()
{
    d->session.peerClosed();
}

void ServerMachine::timedOut()
{
    d->session.timedOut();
}

void ServerMachine::shutDown()
{
    d->session.shutDown();
}

QByteArray ServerMachine::takeOutput()
{
    return d->session.takeOutput();
}

std::chrono::milliseconds ServerMachine::patience() const
{
    return d->session.patience();
}

bool ServerMachine::hungry() const
{
    return d->session.hungry();
}

bool ServerMachine::wantsTls() const
{
    return d->session.state() == State::TlsWait;
}

bool ServerMachine::finished() const
{
    return d->session.state() == State::Over;
}

QLatin1StringView ServerMachine::stateName() const
{
    switch (d->session.state()) {
    case State::Greeting: return "greeting"_L1;
    case State::Start: return "start"_L1;
    case State::Ready: return "ready"_L1;
    case State::Mail: return "mail"_L1;
    case State::Rcpt: return "rcpt"_L1;
    case State::Chunks:
    case State::Content: return "data"_L1;
    case State::Sasl: return "auth"_L1;
    case State::TlsWait: return "tls"_L1;
    case State::Over: break;
    }
    return "over"_L1;
}

QString ServerMachine::userName() const
{
    return d->session.userName();
}

std::optional<Need> ServerMachine::nextNeed()
{
    return d->session.nextNeed();
}

void ServerMachine::answer(NeedId id, Answer answer)
{
    d->session.answer(id, std::move(answer));
}

} // namespace posthorn::smtp
