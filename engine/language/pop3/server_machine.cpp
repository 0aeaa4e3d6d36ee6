#include "language/pop3/server_machine.h"

#include "language/pop3/dialogue.h"

namespace posthorn::pop3 {

struct ServerMachine::Private
{
    explicit Private(ServerConfig config) : dialogue(std::move(config)) {}
    Dialogue dialogue;
};

ServerMachine::ServerMachine(ServerConfig config) : d(std::make_unique<Private>(std::move(config))) {}
ServerMachine::~ServerMachine() = default;

void ServerMachine::start(const TlsFacts *tls) { d->dialogue.start(tls); }
void ServerMachine::receive(QByteArrayView bytes) { d->dialogue.receive(bytes); }
void ServerMachine::tlsStarted(const TlsFacts &facts) { d->dialogue.tlsStarted(facts); }
void ServerMachine::peerClosed() { d->dialogue.peerClosed(); }
void ServerMachine::timedOut() { d->dialogue.timedOut(); }
void ServerMachine::shutDown() { d->dialogue.shutDown(); }
QByteArray ServerMachine::takeOutput() { return d->dialogue.takeOutput(); }
void ServerMachine::outputWaiting(qsizetype waiting) { d->dialogue.outputWaiting(waiting); }
std::chrono::milliseconds ServerMachine::patience() const { return d->dialogue.patience(); }
bool ServerMachine::hungry() const { return d->dialogue.hungry(); }
bool ServerMachine::wantsTls() const { return d->dialogue.wantsTls(); }
bool ServerMachine::finished() const { return d->dialogue.finished(); }
QLatin1StringView ServerMachine::stateName() const { return d->dialogue.stateName(); }
QString ServerMachine::userName() const { return d->dialogue.userName(); }
std::optional<Need> ServerMachine::nextNeed() { return d->dialogue.nextNeed(); }
void ServerMachine::answer(NeedId id, Answer answer) { d->dialogue.answer(id, std::move(answer)); }

} // namespace posthorn::pop3
