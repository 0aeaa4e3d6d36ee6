#include "language/smtp/server_machine.h"

#include "language/smtp/dialogue.h"

namespace posthorn::smtp {

struct ServerMachine::Private
{
    explicit Private(ServerConfig config) : commands(std::move(config)) {}
    Commands commands;
};

ServerMachine::ServerMachine(ServerConfig config) : d(std::make_unique<Private>(std::move(config))) {}
ServerMachine::~ServerMachine() = default;

void ServerMachine::start(const TlsFacts *tls) { d->commands.start(tls); }
void ServerMachine::receive(QByteArrayView bytes) { d->commands.receive(bytes); }
void ServerMachine::tlsStarted(const TlsFacts &facts) { d->commands.tlsStarted(facts); }
void ServerMachine::peerClosed() { d->commands.peerClosed(); }
void ServerMachine::timedOut() { d->commands.timedOut(); }
void ServerMachine::shutDown() { d->commands.shutDown(); }
QByteArray ServerMachine::takeOutput() { return d->commands.takeOutput(); }
std::chrono::milliseconds ServerMachine::patience() const { return d->commands.patience(); }
bool ServerMachine::hungry() const { return d->commands.hungry(); }
bool ServerMachine::wantsTls() const { return d->commands.wantsTls(); }
bool ServerMachine::finished() const { return d->commands.finished(); }
QLatin1StringView ServerMachine::stateName() const { return d->commands.stateName(); }
QString ServerMachine::userName() const { return d->commands.userName(); }
std::optional<Need> ServerMachine::nextNeed() { return d->commands.nextNeed(); }
void ServerMachine::answer(NeedId id, Answer answer) { d->commands.answer(id, std::move(answer)); }

} // namespace posthorn::smtp
