// The command table of the client's side: what each command is called, how long its reply may take (RFC 5321 §4.5.3.2)
// and what the reply does. The only dispatch of replies.
#pragma once

#include "language/smtp/client_machine.h"

namespace posthorn::smtp {

class ClientSession;

enum class Verb : quint8 {
    Greeting, // not a command: the server speaks first
    Ehlo,
    Helo,
    StartTls,
    Auth, // and each response after it
    Mail,
    Rcpt,
    Data,
    Chunk, // BDAT, not the last one
    End,   // the end of the content: the dot, or BDAT LAST
    Rset,
    Quit,
};

struct ClientCommand
{
    Verb verb;
    const char *name; // for people: what the reply answers
    std::chrono::seconds ClientDeadlines::*deadline;
    void (*onReply)(ClientSession &session, const Reply &reply);
};

[[nodiscard]] const ClientCommand &clientCommand(Verb verb);

} // namespace posthorn::smtp
