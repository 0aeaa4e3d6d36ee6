#include "language/smtp/commands.h"

#include "language/message/lexical.h"
#include "language/smtp/server_session.h"

#include <cstring>

namespace posthorn::smtp {

namespace {

template<auto Parse, auto Deed>
void run(ServerSession &session, QByteArrayView arguments)
{
    auto parsed = Parse(arguments, session.offer());
    if (parsed)
        (session.*Deed)(std::move(*parsed));
    else
        session.refuseSyntax(parsed.error());
}

template<typename... States>
constexpr quint16 in(States... states)
{
    return quint16((quint16(states) | ...));
}

using S = ServerSession;
using X = Extension;

constexpr quint16 anywhere = in(State::Start, State::Ready, State::Mail, State::Rcpt, State::Chunks);

constexpr Command table[] = {
    // The ones of every message first: they are looked for most.
    {"MAIL", X::None, in(State::Ready), NeedsAuth, run<parseMail, &S::mail>},
    {"RCPT", X::None, in(State::Mail, State::Rcpt), 0, run<parseRcpt, &S::rcpt>},
    {"DATA", X::None, in(State::Rcpt), EndsGroup, run<parseNothing, &S::data>},
    {"BDAT", X::Chunking, in(State::Rcpt, State::Chunks), CarriesOctets, run<parseBdat, &S::bdat>},
    {"BURL", X::Burl, in(State::Rcpt, State::Chunks), Secret, run<parseBurl, &S::burl>},
    {"EHLO", X::None, anywhere, BeforeTls | EndsGroup | Junk, run<parseHello, &S::ehlo>},
    {"HELO", X::None, anywhere, BeforeTls | EndsGroup | Junk, run<parseHello, &S::helo>},
    {"QUIT", X::None, anywhere, BeforeTls | EndsGroup, run<parseAnything, &S::quit>},
    {"RSET", X::None, anywhere, BeforeTls | Junk, run<parseNothing, &S::rset>},
    {"NOOP", X::None, anywhere, BeforeTls | EndsGroup | Junk, run<parseAnything, &S::noop>},
    {"STARTTLS", X::StartTls, in(State::Start, State::Ready), BeforeTls | EndsGroup, run<parseNothing, &S::startTls>},
    {"AUTH", X::Auth, in(State::Ready), EndsGroup | Secret, run<parseAuth, &S::auth>},
    {"HELP", X::Help, anywhere, BeforeTls | EndsGroup | Junk, run<parseAnything, &S::help>},
    {"VRFY", X::None, anywhere, BeforeTls | EndsGroup | Junk, run<parseSomething, &S::vrfy>},
    {"EXPN", X::None, anywhere, BeforeTls | EndsGroup | Unwanted, run<parseAnything, &S::notImplemented>},
    {"TURN", X::None, anywhere, BeforeTls | EndsGroup | Unwanted, run<parseAnything, &S::notImplemented>},
    {"ETRN", X::None, anywhere, BeforeTls | EndsGroup | Unwanted, run<parseAnything, &S::notImplemented>},
    {"ATRN", X::None, anywhere, BeforeTls | EndsGroup | Unwanted, run<parseAnything, &S::notImplemented>},
    {"SEND", X::None, anywhere, BeforeTls | EndsGroup | Unwanted, run<parseAnything, &S::notImplemented>},
    {"SOML", X::None, anywhere, BeforeTls | EndsGroup | Unwanted, run<parseAnything, &S::notImplemented>},
    {"SAML", X::None, anywhere, BeforeTls | EndsGroup | Unwanted, run<parseAnything, &S::notImplemented>},
    // A web page that makes a browser talk to us must not get further than its first line.
    {"GET", X::None, anywhere, BeforeTls | EndsGroup | Unwanted, run<parseAnything, &S::wrongProtocol>},
    {"POST", X::None, anywhere, BeforeTls | EndsGroup | Unwanted, run<parseAnything, &S::wrongProtocol>},
    {"PUT", X::None, anywhere, BeforeTls | EndsGroup | Unwanted, run<parseAnything, &S::wrongProtocol>},
    {"HEAD", X::None, anywhere, BeforeTls | EndsGroup | Unwanted, run<parseAnything, &S::wrongProtocol>},
    {"OPTIONS", X::None, anywhere, BeforeTls | EndsGroup | Unwanted, run<parseAnything, &S::wrongProtocol>},
    {"CONNECT", X::None, anywhere, BeforeTls | EndsGroup | Unwanted, run<parseAnything, &S::wrongProtocol>},
};

} // namespace

std::span<const Command> commands()
{
    return table;
}

const Command *findCommand(QByteArrayView verb)
{
    for (const Command &command : table) {
        if (message::lowerAscii(command.name[0]) == message::lowerAscii(verb.isEmpty() ? ' ' : verb[0])
            && message::equalsIgnoringCase(verb, command.name)) {
            return &command;
        }
    }
    return nullptr;
}

} // namespace posthorn::smtp
