// THE command table: what each verb is called, what it belongs to, when it is allowed, how its arguments are parsed and
// what it does. The only dispatch, and the only gate of state.
#pragma once

#include "language/smtp/extensions.h"

#include <span>

namespace posthorn::smtp {

class ServerSession;

// Where a session is. One bit each, so that a command can name several.
enum class State : quint16 {
    Greeting = 1,  // the banner is not out yet
    Start = 2,     // no HELO or EHLO yet, or not since TLS began
    Ready = 4,     // no transaction
    Mail = 8,      // MAIL accepted, no recipient yet
    Rcpt = 16,     // a recipient accepted
    Chunks = 32,   // between two BDAT
    Content = 64,  // within DATA or a chunk, until the message is answered for
    Sasl = 128,    // the client's next line belongs to AUTH
    TlsWait = 256, // 220 to STARTTLS was given
    Over = 512,
};

enum CommandFlag : quint8 {
    BeforeTls = 1,     // allowed even where TLS is required
    NeedsAuth = 2,     // refused where authentication is required and did not happen
    EndsGroup = 4,     // the last of a pipelined group (RFC 2920 §3.1): its reply is not held back
    Junk = 8,          // does nothing for mail; too many of them end the session
    Secret = 16,       // arguments are not to be shown
    CarriesOctets = 32, // octets follow that have to be taken off the wire whatever the reply
    Unwanted = 64, // known only to be refused; HELP does not list it
};

struct Command
{
    const char *name;
    Extension extension;
    quint16 states;
    quint8 flags;
    void (*enter)(ServerSession &session, QByteArrayView arguments);
};

[[nodiscard]] std::span<const Command> commands();
// Null when there is none of this name, in whatever case.
[[nodiscard]] const Command *findCommand(QByteArrayView verb);

} // namespace posthorn::smtp
