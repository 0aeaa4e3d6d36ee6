#include "language/imap/server_machine.h"

#include "language/imap/session.h"

namespace posthorn::imap {

struct ServerMachine::Private
{
    explicit Private(ServerConfig config) : session(std::move(config)) {}
    Session session;
};

ServerMachine::ServerMachine(ServerConfig config) : d(std::make_unique<Private>(std::move(config))) {}

ServerMachine::~ServerMachine() = default;

void ServerMachine::start(const TlsFacts *tls) { d->session.start(tls); }

void ServerMachine::receive(QByteArrayView bytes) { d->session.receive(bytes); }

void ServerMachine::tlsStarted(const TlsFacts &facts) { d->session.tlsStarted(facts); }

void ServerMachine::peerClosed() { d->session.peerClosed(); }

void ServerMachine::timedOut() { d->session.bye("Autologout: idle for too long"); }

void ServerMachine::shutDown() { d->session.stop(); }

QByteArray ServerMachine::takeOutput() { return std::exchange(d->session.out, {}); }

void ServerMachine::outputWaiting(qsizetype waiting) { d->session.outputWaiting(waiting); }

std::chrono::milliseconds ServerMachine::patience() const
{
    const ServerConfig &config = d->session.config;
    return d->session.state == NotAuthenticated ? config.loginPatience : config.idlePatience;
}

bool ServerMachine::hungry() const { return d->session.hungry(); }

bool ServerMachine::wantsTls() const { return d->session.wantsTls(); }
bool ServerMachine::wantsDeflate() const { return d->session.wantsDeflate(); }

bool ServerMachine::finished() const { return d->session.isClosed(); }

QLatin1StringView ServerMachine::stateName() const { return d->session.stateName(); }

QString ServerMachine::userName() const { return d->session.user; }

std::optional<Need> ServerMachine::nextNeed() { return d->session.nextNeed(); }

void ServerMachine::answer(NeedId id, Answer answer) { d->session.answer(id, answer); }

void ServerMachine::stillWorking(qint64 done, qint64 total) { d->session.stillWorking(done, total); }

quint64 ServerMachine::workMark() const { return d->session.workMark(); }

void ServerMachine::noticed(const Notice &notice) { d->session.noticed(notice); }

void ServerMachine::changed(const MailboxChange &change) { d->session.changed(change); }

} // namespace posthorn::imap
